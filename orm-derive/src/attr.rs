//! The first step: what `#[model(...)]` says, word by word. Each word keeps its token, so that an error can point at it.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Expr, LitStr, Result, Token};

use crate::errors::Errors;
use crate::suggest;

/// What is said on the struct.
#[derive(Default)]
pub(crate) struct StructAttributes {
    pub(crate) table: Option<LitStr>,
    pub(crate) no_new: Option<Ident>,
}

/// What is said on a field.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) key: Option<Ident>,
    pub(crate) auto: Option<Ident>,
    pub(crate) unique: Option<Ident>,
    pub(crate) index: Option<Ident>,
    pub(crate) default: Option<Item>,
    pub(crate) column: Option<LitStr>,
    pub(crate) prefix: Option<LitStr>,
}

/// One item of the list: `name` or `name = value`.
#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) name: Ident,
    pub(crate) value: Option<TokenStream>,
}

/// Where attributes stand, and which ones belong there.
pub(crate) struct Place {
    /// The name of the attribute whose list it is.
    pub(crate) attribute: &'static str,
    pub(crate) name: &'static str,
    pub(crate) known: &'static [&'static str],
}

const STRUCT: Place = Place { attribute: "model", name: "the struct", known: &["table", "no_new"] };
const FIELD: Place = Place {
    attribute: "model",
    name: "a field",
    known: &["key", "auto", "unique", "index", "default", "column", "prefix"],
};

impl StructAttributes {
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        for item in known_items(attributes, &STRUCT, &FIELD, errors) {
            errors.catch(read.set(item));
        }
        read
    }

    fn set(&mut self, item: Item) -> Result<()> {
        match item.name.to_string().as_str() {
            "table" => item.put_name(&mut self.table),
            _ => item.put_word(&mut self.no_new),
        }
    }
}

impl FieldAttributes {
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        for item in known_items(attributes, &FIELD, &STRUCT, errors) {
            errors.catch(read.set(item));
        }
        read
    }

    fn set(&mut self, item: Item) -> Result<()> {
        match item.name.to_string().as_str() {
            "key" => item.put_word(&mut self.key),
            "auto" => item.put_word(&mut self.auto),
            "unique" => item.put_word(&mut self.unique),
            "index" => item.put_word(&mut self.index),
            "column" => item.put_name(&mut self.column),
            "prefix" => item.put_name(&mut self.prefix),
            _ => put(&item.name.clone(), item, &mut self.default),
        }
    }
}

impl Item {
    /// Keeps a word that stands alone. It counts as said even with a value, lest a second error follows from the first.
    pub(crate) fn put_word(self, slot: &mut Option<Ident>) -> Result<()> {
        put(&self.name, self.name.clone(), slot)?;
        match self.value {
            None => Ok(()),
            Some(value) => Err(Error::new_spanned(value, format!("`{}` takes no value", self.name))),
        }
    }

    /// Keeps the name that was given as a string.
    pub(crate) fn put_name(self, slot: &mut Option<LitStr>) -> Result<()> {
        let wrong = format!("`{name}` takes a name: `{name} = \"...\"`", name = self.name);
        let Some(value) = self.value else {
            return Err(Error::new_spanned(self.name, wrong));
        };
        let name = syn::parse2(value.clone()).map_err(|_| Error::new_spanned(value, wrong))?;
        put(&self.name, name, slot)
    }
}

pub(crate) fn put<T>(name: &Ident, value: T, slot: &mut Option<T>) -> Result<()> {
    if slot.is_some() {
        return Err(Error::new_spanned(name, format!("`{name}` is given twice")));
    }
    *slot = Some(value);
    Ok(())
}

/// The items that belong at this place.
pub(crate) fn known_items(
    attributes: &[Attribute],
    here: &Place,
    there: &Place,
    errors: &mut Errors,
) -> Vec<Item> {
    let mut items = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(here.attribute)) {
        errors.catch(attribute.parse_args_with(|list: ParseStream<'_>| parse_list(list, &mut items)));
    }
    items.into_iter().filter_map(|item| correct(item, here, there, errors)).collect()
}

/// Parses a list; what stands before a mistake is kept.
fn parse_list(list: ParseStream<'_>, items: &mut Vec<Item>) -> Result<()> {
    while !list.is_empty() {
        items.push(list.parse()?);
        if !list.is_empty() {
            list.parse::<Token![,]>()?;
        }
    }
    Ok(())
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let value = input.parse::<Option<Token![=]>>()?.map(|_| parse_value(input)).transpose()?;
        Ok(Self { name, value })
    }
}

/// An expression. Those that syn only knows with its large feature set, such as `if`, end at the next comma.
fn parse_value(input: ParseStream<'_>) -> Result<TokenStream> {
    let ahead = input.fork();
    match ahead.parse::<Expr>() {
        Ok(value) if at_end(&ahead) => {
            input.advance_to(&ahead);
            Ok(value.into_token_stream())
        }
        _ => parse_tokens(input),
    }
}

fn parse_tokens(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !at_end(input) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    if tokens.is_empty() { Err(input.error("expected a value")) } else { Ok(tokens) }
}

fn at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

/// The item itself if it is known here. A misspelt one is taken as what it was meant to be, after the error.
fn correct(mut item: Item, here: &Place, there: &Place, errors: &mut Errors) -> Option<Item> {
    let name = item.name.to_string();
    if here.known.contains(&name.as_str()) {
        return Some(item);
    }
    if there.known.contains(&name.as_str()) {
        errors.at(&item.name, format!("`{name}` belongs on {}, not on {}", there.name, here.name));
        return None;
    }
    let Some(meant) = suggest::nearest(&name, here.known) else {
        if here.known.is_empty() {
            errors.at(&item.name, format!("unknown attribute `{name}`; {} may have none", here.name));
            return None;
        }
        let known = here.known.join("`, `");
        errors.at(&item.name, format!("unknown attribute `{name}`; {} may have `{known}`", here.name));
        return None;
    };
    errors.at(&item.name, format!("unknown attribute `{name}`, did you mean `{meant}`?"));
    item.name = Ident::new(meant, item.name.span());
    Some(item)
}
