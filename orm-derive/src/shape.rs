//! What a model is in the rows of a query: itself outside a session, an entity in one.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Generics, Ident};

pub(crate) fn shape(name: &Ident, generics: &Generics) -> TokenStream {
    let (parameters, arguments, bounds) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #parameters ::orm::__private::Shape for #name #arguments #bounds {
            type Row = Self;

            fn read_row(row: &mut ::orm::__private::RowReader<'_>) -> ::orm::__private::Result<Self> {
                ::orm::__private::read_record(row)
            }
        }

        #[automatically_derived]
        impl #parameters ::orm::__private::Optionable for #name #arguments #bounds {
            fn key() -> &'static [usize] {
                <Self as ::orm::__private::Model>::table().primary_key()
            }

            fn width() -> usize {
                <Self as ::orm::__private::Model>::table().columns().len()
            }
        }

        #[automatically_derived]
        impl #parameters ::orm::__private::Found for #name #arguments #bounds {
            type Found = ::orm::__private::Entity<Self>;
            type Place = u32;

            fn place<__Keeper: ::orm::__private::Keeper>(keeper: &mut __Keeper) -> u32 {
                keeper.arena::<Self>()
            }

            fn meet<__Keeper: ::orm::__private::Keeper>(
                place: &u32,
                keeper: &mut __Keeper,
                row: &mut ::orm::__private::RowReader<'_>,
            ) -> ::orm::__private::Result<::orm::__private::Entity<Self>> {
                ::orm::__private::meet_entity(*place, keeper, row)
            }
        }
    }
}
