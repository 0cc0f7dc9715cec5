//! Rows that are read meet the entities that are known.

use crate::Result;
use crate::driver::Row;
use crate::model::{Collection, Token};
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::identity::Identity;
use crate::session::journal::Entry;

impl Entities {
    /// The entity of a row, known or new; a known one takes over the row's values if it has none that are current.
    #[inline]
    pub(super) fn meet(&mut self, arena: u32, row: &dyn Row, refill: bool) -> Result<Token> {
        let home = &mut self.arenas[arena as usize];
        let identity = home.identity_of_row(row)?;
        let slot = match home.find(&identity) {
            None => {
                let slot = home.take_row(row, identity, self.clock)?;
                if self.wrote_rows || !self.left.is_empty() {
                    self.note_new(Place { arena, slot }, self.wrote_rows);
                }
                slot
            }
            Some(slot) => {
                self.meet_known(Place { arena, slot }, row, &identity, refill)?;
                slot
            }
        };
        let place = Place { arena, slot };
        if self.arenas[arena as usize].without_deferred.is_some() {
            self.fill_deferred(place, row)?;
        }
        if !self.assigned.is_empty() {
            self.apply_assigned(place)?;
        }
        Ok(self.handle(place))
    }

    fn meet_known(&mut self, place: Place, row: &dyn Row, identity: &Identity, refill: bool) -> Result<()> {
        if refill && !self.keeps_changes {
            self.forget_changes(place);
        }
        let head = self.head(place);
        let is_stale = head.read_at < self.stale_before;
        if head.touched && (self.keeps_changes || !refill) || !(refill || is_stale) {
            return Ok(());
        }
        let is_news = self.wrote_rows && !self.remember_before(place);
        let (slot, now, expired_before) = (place.slot, self.clock, self.expired_before);
        let home = self.arena_mut(place);
        let current = |collection: Collection| match collection.read_at() >= expired_before {
            true => collection,
            false => Collection::not_loaded(),
        };
        let relations: Vec<_> = home.collections(slot).map(current).collect();
        let mut known = home.known_references(slot);
        home.read(slot, row, identity)?;
        home.put_collections(slot, &relations);
        home.head_mut(slot).read_at = now;
        if !known.is_empty() {
            known.retain(|(_, entity, _)| self.find_token(*entity).is_some());
            self.arena_mut(place).know_again(slot, known);
        }
        if is_news || !self.left.is_empty() {
            self.note_new(place, is_news);
        }
        Ok(())
    }

    /// Remembers what an entity was before it takes over a row that this transaction may have written; not if there is nothing to be
    /// remembered, so that after a rollback it has to be read again.
    #[cold]
    fn remember_before(&mut self, place: Place) -> bool {
        if self.head(place).read_at < self.expired_before {
            return false;
        }
        let Self { arenas, journal, .. } = self;
        let arena = &mut arenas[place.arena as usize];
        let (_, snapshot) = journal.snapshot(place, arena.collections(place.slot));
        arena.records.pack(place.slot, snapshot);
        true
    }

    /// What was read may be what this transaction wrote, so that a rollback takes it back: if that is known (`is_news`), or if an entity of
    /// the row has left, which may have written it.
    #[cold]
    fn note_new(&mut self, place: Place, is_news: bool) {
        if is_news || self.left.contains(&(place.arena, self.head(place).identity.clone())) {
            self.journal.push(Entry::Met(place));
        }
    }
}
