//! The third step: the rules that a model keeps. None of them stops at the first mistake.

mod automatic;
mod relations;
mod schema;

use quote::ToTokens;
use syn::{Data, Fields, Ident, LitStr, Type};

use crate::ast::{Field, Model};
use crate::attr::FieldAttributes;
use crate::errors::Errors;
use crate::types;

/// As many as the core has key tuples for.
const MAX_KEY_FIELDS: usize = 4;

/// Adds an error for each rule that is broken.
pub(crate) fn check(model: &Model<'_>, errors: &mut Errors) {
    has_no_generics(model, errors);
    if has_named_fields(model, errors) {
        has_key(model, errors);
        has_distinct_columns(model, errors);
        has_distinct_constants(model, errors);
    }
    is_name(model.attributes.table.as_ref(), errors);
    schema::check(model, errors);
    automatic::check(model, errors);
    relations::check(model, errors);
    for field in &model.fields {
        is_name(field.attributes.column.as_ref(), errors);
        is_named_once(field, errors);
        is_one_option(field.ty, errors);
        key_is_plain(field, model, errors);
        deferred_is_one_column(field, errors);
        auto_is_numbered(field, model, errors);
    }
}

fn has_no_generics(model: &Model<'_>, errors: &mut Errors) {
    let parameters = &model.input.generics.params;
    if !parameters.is_empty() {
        errors.at(parameters, "a model cannot have generic parameters: it has one table");
    }
}

fn has_named_fields(model: &Model<'_>, errors: &mut Errors) -> bool {
    let culprit = match &model.input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(_) => return true,
            Fields::Unnamed(fields) => fields.to_token_stream(),
            Fields::Unit => model.input.ident.to_token_stream(),
        },
        Data::Enum(data) => data.enum_token.to_token_stream(),
        Data::Union(data) => data.union_token.to_token_stream(),
    };
    errors.at(culprit, "a model is a struct with named fields");
    false
}

fn has_key(model: &Model<'_>, errors: &mut Errors) {
    match model.key().count() {
        0 => errors.at(&model.input.ident, "a model has a key: put `#[model(key)]` on a field"),
        1..=MAX_KEY_FIELDS => {}
        _ => errors.at(&model.input.ident, format!("a key has at most {MAX_KEY_FIELDS} fields")),
    }
}

fn has_distinct_columns(model: &Model<'_>, errors: &mut Errors) {
    for (i, field) in model.fields.iter().enumerate() {
        let column = field.column();
        // SQLite takes `Name` and `name` for the same column.
        let same = |other: &&Field<'_>| other.column().eq_ignore_ascii_case(&column);
        if let Some(other) = model.fields[..i].iter().find(same) {
            let message = format!("the column `{column}` is that of the field `{}` already", other.name);
            match &field.attributes.column {
                Some(given) => errors.at(given, message),
                None => errors.at(field.name, message),
            }
        }
    }
}

/// A reference has two: that of its column, `AUTHOR_ID`, and that of its relation, `AUTHOR`.
fn has_distinct_constants(model: &Model<'_>, errors: &mut Errors) {
    relations_have_distinct_constants(model, errors);
    for (i, field) in model.fields.iter().enumerate() {
        let (own, column) = (constants(field), field.column());
        let same = |other: &&Field<'_>| {
            // Columns of one name were found before.
            !other.column().eq_ignore_ascii_case(&column)
                && constants(other).iter().any(|constant| own.contains(constant))
        };
        if let Some(other) = model.fields[..i].iter().find(same) {
            let constant = constants(other).into_iter().find(|constant| own.contains(constant));
            let message = format!(
                "the constant `{}` is that of the field `{}` already; give the field another name, and the column \
                 its own by `column = \"...\"`",
                constant.unwrap_or_default(),
                other.name
            );
            errors.at(field.name, message);
        }
    }
}

fn relations_have_distinct_constants(model: &Model<'_>, errors: &mut Errors) {
    for (i, relation) in model.relations.iter().enumerate() {
        let own = relation.constant().to_string();
        let columns = model.fields.iter().filter(|field| constants(field).contains(&own));
        let others = model.relations[..i].iter().filter(|other| other.constant() == own);
        let mut others = columns.map(|field| field.name).chain(others.map(|other| other.name));
        if let Some(other) = others.next() {
            let message = format!(
                "the constant `{own}` is that of the field `{other}` already; give the field another name"
            );
            errors.at(relation.name, message);
        }
    }
}

/// The names of the constants that a field makes.
fn constants(field: &Field<'_>) -> Vec<String> {
    let relation = field.relation().map(|(name, _)| name.to_string());
    std::iter::once(field.constant().to_string()).chain(relation).collect()
}

pub(crate) fn is_name(given: Option<&LitStr>, errors: &mut Errors) {
    let Some(literal) = given else { return };
    if literal.value().is_empty() {
        errors.at(literal, "a name cannot be empty");
    }
    if literal.value().contains('\0') {
        errors.at(literal, "a name cannot contain NUL");
    }
}

pub(crate) fn is_one_option(ty: &Type, errors: &mut Errors) {
    let inner = types::parameter(ty, "Option");
    if inner.is_some_and(|inner| types::parameter(inner, "Option").is_some()) {
        errors.at(ty, "an Option cannot hold another one: a column has only one NULL");
    }
}

fn is_named_once(field: &Field<'_>, errors: &mut Errors) {
    if let (Some(_), Some(prefix)) = (&field.attributes.column, &field.attributes.prefix) {
        errors.at(
            prefix,
            "`column` names one column and `prefix` those of an embedded struct: give one of them",
        );
    }
}

