//! Instead of the fourth step, after an error: the error, and a model that does nothing. Without the latter, each use of
//! the model would be another error, and bury the one that matters.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Ident, parse_quote};

use crate::shape::shape;

/// The errors and stub implementations.
pub(crate) fn model(input: &DeriveInput, errors: &Error) -> TokenStream {
    let errors = errors.to_compile_error();
    let name = &input.ident;
    let mut generics = input.generics.clone();
    let bound = parse_quote!(Self: ::core::marker::Send + ::core::marker::Sync + 'static);
    generics.make_where_clause().predicates.push(bound);
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let shape = shape(name, &generics);
    let children = generics.params.is_empty().then(|| children(name));
    quote! {
        #errors
        #shape

        #[automatically_derived]
        impl #parameters ::orm::__private::FromRow for #name #arguments #bounds {
            fn columns() -> ::orm::__private::Columns {
                loop {}
            }

            fn read(_: &mut ::orm::__private::RowReader<'_>) -> ::orm::__private::Result<Self> {
                loop {}
            }
        }

        #[automatically_derived]
        impl #parameters ::orm::__private::Record for #name #arguments #bounds {
            const NAME: &'static str = "";
            const KEY: &'static [&'static str] = &[];

            fn get(&self, _: usize, _: usize) -> ::orm::__private::Result<::orm::__private::Value<'_>> {
                loop {}
            }

            fn each_value<__To: ::orm::__private::TakeValues>(&self, _: &mut __To) -> ::orm::__private::Result<()> {
                loop {}
            }

            fn read_field(
                &mut self,
                _: usize,
                _: &mut ::orm::__private::RowReader<'_>,
            ) -> ::orm::__private::Result<()> {
                loop {}
            }

            fn reference(&self, _: ::orm::__private::FieldPart) -> ::core::option::Option<&dyn ::orm::__private::Reference> {
                loop {}
            }

            fn reference_mut(
                &mut self,
                _: ::orm::__private::FieldPart,
            ) -> ::core::option::Option<&mut dyn ::orm::__private::Reference> {
                loop {}
            }
        }

        #children

        #[automatically_derived]
        impl #parameters ::orm::__private::Model for #name #arguments #bounds {
            type Key = i64;

            fn table() -> &'static ::orm::__private::Table {
                loop {}
            }
        }
    }
}

/// Whatever is said to have it as children does.
fn children(name: &Ident) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl<ParentModel: ::orm::__private::Model> ::orm::__private::ChildOf<ParentModel> for #name {
            const REFERENCE: ::orm::__private::ToOne<Self, ParentModel> =
                ::orm::__private::ToOne::new(<Self as ::orm::__private::Model>::table, 0);
        }
    }
}
