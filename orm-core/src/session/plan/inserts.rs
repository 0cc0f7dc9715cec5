//! What is written of a new row, and what keeps it from being written.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::model::Reference;
use crate::session::arena::{Arena, Place};
use crate::session::entities::Entities;

/// The columns of a new row: all, except a key that the database is to number, what it fills in and what it computes.
pub(super) fn insert_columns(
    entities: &Entities,
    place: Place,
) -> Result<impl ExactSizeIterator<Item = usize> + Clone + use<>> {
    let (arena, slot) = (entities.arena(place), place.slot);
    let table: &'static Table = arena.table;
    let unset = match table.auto_key() {
        Some(key) => is_unset(arena, slot, key)?.then_some(key),
        None => None,
    };
    if unset.is_none() {
        refuse_known_identity(entities, place)?;
    }
    let unfilled = arena.unfilled(slot);
    if table.has_deferred() {
        refuse_not_loaded(arena, slot, &unfilled)?;
    }
    let left_out = table.generated_count() + usize::from(unset.is_some()) + unfilled.len();
    Ok(Columns { table, next: 0, left: table.columns().len() - left_out, without: unset, unfilled })
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

/// Positions from 0 but for what the database makes; counted without being listed.
#[derive(Clone)]
struct Columns {
    table: &'static Table,
    next: usize,
    left: usize,
    without: Option<usize>,
    unfilled: Vec<usize>,
}

impl Iterator for Columns {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        while self.without == Some(self.next)
            || self.table.columns()[self.next].generated.is_some()
            || self.unfilled.contains(&self.next)
        {
            self.next += 1;
        }
        self.next += 1;
        Some(self.next - 1)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Columns {}
