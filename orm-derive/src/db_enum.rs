//! `#[derive(DbEnum)]`: an enum without fields is stored as words or as numbers. The steps are those of `Model`: what is
//! said, as plain data and with its rules; then the code.

mod expand;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Fields, LitStr, Variant};

use crate::ast::snake_case;
use crate::attr::{Item, Place, known_items, put};
use crate::errors::Errors;
use crate::{db_value, valid};

const ENUM: Place = Place { attribute: "db", name: "the enum", known: &["integer", "native"] };
const VARIANT: Place = Place { attribute: "db", name: "a variant", known: &["rename"] };

/// What PostgreSQL cuts names and words off after.
const MAX_BYTES: usize = 63;

/// The integer types that an enum may be laid out as, with the column types that hold all of their numbers.
const REPRS: [(&str, &str); 7] = [
    ("i8", "SmallInt"),
    ("u8", "SmallInt"),
    ("i16", "SmallInt"),
    ("u16", "Integer"),
    ("i32", "Integer"),
    ("u32", "BigInt"),
    ("i64", "BigInt"),
];

/// An enum with its attributes.
struct DbEnum<'a> {
    input: &'a DeriveInput,
    attributes: EnumAttributes,
    variants: Vec<Word<'a>>,
}

/// What is said on the enum.
#[derive(Default)]
struct EnumAttributes {
    integer: Option<Ident>,
    native: Option<Item>,
    native_name: Option<LitStr>,
    repr: Option<Ident>,
}

/// A variant and what it is stored as.
struct Word<'a> {
    variant: &'a Variant,
    rename: Option<LitStr>,
}

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let read = DbEnum::read(input, &mut errors);
    check(&read, &mut errors);
    match errors.finish() {
        None => expand::db_enum(&read),
        Some(errors) => {
            let (errors, fallback) = (errors.to_compile_error(), db_value::fallback(input));
            quote! { #errors #fallback }
        }
    }
}

impl<'a> DbEnum<'a> {
    fn read(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        let attributes = EnumAttributes::read(&input.attrs, errors);
        let variants = match &input.data {
            Data::Enum(data) => data.variants.iter().map(|variant| Word::read(variant, errors)).collect(),
            Data::Struct(_) | Data::Union(_) => Vec::new(),
        };
        Self { input, attributes, variants }
    }

    /// The name of its type in a database that has such types.
    fn native_name(&self) -> String {
        let given = self.attributes.native_name.as_ref();
        given.map_or_else(|| snake_case(&self.input.ident.unraw().to_string()), LitStr::value)
    }
}

impl EnumAttributes {
    fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        for item in known_items(attributes, &ENUM, &[&VARIANT], errors) {
            errors.catch(read.set(item));
        }
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("repr")) {
            // The compiler itself complains about what is wrong here.
            let _ = attribute.parse_nested_meta(|meta| {
                read.repr = meta.path.get_ident().filter(|name| *name != "C").cloned().or(read.repr.take());
                Ok(())
            });
        }
        read
    }

    fn set(&mut self, item: Item) -> syn::Result<()> {
        match item.name.to_string().as_str() {
            "integer" => item.put_word(&mut self.integer),
            _ => {
                put(&item.name.clone(), item.clone(), &mut self.native)?;
                if item.value.is_some() { item.put_text("a name", &mut self.native_name) } else { Ok(()) }
            }
        }
    }

    /// The type of the column of an enum that is stored as numbers.
    fn integer_type(&self) -> Option<&'static str> {
        let Some(repr) = &self.repr else { return Some("Integer") };
        REPRS.iter().find(|(name, _)| repr == name).map(|(_, sql_type)| *sql_type)
    }
}

impl<'a> Word<'a> {
    fn read(variant: &'a Variant, errors: &mut Errors) -> Self {
        let mut rename = None;
        for item in known_items(&variant.attrs, &VARIANT, &[&ENUM], errors) {
            errors.catch(item.put_text("a name", &mut rename));
        }
        Self { variant, rename }
    }

    fn text(&self) -> String {
        let name = || snake_case(&self.variant.ident.unraw().to_string());
        self.rename.as_ref().map_or_else(name, LitStr::value)
    }

    /// What an error about its word points at.
    fn culprit(&self) -> TokenStream {
        self.rename.as_ref().map_or_else(|| self.variant.ident.to_token_stream(), ToTokens::to_token_stream)
    }
}

fn check(read: &DbEnum<'_>, errors: &mut Errors) {
    is_enum(read, errors);
    let attributes = &read.attributes;
    if let (Some(integer), Some(_)) = (&attributes.integer, &attributes.native) {
        errors.at(integer, "`integer` and `native` exclude each other: a native enum has words");
    }
    if let Some(repr) = attributes.repr.as_ref().filter(|_| attributes.integer.is_some())
        && attributes.integer_type().is_none()
    {
        errors.at(repr, format!("no integer type of databases holds every {repr}; up to i64 and u32 fit"));
    }
    valid::is_name(attributes.native_name.as_ref(), errors);
    for (i, word) in read.variants.iter().enumerate() {
        is_word(read, word, errors);
        let text = word.text();
        if let Some(other) = read.variants[..i].iter().find(|other| other.text() == text) {
            errors.at(word.culprit(), format!("`{text}` is what `{}` is stored as", other.variant.ident));
        }
    }
}

fn is_enum(read: &DbEnum<'_>, errors: &mut Errors) {
    let message = "a DbEnum is an enum whose variants have no fields";
    match &read.input.data {
        Data::Enum(data) if data.variants.is_empty() => {
            errors.at(&read.input.ident, "an enum without variants has no values to store");
        }
        Data::Enum(_) => {}
        Data::Struct(data) => errors.at(data.struct_token, message),
        Data::Union(data) => errors.at(data.union_token, message),
    }
    let parameters = &read.input.generics.params;
    if !parameters.is_empty() {
        errors.at(parameters, "a DbEnum cannot have generic parameters");
    }
}

fn is_word(read: &DbEnum<'_>, word: &Word<'_>, errors: &mut Errors) {
    match &word.variant.fields {
        Fields::Unit => {}
        Fields::Named(fields) => errors.at(fields, "a variant with fields does not fit one column"),
        Fields::Unnamed(fields) => errors.at(fields, "a variant with fields does not fit one column"),
    }
    if let (Some(rename), Some(_)) = (&word.rename, &read.attributes.integer) {
        errors.at(rename, "`rename` gives a word, and this enum is stored as numbers");
    }
    valid::is_name(word.rename.as_ref(), errors);
    if read.attributes.native.is_some() && word.text().len() > MAX_BYTES {
        errors.at(word.culprit(), format!("a word of a native enum has at most {MAX_BYTES} bytes"));
    }
}
