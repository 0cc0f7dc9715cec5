//! What a module of cases holds: its items, ready to be put one level deeper, and the names of its cases.

use std::iter::Peekable;

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree, token_stream};

use crate::error::{Error, Result};
use crate::{BACKENDS, Backend};

type Tokens = Peekable<token_stream::IntoIter>;

/// The content of the module, for either form.
pub(crate) struct Suite {
    pub(crate) items: TokenStream,
    pub(crate) cases: Vec<Case>,
}

/// A function marked with `#[case]`.
pub(crate) struct Case {
    pub(crate) name: Ident,
    pub(crate) backends: Vec<Backend>,
}

impl Suite {
    /// Takes the `#[case]` attributes off and makes `use super::` mean the same one level deeper.
    pub(crate) fn parse(body: TokenStream) -> Result<Self> {
        let (mut items, mut cases) = (Vec::new(), Vec::new());
        let mut tokens = body.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match case_attribute(&token, &mut tokens) {
                Some(attribute) => cases.push(Case::parse(&attribute, &tokens)?),
                None if is_word(&token, "use") => {
                    items.push(token);
                    items.extend(deeper(&tokens));
                }
                None => items.push(token),
            }
        }
        Ok(Self { items: items.into_iter().collect(), cases })
    }
}

impl Case {
    /// Reads the case from the tokens after its attribute, without using them up.
    fn parse(attribute: &Group, tokens: &Tokens) -> Result<Self> {
        let mut signature = tokens.clone();
        while signature.next_if(|token| is_punct(token, '#')).is_some() {
            signature.next();
        }
        word(&mut signature, "async", attribute.span())?;
        word(&mut signature, "fn", attribute.span())?;
        let Some(TokenTree::Ident(name)) = signature.next() else {
            return Err(not_a_case(attribute.span()));
        };
        match signature.next() {
            Some(TokenTree::Group(parameters)) if is_one(parameters.stream()) => {}
            _ => {
                return Err(Error::new(name.span(), "a case takes one parameter, its database: `db: Db`"));
            }
        }
        Ok(Self { name, backends: backends(attribute)? })
    }
}

/// The content of the brackets, used up, if `token` begins a `#[case]` attribute.
fn case_attribute(token: &TokenTree, tokens: &mut Tokens) -> Option<Group> {
    let is_case = |group: &Group| group.stream().into_iter().next().is_some_and(|t| is_word(&t, "case"));
    if !is_punct(token, '#') {
        return None;
    }
    match tokens.next_if(|token| matches!(token, TokenTree::Group(group) if is_case(group))) {
        Some(TokenTree::Group(group)) => Some(group),
        _ => None,
    }
}

/// The backends in the parentheses of `case(...)`, or all of them.
fn backends(attribute: &Group) -> Result<Vec<Backend>> {
    let mut tokens = attribute.stream().into_iter().skip(1);
    let Some(list) = tokens.next() else {
        return Ok(BACKENDS.to_vec());
    };
    match list {
        TokenTree::Group(list) if list.delimiter() == Delimiter::Parenthesis && !list.stream().is_empty() => {
            list.stream()
                .into_iter()
                .filter(|token| !is_punct(token, ','))
                .map(|token| backend(&token))
                .collect()
        }
        list => Err(Error::new(list.span(), "expected backends in parentheses: `#[case(sqlite)]`")),
    }
}

fn backend(token: &TokenTree) -> Result<Backend> {
    let known = BACKENDS.iter().find(|(word, _)| is_word(token, word));
    known.copied().ok_or_else(|| {
        let words: Vec<_> = BACKENDS.iter().map(|(word, _)| *word).collect();
        Error::new(token.span(), &format!("not a backend; there are: {}", words.join(", ")))
    })
}

/// `super::`, if the tokens go on with just that.
fn deeper(tokens: &Tokens) -> Vec<TokenTree> {
    let path: Vec<_> = tokens.clone().take(3).collect();
    match path.as_slice() {
        [first, ..] if is_word(first, "super") => path,
        _ => Vec::new(),
    }
}

/// Whether there is one parameter; a trailing comma does no harm.
fn is_one(parameters: TokenStream) -> bool {
    let parameters: Vec<_> = parameters.into_iter().collect();
    let comma = parameters.iter().position(|token| is_punct(token, ','));
    !parameters.is_empty() && comma.is_none_or(|comma| comma + 1 == parameters.len())
}

fn word(tokens: &mut Tokens, word: &str, otherwise: Span) -> Result<()> {
    match tokens.next() {
        Some(token) if is_word(&token, word) => Ok(()),
        token => Err(not_a_case(token.map_or(otherwise, |token| token.span()))),
    }
}

fn not_a_case(span: Span) -> Error {
    Error::new(span, "#[case] goes on an asynchronous function: `async fn name(db: Db) { ... }`")
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == word)
}

fn is_punct(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(token) if token.as_char() == punct)
}
