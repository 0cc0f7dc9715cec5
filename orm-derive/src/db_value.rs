//! `#[derive(DbValue)]`: a newtype is stored as what is in it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Data, DeriveInput, Index, Member, Type, parse_quote};

use crate::errors::Errors;
use crate::expand::{begin, end};
use crate::types;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let inner = inner(input, &mut errors);
    match (inner, errors.finish()) {
        (Some((member, ty)), None) => expand(input, &member, ty),
        (_, Some(errors)) => {
            let errors = errors.to_compile_error();
            let fallback = fallback(input);
            quote! { #errors #fallback }
        }
        (None, None) => TokenStream::new(),
    }
}

/// The one field.
fn inner<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Option<(Member, &'a Type)> {
    let message = "a newtype is a struct with one field: derive `DbEnum` for an enum of words, `Embedded` for \
                   a struct of several columns, and implement `DbValue` by hand for anything else";
    match &input.data {
        Data::Struct(data) if data.fields.len() == 1 => {
            let field = data.fields.iter().next()?;
            let member = field.ident.clone().map_or(Member::Unnamed(Index::from(0)), Member::Named);
            Some((member, &field.ty))
        }
        Data::Struct(data) if data.fields.is_empty() => {
            errors.at(&input.ident, message);
            None
        }
        Data::Struct(data) => {
            errors.at(data.fields.to_token_stream(), message);
            None
        }
        Data::Enum(data) => {
            errors.at(data.enum_token, message);
            None
        }
        Data::Union(data) => {
            errors.at(data.union_token, message);
            None
        }
    }
}

fn expand(input: &DeriveInput, member: &Member, ty: &Type) -> TokenStream {
    let name = &input.ident;
    let as_value = quote_spanned! { begin(ty) => <#ty as ::orm::__private::DbValue> };
    let as_value = |what| {
        let what: TokenStream = what;
        quote_spanned! { end(ty) => #as_value::#what }
    };
    let (sql_type, nullable) = (as_value(quote!(TYPE)), as_value(quote!(NULLABLE)));
    let (encode, decode) = (as_value(quote!(encode)), as_value(quote!(decode)));
    let shortcut = as_value(quote!(shortcut));
    let mut generics = input.generics.clone();
    if !generics.params.is_empty() {
        generics.make_where_clause().predicates.push(parse_quote!(#ty: ::orm::__private::DbValue));
        generics.make_where_clause().predicates.push(parse_quote!(Self: 'static));
    }
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let textual = types::is_text(ty).then(|| {
        quote! {
            #[automatically_derived]
            impl #parameters ::orm::__private::Textual for #name #arguments #bounds {}
        }
    });
    quote! {
        #[automatically_derived]
        impl #parameters ::orm::__private::DbValue for #name #arguments #bounds {
            type Plain = Self;
            type Nulled<U: ::orm::__private::DbValue> = U;
            const TYPE: ::orm::__private::SqlType = #sql_type;
            const NULLABLE: bool = #nullable;

            fn encode(&self) -> ::orm::__private::Result<::orm::__private::Value<'_>> {
                #encode(&self.#member)
            }

            fn decode(value: &::orm::__private::Value<'_>) -> ::orm::__private::Result<Self> {
                #decode(value).map(|value| Self { #member: value })
            }

            fn shortcut(row: &dyn ::orm::__private::Row, index: usize) -> ::core::option::Option<Self> {
                #shortcut(row, index).map(|value| Self { #member: value })
            }
        }

        #textual
    }
}

/// Instead of the code, after an error: without it each use of the type would be another error.
pub(crate) fn fallback(input: &DeriveInput) -> TokenStream {
    let name = &input.ident;
    let mut generics = input.generics.clone();
    let bound = parse_quote!(Self: ::core::marker::Send + ::core::marker::Sync + 'static);
    generics.make_where_clause().predicates.push(bound);
    let (parameters, arguments, bounds) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #parameters ::orm::__private::DbValue for #name #arguments #bounds {
            type Plain = Self;
            type Nulled<U: ::orm::__private::DbValue> = U;
            const TYPE: ::orm::__private::SqlType = ::orm::__private::SqlType::Text;

            fn encode(&self) -> ::orm::__private::Result<::orm::__private::Value<'_>> {
                loop {}
            }

            fn decode(_: &::orm::__private::Value<'_>) -> ::orm::__private::Result<Self> {
                loop {}
            }
        }
    }
}
