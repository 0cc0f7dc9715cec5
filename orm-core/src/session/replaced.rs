//! A new entity that has taken over the row of a deleted one.

use crate::session::arena::Place;
use crate::session::entities::Entities;

impl Entities {
    /// The row of an entity that was to be deleted was updated to be that of a new one.
    pub(super) fn replaced(&mut self, old: Place, new: Place) {
        let head = self.head(old);
        let identity = head.identity.clone();
        // What did not differ was not written: it is known as well as it was before.
        let read_at = if self.has_values(old) { head.read_at } else { self.clock };
        self.deleted(old);
        self.inserted(new, identity, false);
        self.head_mut(new).read_at = read_at;
    }

    /// Whether values of an entity are known, if only as they were in an earlier transaction.
    pub(super) fn has_values(&self, place: Place) -> bool {
        self.head(place).read_at >= self.expired_before
    }
}
