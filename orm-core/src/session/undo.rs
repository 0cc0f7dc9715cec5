//! Undoing a transaction in memory: the journal is gone through from its end, and values, keys and states are as they were.

use foldhash::{HashMap, HashMapExt};

use crate::driver::{Row, no_such_column};
use crate::metadata::ForeignKey;
use crate::model::Token;
use crate::result::RowReader;
use crate::session::arena::{Head, Place, State};
use crate::session::entities::Entities;
use crate::session::fetched::Fetched;
use crate::session::identity::Identity;
use crate::session::journal::Entry;
use crate::{Result, Value};

/// What memory was when a savepoint was set.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    /// How much the journal had.
    entries: usize,
    /// What is read from here on.
    since: u32,
}

/// What a rollback takes back, beside what it does at once.
struct Undone {
    /// What was added, and has no row after all.
    added: Vec<Place>,
    /// The identities that rows had for a while, and who had them.
    identities: HashMap<(u32, Identity), Place>,
}

impl Entities {
    /// Remembers what is now, with nothing unflushed.
    pub(super) fn mark(&mut self) -> Mark {
        Mark { entries: self.journal.mark(), since: self.tick() }
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
        let has_written = self.journal.has_more_than(mark.entries);
        let result = self.undo_to(mark.entries);
        if has_written {
            self.doubt_what_was_read(mark.since);
        }
        result
    }

    /// What was read beside what is undone now may be what came of it: a foreign key's action, a trigger.
    fn doubt_what_was_read(&mut self, since: u32) {
        for arena in 0..self.arenas.len() {
            for slot in self.arenas[arena].slots() {
                let head = self.arenas[arena].head(slot);
                if head.state == State::Persistent && head.read_at >= since {
                    #[expect(clippy::cast_possible_truncation, reason = "arenas are numbered by u32")]
                    self.make_one_stale(Place { arena: arena as u32, slot });
                }
            }
        }
    }

    fn undo_to(&mut self, mark: usize) -> Result<()> {
        let mut undone =
            Undone { added: std::mem::take(&mut self.new).into_vec(), identities: HashMap::new() };
        for &place in &undone.added {
            self.head_mut(place).state = State::Transient;
        }
        for place in std::mem::take(&mut self.doomed).into_vec() {
            self.head_mut(place).doomed = false;
        }
        self.touched.clear();
        self.assigned.clear();
        let mut result = Ok(());
        while let Some(entry) = self.journal.take_newest(mark) {
            // Everything is undone, whatever happens; the first error is told at the end.
            let done = self.undo(entry, &mut undone);
            result = result.and(done);
        }
        undone.added.iter().for_each(|&place| self.lose_keys(place, &undone.identities));
        result
    }

    /// Undoes one thing. An entity that has left the session meanwhile is not here to be changed back.
    fn undo(&mut self, entry: Entry, undone: &mut Undone) -> Result<()> {
        match entry {
            Entry::Touched(place, start) => {
                self.head_mut(place).touched = false;
                self.make_one_stale(place);
                return self.restore_from(place, start);
            }
            Entry::Inserted { first: Place { arena, slot }, count, generated } => {
                let places = (slot..slot + count).map(|slot| Place { arena, slot });
                for place in places.filter(|&place| self.is_here(place)).collect::<Vec<_>>() {
                    undone.added.push(place);
                    undone.identities.insert((arena, self.head(place).identity.clone()), place);
                    self.undo_insert(place, generated)?;
                }
            }
            Entry::Rekeyed(mut before) => {
                before.retain(|(place, _)| self.is_here(*place));
                for (place, _) in &before {
                    undone.identities.insert((place.arena, self.head(*place).identity.clone()), *place);
                    self.arena_mut(*place).forget_identity(place.slot);
                }
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
            Entry::Collections(place, before) if self.is_here(place) => {
                let Self { arenas, journal, .. } = self;
                arenas[place.arena as usize].put_collections(place.slot, journal.collections_in(&before));
            }
            Entry::Collections(..) | Entry::Deleted(_) | Entry::Met(_) | Entry::Versioned(_) => {}
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
        self.arena(place).heads.get(place.slot).is_some_and(|head| head.state != State::Free)
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

    /// A struct that was not inserted after all forgets the keys of others that do not have them either: it waits for the
    /// entities that had them for a while.
    fn lose_keys(&mut self, place: Place, identities: &HashMap<(u32, Identity), Place>) {
        for key in self.arena(place).table.foreign_keys() {
            if let Some(target) = self.lost_target(place, key, identities)
                && let Some(reference) = self.arena_mut(place).records.reference_mut(place.slot, key.field)
            {
                reference.belongs_to(target);
                reference.wait_again();
            }
        }
    }

    /// Whom a reference leads to, if its key is not that entity's any more.
    fn lost_target(
        &self,
        place: Place,
        key: &ForeignKey,
        identities: &HashMap<(u32, Identity), Place>,
    ) -> Option<Token> {
        let arena = self.arena(place);
        let reference = arena.records.reference(place.slot, key.field)?;
        let identity = arena.identity_referred_to(place.slot, key)?;
        if let Some(target) = reference.entity() {
            // One that has left the session keeps its key.
            let has_key = |head: &Head| head.state == State::Persistent && head.identity == identity;
            return (!self.find_token(target).is_none_or(has_key)).then_some(target);
        }
        let target = self.arenas.iter().position(|other| key.is_to(other.table))?;
        let holder = identities.get(&(u32::try_from(target).ok()?, identity))?;
        Some(self.handle(*holder))
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
        let references: Vec<_> =
            arena.table.foreign_keys().iter().map(|key| arena.entity_referred_to(place.slot, key)).collect();
        for field in 0..arena.table.field_count() {
            arena.records.read_field(place.slot, field, &mut reader)?;
        }
        for (key, known) in arena.table.foreign_keys().iter().zip(references) {
            // A snapshot has keys only; the one that is still there is still that entity's.
            if let Some((entity, identity)) = known
                && arena.identity_referred_to(place.slot, key) == Some(identity)
                && let Some(reference) = arena.records.reference_mut(place.slot, key.field)
            {
                reference.belongs_to(entity);
            }
        }
        Ok(())
    }
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
