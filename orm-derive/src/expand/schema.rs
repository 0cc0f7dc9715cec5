//! What the attributes say about the table, as calls of its builder.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

use super::{as_field, describe_with};
use crate::ast::{Field, Model};
use crate::attr;

/// A field's columns.
pub(super) fn field(field: &Field<'_>) -> TokenStream {
    let (column, as_field) = (field.column(), as_field(field));
    let options = options(field);
    let function = match &field.attributes.prefix {
        Some(prefix) => describe_with(field.ty, &quote! { #prefix }),
        None => quote! { #as_field::describe(#column, columns) },
    };
    quote! {
        let columns = &mut table.field(#options);
        #function;
    }
}

/// Only what was said: most fields say nothing.
fn options(field: &Field<'_>) -> TokenStream {
    let said = &field.attributes;
    let words = [
        ("key", &said.key),
        ("auto", &said.auto),
        ("no_reuse", &said.no_reuse),
        ("unique", &said.unique),
        ("index", &said.index),
        ("descending", &said.descending),
        ("version", &said.version),
        ("deferrable", &said.deferrable),
    ];
    let texts = [
        ("server_default", &said.server_default),
        ("generated", &said.generated),
        ("check", &said.check),
        ("comment", &said.comment),
        ("deferred", &said.deferred),
    ];
    let actions = [("on_delete", &said.on_delete), ("on_update", &said.on_update)];
    let name = |name: &str| Ident::new(name, Span::call_site());
    let mut options = Vec::new();
    for (word, _) in words.into_iter().filter(|(_, said)| said.is_some()) {
        let word = name(word);
        options.push(quote! { #word: true });
    }
    for (word, text) in texts.into_iter().filter_map(|(word, text)| Some((name(word), text.as_ref()?))) {
        options.push(quote! { #word: ::core::option::Option::Some(#text) });
    }
    for (word, action) in actions {
        if let Some(action) = action.as_ref().and_then(attr::action) {
            let (word, action) = (name(word), name(action));
            options.push(quote! { #word: ::orm::__private::Action::#action });
        }
    }
    if field.is_renewed() {
        options.push(quote! { renewed: true });
    }
    if options.is_empty() {
        return quote! { ::core::default::Default::default() };
    }
    quote! { ::orm::__private::FieldOptions { #(#options,)* ..::core::default::Default::default() } }
}

/// What is said on the struct.
pub(super) fn table(model: &Model<'_>) -> TokenStream {
    let said = &model.attributes;
    let schema = said.schema.iter().map(|name| quote! { table.schema(#name); });
    let comment = said.comment.iter().map(|text| quote! { table.comment(#text); });
    let uniques = said.uniques.iter().map(|unique| {
        let name = option(unique.name.as_ref());
        let fields = unique.fields.iter().filter_map(|field| model.number(field));
        quote! { table.unique(#name, &[#(#fields),*]); }
    });
    let indexes = said.indexes.iter().map(|index| {
        let (name, filter, unique) =
            (option(index.name.as_ref()), option(index.filter.as_ref()), index.unique);
        let fields = index.fields.iter().filter_map(|(field, descending)| {
            let number = model.number(field)?;
            Some(quote! { (#number, #descending) })
        });
        quote! {
            table.index(::orm::__private::IndexOptions {
                name: #name,
                fields: &[#(#fields),*],
                unique: #unique,
                filter: #filter,
            });
        }
    });
    let checks = said.checks.iter().map(|check| {
        let (name, sql) = (option(check.name.as_ref()), &check.sql);
        quote! { table.check(#name, #sql); }
    });
    quote! { #(#schema)* #(#comment)* #(#uniques)* #(#indexes)* #(#checks)* }
}

fn option(value: Option<&impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote! { ::core::option::Option::Some(#value) },
        None => quote! { ::core::option::Option::None },
    }
}
