//! `create!`: a struct as a literal, with what hangs on it.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Path, Result, Token, braced, bracketed, parenthesized, token};

use crate::attr::{at_end, parse_value};

/// `User { name: "Alice", posts: [Post { title: "Hello" }] }`.
pub(crate) struct Literal {
    path: Path,
    fields: Vec<(Ident, Value)>,
}

/// What a field is given.
enum Value {
    /// Whatever it is to Rust.
    Plain(TokenStream),
    /// Another struct.
    Struct(Literal),
    /// Several of them, between these brackets.
    List(Vec<Self>, Span),
}

impl Parse for Literal {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let literal = Self::parse_part(input)?;
        if input.is_empty() {
            Ok(literal)
        } else {
            Err(input.error("one struct is expected, and nothing after it"))
        }
    }
}

impl Literal {
    fn parse_part(input: ParseStream<'_>) -> Result<Self> {
        let expected = "a struct is expected here: `User { name: \"Alice\" }`";
        let path = input.call(Path::parse_mod_style).map_err(|error| Error::new(error.span(), expected))?;
        if !input.peek(token::Brace) {
            return Err(Error::new_spanned(path, expected));
        }
        let content;
        braced!(content in input);
        let mut fields: Vec<(Ident, Value)> = Vec::new();
        while !content.is_empty() {
            let (name, value) = parse_field(&content)?;
            if fields.iter().any(|(other, _)| other.unraw() == name.unraw()) {
                return Err(Error::new_spanned(&name, format!("the field `{name}` is given twice")));
            }
            fields.push((name, value));
            if !content.is_empty() {
                content.parse::<Token![,]>()?;
            }
        }
        Ok(Self { path, fields })
    }

