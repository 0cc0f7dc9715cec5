//! What the session itself writes to a row along with the program's changes: its next version, and values that each change
//! brings. They are made right before their step runs, so that a plan can be looked at without a trace.

use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::query::{WriteKind, WriteShape};
use crate::session::arena::{Arena, Place, State};
use crate::session::entities::Entities;
use crate::session::journal::Entry;
use crate::session::plan::Step;
use crate::{Result, Value};

/// Adds to the columns of an update those that the session writes besides; what the program has set itself stays its own.
pub(super) fn add_automatic(table: &Table, columns: &mut Vec<usize>) -> Vec<usize> {
    let field = |position: &usize| table.columns()[*position].field;
    let is_set = |position: &usize| columns.iter().any(|column| field(column) == field(position));
    let automatic: Vec<_> =
        table.renewed().iter().copied().chain(table.version()).filter(|position| !is_set(position)).collect();
    columns.extend(&automatic);
    columns.sort_unstable();
    automatic
}

impl Entities {
    /// Gives the rows of a step, right before it runs, the values that the session makes.
    pub(super) fn fill_in_automatic(&mut self, step: &Step, slots: &[u32]) -> Result<()> {
        let version = self.arenas[step.arena as usize].table.version();
        match (step.kind, version) {
            (WriteKind::Insert, Some(version)) => {
                slots.iter().try_for_each(|&slot| self.begin_version(step.place(slot), version))
            }
            (WriteKind::Update, _) if !step.automatic.is_empty() => {
                slots.iter().enumerate().try_for_each(|(index, &slot)| {
                    // A new entity in the place of a deleted one goes on from that one's version.
                    let holder = step.replaces.get(index).copied().unwrap_or(slot);
                    self.renew(step, step.place(slot), step.place(holder))
                })
            }
            (WriteKind::Insert | WriteKind::Update | WriteKind::Delete, _) => Ok(()),
        }
    }

    fn renew(&mut self, step: &Step, place: Place, holder: Place) -> Result<()> {
        let table = self.arena(place).table;
        let mut fields: Vec<_> = step
            .automatic
            .iter()
            .filter(|&&position| table.version() != Some(position))
            .map(|&position| table.columns()[position].field)
            .collect();
        // An embedded struct has several columns.
        fields.dedup();
        fields.into_iter().for_each(|field| self.arena_mut(place).records.renew(place.slot, field));
        match table.version().filter(|version| step.automatic.contains(version)) {
            Some(version) => {
                let next = self.known_version(holder, version)?.checked_add(1);
                self.note_version(place);
                let arena = self.arena_mut(place);
                next.ok_or_else(|| last_version(arena, version))
                    .and_then(|next| arena.set_key(place.slot, version, next))
                    .map_err(|_| last_version(arena, version))
            }
            None => Ok(()),
        }
    }

    /// The versions that the rows of a step have if nobody has changed them; nothing if they are not looked at.
    pub(super) fn known_versions(
        &self,
        step: &Step,
        shape: &WriteShape,
        slots: &[u32],
        holders: &[u32],
    ) -> Result<Vec<i64>> {
        match shape.version() {
            Some(version) => {
                let holder = |index: usize| holders.get(index).copied().unwrap_or(slots[index]);
                (0..slots.len()).map(|index| self.known_version(step.place(holder(index)), version)).collect()
            }
            None => Ok(Vec::new()),
        }
    }

    /// The first version of a new row is 1, unless the program has said another one.
    fn begin_version(&mut self, place: Place, version: usize) -> Result<()> {
        if self.arena(place).version(place.slot, version)? != 0 {
            return Ok(());
        }
        self.note_version(place);
        self.arena_mut(place).set_key(place.slot, version, 1)
    }

    /// A new entity that is not stored after all has no version again; what had its row is in the journal already.
    pub(super) fn note_version(&mut self, place: Place) {
        if self.head(place).state == State::Pending {
            self.journal.push(Entry::Versioned(place));
        }
    }

    /// Whether the version of an entity's row was read, and not thrown away since.
    pub(super) fn knows_version(&self, place: Place) -> bool {
        self.head(place).touched || (self.has_values(place) && self.arena(place).records.is_there(place.slot))
    }

    /// The version with which an entity was loaded or last written, whatever the program has set since.
    pub(super) fn known_version(&self, place: Place, version: usize) -> Result<i64> {
        let arena = self.arena(place);
        if !arena.head(place.slot).touched {
            return arena.version(place.slot, version);
        }
        let mut before = self.snapshot(place);
        for _ in 0..version {
            before.next();
        }
        number(arena, version, &before.next())
    }
}

impl Arena {
    pub(super) fn version(&self, slot: u32, version: usize) -> Result<i64> {
        let value = self.records.get(slot, &self.table.columns()[version]);
        let value = value.map_err(|error| self.blame(error, version))?;
        number(self, version, &value)
    }
}

fn number(arena: &Arena, version: usize, value: &Value<'_>) -> Result<i64> {
    let Value::Int(number) = value else {
        return Err(arena.blame(Error::new(ErrorKind::NotLoaded, "the version is not known"), version));
    };
    Ok(*number)
}

#[cold]
fn last_version(arena: &Arena, version: usize) -> Error {
    let message = "the version has reached the highest number of its type; change it to a lower one, or to a larger type";
    arena.blame(Error::new(ErrorKind::Encode, message), version)
}
