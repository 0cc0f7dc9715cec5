//! Errors which the compiler shows at the place they are about.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// What is wrong with the attribute's input, and where.
pub(crate) struct Error {
    span: Span,
    message: String,
}

impl Error {
    pub(crate) fn new(span: Span, message: &str) -> Self {
        Self { span, message: message.to_owned() }
    }

    /// A `compile_error! { "message" }` in place of the expansion.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let message = TokenTree::Literal(Literal::string(&self.message));
        let tokens = [
            TokenTree::Ident(Ident::new("compile_error", self.span)),
            TokenTree::Punct(Punct::new('!', Spacing::Alone)),
            TokenTree::Group(Group::new(Delimiter::Brace, message.into())),
        ];
        let at_culprit = |mut token: TokenTree| {
            token.set_span(self.span);
            token
        };
        tokens.into_iter().map(at_culprit).collect()
    }
}
