//! The fourth step: the code. Whatever could be wrong was found before, except whether the fields' types are columns:
//! that is for the compiler to say, and it says it at the type.
//!
//! The code is plain and small, because programs have many models: a `match` over the field's number instead of a
//! function for each field. Paths begin at `::orm::__private`, `::core` or `::std`, lest they mean something else in a
//! program.

mod create;
mod relations;
mod schema;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use crate::ast::{Field, Model};
use crate::attr::FieldAttributes;
use crate::shape::shape;
use crate::types;

pub(crate) use create::{Fill, Part, create};

/// All that is derived.
pub(crate) fn model(model: &Model<'_>) -> TokenStream {
    let record = record(model);
    let model_impl = model_impl(model);
    let inherent = inherent(model);
    let children = relations::children(model);
    let create = create::model(model);
    let shape = shape(&model.input.ident, &model.input.generics);
    quote! { #record #model_impl #inherent #children #create #shape }
}

fn record(model: &Model<'_>) -> TokenStream {
    let (name, text) = (&model.input.ident, model.name());
    let key = model.key().map(Field::column);
    let numbered = || model.fields.iter().enumerate();
    let references = || numbered().filter(|(_, field)| field.is_reference());
    let not_loaded = model.relations.iter().map(|relation| relations::not_loaded(model, relation));
    let read = model.fields.iter().map(read).chain(not_loaded);
    let table = quote! { <Self as ::orm::__private::Model>::table() };
    let get = numbered().map(get);
    let each_part = model.fields.iter().map(each_part);
    let read_field = numbered().map(read_field);
    let is_unset = is_unset(model);
    let reference = references().map(reference);
    let reference_mut = references().map(reference_mut);
    let renew = renew(model);
    let refer = relations::refer(model);
    let referred_arena = relations::referred_arena(model);
    let relations = relations::record(model);
    let linking = relations::linking(model);
    quote! {
        #[automatically_derived]
        impl ::orm::__private::FromRow for #name {
            fn columns() -> ::orm::__private::Columns {
                ::orm::__private::Columns::Of(#table)
            }

            fn read(row: &mut ::orm::__private::RowReader<'_>) -> ::orm::__private::Result<Self> {
                ::core::result::Result::Ok(Self { #(#read),* })
            }
        }

        #[automatically_derived]
        impl ::orm::__private::Record for #name {
            const NAME: &'static str = #text;
            const KEY: &'static [&'static str] = &[#(#key),*];

            fn get(
                &self,
                field: usize,
                part: usize,
            ) -> ::orm::__private::Result<::orm::__private::Value<'_>> {
                match field {
                    #(#get,)*
                    _ => ::core::result::Result::Ok(::orm::__private::Value::Null),
                }
            }

            fn each_value<__To: ::orm::__private::TakeValues>(
                &self,
                to: &mut __To,
            ) -> ::orm::__private::Result<()> {
                #(#each_part;)*
                ::core::result::Result::Ok(())
            }

            fn read_field(
                &mut self,
                field: usize,
                row: &mut ::orm::__private::RowReader<'_>,
            ) -> ::orm::__private::Result<()> {
                match field {
                    #(#read_field,)*
                    _ => {}
                }
                ::core::result::Result::Ok(())
            }

            #is_unset

            fn reference(
                &self,
                field: ::orm::__private::FieldPart,
            ) -> ::core::option::Option<&dyn ::orm::__private::Reference> {
                match field.field {
                    #(#reference,)*
                    _ => ::core::option::Option::None,
                }
            }

            fn reference_mut(
                &mut self,
                field: ::orm::__private::FieldPart,
            ) -> ::core::option::Option<&mut dyn ::orm::__private::Reference> {
                match field.field {
                    #(#reference_mut,)*
                    _ => ::core::option::Option::None,
                }
            }

            #renew
            #refer
            #referred_arena
            #relations

            #linking
        }
    }
}

fn read(field: &Field<'_>) -> TokenStream {
    let (name, value) = (field.name, read_value(field));
    quote! { #name: #value }
}

fn get((number, field): (usize, &Field<'_>)) -> TokenStream {
    let (name, as_field) = (field.name, as_field(field));
    quote! { #number => #as_field::get(&self.#name, part) }
}

fn each_part(field: &Field<'_>) -> TokenStream {
    let (name, as_field) = (field.name, as_field(field));
    quote! { #as_field::each_part(&self.#name, to)? }
}

fn read_field((number, field): (usize, &Field<'_>)) -> TokenStream {
    let (name, value) = (field.name, read_value(field));
    quote! { #number => self.#name = #value }
}

fn read_value(field: &Field<'_>) -> TokenStream {
    let (as_field, row) = (as_field(field), quote! { row });
    quote_spanned! { end(field.ty) => #as_field::read(#row)? }
}

/// Only a model with fields that the database fills in says which of them are not set.
fn is_unset(model: &Model<'_>) -> Option<TokenStream> {
    let is_filled = |field: &Field<'_>| field.attributes.auto.is_some() && field.attributes.key.is_none();
    let mut filled = model.fields.iter().enumerate().filter(|(_, field)| is_filled(field)).peekable();
    filled.peek()?;
    let arms = filled.map(|(number, field)| {
        let name = field.name;
        let function = quote_spanned! { begin(field.ty) => ::orm::__private::is_default };
        let call = quote_spanned! { end(field.ty) => #function(&self.#name) };
        quote! { #number => #call }
    });
    Some(quote! {
        fn is_unset(&self, field: usize) -> bool {
            match field {
                #(#arms,)*
                _ => false,
            }
        }
    })
}

fn reference((number, field): (usize, &Field<'_>)) -> TokenStream {
    let (name, as_field) = (field.name, as_field(field));
    quote! { #number => #as_field::as_reference(&self.#name, field.part) }
}

fn reference_mut((number, field): (usize, &Field<'_>)) -> TokenStream {
    let (name, as_field) = (field.name, as_field(field));
    quote! { #number => #as_field::as_reference_mut(&mut self.#name, field.part) }
}

/// Nothing for the many models that have no such field.
fn renew(model: &Model<'_>) -> Option<TokenStream> {
    let renewed: Vec<_> =
        model.fields.iter().enumerate().filter(|(_, field)| field.is_renewed()).map(renewed).collect();
    (!renewed.is_empty()).then(|| {
        quote! {
            fn renew(&mut self, field: usize) {
                match field {
                    #(#renewed,)*
                    _ => {}
                }
            }
        }
    })
}

fn renewed((number, field): (usize, &Field<'_>)) -> TokenStream {
    let (name, given) = (field.name, &field.attributes.renewal);
    let value = match given.as_ref().and_then(|given| given.value.clone()) {
        Some(value) => loaded(field, value),
        None => now(field),
    };
    quote! { #number => self.#name = #value }
}

/// The present moment, in the field's type.
fn now(field: &Field<'_>) -> TokenStream {
    let ty = types::deferred(field.ty).unwrap_or(field.ty);
    let as_now = quote_spanned! { begin(ty) => <#ty as ::orm::__private::Now> };
    loaded(field, quote_spanned! { end(ty) => #as_now::now() })
}

/// A value of a field, which is there if the field is deferred.
fn loaded(field: &Field<'_>, value: TokenStream) -> TokenStream {
    let of_deferred = quote_spanned! { begin(field.ty) => ::orm::__private::Deferred };
    if types::deferred(field.ty).is_some() {
        quote! { #of_deferred::new(#value) }
    } else {
        value
    }
}

/// The table is not built in the static's initializer, because that could not name a field's type that has `Self` in
/// it. The closure is made a pointer, so that `get_or_init` is compiled once for all models.
fn model_impl(model: &Model<'_>) -> TokenStream {
    let (name, table) = (&model.input.ident, model.table());
    let key = key_type(model);
    let fields = model.fields.iter().map(schema::field);
    let said = schema::table(model);
    let related = relations::related(model);
    quote! {
        #[automatically_derived]
        impl ::orm::__private::Model for #name {
            type Key = #key;

            fn table() -> &'static ::orm::__private::Table {
                static TABLE: ::std::sync::OnceLock<::orm::__private::Table> = ::std::sync::OnceLock::new();
                let build: fn() -> ::orm::__private::Table = || {
                    let mut table = ::orm::__private::Table::build(#table);
                    #(#fields)*
                    #said
                    #related
                    table.finish()
                };
                TABLE.get_or_init(build)
            }
        }
    }
}

fn key_type(model: &Model<'_>) -> TokenStream {
    let mut columns: Vec<_> = model.key().map(column_type).collect();
    match columns.len() {
        1 => columns.remove(0),
        _ => quote! { (#(#columns),*) },
    }
}

/// The columns of an embedded struct, with a prefix before their names.
pub(crate) fn describe_with(ty: &Type, prefix: &TokenStream) -> TokenStream {
    let as_embedded = quote_spanned! { begin(ty) => <#ty as ::orm::__private::Embedded> };
    let call = quote_spanned! { end(ty) => #as_embedded::describe_with };
    quote! { #call(#prefix, columns) }
}

fn inherent(model: &Model<'_>) -> TokenStream {
    let name = &model.input.ident;
    let constants = model.fields.iter().enumerate().map(|(number, field)| constant(model, number, field));
    let relations =
        model.fields.iter().enumerate().filter_map(|(number, field)| relation(model, number, field));
    let held = relations::constants(model);
    let new = if model.attributes.no_new.is_none() { new(model) } else { TokenStream::new() };
    quote! {
        #[allow(dead_code, non_snake_case, private_interfaces)]
        #[automatically_derived]
        impl #name {
            #(#constants)*
            #(#relations)*
            #(#held)*
            #new
        }
    }
}

fn constant(model: &Model<'_>, number: usize, field: &Field<'_>) -> TokenStream {
    let (visibility, name) = (&model.input.vis, field.constant());
    let column_type = column_type(field);
    let doc = format!("The column `{}`.", field.column());
    let table = quote! { <Self as ::orm::__private::Model>::table };
    let column = quote_spanned! { begin(field.ty) => ::orm::__private::Column };
    let column = quote_spanned! { end(field.ty) => #column::new(#table, #number) };
    quote! {
        #[doc = #doc]
        #visibility const #name: ::orm::__private::Column<Self, #column_type> = #column;
    }
}

fn relation(model: &Model<'_>, number: usize, field: &Field<'_>) -> Option<TokenStream> {
    let (name, other) = field.relation()?;
    let visibility = &model.input.vis;
    let doc = format!("The relation that is the field `{}`, to be joined along and filtered by.", field.name);
    Some(quote! {
        #[doc = #doc]
        #visibility const #name: ::orm::__private::ToOne<Self, #other> =
            ::orm::__private::ToOne::new(<Self as ::orm::__private::Model>::table, #number);
    })
}

fn new(model: &Model<'_>) -> TokenStream {
    let visibility = &model.input.vis;
    let parameters = model.fields.iter().filter(|field| field.is_required()).map(parameter);
    let values = model.fields.iter().map(value).chain(model.relations.iter().map(relations::empty));
    let doc = format!("A new `{}`. Fields that are not asked for have their defaults.", model.name());
    quote! {
        #[doc = #doc]
        #[must_use]
        #[allow(clippy::too_many_arguments)]
        #visibility fn new(#(#parameters),*) -> Self {
            Self { #(#values),* }
        }
    }
}

fn parameter(field: &Field<'_>) -> TokenStream {
    let (name, ty) = (parameter_name(field), field.ty);
    if !field.is_made_from_others() {
        return quote! { #name: #ty };
    }
    let into = quote_spanned! { begin(ty) => impl ::core::convert::Into };
    let into = quote_spanned! { end(ty) => #into<#ty> };
    quote! { #name: #into }
}

fn value(field: &Field<'_>) -> TokenStream {
    let name = field.name;
    let value = if field.is_required() { given_value(field) } else { default_value(field) };
    quote! { #name: #value }
}

fn given_value(field: &Field<'_>) -> TokenStream {
    let name = parameter_name(field);
    if !field.is_made_from_others() {
        return quote! { #name };
    }
    let into = quote_spanned! { begin(field.ty) => ::core::convert::Into };
    quote_spanned! { end(field.ty) => #into::into(#name) }
}

fn default_value(field: &Field<'_>) -> TokenStream {
    let is_deferred = types::deferred(field.ty).is_some();
    let of_deferred = quote_spanned! { begin(field.ty) => ::orm::__private::Deferred };
    let FieldAttributes { default, auto, generated, version, .. } = &field.attributes;
    match default.as_ref().map(|default| &default.value) {
        Some(Some(value)) => loaded(field, value.clone()),
        Some(None) => default_of(field),
        None if field.moment().is_some() => now(field),
        // The database has it, and nobody else before it is loaded.
        None if is_deferred && (generated.is_some() || auto.is_some()) => {
            quote! { #of_deferred::not_loaded() }
        }
        None if is_deferred || auto.is_some() || generated.is_some() || version.is_some() => {
            default_of(field)
        }
        None => quote! { ::core::option::Option::None },
    }
}

fn default_of(field: &Field<'_>) -> TokenStream {
    let ty = field.ty;
    let as_default = quote_spanned! { begin(ty) => <#ty as ::core::default::Default> };
    quote_spanned! { end(ty) => #as_default::default() }
}

/// The field's name, but not visible to the expression of another field's default.
fn parameter_name(field: &Field<'_>) -> Ident {
    let mut name = field.name.clone();
    name.set_span(name.span().resolved_at(Span::mixed_site()));
    name
}

fn as_field(field: &Field<'_>) -> TokenStream {
    let ty = field.ty;
    match field.attributes.any {
        Some(_) => quote_spanned! { begin(ty) => <#ty as ::orm::__private::AnyField> },
        None => type_as_field(ty),
    }
}

pub(crate) fn type_as_field(ty: &Type) -> TokenStream {
    quote_spanned! { begin(ty) => <#ty as ::orm::__private::Field> }
}

fn column_type(field: &Field<'_>) -> TokenStream {
    let as_field = as_field(field);
    quote_spanned! { end(field.ty) => #as_field::Column }
}

/// Code that does not compile if a type is not a column begins here and ends at [`end`]. The compiler then underlines
/// the type, and takes the same error from several places for one.
pub(crate) fn begin(ty: &Type) -> Span {
    ty.span()
}

pub(crate) fn end(ty: &Type) -> Span {
    let last = ty.to_token_stream().into_iter().last();
    last.map_or_else(|| ty.span(), |token| token.span())
}
