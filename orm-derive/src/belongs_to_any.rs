//! `#[derive(BelongsToAny)]`: an enum whose variants are references, to be a field of models.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Type};

use crate::ast::snake_case;
use crate::errors::Errors;
use crate::expand::{begin, end};
use crate::types;

/// A variant, and the model that it refers to.
struct Variant<'a> {
    name: &'a Ident,
    model: &'a Type,
}

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let variants = read(input, &mut errors);
    match errors.finish() {
        None => expand(&input.ident, &variants),
        Some(errors) => {
            let (errors, fallback) = (errors.to_compile_error(), fallback(input));
            quote! { #errors #fallback }
        }
    }
}

fn read<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Vec<Variant<'a>> {
    if !input.generics.params.is_empty() {
        errors.at(&input.generics.params, "an enum of references cannot have generic parameters");
    }
    let message = "an enum of references is an enum whose variants are each a `BelongsTo<Model>`";
    match &input.data {
        Data::Enum(data) if data.variants.is_empty() => errors.at(&input.ident, message),
        Data::Enum(data) => {
            return data.variants.iter().filter_map(|variant| read_variant(variant, errors)).collect();
        }
        Data::Struct(data) => errors.at(data.struct_token, message),
        Data::Union(data) => errors.at(data.union_token, message),
    }
    Vec::new()
}

fn read_variant<'a>(variant: &'a syn::Variant, errors: &mut Errors) -> Option<Variant<'a>> {
    let held = match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => fields.unnamed.first().map(|field| &field.ty),
        Fields::Unnamed(_) | Fields::Named(_) | Fields::Unit => None,
    };
    let model = held.and_then(|ty| types::parameter(ty, "BelongsTo"));
    if model.is_none() {
        let culprit = held.map_or_else(|| variant.to_token_stream(), ToTokens::to_token_stream);
        let message = match held {
            Some(ty) if types::is_reference(ty) => {
                "a variant always refers to something: make the field an `Option` of the enum instead"
                    .to_owned()
            }
            _ => format!("a variant is one reference: `{}(BelongsTo<Model>)`", variant.ident),
        };
        errors.at(culprit, message);
    }
    model.map(|model| Variant { name: &variant.ident, model })
}

fn expand(name: &Ident, variants: &[Variant<'_>]) -> TokenStream {
    let text = name.unraw().to_string();
    let widths: Vec<_> = variants.iter().map(width).collect();
    let names: Vec<_> = variants.iter().map(|variant| variant.name).collect();
    let models: Vec<_> = variants.iter().map(|variant| variant.model).collect();
    let words = names.iter().map(|name| snake_case(&name.unraw().to_string()));
    let describes = variants.iter().map(describe).zip(words).map(|(describe, word)| {
        quote! { #describe(name, #word, columns); }
    });
    let starts: Vec<_> = (0..variants.len()).map(|number| start(&widths[..number])).collect();
    let ends: Vec<_> = (0..variants.len()).map(|number| start(&widths[..=number])).collect();
    let constants = constants(name, variants, &starts);
    let conversions = conversions(name, variants);
    quote! {
        #[automatically_derived]
        impl ::orm::__private::BelongsToAny for #name {
            const NAME: &'static str = #text;
            const WIDTH: usize = 0 #(+ #widths)*;

            fn describe(name: &str, columns: &mut ::orm::__private::FieldBuilder<'_>) {
                #(#describes)*
            }

            fn read(
                row: &mut ::orm::__private::RowReader<'_>,
            ) -> ::orm::__private::Result<::core::option::Option<Self>> {
                let mut one = ::orm::__private::OneOf::none();
                #(one.next(row, Self::#names)?;)*
                one.finish()
            }

            fn reference(&self) -> (::core::ops::Range<usize>, &dyn ::orm::__private::Reference) {
                match self {
                    #(Self::#names(reference) => ((#starts)..(#ends), reference),)*
                }
            }

            fn reference_mut(&mut self) -> (::core::ops::Range<usize>, &mut dyn ::orm::__private::Reference) {
                match self {
                    #(Self::#names(reference) => ((#starts)..(#ends), reference),)*
                }
            }

            fn unset(part: usize) -> ::core::option::Option<Self> {
                #(if part == #starts {
                    return ::core::option::Option::Some(Self::#names(::orm::__private::BelongsTo::unset()));
                })*
                ::core::option::Option::None
            }

            fn referred_arena<__Keeper: ::orm::__private::Keeper>(
                part: usize,
                keeper: &mut __Keeper,
            ) -> ::core::option::Option<u32> {
                #(if part == #starts {
                    return ::core::option::Option::Some(::orm::__private::Keeper::arena::<#models>(keeper));
                })*
                ::core::option::Option::None
            }
        }

        #constants
        #conversions
    }
}

