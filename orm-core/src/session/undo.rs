//! Undoing a transaction in memory: the journal is gone through from its end, and values, keys and states are as they were.

use crate::driver::{Row, no_such_column};
use crate::metadata::ForeignKey;
use crate::model::Reference;
use crate::result::RowReader;
use crate::session::arena::{Arena, Place, State};
use crate::session::entities::Entities;
use crate::session::fetched::Fetched;
use crate::session::identity::Identity;
use crate::session::journal::Entry;
use crate::{Result, Value};

/// What memory was when a savepoint was set.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

impl Entities {
    /// Remembers what is now, with nothing unflushed.
    pub(super) fn mark(&mut self) -> Mark {
        Mark(self.journal.mark())
    }

    /// Everything since the last commit is undone: values, keys and states are as they were.
    pub(super) fn rolled_back(&mut self) -> Result<()> {
        let result = self.undo_to(0);
        self.journal.clear();
        self.end_of_transaction();
        result
    }

    /// The same for what was done since a savepoint was set. The entities that were changed are read again by the next query
    /// that meets them.
    pub(super) fn rolled_back_to(&mut self, mark: Mark) -> Result<()> {
        self.undo_to(mark.0)
    }

    fn undo_to(&mut self, mark: usize) -> Result<()> {
        for place in std::mem::take(&mut self.new) {
            self.head_mut(place).state = State::Transient;
        }
        for place in std::mem::take(&mut self.doomed) {
            self.head_mut(place).doomed = false;
        }
        self.touched.clear();
        let (mut result, mut inserted) = (Ok(()), Vec::new());
        while let Some(entry) = self.journal.take_newest(mark) {
            // Everything is undone, whatever happens; the first error is told at the end.
            let undone = self.undo(entry, &mut inserted);
            result = result.and(undone);
        }
        inserted.into_iter().for_each(|place| self.lose_keys(place));
        result
    }

    /// Undoes one thing. An entity that has left the session meanwhile is not here to be changed back.
    fn undo(&mut self, entry: Entry, inserted: &mut Vec<Place>) -> Result<()> {
        match entry {
            Entry::Touched(place, start) => {
                self.head_mut(place).touched = false;
                self.make_one_stale(place);
                return self.restore_from(place, start);
            }
            Entry::Inserted { first: Place { arena, slot }, count, generated } => {
                let places = (slot..slot + count).map(|slot| Place { arena, slot });
                for place in places.filter(|&place| self.is_here(place)).collect::<Vec<_>>() {
                    inserted.push(place);
                    self.undo_insert(place, generated)?;
                }
            }
            Entry::Rekeyed(mut before) => {
                before.retain(|(place, _)| self.is_here(*place));
                before.iter().for_each(|(place, _)| self.arena_mut(*place).forget_identity(place.slot));
                for (place, identity) in before {
                    self.make_one_stale(place);
                    self.arena_mut(place).take_identity_back(place.slot, identity);
                }
            }
            Entry::Deleted(place) if self.is_here(place) => {
                let arena = self.arena_mut(place);
                let identity = arena.head(place.slot).identity.clone();
                arena.take_identity_back(place.slot, identity);
                arena.head_mut(place.slot).state = State::Persistent;
                self.make_one_stale(place);
            }
            Entry::Met(place) if self.is_here(place) => self.head_mut(place).read_at = 0,
            Entry::Versioned(place) if self.is_here(place) => {
                let arena = self.arena_mut(place);
                let version = arena.table.version();
                return version.map_or(Ok(()), |version| arena.set_key(place.slot, version, 0));
            }
            Entry::Fetched(fetched) => return self.undo_fetched(&fetched),
            Entry::Deleted(_) | Entry::Met(_) | Entry::Versioned(_) => {}
        }
        Ok(())
    }

    fn undo_fetched(&mut self, Fetched { columns, places, start }: &Fetched) -> Result<()> {
        let Self { arenas, journal, .. } = self;
        let mut values = journal.values(*start);
        for &place in places {
            let row = OldRow(columns.iter().map(|_| values.next_known()).collect());
            let arena = &mut arenas[place.arena as usize];
            if arena.head(place.slot).state != State::Free {
                arena.read_columns(place.slot, columns, &row)?;
            }
        }
        Ok(())
    }

    fn is_here(&self, place: Place) -> bool {
        self.arena(place).heads.get(place.slot as usize).is_some_and(|head| head.state != State::Free)
    }

    fn undo_insert(&mut self, place: Place, generated: bool) -> Result<()> {
        let arena = self.arena_mut(place);
        arena.forget_identity(place.slot);
        let head = arena.head_mut(place.slot);
        head.identity = Identity::None;
        head.state = State::Transient;
        match arena.table.auto_key().filter(|_| generated) {
            Some(key) => arena.set_key(place.slot, key, 0),
            None => Ok(()),
        }
    }

    /// A struct that was not inserted after all forgets the keys of others that were not either.
    fn lose_keys(&mut self, place: Place) {
        for key in self.arena(place).table.foreign_keys() {
            let reference = self.arena(place).records.reference(place.slot, key.field);
            let target = reference.and_then(Reference::entity).and_then(|entity| self.find_token(entity));
            if target.is_none_or(|target| target.state != State::Persistent)
                && let Some(reference) = self.arena_mut(place).records.reference_mut(place.slot, key.field)
            {
                reference.wait_again();
            }
        }
    }

    /// Puts an entity's columns back to what they were when it was touched.
    pub(super) fn restore(&mut self, place: Place, snapshot: u32) -> Result<()> {
        self.head_mut(place).touched = false;
        match self.journal.start_of(snapshot) {
            Some(start) => self.restore_from(place, start),
            None => Ok(()),
        }
    }

    fn restore_from(&mut self, place: Place, start: usize) -> Result<()> {
        let Self { arenas, journal, .. } = self;
        let arena = &mut arenas[place.arena as usize];
        let mut values = journal.values(start);
        let row = OldRow(arena.table.columns().iter().map(|_| values.next_known()).collect());
        let mut reader = RowReader::new(&row);
        for field in 0..arena.table.field_count() {
            match unchanged_reference(arena, place.slot, field, &row) {
                Some(key) => key.columns.iter().for_each(|_| drop(reader.next())),
                None => arena.records.read_field(place.slot, field, &mut reader)?,
            }
        }
        Ok(())
    }
}

/// The foreign key of a field that refers to what it did. It is left as it is: it may know the entity, and the key alone does not.
fn unchanged_reference(
    arena: &Arena,
    slot: u32,
    field: usize,
    before: &OldRow<'_>,
) -> Option<&'static ForeignKey> {
    let columns = arena.table.columns();
    let is_same = |&position: &usize| {
        let now = arena.records.get(slot, &columns[position]);
        matches!((now, &before.0[position]), (Ok(now), Some(before)) if now == *before)
    };
    let mut keys = arena.table.foreign_keys().iter();
    keys.find(|key| key.field == field).filter(|key| key.columns.iter().all(is_same))
}

/// A row out of a snapshot; deferred columns need not be known.
pub(super) struct OldRow<'a>(pub(super) Vec<Option<Value<'a>>>);

impl Row for OldRow<'_> {
    fn width(&self) -> usize {
        self.0.len()
    }

    fn value(&self, index: usize) -> Result<Value<'_>> {
        self.0.get(index).and_then(Option::as_ref).map(Value::borrowed).ok_or_else(no_such_column)
    }

    fn has(&self, index: usize) -> bool {
        self.0.get(index).is_some_and(Option::is_some)
    }
}
