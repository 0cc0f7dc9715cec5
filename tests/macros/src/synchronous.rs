//! The synchronous form of asynchronous items.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

/// Removes every `async` and `.await`, in all nested groups, and leaves the other tokens as they are, with
/// their place in the source.
pub(crate) fn translate(items: TokenStream) -> TokenStream {
    let mut output = Vec::new();
    let mut tokens = items.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let next = tokens.peek();
        match token {
            TokenTree::Ident(word) if word.to_string() == "async" && may_be_async(next) => {}
            // What remains of `async move { ... }` is a plain block.
            TokenTree::Ident(word) if word.to_string() == "move" && is_block(next) => {}
            TokenTree::Punct(dot) if dot.as_char() == '.' && is_word(next, "await") => {
                tokens.next();
            }
            TokenTree::Group(group) => output.push(translate_group(&group)),
            token => output.push(token),
        }
    }
    output.into_iter().collect()
}

fn translate_group(group: &Group) -> TokenTree {
    let mut translated = Group::new(group.delimiter(), translate(group.stream()));
    translated.set_span(group.span());
    TokenTree::Group(translated)
}

/// Whether `next` continues an `async` function, closure or block.
fn may_be_async(next: Option<&TokenTree>) -> bool {
    let closure = matches!(next, Some(TokenTree::Punct(punct)) if punct.as_char() == '|');
    closure || is_block(next) || is_word(next, "fn") || is_word(next, "move")
}

fn is_block(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace)
}

fn is_word(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident.to_string() == word)
}