fn key_is_plain(field: &Field<'_>, model: &Model<'_>, errors: &mut Errors) {
    if field.attributes.key.is_none() {
        return;
    }
    if types::parameter(field.ty, "Option").is_some() {
        errors.at(field.ty, "a key cannot be an Option: all rows have one");
    }
    if types::deferred(field.ty).is_some() {
        errors.at(field.ty, "a key cannot be deferred: rows are told apart by it");
    }
    if let Some(unique) = &field.attributes.unique
        && model.key().count() == 1
    {
        errors.at(unique, "a key is unique already");
    }
}

fn deferred_is_one_column(field: &Field<'_>, errors: &mut Errors) {
    if let (Some(group), None) = (&field.attributes.deferred, types::deferred(field.ty)) {
        errors.at(group, "a group of deferred columns holds fields of the type `Deferred<...>`");
    }
    is_name(field.attributes.deferred.as_ref(), errors);
    if types::parameter(field.ty, "Option").is_some_and(|inner| types::deferred(inner).is_some()) {
        errors.at(field.ty, "a column that may be NULL is deferred as a `Deferred<Option<...>>`");
    }
    if types::deferred(field.ty).is_some_and(types::is_reference) {
        errors.at(field.ty, "a BelongsTo cannot be deferred: the session follows it");
    }
}

fn auto_is_numbered(field: &Field<'_>, model: &Model<'_>, errors: &mut Errors) {
    let Some(auto) = &field.attributes.auto else {
        return;
    };
    if let Some(default) = &field.attributes.default {
        errors.at(&default.name, "`auto` is a default already");
    }
    if field.attributes.key.is_none() {
        return auto_is_filled(field, auto, errors);
    }
    if model.key().count() > 1 {
        errors.at(auto, "`auto` needs a key of one field, this one has several");
    }
    if !["i16", "i32", "i64", "u64"].iter().any(|integer| types::is(field.ty, integer)) {
        errors.at(field.ty, "`auto` needs an i16, i32, i64 or u64");
    }
}

/// On a field that is no key, `auto` says that the database's default fills it.
fn auto_is_filled(field: &Field<'_>, auto: &Ident, errors: &mut Errors) {
    let FieldAttributes { server_default, generated, no_reuse, .. } = &field.attributes;
    if server_default.is_none() && generated.is_none() {
        let message = "on a field that is no key, `auto` needs `server_default = \"...\"`: the SQL that the database fills \
                       it by";
        errors.at(auto, message);
    }
    if generated.is_some() {
        errors.at(auto, "a generated column is `auto` already");
    }
    if let Some(no_reuse) = no_reuse {
        errors.at(no_reuse, "`no_reuse` needs `key`: only keys are numbered");
    }
    if field.is_reference() {
        errors.at(field.ty, "`auto` cannot be on a BelongsTo: the session writes references");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::{DeriveInput, parse_quote};

    #[track_caller]
    fn check(input: &DeriveInput, expected: &[&str]) {
        let mut errors = Errors::default();
        let model = Model::read(input, &mut errors);
        super::check(&model, &mut errors);
        let messages: Vec<_> = errors.finish().into_iter().flatten().map(|error| error.to_string()).collect();
        assert_eq!(messages, expected);
    }

    #[test]
    fn a_sound_model_has_no_errors() {
        let input = parse_quote! {
            #[model(table = "users", no_new)]
            struct User {
                #[model(key)] #[model(auto)] id: i64,
                #[model(unique, column = "mail",)] email: Option<String>,
                #[model(default, index)] age: i32,
                #[model(default = if FAST { 1 } else { 2 })] speed: i16,
                #[model(default = pair::<i16, i64>(1, 2), index)] pair: i64,
            }
        };
        check(&input, &[]);
    }

    #[test]
    fn only_structs_with_named_fields() {
        let message = "a model is a struct with named fields";
        check(&parse_quote! { enum User { A } }, &[message]);
        check(&parse_quote! { union User { a: i64 } }, &[message]);
        check(&parse_quote! { struct User(i64); }, &[message]);
        check(&parse_quote! { struct User; }, &[message]);
    }

    #[test]
    fn a_misspelt_word_counts_as_the_meant_one() {
        let input = parse_quote! { struct User { #[model(kye, auto)] id: i64 } };
        check(&input, &["unknown attribute `kye`, did you mean `key`?"]);
    }

    #[test]
    fn what_stands_before_a_syntax_error_counts() {
        check(&parse_quote! { struct User { #[model(key auto)] id: i64 } }, &["expected `,`"]);
        check(&parse_quote! { struct User { #[model(key = 1)] id: i64 } }, &["`key` takes no value"]);
    }

    #[test]
    fn columns_differ_in_more_than_case() {
        let input =
            parse_quote! { struct User { #[model(key)] id: i64, #[model(column = "ID")] other: i64 } };
        check(&input, &["the column `ID` is that of the field `id` already"]);
    }

    #[test]
    fn constants_differ() {
        let input = parse_quote! {
            struct Post {
                #[model(key)] id: i64, author: BelongsTo<User>, #[model(column = "writer")] author_id: i64,
                #[model(column = "other_id")] ID: i64,
            }
        };
        let advice = "give the field another name, and the column its own by `column = \"...\"`";
        let taken =
            |name, field| format!("the constant `{name}` is that of the field `{field}` already; {advice}");
        check(&input, &[&taken("AUTHOR_ID", "author"), &taken("ID", "id")]);
    }

    #[test]
    fn a_key_has_at_most_four_fields() {
        let input = parse_quote! {
            struct Wide {
                #[model(key)] a: i64, #[model(key)] b: i64, #[model(key)] c: i64, #[model(key)] d: i64,
                #[model(key)] e: i64,
            }
        };
        check(&input, &["a key has at most 4 fields"]);
    }
}