    /// The code that makes it. In a relation of another struct, it need not say to which row it belongs.
    pub(crate) fn expand(&self, parent: Option<(&Path, &Ident)>) -> TokenStream {
        let (path, at) = (&self.path, self.at());
        let of = quote_spanned! { at => <#path as ::orm::__private::Create> };
        let check = self.check(&of, parent);
        let slots = Ident::new("slots", Span::mixed_site());
        let set = self.fields.iter().map(|(name, value)| {
            let value = value.expand(path, name);
            quote! { #slots.#name.set(#value); }
        });
        quote_spanned! { at => {
            #check
            #[allow(unused_mut)]
            let mut #slots = #of::fields();
            #(#set)*
            #of::create(#slots)
        }}
    }

    /// Where its mistakes are shown.
    fn at(&self) -> Span {
        self.path.span().resolved_at(Span::call_site())
    }

    /// A constant, which does not compile unless all fields are given that must be. An item cannot name `Self`.
    fn check(&self, of: &TokenStream, parent: Option<(&Path, &Ident)>) -> TokenStream {
        let names = self.fields.iter().map(|(name, _)| name.unraw().to_string());
        let parent = match parent {
            None => quote! { ::core::option::Option::None },
            Some((parent, relation)) => {
                let relation = relation.unraw().to_string();
                quote! {
                    ::orm::__private::back_reference(<#parent as ::orm::__private::Create>::CHILDREN, #relation)
                }
            }
        };
        let at = self.at();
        let check = quote_spanned! { at =>
            ::orm::__private::check_fields(#of::REQUIRED, &[#(#names),*], #parent)
        };
        if self.path.is_ident("Self") {
            quote! { const { #check }; }
        } else {
            quote! { const _: () = #check; }
        }
    }
}

fn parse_field(input: ParseStream<'_>) -> Result<(Ident, Value)> {
    if input.peek(Token![..]) {
        return Err(input.error("fields that are not named here have the values that `new` gives them"));
    }
    let name = input.call(Ident::parse_any)?;
    let value = match input.parse::<Option<Token![:]>>()? {
        Some(_) => Value::parse(input)?,
        None => Value::Plain(quote! { #name }),
    };
    Ok((name, value))
}

impl Value {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let ahead = input.fork();
        let is_struct = ahead.call(Path::parse_mod_style).is_ok() && ahead.peek(token::Brace);
        if is_struct {
            let ahead = input.fork();
            let literal = Literal::parse_part(&ahead)?;
            if at_end(&ahead) {
                input.advance_to(&ahead);
                return Ok(Self::Struct(literal));
            }
        }
        if input.peek(token::Bracket) {
            let ahead = input.fork();
            let list = parse_list(&ahead)?;
            if let Some(list) = list.filter(|_| at_end(&ahead)) {
                input.advance_to(&ahead);
                return Ok(list);
            }
        }
        if input.peek(token::Paren) {
            let ahead = input.fork();
            let value = parse_bracketed(&ahead)?;
            if let Some(value) = value.filter(|_| at_end(&ahead)) {
                input.advance_to(&ahead);
                return Ok(Self::Plain(value));
            }
        }
        parse_value(input).map(Self::Plain)
    }

    fn expand(&self, parent: &Path, field: &Ident) -> TokenStream {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Struct(literal) => literal.expand(Some((parent, field))),
            Self::List(list, _) if list.is_empty() => quote! { ::orm::__private::Nothing },
            Self::List(list, at) => {
                let is_mixed = list.iter().any(|value| matches!(value, Self::Struct(_)));
                let values = list.iter().map(|value| match value {
                    Self::Struct(literal) => {
                        let made = literal.expand(Some((parent, field)));
                        quote! { ::orm::Member::New(#made) }
                    }
                    Self::Plain(value) if is_mixed => quote! { ::orm::Member::from(#value) },
                    Self::Plain(_) | Self::List(..) => value.expand(parent, field),
                });
                quote_spanned! { *at => [#(#values),*] }
            }
        }
    }
}

/// The struct of another kind that is in the brackets. They are for this macro; to the compiler they are superfluous.
fn parse_bracketed(input: ParseStream<'_>) -> Result<Option<TokenStream>> {
    let content;
    parenthesized!(content in input);
    let ahead = content.fork();
    let is_struct = ahead.call(Path::parse_mod_style).is_ok() && ahead.peek(token::Brace);
    let value: TokenStream = content.parse()?;
    let ends = value.clone().into_iter().last().is_some_and(|last| matches!(last, TokenTree::Group(_)));
    Ok((is_struct && ends).then_some(value))
}

/// What is in the brackets; nothing if it is `[value; length]`.
fn parse_list(input: ParseStream<'_>) -> Result<Option<Value>> {
    let content;
    let brackets = bracketed!(content in input);
    let mut list = Vec::new();
    while !content.is_empty() {
        list.push(Value::parse(&content)?);
        if content.peek(Token![;]) {
            return Ok(None);
        }
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(Some(Value::List(list, brackets.span.join().resolved_at(Span::call_site()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(literal: &str, expected: &str) {
        let expanded = syn::parse_str::<Literal>(literal).map(|literal| literal.expand(None).to_string());
        let expanded = expanded.unwrap_or_else(|error| error.to_string());
        assert!(expanded.contains(expected), "{expanded}");
    }

    #[test]
    fn brackets_around_another_struct_are_not_kept() {
        check("User { at: (Point { x: 1 }) }", "slots . at . set (Point { x : 1 })");
        check("User { pair: (1, 2) }", "slots . pair . set ((1 , 2))");
        check("User { at: (Point { x: 1 }).x }", "slots . at . set ((Point { x : 1 }) . x)");
    }

    #[test]
    fn lists_are_of_structs_or_of_whatever() {
        check("User { posts: [] }", "Nothing");
        check("User { bytes: [0; 3] }", "slots . bytes . set ([0 ; 3])");
        check("User { posts: [Post {}, draft] }", ":: orm :: Member :: from (draft)");
        check("User { a: 1, r#a: 2 }", "the field `r#a` is given twice");
    }
}
