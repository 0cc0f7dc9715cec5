//! The code for an enum in which no mistake was found.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::{DbEnum, Word};

pub(super) fn db_enum(read: &DbEnum<'_>) -> TokenStream {
    if read.attributes.integer.is_some() { integer(read) } else { words(read) }
}

fn words(read: &DbEnum<'_>) -> TokenStream {
    let (name, text) = (&read.input.ident, read.input.ident.unraw().to_string());
    let variants: Vec<_> = read.variants.iter().map(|word| &word.variant.ident).collect();
    let words: Vec<_> = read.variants.iter().map(Word::text).collect();
    let sql_type = match read.attributes.native {
        None => quote! { ::orm::__private::SqlType::Text },
        Some(_) => {
            let native = read.native_name();
            quote! {
                ::orm::__private::SqlType::Enum(&::orm::__private::EnumType {
                    name: #native,
                    variants: &[#(#words),*],
                })
            }
        }
    };
    quote! {
        #[automatically_derived]
        impl ::orm::__private::DbValue for #name {
            type Plain = Self;
            type Nulled<U: ::orm::__private::DbValue> = U;
            const TYPE: ::orm::__private::SqlType = #sql_type;

            fn encode(&self) -> ::orm::__private::Result<::orm::__private::Value<'_>> {
                ::core::result::Result::Ok(::orm::__private::Value::Text(::std::borrow::Cow::Borrowed(
                    match self {
                        #(Self::#variants => #words,)*
                    },
                )))
            }

            fn decode(value: &::orm::__private::Value<'_>) -> ::orm::__private::Result<Self> {
                match value {
                    ::orm::__private::Value::Text(text) => match &**text {
                        #(#words => ::core::result::Result::Ok(Self::#variants),)*
                        _ => ::core::result::Result::Err(
                            ::orm::__private::unknown_variant(#text, &[#(#words),*]),
                        ),
                    },
                    other => ::core::result::Result::Err(::orm::__private::not_a_variant(#text, other)),
                }
            }
        }
    }
}

fn integer(read: &DbEnum<'_>) -> TokenStream {
    let (name, text) = (&read.input.ident, read.input.ident.unraw().to_string());
    let variants: Vec<_> = read.variants.iter().map(|word| &word.variant.ident).collect();
    let names: Vec<_> = variants.iter().map(|variant| variant.unraw().to_string()).collect();
    let sql_type = read.attributes.integer_type().unwrap_or("Integer");
    let sql_type = Ident::new(sql_type, Span::call_site());
    // Without a `repr` the compiler takes any isize.
    let fits = read.attributes.repr.is_none().then(|| {
        quote! {
            const _: () = {
                #(::core::assert!(
                    #name::#variants as i64 == #name::#variants as i32 as i64,
                    "a variant's number does not fit an i32: put `#[repr(i64)]` on the enum"
                );)*
            };
        }
    });
    quote! {
        #[allow(clippy::as_conversions, clippy::cast_lossless, clippy::cast_possible_truncation)]
        const _: () = {
            #fits

            #[automatically_derived]
            impl ::orm::__private::DbValue for #name {
                type Plain = Self;
                type Nulled<U: ::orm::__private::DbValue> = U;
                const TYPE: ::orm::__private::SqlType = ::orm::__private::SqlType::#sql_type;

                fn encode(&self) -> ::orm::__private::Result<::orm::__private::Value<'_>> {
                    ::core::result::Result::Ok(::orm::__private::Value::Int(match self {
                        #(Self::#variants => Self::#variants as i64,)*
                    }))
                }

                fn decode(value: &::orm::__private::Value<'_>) -> ::orm::__private::Result<Self> {
                    match value {
                        #(::orm::__private::Value::Int(number) if *number == Self::#variants as i64 => {
                            ::core::result::Result::Ok(Self::#variants)
                        })*
                        ::orm::__private::Value::Int(_) => ::core::result::Result::Err(
                            ::orm::__private::unknown_variant(#text, &[#(#names),*]),
                        ),
                        other => ::core::result::Result::Err(::orm::__private::not_a_variant(#text, other)),
                    }
                }
            }
        };
    }
}
