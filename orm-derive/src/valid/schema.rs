//! The rules about what the database is to enforce.

use syn::LitStr;
use syn::ext::IdentExt;

use super::is_name;
use crate::ast::{Field, Model};
use crate::errors::Errors;
use crate::{suggest, types};

pub(super) fn check(model: &Model<'_>, errors: &mut Errors) {
    let said = &model.attributes;
    is_name(said.schema.as_ref(), errors);
    is_text(said.comment.as_ref(), errors);
    names_are_distinct(model, errors);
    lists_name_fields(model, errors);
    for sql in said.indexes.iter().filter_map(|index| index.filter.as_ref()) {
        is_sql(Some(sql), errors);
    }
    said.checks.iter().for_each(|check| is_sql(Some(&check.sql), errors));
    for field in &model.fields {
        let said = &field.attributes;
        is_text(said.comment.as_ref(), errors);
        for sql in [&said.server_default, &said.generated, &said.check] {
            is_sql(sql.as_ref(), errors);
        }
        actions_need_a_reference(field, errors);
        any_is_only_that(field, errors);
        generated_is_only_that(field, errors);
        if let (Some(auto), Some(_), Some(_)) = (&said.auto, &said.key, &said.server_default) {
            errors.at(auto, "`auto` is a default already");
        }
    }
}

fn is_text(text: Option<&LitStr>, errors: &mut Errors) {
    if let Some(literal) = text.filter(|literal| literal.value().contains('\0')) {
        errors.at(literal, "a text cannot contain NUL");
    }
}

fn is_sql(sql: Option<&LitStr>, errors: &mut Errors) {
    is_text(sql, errors);
    if let Some(literal) = sql.filter(|literal| literal.value().trim().is_empty()) {
        errors.at(literal, "SQL is expected here");
    }
}

/// No two constraints or indexes have one name.
fn names_are_distinct(model: &Model<'_>, errors: &mut Errors) {
    let said = &model.attributes;
    let mut names: Vec<&LitStr> = said.uniques.iter().filter_map(|unique| unique.name.as_ref()).collect();
    names.extend(said.indexes.iter().filter_map(|index| index.name.as_ref()));
    names.extend(said.checks.iter().filter_map(|check| check.name.as_ref()));
    for (number, name) in names.iter().enumerate() {
        is_name(Some(name), errors);
        if names[..number].iter().any(|other| other.value() == name.value()) {
            errors.at(name, format!("`{}` is the name of another constraint or index already", name.value()));
        }
    }
}

fn lists_name_fields(model: &Model<'_>, errors: &mut Errors) {
    let uniques = model.attributes.uniques.iter().map(|unique| unique.fields.iter().collect::<Vec<_>>());
    let indexes =
        model.attributes.indexes.iter().map(|index| index.fields.iter().map(|(field, _)| field).collect());
    for list in uniques.chain(indexes) {
        for (number, field) in list.iter().enumerate() {
            if model.number(field).is_none() {
                let known: Vec<_> = model.fields.iter().map(|field| field.name.unraw().to_string()).collect();
                let known: Vec<_> = known.iter().map(String::as_str).collect();
                let hint = match suggest::nearest(&field.to_string(), &known) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "fields are meant, not columns".to_owned(),
                };
                errors.at(field, format!("`{}` has no field `{field}`; {hint}", model.name()));
            }
            if list[..number].contains(field) {
                errors.at(field, format!("`{field}` is in this list twice"));
            }
        }
    }
}

fn actions_need_a_reference(field: &Field<'_>, errors: &mut Errors) {
    let said = &field.attributes;
    if let Some(word) = said.deferrable.as_ref().filter(|_| !field.is_reference()) {
        errors.at(word, "`deferrable` needs a BelongsTo: it is about a foreign key");
    }
    for (word, action) in [("on_delete", &said.on_delete), ("on_update", &said.on_update)] {
        let Some(action) = action else { continue };
        if !field.is_reference() {
            errors.at(action, format!("`{word}` needs a BelongsTo: it is about a foreign key"));
            continue;
        }
        let is_optional = types::parameter(field.ty, "Option").is_some();
        if action.value() == "set_null" && !is_optional {
            let needed = if said.any.is_some() { "Option" } else { "Option<BelongsTo<...>>" };
            errors.at(action, format!("`set_null` needs an `{needed}`: without it there is no NULL"));
        }
        if action.value() == "set_default" && !is_optional && said.server_default.is_none() {
            errors.at(action, "`set_default` needs a `server_default`");
        }
    }
}

/// An enum of references has several columns, of which all but one are NULL.
fn any_is_only_that(field: &Field<'_>, errors: &mut Errors) {
    let said = &field.attributes;
    let Some(any) = &said.any else { return };
    let others = [
        ("key", said.key.is_some()),
        ("version", said.version.is_some()),
        ("default", said.default.is_some()),
        ("server_default", said.server_default.is_some()),
        ("prefix", said.prefix.is_some()),
    ];
    for (word, _) in others.into_iter().filter(|(_, is_said)| *is_said) {
        errors.at(
            any,
            format!("an enum of references cannot have `{word}`: it has a foreign key for each variant"),
        );
    }
}

fn generated_is_only_that(field: &Field<'_>, errors: &mut Errors) {
    let said = &field.attributes;
    let Some(generated) = &said.generated else { return };
    let written = [
        ("key", said.key.is_some()),
        ("default", said.default.is_some()),
        ("server_default", said.server_default.is_some()),
    ];
    for (word, _) in written.into_iter().filter(|(_, is_said)| *is_said) {
        errors.at(
            generated,
            format!("a generated column cannot have `{word}`: the database computes its value"),
        );
    }
    if field.is_reference() {
        errors.at(generated, "a generated column cannot be a BelongsTo: the session writes references");
    }
}
