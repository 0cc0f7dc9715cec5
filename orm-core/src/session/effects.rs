//! What a statement has written, in memory: loaded entities show it, and the journal knows how to undo it.

use std::collections::HashMap;

use crate::driver::{Row, RowBuffer, Rows as _};
use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::query::{Batch, Effect, EffectKind, UpdateGroup};
use crate::result::RowReader;
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::identity::Identity;
use crate::session::journal::Entry;
use crate::session::undo::OldRow;
use crate::{Result, Value};

/// The keys that rows had, by those that they have now.
pub(super) type Moves = HashMap<Identity, Identity>;

/// Rows of a statement of which the session knew none.
pub(super) struct Unknown {
    arena: u32,
    kind: EffectKind,
    identities: Vec<Identity>,
}

impl Entities {
    /// Takes in what a statement has written. What it returned is all here: nothing happens halfway.
    pub(super) fn take_effect(
        &mut self,
        effect: &Effect,
        rows: &RowBuffer,
        moves: &Moves,
    ) -> Result<Option<Unknown>> {
        let Some(arena) = self.arena_of_table(&effect.table) else { return Ok(None) };
        let parts = effect.table.primary_key().len();
        let mut unknown = Unknown { arena, kind: effect.kind, identities: Vec::new() };
        let mut rekeyed = Vec::new();
        for row in 0..rows.len() {
            let row = rows.at(row);
            let identity = identity_at(&effect.table, &row, effect.at)?;
            let before = moves.get(&identity);
            if effect.moves.is_some() && before.is_none() {
                // Somebody else wrote in between: which row this was is not known.
                self.rekey(rekeyed)?;
                self.expire_known();
                return Ok(None);
            }
            let Some(slot) = self.arenas[arena as usize].find(before.unwrap_or(&identity)) else {
                unknown.identities.push(identity);
                continue;
            };
            let place = Place { arena, slot };
            match effect.kind {
                EffectKind::Deleted => {
                    self.lose_row(place);
                    continue;
                }
                EffectKind::Inserted { .. } => {
                    // Who was known under this key has lost its row to somebody else before.
                    self.lose_row(place);
                    unknown.identities.push(identity);
                    continue;
                }
                EffectKind::Upserted | EffectKind::Updated => {}
            }
            if before.is_some_and(|before| *before != identity) {
                rekeyed.push((place, identity));
            }
            let known = self.known_to_raise(place, effect)?;
            let parents = self.parents(place, &effect.columns);
            self.overwrite(place, &effect.columns, &row, effect.at + parts)?;
            self.show_moved(place, parents);
            if let Some((version, known)) = known {
                self.keep_missed_version(place, version, known)?;
            }
        }
        self.rekey(rekeyed)?;
        let sets_key = effect.columns.iter().any(|column| effect.table.primary_key().contains(column));
        if effect.kind == EffectKind::Upserted && sets_key && !unknown.identities.is_empty() {
            // It may be a row that had another key; which one is not known.
            self.expire_known();
        }
        Ok(Some(unknown))
    }

    /// Takes in what rows were set to by their keys.
    pub(super) fn take_values(&mut self, groups: &[UpdateGroup]) -> Result<()> {
        for UpdateGroup { shape, rows } in groups {
            let Some(arena) = self.arena_of_table(shape.table()) else { continue };
            for row in 0..rows.len() {
                let row = SetRow { rows, row };
                let identity = identity_at(shape.table(), &row, shape.columns().len())?;
                if let Some(slot) = self.arenas[arena as usize].find(&identity) {
                    let place = Place { arena, slot };
                    let parents = self.parents(place, shape.columns());
                    self.overwrite(place, shape.columns(), &row, 0)?;
                    self.show_moved(place, parents);
                }
            }
        }
        Ok(())
    }

    /// Notes in the journal those rows that were met for the first time now.
    pub(super) fn note_unknown(&mut self, unknown: Unknown) {
        let Unknown { arena, kind, identities } = unknown;
        for identity in identities {
            let Some(slot) = self.arenas[arena as usize].find(&identity) else { continue };
            let place = Place { arena, slot };
            match kind {
                EffectKind::Inserted { generated } => self.journal.inserted(place, generated),
                EffectKind::Upserted | EffectKind::Updated => self.journal.push(Entry::Met(place)),
                EffectKind::Deleted => {}
            }
        }
    }

