//! Items that have a list of their own: `unique(a, b)`, `index(a, b desc, where = "...")`, `check(name = "...", "...")`.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, LitStr, Result, Token};

use crate::suggest;

/// Fields that are unique together.
pub(crate) struct UniqueList {
    pub(crate) name: Option<LitStr>,
    pub(crate) fields: Vec<Ident>,
}

/// An index.
pub(crate) struct IndexList {
    pub(crate) name: Option<LitStr>,
    /// The fields, and whether each is sorted downwards.
    pub(crate) fields: Vec<(Ident, bool)>,
    pub(crate) unique: bool,
    pub(crate) filter: Option<LitStr>,
}

/// A condition that each row meets.
pub(crate) struct CheckList {
    pub(crate) name: Option<LitStr>,
    pub(crate) sql: LitStr,
}

impl Parse for UniqueList {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut list = Self { name: None, fields: Vec::new() };
        let start = input.span();
        each(input, |input| {
            if is_option(input) {
                let (word, value) = option(input, &["name"])?;
                return put(&word, value, &mut list.name);
            }
            list.fields.push(input.call(Ident::parse_any)?);
            Ok(())
        })?;
        if list.fields.is_empty() {
            Err(Error::new(start, "`unique` needs fields: `unique(a, b)`"))
        } else {
            Ok(list)
        }
    }
}

impl Parse for IndexList {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut list = Self { name: None, fields: Vec::new(), unique: false, filter: None };
        let start = input.span();
        each(input, |input| {
            if is_option(input) {
                let (word, value) = option(input, &["name", "where"])?;
                let slot = if word == "name" { &mut list.name } else { &mut list.filter };
                return put(&word, value, slot);
            }
            let field = input.call(Ident::parse_any)?;
            if field == "unique" {
                list.unique = true;
                return Ok(());
            }
            let direction = input.parse::<Option<Ident>>()?;
            let descending = match &direction {
                None => false,
                Some(word) if word == "asc" => false,
                Some(word) if word == "desc" => true,
                Some(word) => return Err(Error::new_spanned(word, "a direction is `asc` or `desc`")),
            };
            list.fields.push((field, descending));
            Ok(())
        })?;
        if list.fields.is_empty() {
            Err(Error::new(start, "`index` needs fields: `index(a, b desc)`"))
        } else {
            Ok(list)
        }
    }
}

impl Parse for CheckList {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut name, mut sql) = (None, None);
        let start = input.span();
        each(input, |input| {
            if is_option(input) {
                let (word, value) = option(input, &["name"])?;
                return put(&word, value, &mut name);
            }
            let condition: LitStr = input.parse()?;
            match sql.replace(condition) {
                None => Ok(()),
                Some(_) => {
                    Err(Error::new_spanned(&sql, "a check has one condition; write another `check(...)`"))
                }
            }
        })?;
        let missing = || Error::new(start, "`check` needs a condition: `check(\"a < b\")`");
        Ok(Self { name, sql: sql.ok_or_else(missing)? })
    }
}

fn each(input: ParseStream<'_>, mut item: impl FnMut(ParseStream<'_>) -> Result<()>) -> Result<()> {
    while !input.is_empty() {
        item(input)?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(())
}

fn is_option(input: ParseStream<'_>) -> bool {
    input.peek(Ident::peek_any) && input.peek2(Token![=])
}

/// `word = "text"`.
fn option(input: ParseStream<'_>, known: &[&str]) -> Result<(Ident, LitStr)> {
    let word = input.call(Ident::parse_any)?;
    if !known.iter().any(|known| word == known) {
        let message = match suggest::nearest(&word.to_string(), known) {
            Some(meant) => format!("unknown option `{word}`, did you mean `{meant}`?"),
            None => format!("unknown option `{word}`; there is `{}`", known.join("`, `")),
        };
        return Err(Error::new_spanned(word, message));
    }
    input.parse::<Token![=]>()?;
    Ok((word, input.parse()?))
}

fn put(word: &Ident, value: LitStr, slot: &mut Option<LitStr>) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new_spanned(word, format!("`{word}` is given twice"))),
    }
}
