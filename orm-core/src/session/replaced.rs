//! A new entity that has taken over the row of a deleted one.

use crate::Result;
use crate::session::arena::Place;
use crate::session::entities::Entities;

impl Entities {
    /// The row of an entity that was to be deleted was updated to be that of a new one.
    pub(super) fn replaced(&mut self, old: Place, new: Place) -> Result<()> {
        self.keep_version(old, new)?;
        let head = self.head(old);
        let identity = head.identity.clone();
        // What did not differ was not written: it is known as well as it was before.
        let read_at = if self.has_values(old) { head.read_at } else { self.clock };
        self.lose_row(old);
        self.inserted(new, identity, false);
        self.head_mut(new).read_at = read_at;
        Ok(())
    }

    /// The same where the row is what the new one is to have: nothing is written, and what the database has made of it stays.
    pub(super) fn replaced_by_equal(&mut self, old: Place, new: Place) -> Result<()> {
        self.forget_changes(old);
        let arena = self.arena(new);
        let columns = arena.table.columns();
        let unfilled = arena.unfilled(new.slot);
        let is_made =
            |position: &usize| columns[*position].generated.is_some() || unfilled.contains(position);
        let made: Vec<_> = (0..columns.len()).filter(is_made).collect();
        if !made.is_empty() {
            self.copy_columns(old, new, &made)?;
        }
        self.replaced(old, new)
    }

    /// Where nothing differed, nothing was written, and the row has the version that it had.
    fn keep_version(&mut self, old: Place, new: Place) -> Result<()> {
        let Some(version) = self.arena(new).table.version() else { return Ok(()) };
        if self.arena(new).version(new.slot, version)? != 0 {
            return Ok(());
        }
        let known = self.known_version(old, version)?;
        self.note_version(new);
        self.arena_mut(new).set_key(new.slot, version, known)
    }

    /// Whether values of an entity are known, if only as they were in an earlier transaction.
    pub(super) fn has_values(&self, place: Place) -> bool {
        self.head(place).read_at >= self.expired_before
    }
}
