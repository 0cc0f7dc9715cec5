//! What the database has acknowledged, in memory: rows that were inserted, updated or deleted, other keys, and the end of the
//! transaction.

use crate::Result;
use crate::metadata::Table;
use crate::session::arena::{Arena, Place, State};
use crate::session::entities::Entities;
use crate::session::identity::Identity;
use crate::session::journal::Entry;

impl Entities {
    /// All changes were written.
    pub(super) fn flushed(&mut self) {
        if self.has_relations {
            self.settle_links();
        }
        self.new.clear();
        self.touched.clear();
        self.assigned.clear();
        self.doomed.clear();
    }

    /// The columns as they were when the entity was touched.
    #[inline]
    pub(super) fn snapshot(&self, place: Place) -> crate::value::Unpacked<'_> {
        self.journal.values(self.journal.start_of(self.head(place).snapshot).unwrap_or(usize::MAX))
    }

    /// The row of a pending entity was inserted, under this identity.
    #[inline]
    pub(super) fn inserted(&mut self, place: Place, identity: Identity, generated: bool) {
        self.identify(place, identity);
        let now = self.clock;
        let head = self.head_mut(place);
        head.state = State::Persistent;
        head.read_at = now;
        if self.has_relations {
            self.relations_known_since(place, now);
        }
        self.journal.inserted(place, generated);
    }

    /// Changes of these columns of entities of one arena were written, all at once.
    pub(super) fn updated(&mut self, columns: &[usize], places: impl Iterator<Item = Place>) -> Result<()> {
        let is_key = |table: &Table| table.primary_key().iter().any(|key| columns.contains(key));
        let mut rekeyed = Vec::new();
        for place in places {
            if !self.head(place).touched {
                // It was set without being loaded: what is read of it from now on may be undone with that.
                self.journal.push(Entry::Met(place));
                continue;
            }
            let arena = self.arena_mut(place);
            arena.head_mut(place.slot).touched = false;
            if is_key(arena.table) {
                let identity = arena.identity_of(place.slot)?;
                if arena.head(place.slot).identity != identity {
                    rekeyed.push((place, identity));
                }
            }
        }
        self.rekey(rekeyed)
    }

    /// Enters entities of one arena under their new keys, and takes along what refers to them. All old keys are given up first: one
    /// entity's new key may be another's old one.
    pub(super) fn rekey(&mut self, rekeyed: Vec<(Place, Identity)>) -> Result<()> {
        if rekeyed.is_empty() {
            return Ok(());
        }
        rekeyed.iter().for_each(|(place, _)| self.arena_mut(*place).forget_identity(place.slot));
        let mut before = Vec::new();
        for (place, identity) in rekeyed {
            before.push((place, self.head(place).identity.clone()));
            self.identify(place, identity);
        }
        let followed = self.follow(&before);
        self.journal.push(Entry::Rekeyed(before));
        followed
    }

    /// Enters an entity under the identity that the database has just given it: who was known under it has lost its row to
    /// somebody else meanwhile.
    #[inline]
    fn identify(&mut self, place: Place, identity: Identity) {
        if let Some(slot) = self.arena_mut(place).identify(place.slot, identity) {
            self.lose_row(Place { slot, ..place });
        }
    }

    /// The rows of entities of one arena were deleted, and with them what the database deletes or changes in turn.
    pub(super) fn deleted_rows(&mut self, places: &[Place]) -> Result<()> {
        if self.has_relations {
            self.leave_collections(places.iter().copied());
        }
        places.iter().for_each(|&place| self.lose_known_row(place));
        self.follow_deleted(places)
    }

    /// The row of an entity is found to be gone.
    pub(super) fn lose_row(&mut self, place: Place) {
        if self.has_relations {
            self.leave_collections([place].into_iter());
        }
        self.lose_known_row(place);
    }

    fn lose_known_row(&mut self, place: Place) {
        if !self.assigned.is_empty() {
            self.assigned.remove(&place);
        }
        let arena = self.arena_mut(place);
        arena.forget_identity(place.slot);
        let head = arena.head_mut(place.slot);
        head.state = State::Deleted;
        head.doomed = false;
        head.touched = false;
        self.journal.push(Entry::Deleted(place));
    }

    /// Everything since the last commit became permanent.
    pub(super) fn committed(&mut self) {
        let Self { journal, arenas, .. } = self;
        for entry in journal.iter() {
            if let Entry::Deleted(place) = *entry {
                arenas[place.arena as usize].release_deleted(place.slot);
            }
        }
        journal.clear();
        self.end_of_transaction();
    }

    pub(super) fn end_of_transaction(&mut self) {
        self.left.clear();
        self.wrote_rows = false;
        match self.expires {
            true => self.expire_known(),
            false => self.make_stale(),
        }
        self.arenas.iter_mut().for_each(Arena::reuse_retired);
    }
}
