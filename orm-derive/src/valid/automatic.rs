//! The rules about values that the session makes: versions, and what each change of a row brings.

use proc_macro2::Ident;

use crate::ast::{Field, Model};
use crate::errors::Errors;
use crate::types;

const INTEGERS: [&str; 7] = ["i8", "i16", "i32", "i64", "u16", "u32", "u64"];

pub(super) fn check(model: &Model<'_>, errors: &mut Errors) {
    has_one_version(model, errors);
    for field in &model.fields {
        let said = &field.attributes;
        if let Some(version) = &said.version {
            version_is_a_counter(field, version, errors);
        }
        if let (Some(_), Some(updated)) = (&said.created_at, &said.updated_at) {
            errors.at(updated, "`updated_at` has the time of the creation already: give one of them");
        }
        if let Some(moment) = field.moment() {
            moment_is_the_only_default(field, moment, errors);
        }
        if let Some(word) = said.renewal.as_ref().map(|renewal| &renewal.name).or(said.updated_at.as_ref()) {
            may_be_renewed(field, word, errors);
        }
    }
}

fn has_one_version(model: &Model<'_>, errors: &mut Errors) {
    let mut versions = model.fields.iter().filter(|field| field.attributes.version.is_some());
    let Some(first) = versions.next() else { return };
    for other in versions {
        let message = format!("a model has one version, and that is the field `{}` already", first.name);
        errors.at(&other.attributes.version, message);
    }
}

fn version_is_a_counter(field: &Field<'_>, version: &Ident, errors: &mut Errors) {
    let said = &field.attributes;
    if types::parameter(field.ty, "Option").is_some() {
        errors.at(field.ty, "a version cannot be an Option: each row has one");
    } else if !INTEGERS.iter().any(|integer| types::is(field.ty, integer)) {
        errors.at(field.ty, "`version` needs an integer: it counts the row's changes");
    }
    if said.key.is_some() {
        errors.at(version, "a key cannot be the version: it would change with each change of the row");
    }
    let others = [
        ("auto", said.auto.is_some()),
        ("default", said.default.is_some()),
        ("generated", said.generated.is_some()),
        ("on_update", said.renewal.is_some()),
        ("created_at", said.created_at.is_some()),
        ("updated_at", said.updated_at.is_some()),
    ];
    for (word, _) in others.into_iter().filter(|(_, is_said)| *is_said) {
        errors.at(version, format!("a version cannot have `{word}`: the session counts it, from 1"));
    }
}

fn moment_is_the_only_default(field: &Field<'_>, moment: &Ident, errors: &mut Errors) {
    let said = &field.attributes;
    let others = [
        ("auto", said.auto.is_some()),
        ("default", said.default.is_some()),
        ("generated", said.generated.is_some()),
    ];
    for (word, _) in others.into_iter().filter(|(_, is_said)| *is_said) {
        errors.at(moment, format!("`{moment}` is a default already, beside `{word}`"));
    }
    if field.is_reference() {
        errors.at(field.ty, format!("`{moment}` needs a timestamp"));
    }
}

fn may_be_renewed(field: &Field<'_>, word: &Ident, errors: &mut Errors) {
    let said = &field.attributes;
    if said.key.is_some() {
        errors.at(word, format!("a key cannot have `{word}`: rows are told apart by it"));
    }
    if said.generated.is_some() && said.updated_at.is_none() {
        errors.at(word, format!("a generated column cannot have `{word}`: the database computes its value"));
    }
    if said.renewal.is_some() && said.updated_at.is_some() {
        errors.at(word, "`updated_at` is an `on_update` already");
    }
    if said.renewal.is_some() && field.is_reference() {
        errors
            .at(word, "on a BelongsTo, `on_update` is what its foreign key does: `on_update = \"cascade\"`");
    }
}
