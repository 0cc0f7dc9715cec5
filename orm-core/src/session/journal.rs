//! The journal of a transaction: what has to be undone in memory when the transaction is rolled back. Its entries for
//! touched rows are also the snapshots that changes are found with.

use std::ops::Range;

use foldhash::HashSet;

use crate::model::Collection;
use crate::session::arena::Place;
use crate::session::fetched::Fetched;
use crate::session::identity::Identity;
use crate::value::{Packed, Unpacked};

/// One thing that happened, with what is needed to undo it.
pub(super) enum Entry {
    /// The relations of an entity as they were: these of the journal's. Where it was handed out for writing, this stands before that.
    Collections(Place, Range<usize>),
    /// The entity was handed out for writing; its columns, as they were, begin here.
    Touched(Place, usize),
    /// The rows of so many entities in neighbouring slots were inserted; whether the database made their keys.
    Inserted { first: Place, count: u32, generated: bool },
    /// Rows were updated under other primary keys, all at once; those before.
    Rekeyed(Vec<(Place, Identity)>),
    /// Its row was met after another entity for it had left, so it may be one that this transaction wrote.
    Met(Place),
    /// The session has given a new entity its version.
    Versioned(Place),
    /// Its row was deleted, or found to be gone.
    Deleted(Place),
    /// What the database made of rows was read.
    Fetched(Box<Fetched>),
}

#[derive(Default)]
pub(super) struct Journal {
    entries: Vec<Entry>,
    snapshots: Packed,
    collections: Vec<Collection>,
    /// Whose relations were noted since the last savepoint.
    noted: HashSet<Place>,
    /// How many entries there were when the last savepoint was set: these do not change any more.
    closed: usize,
}

impl Journal {
    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Notes an insert; neighbours share an entry, as most that are inserted together are.
    #[inline]
    pub(super) fn inserted(&mut self, place: Place, generated: bool) {
        if self.entries.len() > self.closed
            && let Some(Entry::Inserted { first, count, generated: same }) = self.entries.last_mut()
            && *same == generated
            && (Place { arena: first.arena, slot: first.slot + *count }) == place
        {
            *count += 1;
        } else {
            self.entries.push(Entry::Inserted { first: place, count: 1, generated });
        }
    }

    /// Begins a snapshot, whose values are pushed to what this returns; it is found again under its entry's number.
    pub(super) fn snapshot(
        &mut self,
        place: Place,
        collections: impl IntoIterator<Item = Collection>,
    ) -> (u32, &mut Packed) {
        self.push_collections(place, collections);
        #[expect(clippy::cast_possible_truncation, reason = "memory ends before four billion snapshots do")]
        let number = self.entries.len() as u32;
        self.entries.push(Entry::Touched(place, self.snapshots.end()));
        (number, &mut self.snapshots)
    }

    /// Notes the relations of an entity, as they are, if it has any and this was not done since the last savepoint: what they were first
    /// is what they are after a rollback.
    pub(super) fn collections(&mut self, place: Place, collections: impl IntoIterator<Item = Collection>) {
        if self.noted.insert(place) {
            self.push_collections(place, collections);
        }
    }

    fn push_collections(&mut self, place: Place, collections: impl IntoIterator<Item = Collection>) {
        let first = self.collections.len();
        self.collections.extend(collections);
        if self.collections.len() > first {
            self.entries.push(Entry::Collections(place, first..self.collections.len()));
        }
    }

    /// The relations that an entry has.
    pub(super) fn collections_in(&self, entry: &Range<usize>) -> &[Collection] {
        self.collections.get(entry.clone()).unwrap_or_default()
    }

    /// The relations that were noted with the snapshot with this number.
    pub(super) fn collections_of(&self, number: u32) -> &[Collection] {
        match (number as usize).checked_sub(1).and_then(|before| self.entries.get(before)) {
            Some(Entry::Collections(_, collections)) => self.collections_in(collections),
            _ => &[],
        }
    }

    /// Where values begin that are pushed now, for an entry that follows.
    pub(super) fn end_of_values(&self) -> usize {
        self.snapshots.end()
    }

    /// Takes such values.
    pub(super) fn values_to_push(&mut self) -> &mut Packed {
        &mut self.snapshots
    }

    /// Where the values of the snapshot with this number begin.
    pub(super) fn start_of(&self, number: u32) -> Option<usize> {
        match self.entries.get(number as usize) {
            Some(Entry::Touched(_, start)) => Some(*start),
            _ => None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The values that begin here.
    pub(super) fn values(&self, start: usize) -> Unpacked<'_> {
        self.snapshots.from(start)
    }

    /// How much there is now; what comes later can be undone apart from it.
    pub(super) fn mark(&mut self) -> usize {
        self.noted.clear();
        self.closed = self.entries.len();
        self.closed
    }

    /// Whether anything happened behind a mark.
    pub(super) fn has_more_than(&self, mark: usize) -> bool {
        self.entries.len() > mark
    }

    /// The entries behind a mark, newest first; the snapshots stay readable until the journal is cleared.
    pub(super) fn take_newest(&mut self, mark: usize) -> Option<Entry> {
        self.noted.clear();
        if self.entries.len() > mark { self.entries.pop() } else { None }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.snapshots.clear();
        self.collections.clear();
        self.noted.clear();
        self.closed = 0;
    }
}
