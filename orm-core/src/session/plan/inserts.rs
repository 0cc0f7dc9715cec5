//! What is written of a new row, and what keeps it from being written.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::model::Reference;
use crate::session::arena::{Arena, Place};
use crate::session::entities::Entities;

/// What a new row leaves to the database besides what that always makes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// A key that the database is to number.
    key: Option<usize>,
    /// Columns that the database fills in, as the struct has no values for them.
    unfilled: Vec<usize>,
}

impl LeftOut {
    /// What a new entity leaves out, or why it cannot be inserted.
    pub(super) fn of(entities: &Entities, place: Place) -> Result<Self> {
        let (arena, slot) = (entities.arena(place), place.slot);
        let key = match arena.table.auto_key() {
            Some(key) => is_unset(arena, slot, key)?.then_some(key),
            None => None,
        };
        if key.is_none() {
            refuse_known_identity(entities, place)?;
        }
        let unfilled = arena.unfilled(slot);
        if arena.table.has_deferred() {
            refuse_not_loaded(arena, slot, &unfilled)?;
        }
        Ok(Self { key, unfilled })
    }

    /// Whether another new entity of the same model leaves out the same.
    #[inline]
    pub(super) fn is_same_for(&self, entities: &Entities, place: Place) -> Result<bool> {
        let arena = entities.arena(place);
        match (self.key, arena.table.filled(), arena.table.has_deferred()) {
            // Nothing but its key can tell it from the others.
            (Some(key), [], false) => is_unset(arena, place.slot, key),
            _ => Ok(*self == Self::of(entities, place)?),
        }
    }

    /// The columns that are written.
    pub(super) fn columns(&self, table: &Table) -> Vec<usize> {
        let is_made = |position: &usize| {
            self.key == Some(*position)
                || table.columns()[*position].generated.is_some()
                || self.unfilled.contains(position)
        };
        (0..table.columns().len()).filter(|position| !is_made(position)).collect()
    }
}

pub(super) fn is_unset(arena: &Arena, slot: u32, key: usize) -> Result<bool> {
    let value =
        arena.records.get(slot, &arena.table.columns()[key]).map_err(|error| arena.blame(error, key))?;
    Ok(matches!(value, crate::Value::Int(0) | crate::Value::Null))
}

/// Whether part of the key is the key of a row that has none yet.
pub(super) fn key_waits(arena: &Arena, slot: u32) -> bool {
    let keys = arena.table.foreign_keys().iter();
    let in_key = keys.filter(|key| key.columns.iter().any(|part| arena.table.primary_key().contains(part)));
    in_key.into_iter().any(|key| arena.records.reference(slot, key.field).is_some_and(Reference::is_waiting))
}

fn refuse_known_identity(entities: &Entities, place: Place) -> Result<()> {
    let (arena, slot) = (entities.arena(place), place.slot);
    if key_waits(arena, slot) {
        return Ok(());
    }
    let identity = arena.identity_of(slot).map_err(|error| error.with_model(arena.model))?;
    let Some(holder) = arena.find(&identity) else { return Ok(()) };
    if arena.head(holder).touched && arena.identity_of(holder)? != identity {
        // Its key is given up by an update of the same flush, which goes first.
        return Ok(());
    }
    let shown = entities.shown(arena.head(holder));
    let message = format!("an entity {shown} is in this session already; change that one instead");
    Err(Error::new(ErrorKind::IdentityConflict, message).with_model(arena.model))
}

/// A new row needs all of its values.
pub(super) fn refuse_not_loaded(arena: &Arena, slot: u32, unfilled: &[usize]) -> Result<()> {
    let is_written = |position: &usize| {
        arena.table.columns()[*position].generated.is_none() && !unfilled.contains(position)
    };
    let lacking =
        (0..arena.table.columns().len()).filter(is_written).find(|&position| arena.lacks(slot, position));
    match lacking {
        None => Ok(()),
        Some(position) => {
            let message = "a new row needs it, and it was not loaded where the struct comes from";
            Err(arena.blame(Error::new(ErrorKind::NotLoaded, message), position))
        }
    }
}
