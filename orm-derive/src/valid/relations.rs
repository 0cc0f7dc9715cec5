//! The rules about fields that hold other rows.

use super::is_name;
use crate::ast::{Field, Model, Relation};
use crate::errors::Errors;
use crate::types::{self, Held};

pub(super) fn check(model: &Model<'_>, errors: &mut Errors) {
    model.fields.iter().for_each(|field| is_no_option(field, errors));
    for relation in &model.relations {
        is_name(relation.attributes.table.as_ref(), errors);
        match relation.held {
            Held::Linked => is_linked_once(relation, errors),
            Held::Many | Held::One => is_not_linked(relation, errors),
        }
        cascade_fits(model, relation, errors);
        if let (Held::One, Some(order)) = (relation.held, &relation.attributes.order_by) {
            errors.at(&order.name, "a HasOne has no order: there is at most one");
        }
    }
}

/// A relation that may be in there is another field to the derive, whose type is no column.
fn is_no_option(field: &Field<'_>, errors: &mut Errors) {
    let within = ["Option", "Deferred", "Vec", "Box"];
    let inner = within.into_iter().find_map(|outer| Some((outer, types::parameter(field.ty, outer)?)));
    let Some((outer, (held, _))) = inner.and_then(|(outer, inner)| Some((outer, types::held(inner)?))) else {
        return;
    };
    let (name, instead) = match held {
        Held::Many => ("HasMany", "it may be empty, and is loaded when it is asked for"),
        Held::Linked => ("ManyToMany", "it may be empty, and is loaded when it is asked for"),
        Held::One => ("HasOne", "it may hold none, and is loaded when it is asked for"),
    };
    errors.at(field.ty, format!("a {name} stands alone, not in {outer}<...>: {instead}"));
}

fn is_linked_once(relation: &Relation<'_>, errors: &mut Errors) {
    let said = &relation.attributes;
    if let (Some(via), Some((through, _))) = (&said.via, &said.through) {
        errors.at(
            &via.name,
            format!(
                "`via` names a relation with a join table, and `{through}` another one: give one of them"
            ),
        );
    }
    if let Some(table) = &said.table {
        let other = said.via.as_ref().map(|via| &via.name).or(said.through.as_ref().map(|(name, _)| name));
        if let Some(other) = other {
            let message =
                format!("`table` names a join table that the library makes; with `{other}` there is one");
            errors.at(table, message);
        }
    }
}

fn is_not_linked(relation: &Relation<'_>, errors: &mut Errors) {
    let said = &relation.attributes;
    let hint = "needs a ManyToMany: the rows of others refer to this one without a join table";
    if let Some((through, _)) = &said.through {
        errors.at(through, format!("`through` {hint}"));
    }
    if let Some(table) = &said.table {
        errors.at(table, format!("`table` {hint}"));
    }
}

/// The links of a join table are deleted with both sides; the rows behind them belong to nobody.
fn cascade_fits(model: &Model<'_>, relation: &Relation<'_>, errors: &mut Errors) {
    let Some(cascade) = relation.attributes.cascade.as_ref().filter(|_| relation.held == Held::Linked) else {
        return;
    };
    let (own, target) = (model.name(), types::name(relation.target).unwrap_or_default());
    let message = format!(
        "a ManyToMany has no cascade: a {target} may be linked with many, so it is not the {own}'s to keep or to delete. Links are \
         deleted with the rows at both ends; an association model, `through`, can say more"
    );
    errors.at(cascade, message);
}
