//! The first step: what `#[model(...)]` says, word by word. Each word keeps its token, so that an error can point at it.

mod lists;
mod relation;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Expr, LitStr, Result, Token, parenthesized, token};

use crate::errors::Errors;
use crate::suggest;

pub(crate) use lists::{CheckList, IndexList, UniqueList};
pub(crate) use relation::{RelationAttributes, Through, cascade};

/// What is said on the struct.
#[derive(Default)]
pub(crate) struct StructAttributes {
    pub(crate) table: Option<LitStr>,
    pub(crate) schema: Option<LitStr>,
    pub(crate) comment: Option<LitStr>,
    pub(crate) no_new: Option<Ident>,
    pub(crate) uniques: Vec<UniqueList>,
    pub(crate) indexes: Vec<IndexList>,
    pub(crate) checks: Vec<CheckList>,
}

/// What is said on a field.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) key: Option<Ident>,
    pub(crate) any: Option<Ident>,
    pub(crate) auto: Option<Ident>,
    pub(crate) no_reuse: Option<Ident>,
    pub(crate) unique: Option<Ident>,
    pub(crate) index: Option<Ident>,
    pub(crate) descending: Option<Ident>,
    pub(crate) version: Option<Ident>,
    pub(crate) created_at: Option<Ident>,
    pub(crate) updated_at: Option<Ident>,
    pub(crate) default: Option<Item>,
    pub(crate) column: Option<LitStr>,
    pub(crate) prefix: Option<LitStr>,
    pub(crate) server_default: Option<LitStr>,
    pub(crate) generated: Option<LitStr>,
    pub(crate) check: Option<LitStr>,
    pub(crate) comment: Option<LitStr>,
    pub(crate) deferred: Option<LitStr>,
    pub(crate) on_delete: Option<LitStr>,
    pub(crate) on_update: Option<LitStr>,
    pub(crate) deferrable: Option<Ident>,
    /// What `on_update` is if it is no text, and so no action of a foreign key.
    pub(crate) renewal: Option<Item>,
}

/// One item of the list: `name`, `name = value` or `name(list)`.
#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) name: Ident,
    pub(crate) value: Option<TokenStream>,
    list: Option<TokenStream>,
}

/// Where attributes stand, and which ones belong there.
pub(crate) struct Place {
    /// The name of the attribute whose list it is.
    pub(crate) attribute: &'static str,
    pub(crate) name: &'static str,
    pub(crate) known: &'static [&'static str],
}

const STRUCT: Place = Place {
    attribute: "model",
    name: "the struct",
    known: &["table", "schema", "comment", "no_new", "unique", "index", "check"],
};
const FIELD: Place = Place {
    attribute: "model",
    name: "a column",
    known: &[
        "key",
        "auto",
        "unique",
        "index",
        "default",
        "column",
        "prefix",
        "server_default",
        "generated",
        "check",
        "comment",
        "deferred",
        "on_delete",
        "on_update",
        "deferrable",
        "version",
        "created_at",
        "updated_at",
        "any",
    ],
};
const RELATION: Place = Place {
    attribute: "model",
    name: "a relation",
    known: &["via", "through", "table", "cascade", "order_by", "load"],
};

/// What a foreign key may do, and its name in the core.
const ACTIONS: [(&str, &str); 5] = [
    ("no_action", "NoAction"),
    ("restrict", "Restrict"),
    ("cascade", "Cascade"),
    ("set_null", "SetNull"),
    ("set_default", "SetDefault"),
];

impl StructAttributes {
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        for item in known_items(attributes, &STRUCT, &[&FIELD, &RELATION], errors) {
            errors.catch(read.set(item));
        }
        read
    }

    fn set(&mut self, item: Item) -> Result<()> {
        match item.name.to_string().as_str() {
            "table" => item.put_text("a name", &mut self.table),
            "schema" => item.put_text("a name", &mut self.schema),
            "comment" => item.put_text("a text", &mut self.comment),
            "unique" => item.put_list("unique(a, b)", &mut self.uniques),
            "index" => item.put_list("index(a, b desc)", &mut self.indexes),
            "check" => item.put_list("check(\"a < b\")", &mut self.checks),
            _ => item.put_word(&mut self.no_new),
        }
    }
}

impl FieldAttributes {
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        for item in known_items(attributes, &FIELD, &[&STRUCT, &RELATION], errors) {
            errors.catch(read.set(item));
        }
        read
    }

    fn set(&mut self, item: Item) -> Result<()> {
        match item.name.to_string().as_str() {
            "key" => item.put_word(&mut self.key),
            "auto" => item.put_word_with("no_reuse", &mut self.auto, &mut self.no_reuse),
            "unique" => item.put_word(&mut self.unique),
            "index" => item.put_word_with("desc", &mut self.index, &mut self.descending),
            "column" => item.put_text("a name", &mut self.column),
            "prefix" => item.put_text("a name", &mut self.prefix),
            "server_default" => item.put_text("SQL", &mut self.server_default),
            "generated" => item.put_text("SQL", &mut self.generated),
            "check" => item.put_text("SQL", &mut self.check),
            "comment" => item.put_text("a text", &mut self.comment),
            "deferred" => item.put_text("the name of a group", &mut self.deferred),
            "on_delete" => item.put_action(&mut self.on_delete),
            "on_update" if item.is_expression() => put(&item.name.clone(), item, &mut self.renewal),
            "on_update" => item.put_action(&mut self.on_update),
            "deferrable" => item.put_word(&mut self.deferrable),
            "version" => item.put_word(&mut self.version),
            "any" => item.put_word(&mut self.any),
            "created_at" => item.put_word(&mut self.created_at),
            "updated_at" => item.put_word(&mut self.updated_at),
            _ => put(&item.name.clone(), item.without_list()?, &mut self.default),
        }
    }
}

