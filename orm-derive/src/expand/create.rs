//! What `create!` knows of a struct: its fields, each in a slot of its own until all that need a value have one.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{Type, Visibility};

use super::{default_value, relations};
use crate::ast::Model;
use crate::types::{self, Held};

/// A field of a struct, and where its value comes from.
pub(crate) struct Part<'a> {
    pub(crate) vis: &'a Visibility,
    pub(crate) name: &'a Ident,
    pub(crate) ty: &'a Type,
    pub(crate) fill: Fill,
}

/// Where a field's value comes from.
pub(crate) enum Fill {
    /// It must be given.
    Given,
    /// It must be given, or said by the relation that the struct is written into.
    Parent,
    /// The same for an enum of references.
    AnyParent,
    /// It has one.
    Default(TokenStream),
}

pub(super) fn model(model: &Model<'_>) -> TokenStream {
    let fields = model.fields.iter().map(|field| {
        let fill = match (field.is_required(), types::parameter(field.ty, "BelongsTo")) {
            (true, _) if field.attributes.any.is_some() => Fill::AnyParent,
            (true, Some(_)) => Fill::Parent,
            (true, None) => Fill::Given,
            (false, _) => Fill::Default(default_value(field)),
        };
        Part { vis: field.vis, name: field.name, ty: field.ty, fill }
    });
    let held = model.relations.iter().map(|relation| {
        let fill = Fill::Default(quote! { ::core::default::Default::default() });
        Part { vis: relation.vis, name: relation.name, ty: relation.ty, fill }
    });
    let children = model.relations.iter().filter(|relation| relation.held != Held::Linked).map(|relation| {
        let (name, reference) = (relation.name.unraw().to_string(), relations::back_reference(relation));
        quote! { (#name, Self::#reference.number()) }
    });
    create(&model.input.ident, &fields.chain(held).collect::<Vec<_>>(), &children.collect::<Vec<_>>())
}

/// The struct of slots is in a block, so that nothing but `create!` can name it.
pub(crate) fn create(name: &Ident, parts: &[Part<'_>], children: &[TokenStream]) -> TokenStream {
    let fields = format_ident!("FieldsOf{}", name.unraw(), span = Span::call_site());
    let slots = parts.iter().map(|part| {
        let (vis, field, ty) = (part.vis, part.name, of_struct(part.ty.to_token_stream(), name));
        quote! { #vis #field: ::orm::__private::Slot<#ty> }
    });
    let names: Vec<_> = parts.iter().map(|part| part.name).collect();
    let required = parts.iter().enumerate().filter_map(|part| required(name, part));
    let given = Ident::new("fields", Span::mixed_site());
    let values = parts.iter().map(|part| {
        let field = part.name;
        match &part.fill {
            Fill::Given => quote! { #field: #given.#field.given() },
            Fill::Parent => quote! { #field: #given.#field.or_unset() },
            Fill::AnyParent => quote! { #field: #given.#field.or_unset_any() },
            Fill::Default(value) => quote! { #field: #given.#field.or(|| #value) },
        }
    });
    quote! {
        const _: () = {
            #[doc(hidden)]
            #[allow(unreachable_pub, private_interfaces, non_snake_case)]
            pub struct #fields {
                #(#slots,)*
            }

            #[automatically_derived]
            impl ::orm::__private::Create for #name {
                type Fields = #fields;

                const REQUIRED: &'static [::orm::__private::Required] = &[#(#required),*];
                const CHILDREN: &'static [(&'static str, usize)] = &[#(#children),*];

                fn fields() -> #fields {
                    #fields { #(#names: ::orm::__private::Slot::empty()),* }
                }

                fn create(#given: #fields) -> Self {
                    Self { #(#values),* }
                }
            }
        };
    }
}

fn required(name: &Ident, (number, part): (usize, &Part<'_>)) -> Option<TokenStream> {
    let field = part.name.unraw().to_string();
    let missing = match part.fill {
        Fill::Default(_) => return None,
        Fill::Given => format!("`{name}` needs a value for its field `{field}`"),
        Fill::Parent | Fill::AnyParent => {
            format!("`{name}` needs a value for its field `{field}`: an entity, or `BelongsTo::key(…)`")
        }
    };
    Some(quote! { ::orm::__private::Required { field: #number, name: #field, missing: #missing } })
}

/// A type of the struct, where `Self` is another one.
fn of_struct(ty: TokenStream, name: &Ident) -> TokenStream {
    let replaced = ty.into_iter().map(|token| match token {
        TokenTree::Ident(word) if word == "Self" => TokenTree::Ident(name.clone()),
        TokenTree::Group(group) => {
            TokenTree::Group(Group::new(group.delimiter(), of_struct(group.stream(), name)))
        }
        other => other,
    });
    replaced.collect()
}