    /// The version that a statement raises, as it is known before.
    fn known_to_raise(&self, place: Place, effect: &Effect) -> Result<Option<(usize, i64)>> {
        match effect.raised.filter(|_| self.has_values(place)) {
            Some(version) => Ok(Some((version, self.known_version(place, version)?))),
            None => Ok(None),
        }
    }

    /// If the version is not the next one, somebody else has written the row in between, and what they wrote is not known here: the
    /// entity keeps the version that it knew, and its next change is told so.
    fn keep_missed_version(&mut self, place: Place, version: usize, known: i64) -> Result<()> {
        let now = self.arena(place).version(place.slot, version)?;
        if known.checked_add(1) == Some(now) {
            return Ok(());
        }
        self.arena_mut(place).set_key(place.slot, version, known)?;
        if self.head(place).touched { self.remember(place, &[version]) } else { Ok(()) }
    }

    /// Puts the values of a row's columns, from here on, over those of an entity, as they are in the database now.
    pub(super) fn overwrite(
        &mut self,
        place: Place,
        columns: &[usize],
        row: &dyn Row,
        at: usize,
    ) -> Result<()> {
        if columns.is_empty() || self.head(place).read_at < self.expired_before {
            return Ok(());
        }
        let Self { arenas, journal, .. } = self;
        let arena = &mut arenas[place.arena as usize];
        if !arena.head(place.slot).touched {
            let (_, snapshot) = journal.snapshot(place, []);
            arena.records.pack(place.slot, snapshot);
        }
        let all = arena.table.columns();
        let mut fields: Vec<_> = columns.iter().map(|&column| all[column].field).collect();
        fields.dedup();
        for field in fields {
            let mut values = Vec::new();
            for (position, column) in all.iter().enumerate().filter(|(_, column)| column.field == field) {
                let is_absent = column.deferred.is_some() && arena.lacks(place.slot, position);
                values.push(match columns.iter().position(|&set| set == position) {
                    _ if is_absent => None,
                    Some(place) => Some(row.value(at + place)?.into_owned()),
                    None => Some(arena.records.get(place.slot, column)?.into_owned()),
                });
            }
            let row = OldRow(values);
            let read = arena.records.read_field(place.slot, field, &mut RowReader::new(&row));
            read.map_err(|error| error.with_model(arena.model))?;
        }
        if self.head(place).touched {
            // They are no changes of the program's.
            self.remember(place, columns)?;
        }
        if !self.assigned.is_empty() {
            self.note_values(place, columns);
        }
        Ok(())
    }
}

/// An error if the keys that were made do not grow: that they do shows that rows come back in the order in which they
/// were given.
pub(super) fn check_order(effect: &Effect, rows: &RowBuffer) -> Result<()> {
    if effect.kind != (EffectKind::Inserted { generated: true }) {
        return Ok(());
    }
    let mut last = i64::MIN;
    for row in 0..rows.len() {
        match rows.value(row, effect.at)? {
            Value::Int(key) if key > last => last = key,
            _ => return Err(keys_out_of_order()),
        }
    }
    Ok(())
}

#[cold]
pub(super) fn keys_out_of_order() -> Error {
    let message = "the keys of new rows do not grow, so which belongs to which row is not certain; let the \
                   key's sequence count up, or insert such rows one by one";
    Error::new(ErrorKind::Unsupported, message)
}

/// A row of values that were set.
struct SetRow<'r> {
    rows: &'r Batch,
    row: usize,
}

impl Row for SetRow<'_> {
    fn width(&self) -> usize {
        self.rows.width()
    }

    fn value(&self, index: usize) -> Result<Value<'_>> {
        self.rows.value(self.row, index)
    }
}

/// The identity in a row whose key begins here.
pub(super) fn identity_at(table: &Table, row: &dyn Row, at: usize) -> Result<Identity> {
    let (keys, columns) = (table.primary_key(), table.columns());
    Identity::of(keys.len(), |part| match row.value(at + part) {
        Ok(value) => columns[keys[part]].sql_type.shape(value),
        error => error,
    })
}

/// The key of a row with these values in the columns of its table.
pub(super) fn identity_of<'v>(table: &Table, value: impl Fn(usize) -> Result<Value<'v>>) -> Result<Identity> {
    let (keys, columns) = (table.primary_key(), table.columns());
    Identity::of(keys.len(), |part| columns[keys[part]].sql_type.shape(value(keys[part])?))
}
