//! `#[derive(FromRow)]`: a struct that is read from a row by the names of its columns.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Fields, LitStr};

use crate::errors::Errors;

/// The implementation, or the errors and one that does nothing.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let fields = named_fields(input, &mut errors);
    if !input.generics.params.is_empty() {
        errors.at(&input.generics.params, "a struct that is read from a row cannot have generic parameters");
    }
    let columns: Vec<_> = fields.iter().map(|field| column(field, &mut errors)).collect();
    match errors.finish() {
        Some(errors) => stub(input, &errors.to_compile_error()),
        None => expand(input, &fields, &columns),
    }
}

fn named_fields<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Vec<&'a syn::Field> {
    let culprit = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return fields.named.iter().collect(),
            Fields::Unnamed(fields) => fields.to_token_stream(),
            Fields::Unit => input.ident.to_token_stream(),
        },
        Data::Enum(data) => data.enum_token.to_token_stream(),
        Data::Union(data) => data.union_token.to_token_stream(),
    };
    errors.at(culprit, "a row is read into a struct with named fields, or into a tuple");
    Vec::new()
}

/// The column that a field is read from: `#[row(column = "…")]`, or its name.
fn column(field: &syn::Field, errors: &mut Errors) -> String {
    let mut name = field.ident.as_ref().map(|name| name.unraw().to_string()).unwrap_or_default();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("row")) {
        errors.catch(given_name(attribute).map(|given| name = given));
    }
    name
}

fn given_name(attribute: &Attribute) -> syn::Result<String> {
    let mut name = String::new();
    attribute.parse_nested_meta(|meta| {
        if !meta.path.is_ident("column") {
            return Err(meta.error("unknown attribute; a field may have `column = \"...\"`"));
        }
        name = meta.value()?.parse::<LitStr>()?.value();
        Ok(())
    })?;
    Ok(name)
}

fn expand(input: &DeriveInput, fields: &[&syn::Field], columns: &[String]) -> TokenStream {
    let name = &input.ident;
    let read = fields.iter().map(|field| {
        let (field_name, ty) = (&field.ident, &field.ty);
        let row = quote! { row };
        let value = quote_spanned! { ty.span() => #row.value::<#ty>()? };
        quote! { #field_name: #value }
    });
    quote! {
        #[automatically_derived]
        impl ::orm::__private::FromRow for #name {
            fn columns() -> ::orm::__private::Columns {
                ::orm::__private::Columns::Named(&[#(#columns),*])
            }

            fn read(row: &mut ::orm::__private::RowReader<'_>) -> ::orm::__private::Result<Self> {
                ::core::result::Result::Ok(Self { #(#read),* })
            }
        }
    }
}

fn stub(input: &DeriveInput, errors: &TokenStream) -> TokenStream {
    let name = &input.ident;
    let (parameters, arguments, bounds) = input.generics.split_for_impl();
    quote! {
        #errors

        #[automatically_derived]
        impl #parameters ::orm::__private::FromRow for #name #arguments #bounds {
            fn columns() -> ::orm::__private::Columns {
                loop {}
            }

            fn read(_: &mut ::orm::__private::RowReader<'_>) -> ::orm::__private::Result<Self> {
                loop {}
            }
        }
    }
}
