//! Rows that are read meet the entities that are known.

use crate::Result;
use crate::driver::Row;
use crate::model::Token;
use crate::session::arena::{Head, Met, Place};
use crate::session::entities::Entities;
use crate::session::journal::Entry;

impl Entities {
    /// The entity of a row, known or new; a known one takes over the row's values if it has none that are current.
    #[inline]
    pub(super) fn meet(&mut self, arena: u32, row: &dyn Row, refill: bool) -> Result<Token> {
        let (session, now, current) = (self.session, self.clock, self.stale_before);
        let expired_before = self.expired_before;
        let keeps_changes = self.keeps_changes;
        let has_changes = !(self.touched.is_empty() && self.assigned.is_empty());
        if refill && has_changes && !keeps_changes {
            self.forget_changes_of(arena, row)?;
        }
        let refill = |head: &Head| {
            (refill && !(keeps_changes && head.touched)) || (head.read_at < current && !head.touched)
        };
        let is_news = self.wrote_rows && self.remember_before(arena, row, refill)?;
        let may_have_left = !self.left.is_empty() && self.is_to_be_read(arena, row, refill)?;
        let Met { slot, generation, mut known } =
            self.arenas[arena as usize].meet(row, now, expired_before, refill)?;
        if !known.is_empty() {
            known.retain(|(_, entity, _)| self.find_token(*entity).is_some());
            self.arenas[arena as usize].know_again(slot, known);
        }
        if is_news {
            self.journal.push(Entry::Met(Place { arena, slot }));
        } else if may_have_left {
            self.note_if_left(Place { arena, slot });
        }
        if self.arenas[arena as usize].without_deferred.is_some() {
            self.fill_deferred(Place { arena, slot }, row)?;
        }
        if !self.assigned.is_empty() {
            self.apply_assigned(Place { arena, slot })?;
        }
        Ok(Token::new(session, arena, slot, generation))
    }

    /// Whether the entity of a row is new, or takes it over.
    #[cold]
    fn is_to_be_read(&self, arena: u32, row: &dyn Row, refill: impl Fn(&Head) -> bool) -> Result<bool> {
        let arena = &self.arenas[arena as usize];
        Ok(arena.find_row(row)?.is_none_or(|slot| refill(arena.head(slot))))
    }

    /// Remembers what an entity was before it takes over a row that this transaction may have written; whether there is nothing
    /// to be remembered, so that after a rollback it has to be read again.
    #[cold]
    fn remember_before(&mut self, arena: u32, row: &dyn Row, refill: impl Fn(&Head) -> bool) -> Result<bool> {
        let Some(slot) = self.arenas[arena as usize].find_row(row)? else { return Ok(true) };
        let place = Place { arena, slot };
        let head = self.head(place);
        if !refill(head) {
            return Ok(false);
        }
        if head.read_at < self.expired_before {
            return Ok(true);
        }
        let Self { arenas, journal, .. } = self;
        let arena = &mut arenas[arena as usize];
        let (_, snapshot) = journal.snapshot(place, arena.collections(slot));
        arena.records.pack(slot, arena.table.columns(), snapshot);
        Ok(false)
    }

    /// Drops what was changed in the entity of a row and not flushed.
    #[cold]
    fn forget_changes_of(&mut self, arena: u32, row: &dyn Row) -> Result<()> {
        if let Some(slot) = self.arenas[arena as usize].find_row(row)? {
            self.forget_changes(Place { arena, slot });
        }
        Ok(())
    }

    /// A row whose entity has left may be one that this transaction wrote, and that a rollback takes back.
    #[cold]
    fn note_if_left(&mut self, place: Place) {
        let identity = &self.head(place).identity;
        if self.left.contains(&(place.arena, identity.clone())) {
            self.journal.push(Entry::Met(place));
        }
    }
}
