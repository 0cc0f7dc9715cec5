//! What can be told from how a type is written. A derive sees no more of it: an alias is another type to it.

use syn::ext::IdentExt;
use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// Whether it is this type without parameters: `i64`, `std::string::String`.
pub(crate) fn is(ty: &Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|last| last.ident == name && last.arguments.is_none())
}

/// The name that its path ends in.
pub(crate) fn name(ty: &Type) -> Option<String> {
    last_segment(ty).map(|last| last.ident.unraw().to_string())
}

/// The parameter, if it is this type with one parameter: the `T` of `Option<T>`.
pub(crate) fn parameter<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let last = last_segment(ty).filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(list) = &last.arguments else {
        return None;
    };
    match list.args.first() {
        Some(GenericArgument::Type(parameter)) if list.args.len() == 1 => Some(parameter),
        _ => None,
    }
}

/// Whether it is a `BelongsTo` or an option of one.
pub(crate) fn is_reference(ty: &Type) -> bool {
    referred(ty).is_some()
}

/// The model that it refers to, if it is a `BelongsTo` or an option of one.
pub(crate) fn referred(ty: &Type) -> Option<&Type> {
    parameter(parameter(ty, "Option").unwrap_or(ty), "BelongsTo")
}

/// What a field holds that is a relation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Many,
    One,
    Linked,
}

/// What it holds and the model of that, if it is a relation other than a reference.
pub(crate) fn held(ty: &Type) -> Option<(Held, &Type)> {
    let kinds = [("HasMany", Held::Many), ("HasOne", Held::One), ("ManyToMany", Held::Linked)];
    kinds.into_iter().find_map(|(name, held)| Some((held, parameter(ty, name)?)))
}

/// What is in it, if it is a `Deferred`.
pub(crate) fn deferred(ty: &Type) -> Option<&Type> {
    parameter(ty, "Deferred")
}

/// Whether `new` takes all that turns into it.
pub(crate) fn is_made_from_others(ty: &Type) -> bool {
    is(ty, "String")
        || parameter(ty, "Vec").is_some_and(|item| is(item, "u8"))
        || parameter(ty, "BelongsTo").is_some()
        || deferred(ty).is_some()
}

/// Whether it is text of which a column can consist.
pub(crate) fn is_text(ty: &Type) -> bool {
    is(ty, "String")
        || parameter(ty, "Box").is_some_and(|inner| is(inner, "str"))
        || last_segment(ty).is_some_and(|last| last.ident == "Cow")
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        // A type that a `macro_rules!` macro was given comes in an invisible group.
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn a_path_is_known_by_its_last_name() {
        assert!(is(&parse_quote!(std::string::String), "String"));
        assert!(!is(&parse_quote!(String<u8>), "String"));
        assert!(parameter(&parse_quote!(core::option::Option<i64>), "Option").is_some());
        assert!(parameter(&parse_quote!(Option), "Option").is_none());
        assert!(parameter(&parse_quote!(<T as Trait>::Option<i64>), "Option").is_none());
    }

    #[test]
    fn references_are_seen_through_an_option() {
        assert!(is_reference(&parse_quote!(BelongsTo<User>)));
        assert!(is_reference(&parse_quote!(Option<orm::BelongsTo<User>>)));
        assert!(is_reference(&parse_quote!((Option<BelongsTo<Self>>))));
        assert!(!is_reference(&parse_quote!(Option<User>)));
    }
}