impl Item {
    /// Keeps a word that stands alone. It counts as said even with a value, lest a second error follows from the first.
    pub(crate) fn put_word(self, slot: &mut Option<Ident>) -> Result<()> {
        put(&self.name, self.name.clone(), slot)?;
        match self.value.or(self.list) {
            None => Ok(()),
            Some(value) => Err(Error::new_spanned(value, format!("`{}` takes no value", self.name))),
        }
    }

    /// Keeps a word that may have another one in brackets.
    fn put_word_with(
        mut self,
        option: &str,
        slot: &mut Option<Ident>,
        option_slot: &mut Option<Ident>,
    ) -> Result<()> {
        let Some(list) = self.list.take() else { return self.put_word(slot) };
        let name = self.name.clone();
        self.put_word(slot)?;
        match syn::parse2::<Ident>(list.clone()) {
            Ok(word) if word == option => put(&name, word, option_slot),
            _ => Err(Error::new_spanned(
                list,
                format!("`{name}` may have `{option}` in brackets, nothing else"),
            )),
        }
    }

    /// Keeps what was given as a string.
    pub(crate) fn put_text(self, what: &str, slot: &mut Option<LitStr>) -> Result<()> {
        let wrong = format!("`{name}` takes {what}: `{name} = \"...\"`", name = self.name);
        let Some(value) = self.value else {
            return Err(Error::new_spanned(self.name, wrong));
        };
        let text = syn::parse2(value.clone()).map_err(|_| Error::new_spanned(value, wrong))?;
        put(&self.name, text, slot)
    }

    /// Keeps what a foreign key is to do.
    fn put_action(self, slot: &mut Option<LitStr>) -> Result<()> {
        let mut given = None;
        self.clone().put_text("an action", &mut given)?;
        let Some(given) = given else { return Ok(()) };
        put(&self.name, given.clone(), slot)?;
        if action(&given).is_some() {
            return Ok(());
        }
        let known = ACTIONS.map(|(word, _)| word);
        let message = match suggest::nearest(&given.value(), &known) {
            Some(meant) => format!("unknown action `{}`, did you mean `{meant}`?", given.value()),
            None => format!("unknown action `{}`; there is `{}`", given.value(), known.join("`, `")),
        };
        Err(Error::new_spanned(given, message))
    }

    /// Keeps what is in the brackets; there may be several of them.
    fn put_list<T: Parse>(self, example: &str, slot: &mut Vec<T>) -> Result<()> {
        let (None, Some(list)) = (&self.value, self.list) else {
            let message = format!("on a struct, `{}` takes a list: `{example}`", self.name);
            return Err(Error::new_spanned(self.name, message));
        };
        if list.is_empty() {
            let message = format!("`{}` takes a list: `{example}`", self.name);
            return Err(Error::new_spanned(self.name, message));
        }
        slot.push(syn::parse2(list)?);
        Ok(())
    }

    /// Whether it has a value that is no text.
    fn is_expression(&self) -> bool {
        self.value.as_ref().is_some_and(|value| syn::parse2::<LitStr>(value.clone()).is_err())
    }

    fn without_list(self) -> Result<Self> {
        match self.list {
            None => Ok(self),
            Some(list) => Err(Error::new_spanned(list, format!("`{}` takes no list", self.name))),
        }
    }
}

/// The name in the core of what a foreign key is to do.
pub(crate) fn action(given: &LitStr) -> Option<&'static str> {
    let given = given.value();
    ACTIONS.iter().find(|(word, _)| *word == given).map(|(_, name)| *name)
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
    there: &[&Place],
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
        if input.peek(token::Paren) {
            let list;
            parenthesized!(list in input);
            return Ok(Self { name, value: None, list: Some(list.parse()?) });
        }
        let value = input.parse::<Option<Token![=]>>()?.map(|_| parse_value(input)).transpose()?;
        Ok(Self { name, value, list: None })
    }
}

/// An expression. Those that syn only knows with its large feature set, such as `if`, end at the next comma.
pub(crate) fn parse_value(input: ParseStream<'_>) -> Result<TokenStream> {
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

pub(crate) fn at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

/// The item itself if it is known here. A misspelt one is taken as what it was meant to be, after the error.
fn correct(mut item: Item, here: &Place, there: &[&Place], errors: &mut Errors) -> Option<Item> {
    let name = item.name.to_string();
    if here.known.contains(&name.as_str()) {
        return Some(item);
    }
    if let Some(there) = there.iter().find(|there| there.known.contains(&name.as_str())) {
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
