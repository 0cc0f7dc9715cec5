//! `#[derive(Embedded)]`: a struct whose fields are columns of the model that it is a field of. The steps are those of
//! `Model`: what is said, as plain data and with its rules; then the code.

mod expand;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, LitStr, Type, Visibility};

use crate::attr::{Place, known_items};
use crate::errors::Errors;
use crate::{types, valid};

const STRUCT: Place = Place { attribute: "db", name: "the struct", known: &[] };
const FIELD: Place = Place { attribute: "db", name: "a field", known: &["rename", "prefix"] };

/// A struct with its attributes.
struct Embedded<'a> {
    input: &'a DeriveInput,
    fields: Vec<Field<'a>>,
}

/// A field with its attributes.
struct Field<'a> {
    vis: &'a Visibility,
    name: &'a Ident,
    ty: &'a Type,
    rename: Option<LitStr>,
    prefix: Option<LitStr>,
}

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let read = Embedded::read(input, &mut errors);
    check(&read, &mut errors);
    match errors.finish() {
        None => expand::embedded(&read),
        Some(errors) => {
            let (errors, fallback) = (errors.to_compile_error(), expand::fallback(input));
            quote! { #errors #fallback }
        }
    }
}

impl<'a> Embedded<'a> {
    fn read(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        known_items(&input.attrs, &STRUCT, &[&FIELD], errors);
        let fields = match &input.data {
            Data::Struct(data) => data.fields.iter().filter_map(|field| Field::read(field, errors)).collect(),
            Data::Enum(_) | Data::Union(_) => Vec::new(),
        };
        Self { input, fields }
    }
}

impl<'a> Field<'a> {
    fn read(field: &'a syn::Field, errors: &mut Errors) -> Option<Self> {
        let (mut rename, mut prefix) = (None, None);
        for item in known_items(&field.attrs, &FIELD, &[&STRUCT], errors) {
            let slot = if item.name == "rename" { &mut rename } else { &mut prefix };
            errors.catch(item.put_text("a name", slot));
        }
        field.ident.as_ref().map(|name| Self { vis: &field.vis, name, ty: &field.ty, rename, prefix })
    }

    /// What its column's name ends with.
    fn column(&self) -> String {
        self.rename.as_ref().map_or_else(|| self.name.unraw().to_string(), LitStr::value)
    }
}

fn check(read: &Embedded<'_>, errors: &mut Errors) {
    is_struct(read.input, errors);
    let parameters = &read.input.generics.params;
    if !parameters.is_empty() {
        errors.at(parameters, "an embedded struct cannot have generic parameters");
    }
    for (i, field) in read.fields.iter().enumerate() {
        valid::is_name(field.rename.as_ref(), errors);
        valid::is_one_option(field.ty, errors);
        if types::is_reference(field.ty) {
            errors.at(
                field.ty,
                "an embedded struct cannot refer to a model: put the reference into the model itself",
            );
        }
        if types::deferred(field.ty).is_some() {
            errors.at(
                field.ty,
                "a part of an embedded struct cannot be deferred: put the column into the model itself",
            );
        }
        if let (Some(_), Some(prefix)) = (&field.rename, &field.prefix) {
            errors.at(
                prefix,
                "`rename` names one column and `prefix` those of an embedded struct: give one of them",
            );
        }
        let column = field.column();
        let same = |other: &&Field<'_>| other.column().eq_ignore_ascii_case(&column);
        if let Some(other) = read.fields[..i].iter().find(same) {
            let culprit =
                field.rename.as_ref().map_or_else(|| field.name.to_token_stream(), ToTokens::to_token_stream);
            errors
                .at(culprit, format!("the column `{column}` is that of the field `{}` already", other.name));
        }
    }
}

fn is_struct(input: &DeriveInput, errors: &mut Errors) {
    let culprit = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if !fields.named.is_empty() => return,
            Fields::Unnamed(fields) => fields.to_token_stream(),
            Fields::Named(_) | Fields::Unit => input.ident.to_token_stream(),
        },
        Data::Enum(data) => data.enum_token.to_token_stream(),
        Data::Union(data) => data.union_token.to_token_stream(),
    };
    errors.at(culprit, "an embedded struct is a struct with named fields");
}
