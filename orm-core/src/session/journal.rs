//! The journal of a transaction: what has to be undone in memory when the transaction is rolled back. Its entries for
//! touched rows are also the snapshots that changes are found with.

use crate::session::arena::Place;
use crate::session::identity::Identity;
use crate::value::{Packed, Unpacked};

/// One thing that happened, with what is needed to undo it.
pub(super) enum Entry {
    /// The entity was handed out for writing; its columns, as they were, begin here.
    Touched(Place, usize),
    /// Its row was inserted; whether the database made its key.
    Inserted(Place, bool),
    /// Its row was updated under another primary key; the one before.
    Rekeyed(Place, Identity),
    /// Its row was deleted, or found to be gone.
    Deleted(Place),
}

#[derive(Default)]
pub(super) struct Journal {
    entries: Vec<Entry>,
    snapshots: Packed,
}

impl Journal {
    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Begins a snapshot, whose values are pushed to what this returns; it is found again under its entry's number.
    pub(super) fn snapshot(&mut self, place: Place) -> (u32, &mut Packed) {
        #[expect(clippy::cast_possible_truncation, reason = "memory ends before four billion snapshots do")]
        let number = self.entries.len() as u32;
        self.entries.push(Entry::Touched(place, self.snapshots.end()));
        (number, &mut self.snapshots)
    }

    /// The values of the snapshot with this number.
    pub(super) fn values_of(&self, number: u32) -> Unpacked<'_> {
        match self.entries.get(number as usize) {
            Some(Entry::Touched(_, start)) => self.values(*start),
            _ => self.values(usize::MAX),
        }
    }

    /// The values that begin here.
    pub(super) fn values(&self, start: usize) -> Unpacked<'_> {
        self.snapshots.from(start)
    }

    /// The entries, newest first; the snapshots stay readable until the journal is cleared.
    pub(super) fn take_newest(&mut self) -> Option<Entry> {
        self.entries.pop()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.snapshots.clear();
    }
}
