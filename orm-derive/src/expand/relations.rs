//! The code of relations: what they lead to, their constants, and how a session gets at what they hold.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::{as_field, begin, end};
use crate::ast::{Model, Relation, snake_case};
use crate::attr::{self, Through};
use crate::types::{self, Held};

/// A field of a row that was read.
pub(super) fn not_loaded(model: &Model<'_>, relation: &Relation<'_>) -> TokenStream {
    let (name, as_field) = (relation.name, as_relation(relation));
    let constant = format!("{}::{}", model.name(), relation.constant());
    quote! { #name: #as_field::not_loaded(&#constant) }
}

/// A field of a new struct.
pub(super) fn empty(relation: &Relation<'_>) -> TokenStream {
    let (name, ty) = (relation.name, relation.ty);
    let as_default = quote_spanned! { begin(ty) => <#ty as ::core::default::Default> };
    let value = quote_spanned! { end(ty) => #as_default::default() };
    quote! { #name: #value }
}

fn as_relation(relation: &Relation<'_>) -> TokenStream {
    let ty = relation.ty;
    quote_spanned! { begin(ty) => <#ty as ::orm::__private::RelationField> }
}

/// How a reference is made one to another entity; nothing for the many models that have none.
pub(super) fn refer(model: &Model<'_>) -> Option<TokenStream> {
    let references: Vec<_> =
        model.fields.iter().enumerate().filter(|(_, field)| field.is_reference()).collect();
    let arms = references.iter().map(|(number, field)| {
        let (name, as_field) = (field.name, as_field(field));
        quote! { #number => #as_field::refer(&mut self.#name, field.part, to) }
    });
    (!references.is_empty()).then(|| {
        quote! {
            fn refer(
                &mut self,
                field: ::orm::__private::FieldPart,
                to: ::core::option::Option<::orm::__private::Token>,
            ) -> bool {
                match field.field {
                    #(#arms,)*
                    _ => false,
                }
            }
        }
    })
}

/// The part of `Record` that is about relations; nothing for the many models that have none.
pub(super) fn record(model: &Model<'_>) -> Option<TokenStream> {
    if model.relations.is_empty() {
        return None;
    }
    let definitions = model.relations.iter().map(definition);
    let numbers = 0..model.relations.len();
    let (collection, collection_mut, arena): (Vec<_>, Vec<_>, Vec<_>) =
        numbers.zip(&model.relations).map(arms).collect();
    let handed_over = model.relations.iter().map(|relation| {
        let (name, ty) = (relation.name, relation.ty);
        let hand_over = quote_spanned! { begin(ty) => ::orm::__private::hand_over };
        let of_type = quote_spanned! { end(ty) => #hand_over::<#ty, _> };
        quote! { #of_type(&mut self.#name, keeper); }
    });
    let link_arena = link_arena(model);
    Some(quote! {
        fn relations() -> &'static [::orm::__private::RelationDef] {
            #[allow(unused_imports)]
            use ::orm::ExpressionMethods as _;
            static RELATIONS: ::std::sync::OnceLock<::std::vec::Vec<::orm::__private::RelationDef>> =
                ::std::sync::OnceLock::new();
            let build: fn() -> ::std::vec::Vec<::orm::__private::RelationDef> =
                || ::std::vec![#(#definitions),*];
            RELATIONS.get_or_init(build)
        }

        fn collection(&self, relation: usize) -> ::core::option::Option<&::orm::__private::Collection> {
            match relation {
                #(#collection,)*
                _ => ::core::option::Option::None,
            }
        }

        fn collection_mut(
            &mut self,
            relation: usize,
        ) -> ::core::option::Option<&mut ::orm::__private::Collection> {
            match relation {
                #(#collection_mut,)*
                _ => ::core::option::Option::None,
            }
        }

        fn related_arena<__Keeper: ::orm::__private::Keeper>(
            relation: usize,
            keeper: &mut __Keeper,
        ) -> ::core::option::Option<u32> {
            match relation {
                #(#arena,)*
                _ => ::core::option::Option::None,
            }
        }

        #link_arena

        fn hand_over<__Keeper: ::orm::__private::Keeper>(&mut self, keeper: &mut __Keeper) {
            #(#handed_over)*
        }
    })
}

/// Where the entities are that references lead to; nothing for a model that has none.
pub(super) fn referred_arena(model: &Model<'_>) -> Option<TokenStream> {
    let arm = |(number, field): (usize, &crate::ast::Field<'_>)| {
        if field.attributes.any.is_some() {
            let as_field = as_field(field);
            return Some(quote! { #number => #as_field::referred_arena(field.part, keeper) });
        }
        let (_, other) = field.relation()?;
        let arena = quote_spanned! { begin(field.ty) => ::orm::__private::Keeper::arena };
        Some(quote! { #number => ::core::option::Option::Some(#arena::<#other>(keeper)) })
    };
    let arms: Vec<_> = model.fields.iter().enumerate().filter_map(arm).collect();
    (!arms.is_empty()).then(|| {
        quote! {
            fn referred_arena<__Keeper: ::orm::__private::Keeper>(
                field: ::orm::__private::FieldPart,
                keeper: &mut __Keeper,
            ) -> ::core::option::Option<u32> {
                match field.field {
                    #(#arms,)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    })
}

/// What leads to the collection of a relation, and to where its entities are.
fn arms((number, relation): (usize, &Relation<'_>)) -> (TokenStream, TokenStream, TokenStream) {
    let (name, as_relation) = (relation.name, as_relation(relation));
    let some = quote! { ::core::option::Option::Some };
    (
        quote! { #number => #some(#as_relation::collection(&self.#name)) },
        quote! { #number => #some(#as_relation::collection_mut(&mut self.#name)) },
        quote! { #number => #some(::orm::__private::Keeper::arena::<#as_relation::Target>(keeper)) },
    )
}

/// Where the entities are that are the rows of join tables; nothing for a model without such relations.
fn link_arena(model: &Model<'_>) -> Option<TokenStream> {
    let arm = |(number, relation): (usize, &Relation<'_>)| {
        let said = &relation.attributes;
        let via = said.via.as_ref().and_then(|via| via.value.as_ref());
        let arena = match (said.through.as_ref().map(|(_, through)| through), via) {
            _ if relation.held != Held::Linked => return None,
            (Some(Through::Model(through)), _) => {
                quote! { ::core::option::Option::Some(::orm::__private::Keeper::arena::<#through>(keeper)) }
            }
            (Some(Through::References(own, _)), _) => {
                quote! { ::orm::__private::arena_of_links(#own, keeper) }
            }
            (None, Some(via)) => quote! { ::orm::__private::arena_of_same_links(#via, keeper) },
            (None, None) => return None,
        };
        Some(quote! { #number => #arena })
    };
    let arms: Vec<_> = model.relations.iter().enumerate().filter_map(arm).collect();
    (!arms.is_empty()).then(|| {
        quote! {
            fn link_arena<__Keeper: ::orm::__private::Keeper>(
                relation: usize,
                keeper: &mut __Keeper,
            ) -> ::core::option::Option<u32> {
                match relation {
                    #(#arms,)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    })
}

/// How a model makes a row that links two others; nothing for one that has other required fields than two references.
pub(super) fn linking(model: &Model<'_>) -> Option<TokenStream> {
    let required: Vec<_> = model.fields.iter().filter(|field| field.is_required()).collect();
    let [one, other] = required[..] else { return None };
    (types::is_reference(one.ty) && types::is_reference(other.ty)).then(|| {
        let (one, other) = (one.ty, other.ty);
        quote! {
            fn linking() -> ::core::option::Option<Self> {
                ::core::option::Option::Some(Self::new(<#one>::unset(), <#other>::unset()))
            }
        }
    })
}

fn definition(relation: &Relation<'_>) -> TokenStream {
    let (name, target, said) = (relation.name.unraw().to_string(), relation.target, &relation.attributes);
    let constant = relation.constant();
    let definition = quote! { ::orm::__private::RelationDef };
    let mut definition = match relation.held {
        Held::Linked => quote! { #definition::by_links::<#target>(#name, Self::#constant.join_table()) },
        Held::Many | Held::One => {
            let (reference, is_one) = (back_reference(relation), relation.held == Held::One);
            quote! { #definition::by_reference::<Self, #target>(#name, Self::#reference, #is_one) }
        }
    };
    if let Some(cascade) = said.cascade.as_ref().and_then(attr::cascade) {
        let cascade = Ident::new(cascade, Span::call_site());
        definition.extend(quote! { .cascade(::orm::__private::Cascade::#cascade) });
    }
    if let Some(order) = said.order_by.as_ref().and_then(|order| order.value.as_ref()) {
        definition.extend(quote! { .order_by(#order) });
    }
    if let Some(joined) = said.joined() {
        definition.extend(quote! { .load(#joined) });
    }
    definition
}

/// The name of the constant that is the reference by which the rows of a relation refer to this model.
pub(super) fn back_reference(relation: &Relation<'_>) -> Ident {
    format_ident!("__REFERENCE_OF_{}", relation.constant())
}

fn back_reference_constant(relation: &Relation<'_>) -> Option<TokenStream> {
    let (name, target) = (back_reference(relation), relation.target);
    let via = relation.attributes.via.as_ref().and_then(|via| via.value.clone());
    let reference = via.unwrap_or_else(|| reference(target, target, &quote! { Self }));
    (relation.held != Held::Linked).then(|| {
        quote! {
            #[doc(hidden)]
            const #name: ::orm::__private::ToOne<#target, Self> = #reference;
        }
    })
}

/// The only reference of a model to another one. What is wrong with it is said at these tokens.
fn reference(child: &Type, at: &Type, parent: &TokenStream) -> TokenStream {
    let as_child = quote_spanned! { begin(at) => <#child as ::orm::__private::ChildOf<#parent>> };
    quote_spanned! { end(at) => #as_child::REFERENCE }
}

/// The table's way to the relations of its model.
pub(super) fn related(model: &Model<'_>) -> Option<TokenStream> {
    let related = quote! { table.related(::orm::__private::related::<Self>()); };
    (!model.relations.is_empty()).then_some(related)
}

/// The constants that lead to relations: `User::POSTS`.
pub(super) fn constants(model: &Model<'_>) -> impl Iterator<Item = TokenStream> {
    model.relations.iter().enumerate().map(|(number, relation)| {
        let (visibility, name, target) = (&model.input.vis, relation.constant(), relation.target);
        let doc = format!("The relation that is the field `{}`, to be loaded along.", relation.name);
        let back_reference = back_reference_constant(relation);
        let value = match relation.held {
            Held::Many | Held::One => quote! { ::orm::__private::Relation::new(#number) },
            Held::Linked => {
                let join_table = join_table(model, relation);
                quote! { ::orm::__private::Relation::linked(#number, #join_table) }
            }
        };
        quote! {
            #[doc = #doc]
            #visibility const #name: ::orm::__private::Relation<Self, #target> = #value;
            #back_reference
        }
    })
}

fn join_table(model: &Model<'_>, relation: &Relation<'_>) -> TokenStream {
    let (target, said) = (relation.target, &relation.attributes);
    let join_table = quote! { ::orm::__private::JoinTable };
    if let Some(via) = said.via.as_ref().and_then(|via| via.value.as_ref()) {
        return quote! { ::orm::__private::Relation::<#target, Self>::join_table(#via).reversed() };
    }
    match said.through.as_ref().map(|(_, through)| through) {
        None => plain_join_table(model, relation),
        Some(Through::References(own, other)) => {
            quote! { #join_table::of_model::<_, Self, #target>(#own, #other) }
        }
        Some(Through::Model(through)) => {
            let own = reference(through, through, &quote! { Self });
            let other = reference(through, through, &quote! { #target });
            quote! { #join_table::of_model::<#through, Self, #target>(#own, #other) }
        }
    }
}

/// The closure is made once, so the static is the same whoever asks.
fn plain_join_table(model: &Model<'_>, relation: &Relation<'_>) -> TokenStream {
    let (target, given) = (relation.target, relation.attributes.table.as_ref());
    let own = snake_case(&model.name());
    let name = given.map_or_else(|| format!("{own}_{}", relation.name.unraw()), syn::LitStr::value);
    let other = match types::name(target) {
        Some(other) if other != "Self" && other != model.name() => snake_case(&other),
        _ => format!("other_{own}"),
    };
    let is_named = given.is_some();
    quote! {
        ::orm::__private::JoinTable::plain(
            || {
                static TABLE: ::std::sync::OnceLock<::orm::__private::Table> = ::std::sync::OnceLock::new();
                let build: fn() -> ::orm::__private::Table =
                    || ::orm::__private::build_join_table::<Self, #target>(#name, [#own, #other]);
                TABLE.get_or_init(build)
            },
            #is_named,
        )
    }
}

/// For each model that it refers to by one field, that it does.
pub(super) fn children(model: &Model<'_>) -> TokenStream {
    let name = &model.input.ident;
    let references: Vec<_> = model.fields.iter().filter_map(crate::ast::Field::relation).collect();
    let only = references.iter().filter(|(_, parent)| {
        references.iter().filter(|(_, other)| model.is_same(parent, other)).count() == 1
    });
    let children = only.map(|(constant, parent)| {
        let child_of = quote_spanned! { parent.span() => ::orm::__private::ChildOf<#parent> };
        quote! {
            #[automatically_derived]
            impl #child_of for #name {
                const REFERENCE: ::orm::__private::ToOne<Self, #parent> = Self::#constant;
            }
        }
    });
    quote! { #(#children)* }
}
