//! Which values are current, which are last known ones, and which are thrown away: the session's clock.

use crate::model::Token;
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::identity::Identity;

impl Entities {
    /// Nothing that was read before now is known any more.
    pub(super) fn expire_known(&mut self) {
        self.make_stale();
        self.expired_before = self.stale_before - 1;
    }

    /// What was read before now are last known values.
    pub(super) fn make_stale(&mut self) {
        self.stale_before = self.tick();
    }

    /// What is read from now on is told from what was read before.
    pub(super) fn tick(&mut self) -> u32 {
        self.clock += 2;
        self.clock
    }

    /// What is known of an entity is a last known value, or is thrown away, as at the end of a transaction.
    pub(super) fn make_one_stale(&mut self, place: Place) {
        let read_at = if self.expires { 0 } else { self.stale_before - 1 };
        let head = self.head_mut(place);
        head.read_at = head.read_at.min(read_at);
    }

    /// The entity with this identity, if its values need not be read again.
    #[inline]
    pub(super) fn fresh(&self, arena: u32, identity: &Identity) -> Option<Token> {
        let slot = self.arenas[arena as usize].find(identity)?;
        let place = Place { arena, slot };
        self.is_fresh(place).then(|| self.handle(place))
    }

    /// Whether an entity's values need not be read again.
    pub(super) fn is_fresh(&self, place: Place) -> bool {
        let head = self.head(place);
        head.touched || head.read_at >= self.stale_before
    }
}
