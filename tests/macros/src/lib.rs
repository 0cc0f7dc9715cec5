//! The attribute [`macro@both_forms`], with which a case of the behaviour suite is written once, against the
//! asynchronous API, and runs on every backend in both forms.
//!
//! The two forms of the API differ in nothing but `async` and `.await`. So the synchronous form of a case is
//! the asynchronous one without these words, and they are all this crate has to understand of Rust: it works
//! on tokens and needs no parser.

mod error;
mod suite;
mod synchronous;

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use error::{Error, Result};
use suite::{Case, Suite};

/// A backend: its word in test names and its variant of `orm_tests::Backend`.
type Backend = (&'static str, &'static str);

const BACKENDS: &[Backend] =
    &[("sqlite", "Sqlite"), ("postgres", "Postgres"), ("mariadb", "MariaDb"), ("mysql", "MySql")];

/// A form of the API: its word in test names, its module in the expansion and its part of `orm_tests`.
struct Form {
    word: &'static str,
    module: &'static str,
    prelude: &'static str,
    translate: fn(TokenStream) -> TokenStream,
}

const FORMS: [Form; 2] = [
    Form { word: "sync", module: "sync", prelude: "sync_form", translate: synchronous::translate },
    Form { word: "async", module: "asynchronous", prelude: "async_form", translate: |items| items },
];

/// Turns a module of asynchronous cases into one test for each case, backend and form.
///
/// ```text
/// #[both_forms]
/// mod identity {
///     use super::*;
///
///     #[case]
///     async fn same_row_same_entity(db: Db) { ... }
///
///     #[case(sqlite)] // not on the other backends
///     async fn survives_vacuum(db: Db) { ... }
///
///     async fn helper(session: &mut Session) -> i64 { ... }
/// }
/// ```
///
/// The module gets two submodules with all its items: `asynchronous` as they are written, and `sync` without
/// `async` and `.await`. `Db`, `Session` and the other names which both forms have in common come from
/// `orm_tests::async_form` and `orm_tests::sync_form`; both are imported as a whole, so the file around the
/// module must not export the same names. A case becomes tests such as
/// `identity::sync::same_row_same_entity::sqlite_sync`, which hand it to the `run` function of the form.
///
/// A `use super::...` of the module is made to mean the same one level deeper. Elsewhere, write `crate::` or
/// import the name first. An `async` block of the synchronous form runs where it stands.
///
/// # Errors
///
/// It goes on an inline module only:
///
/// ```compile_fail
/// #[orm_tests_macros::both_forms]
/// fn case() {}
/// ```
///
/// A case is asynchronous and takes one parameter:
///
/// ```compile_fail
/// #[orm_tests_macros::both_forms]
/// mod cases {
///     #[case]
///     fn not_asynchronous(db: ()) {}
/// }
/// ```
///
/// ```compile_fail
/// #[orm_tests_macros::both_forms]
/// mod cases {
///     #[case]
///     async fn without_database() {}
/// }
/// ```
#[proc_macro_attribute]
pub fn both_forms(arguments: TokenStream, module: TokenStream) -> TokenStream {
    expand(arguments, module).unwrap_or_else(Error::into_tokens)
}

fn expand(arguments: TokenStream, module: TokenStream) -> Result<TokenStream> {
    if let Some(argument) = arguments.into_iter().next() {
        return Err(Error::new(argument.span(), "#[both_forms] takes no arguments"));
    }
    let (mut header, body) = split_module(module)?;
    let suite = Suite::parse(body)?;
    let forms = FORMS.iter().flat_map(|form| form.expand(&suite)).collect();
    header.push(TokenTree::Group(Group::new(Delimiter::Brace, forms)));
    Ok(header.into_iter().collect())
}

/// Splits `mod name { body }` before the braces.
fn split_module(module: TokenStream) -> Result<(Vec<TokenTree>, TokenStream)> {
    let mut header: Vec<TokenTree> = module.into_iter().collect();
    match (header.pop(), header.as_slice()) {
        (Some(TokenTree::Group(body)), [.., TokenTree::Ident(keyword), TokenTree::Ident(_)])
            if keyword.to_string() == "mod" =>
        {
            Ok((header, body.stream()))
        }
        (last, _) => {
            let culprit = header.into_iter().chain(last).find(|token| matches!(token, TokenTree::Ident(_)));
            let span = culprit.map_or_else(Span::call_site, |token| token.span());
            Err(Error::new(span, "#[both_forms] goes on an inline module: `mod name { ... }`"))
        }
    }
}

impl Form {
    fn expand(&self, suite: &Suite) -> TokenStream {
        let Self { module, prelude, translate, .. } = self;
        let mut body = translate(suite.items.clone());
        // Inner attributes of the module stay in front.
        body.extend(tokens(&format!("use ::orm_tests::{prelude}::*;"), Span::call_site()));
        body.extend(suite.cases.iter().flat_map(|case| self.tests(case)));
        [
            TokenTree::Ident(Ident::new("mod", Span::call_site())),
            TokenTree::Ident(Ident::new(module, Span::call_site())),
            TokenTree::Group(Group::new(Delimiter::Brace, body)),
        ]
        .into_iter()
        .collect()
    }

    /// A module with a test for each backend; it may bear the name of the function, being no value.
    fn tests(&self, Case { name, backends }: &Case) -> TokenStream {
        let Self { word, prelude, .. } = self;
        let test = |(backend, variant): &Backend| {
            format!(
                "#[test] fn {backend}_{word}() {{
                    ::orm_tests::{prelude}::run(::orm_tests::Backend::{variant}, super::{name});
                }}"
            )
        };
        let tests: String = backends.iter().map(test).collect();
        tokens(&format!("mod {name} {{ {tests} }}"), Span::call_site().located_at(name.span()))
    }
}

/// The tokens of generated source text, all at `span`.
fn tokens(source: &str, span: Span) -> TokenStream {
    match source.parse::<TokenStream>() {
        Ok(tokens) => tokens.into_iter().map(|token| at(token, span)).collect(),
        Err(why) => Error::new(span, &why.to_string()).into_tokens(),
    }
}

fn at(mut token: TokenTree, span: Span) -> TokenTree {
    if let TokenTree::Group(group) = &token {
        let inner = group.stream().into_iter().map(|token| at(token, span)).collect();
        token = TokenTree::Group(Group::new(group.delimiter(), inner));
    }
    token.set_span(span);
    token
}
