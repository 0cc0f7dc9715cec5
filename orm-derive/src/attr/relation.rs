//! What is said on a relation: a field that holds other rows.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, Ident, LitStr, Result, Token, Type};

use super::{FIELD, Item, RELATION, STRUCT, known_items, put};
use crate::errors::Errors;
use crate::suggest;

/// What is said on a field that is a relation.
#[derive(Default)]
pub(crate) struct RelationAttributes {
    pub(crate) via: Option<Item>,
    pub(crate) through: Option<(Ident, Through)>,
    pub(crate) table: Option<LitStr>,
    pub(crate) cascade: Option<LitStr>,
    pub(crate) order_by: Option<Item>,
    pub(crate) load: Option<LitStr>,
}

/// The model whose rows are the links.
pub(crate) enum Through {
    /// It has one reference to each side.
    Model(Type),
    /// These are its references to this side and to the other.
    References(Expr, Expr),
}

/// What happens to related rows, and its name in the core.
const CASCADES: [(&str, &str); 5] = [
    ("delete", "Delete"),
    ("delete_orphan", "DeleteOrphan"),
    ("database", "Database"),
    ("restrict", "Restrict"),
    ("set_null", "SetNull"),
];

/// How a relation is loaded, and whether that is by a join.
const LOADS: [(&str, bool); 2] = [("select_in", false), ("joined", true)];

/// The name in the core of what happens to related rows.
pub(crate) fn cascade(given: &LitStr) -> Option<&'static str> {
    find(&CASCADES, given)
}

impl RelationAttributes {
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        for item in known_items(attributes, &RELATION, &[&FIELD, &STRUCT], errors) {
            errors.catch(read.set(item));
        }
        read
    }

    fn set(&mut self, item: Item) -> Result<()> {
        match item.name.to_string().as_str() {
            "via" => item.put_value("a constant: `via = Post::AUTHOR`", &mut self.via),
            "through" => item.put_through(&mut self.through),
            "table" => item.put_text("a name", &mut self.table),
            "cascade" => item.put_one_of("cascade", &CASCADES, &mut self.cascade),
            "load" => item.put_one_of("way to load", &LOADS, &mut self.load),
            _ => item.put_value("an order: `order_by = Post::TITLE.asc()`", &mut self.order_by),
        }
    }

    /// Whether each query loads it by a join, if each query loads it.
    pub(crate) fn joined(&self) -> Option<bool> {
        self.load.as_ref().and_then(|given| find(&LOADS, given))
    }
}

impl Item {
    /// Keeps an expression.
    fn put_value(self, what: &str, slot: &mut Option<Self>) -> Result<()> {
        match (&self.value, &self.list) {
            (Some(_), None) => put(&self.name.clone(), self, slot),
            _ => Err(Error::new_spanned(&self.name, format!("`{}` takes {what}", self.name))),
        }
    }

    /// Keeps one of these words.
    fn put_one_of<T: Copy>(
        self,
        what: &str,
        known: &[(&'static str, T)],
        slot: &mut Option<LitStr>,
    ) -> Result<()> {
        self.put_text("a word", slot)?;
        let Some(given) = slot.as_ref().filter(|given| find(known, given).is_none()) else { return Ok(()) };
        let words: Vec<_> = known.iter().map(|&(word, _)| word).collect();
        let message = match suggest::nearest(&given.value(), &words) {
            Some(meant) => format!("unknown {what} `{}`, did you mean `{meant}`?", given.value()),
            None => format!("unknown {what} `{}`; there is `{}`", given.value(), words.join("`, `")),
        };
        Err(Error::new_spanned(given, message))
    }

    fn put_through(self, slot: &mut Option<(Ident, Through)>) -> Result<()> {
        let name = self.name.clone();
        let example = "`through = PostTag`, or its references to this side and to the other: \
                       `through(Friendship::FROM, Friendship::TO)`";
        let wrong = |culprit: &dyn ToTokens| {
            Error::new_spanned(culprit, format!("`through` takes an association model: {example}"))
        };
        let through = match (self.value, self.list) {
            (Some(model), None) => Through::Model(parse(model, &wrong)?),
            (None, Some(list)) => references(list, &wrong)?,
            _ => return Err(wrong(&name)),
        };
        put(&name.clone(), (name, through), slot)
    }
}

fn parse<T: syn::parse::Parse>(tokens: TokenStream, wrong: &dyn Fn(&dyn ToTokens) -> Error) -> Result<T> {
    syn::parse2(tokens.clone()).map_err(|_| wrong(&tokens))
}

fn references(list: TokenStream, wrong: &dyn Fn(&dyn ToTokens) -> Error) -> Result<Through> {
    let both = |input: syn::parse::ParseStream<'_>| Punctuated::<Expr, Token![,]>::parse_terminated(input);
    let both = syn::parse::Parser::parse2(both, list.clone()).map_err(|_| wrong(&list))?;
    let mut both = both.into_iter();
    match (both.next(), both.next(), both.next()) {
        (Some(own), Some(other), None) => Ok(Through::References(own, other)),
        _ => Err(wrong(&list)),
    }
}

fn find<T: Copy>(known: &[(&'static str, T)], given: &LitStr) -> Option<T> {
    let given = given.value();
    known.iter().find(|(word, _)| *word == given).map(|&(_, meaning)| meaning)
}