fn width(variant: &Variant<'_>) -> TokenStream {
    let model = variant.model;
    let as_field =
        quote_spanned! { begin(model) => <::orm::__private::BelongsTo<#model> as ::orm::__private::Field> };
    quote_spanned! { end(model) => #as_field::WIDTH }
}

fn describe(variant: &Variant<'_>) -> TokenStream {
    let model = variant.model;
    let describe = quote_spanned! { begin(model) => ::orm::__private::describe_variant };
    quote_spanned! { end(model) => #describe::<#model> }
}

fn start(before: &[TokenStream]) -> TokenStream {
    quote! { 0 #(+ #before)* }
}

fn constants(name: &Ident, variants: &[Variant<'_>], starts: &[TokenStream]) -> TokenStream {
    let constants = variants.iter().zip(starts).map(|(variant, start)| {
        let word = snake_case(&variant.name.unraw().to_string()).to_uppercase();
        let (constant, model) = (Ident::new(&word, variant.name.span()), variant.model);
        let doc = format!("The variant `{}`: `Model::FIELD.to({name}::{word})`.", variant.name);
        quote! {
            #[doc = #doc]
            pub const #constant: ::orm::__private::AnyVariant<Self, #model> =
                ::orm::__private::AnyVariant::new(#start);
        }
    });
    quote! {
        #[allow(dead_code, private_interfaces)]
        #[automatically_derived]
        impl #name {
            #(#constants)*
        }
    }
}

/// An entity, and a reference, is the variant for its model, if there is only one.
fn conversions(name: &Ident, variants: &[Variant<'_>]) -> TokenStream {
    let same = |one: &Variant<'_>, other: &Variant<'_>| {
        one.model.to_token_stream().to_string() == other.model.to_token_stream().to_string()
    };
    let only = variants.iter().filter(|one| variants.iter().filter(|other| same(one, other)).count() == 1);
    let conversions = only.map(|variant| {
        let (variant, model) = (variant.name, variant.model);
        quote! {
            #[automatically_derived]
            impl ::core::convert::From<::orm::__private::Entity<#model>> for #name {
                fn from(entity: ::orm::__private::Entity<#model>) -> Self {
                    Self::#variant(::core::convert::Into::into(entity))
                }
            }

            #[automatically_derived]
            impl ::core::convert::From<::orm::__private::BelongsTo<#model>> for #name {
                fn from(reference: ::orm::__private::BelongsTo<#model>) -> Self {
                    Self::#variant(reference)
                }
            }
        }
    });
    quote! { #(#conversions)* }
}

/// Stands in after an error, lest each use of the enum is another one.
fn fallback(input: &DeriveInput) -> TokenStream {
    let name = &input.ident;
    let (parameters, arguments, bounds) = input.generics.split_for_impl();
    if !input.generics.params.is_empty() {
        return TokenStream::new();
    }
    quote! {
        #[automatically_derived]
        impl #parameters ::orm::__private::BelongsToAny for #name #arguments #bounds {
            const NAME: &'static str = "";
            const WIDTH: usize = 0;

            fn describe(_: &str, _: &mut ::orm::__private::FieldBuilder<'_>) {
                loop {}
            }

            fn read(
                _: &mut ::orm::__private::RowReader<'_>,
            ) -> ::orm::__private::Result<::core::option::Option<Self>> {
                loop {}
            }

            fn reference(&self) -> (::core::ops::Range<usize>, &dyn ::orm::__private::Reference) {
                loop {}
            }

            fn reference_mut(&mut self) -> (::core::ops::Range<usize>, &mut dyn ::orm::__private::Reference) {
                loop {}
            }

            fn unset(_: usize) -> ::core::option::Option<Self> {
                loop {}
            }

            fn referred_arena<__Keeper: ::orm::__private::Keeper>(_: usize, _: &mut __Keeper) -> ::core::option::Option<u32> {
                loop {}
            }
        }
    }
}
