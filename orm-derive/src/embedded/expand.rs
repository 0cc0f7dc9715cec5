//! The code for a struct in which no mistake was found, and what stands in for it after one.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{DeriveInput, parse_quote};

use super::{Embedded, Field};
use crate::expand::{Fill, Part, begin, create, describe_with, end, type_as_field};
use crate::types;

pub(super) fn embedded(read: &Embedded<'_>) -> TokenStream {
    let name = &read.input.ident;
    let names = read.fields.iter().map(|field| field.name);
    let values = read.fields.iter().map(value);
    let widths = read.fields.iter().map(width);
    let gets = read.fields.iter().map(get);
    let describes = read.fields.iter().map(describe);
    let constants = constants(read);
    let create = create(name, &read.fields.iter().map(part).collect::<Vec<_>>(), &[]);
    quote! {
        #[automatically_derived]
        impl ::orm::__private::Field for #name {
            type Column = Self;

            const WIDTH: usize = 0 #(+ #widths)*;

            fn describe(name: &str, columns: &mut ::orm::__private::FieldBuilder<'_>) {
                <Self as ::orm::__private::Embedded>::describe_with(&::std::format!("{name}_"), columns)
            }

            fn read(row: &mut ::orm::__private::RowReader<'_>) -> ::orm::__private::Result<Self> {
                ::core::result::Result::Ok(Self { #(#names: #values),* })
            }

            fn get(&self, part: usize) -> ::orm::__private::Result<::orm::__private::Value<'_>> {
                let after = 0;
                #(#gets)*
                let _ = after;
                ::core::result::Result::Ok(::orm::__private::Value::Null)
            }
        }

        #[automatically_derived]
        impl ::orm::__private::Embedded for #name {
            fn describe_with(prefix: &str, columns: &mut ::orm::__private::FieldBuilder<'_>) {
                #(#describes;)*
            }
        }

        #constants
        #create
    }
}

fn part<'a>(field: &Field<'a>) -> Part<'a> {
    let is_optional = types::parameter(field.ty, "Option").is_some();
    let none = || Fill::Default(quote! { ::core::option::Option::None });
    let fill = if is_optional { none() } else { Fill::Given };
    Part { vis: field.vis, name: field.name, ty: field.ty, fill }
}

fn method(field: &Field<'_>, method: &str) -> TokenStream {
    let (as_field, method) = (type_as_field(field.ty), Ident::new(method, end(field.ty)));
    quote_spanned! { end(field.ty) => #as_field::#method }
}

fn value(field: &Field<'_>) -> TokenStream {
    let (read, row) = (method(field, "read"), quote! { row });
    quote_spanned! { end(field.ty) => #read(#row)? }
}

fn width(field: &Field<'_>) -> TokenStream {
    method(field, "WIDTH")
}

/// Each field takes the parts that are its own; the ones behind them are those of the fields after it.
fn get(field: &Field<'_>) -> TokenStream {
    let (name, width, get) = (field.name, width(field), method(field, "get"));
    let arguments = quote! { &self.#name, part - after };
    let get = quote_spanned! { end(field.ty) => #get(#arguments) };
    quote! {
        if part < after + #width {
            return #get;
        }
        let after = after + #width;
    }
}

fn describe(field: &Field<'_>) -> TokenStream {
    let (text, describe) = (field.column(), method(field, "describe"));
    match &field.prefix {
        Some(prefix) => describe_with(field.ty, &quote! { &::std::format!("{prefix}{}", #prefix) }),
        None => quote! { #describe(&::std::format!("{prefix}{}", #text), columns) },
    }
}

fn constants(read: &Embedded<'_>) -> TokenStream {
    let (name, visibility) = (&read.input.ident, &read.input.vis);
    let constants = read.fields.iter().enumerate().map(|(number, field)| {
        let constant = Ident::new(&field.name.unraw().to_string().to_uppercase(), field.name.span());
        let widths = read.fields[..number].iter().map(width);
        let column = method(field, "Column");
        let part = quote_spanned! { begin(field.ty) => ::orm::__private::Part };
        let offset = quote! { 0 #(+ #widths)* };
        let value = quote_spanned! { end(field.ty) => #part::new(#offset) };
        let doc = format!("The field `{}`: `Model::FIELD.at({name}::{constant})`.", field.name);
        quote! {
            #[doc = #doc]
            #visibility const #constant: ::orm::__private::Part<Self, #column> = #value;
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

pub(super) fn fallback(input: &DeriveInput) -> TokenStream {
    let name = &input.ident;
    let mut generics = input.generics.clone();
    let bound = parse_quote!(Self: ::core::marker::Send + ::core::marker::Sync + 'static);
    generics.make_where_clause().predicates.push(bound);
    let (parameters, arguments, bounds) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #parameters ::orm::__private::Field for #name #arguments #bounds {
            type Column = Self;

            const WIDTH: usize = 0;

            fn describe(_: &str, _: &mut ::orm::__private::FieldBuilder<'_>) {
                loop {}
            }

            fn read(_: &mut ::orm::__private::RowReader<'_>) -> ::orm::__private::Result<Self> {
                loop {}
            }

            fn get(&self, _: usize) -> ::orm::__private::Result<::orm::__private::Value<'_>> {
                loop {}
            }
        }

        #[automatically_derived]
        impl #parameters ::orm::__private::Embedded for #name #arguments #bounds {
            fn describe_with(_: &str, _: &mut ::orm::__private::FieldBuilder<'_>) {
                loop {}
            }
        }
    }
}
