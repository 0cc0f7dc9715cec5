//! The life cycle as a program sees it: the state of an entity, and the lists of those that a flush is about.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::model::{Entity, Model};
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::stand_in::identity_of_key;

/// Where an entity is in its life cycle; see [`Entities::state`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntityState {
    /// It was added and rolled back: its struct is still here, and nothing saves it. `detach` gives it back, to be added again.
    Transient,
    /// Added; the next flush inserts its row.
    Pending,
    /// It has its row, as far as this session knows.
    Persistent,
    /// Its row was deleted in the transaction that is open. A commit makes it detached, a rollback persistent again.
    Deleted,
    /// It is not in this session: it has left it, its deletion was committed, or it belongs to another one.
    Detached,
}

impl Entities {
    /// The state of an entity, whatever handle it is. No I/O.
    pub fn state<M: Model>(&self, entity: Entity<M>) -> EntityState {
        match self.find_token(entity.token).map(|head| head.state) {
            Some(State::Transient) => EntityState::Transient,
            Some(State::Pending) => EntityState::Pending,
            Some(State::Persistent) => EntityState::Persistent,
            Some(State::Deleted) => EntityState::Deleted,
            Some(State::Free) | None => EntityState::Detached,
        }
    }

    /// Whether an entity has a row and no values: `load` reads them, indexing panics. No I/O.
    pub fn is_expired<M: Model>(&self, entity: Entity<M>) -> bool {
        self.persistent(entity).is_ok_and(|place| !self.has_values(place))
    }

    /// Whether the values of an entity are the last known ones, of an earlier transaction: they can be read, and the next `get`, query
    /// or `load` that meets the entity reads them anew. One that was changed and not flushed is not. No I/O.
    pub fn is_stale<M: Model>(&self, entity: Entity<M>) -> bool {
        let is_stale = |place| !self.is_fresh(place) && self.has_values(place);
        self.persistent(entity).is_ok_and(is_stale)
    }

    /// The entities of a model that the next flush inserts, in the order in which they were added. It costs a look at all that are new.
    #[expect(
        clippy::new_ret_no_self,
        reason = "it is the list of the new, as `dirty` and `deleted` are lists"
    )]
    pub fn new<M: Model>(&self) -> Vec<Entity<M>> {
        self.listed(self.new.iter().copied(), |_| true)
    }

    /// The entities of a model of which the next flush updates a column. One that was only touched, or set back to what it was, is
    /// not among them, nor is one that is to be deleted. It costs a comparison of all that were touched since the last flush.
    pub fn dirty<M: Model>(&self) -> Vec<Entity<M>> {
        let places = self.touched.iter().copied().chain(self.assigned_unloaded());
        self.listed(places, |place| !self.head(place).doomed && self.differs(place))
    }

    /// The entities of a model that the next flush deletes. It costs a look at all that are to be deleted.
    pub fn deleted<M: Model>(&self) -> Vec<Entity<M>> {
        self.listed(self.doomed.iter().copied(), |_| true)
    }

    fn listed<M: Model>(
        &self,
        places: impl Iterator<Item = Place>,
        is_wanted: impl Fn(Place) -> bool,
    ) -> Vec<Entity<M>> {
        let Some(arena) = self.arena_of::<M>() else { return Vec::new() };
        let wanted = places.filter(|place| place.arena == arena && is_wanted(*place));
        wanted.map(|place| Entity::new(self.handle(place))).collect()
    }

    /// Whether a flush would write values of this entity: it is new, or a column differs from what its row is known to have. A column
    /// that was set to the value it had is no change. No I/O; it costs a comparison of the columns if the entity was touched.
    pub fn is_modified<M: Model>(&self, entity: Entity<M>) -> bool {
        match self.look_up(entity.token, M::NAME) {
            Ok((_, head)) if head.state == State::Pending => true,
            Ok((place, head)) if head.state == State::Persistent => self.differs(place),
            Ok(_) | Err(_) => false,
        }
    }

    /// Whether a flush would send anything. No I/O; it costs a comparison of what was touched, up to the first one that differs.
    pub fn has_changes(&self) -> bool {
        let differs = |&place: &Place| {
            self.head(place).doomed || self.differs(place) || self.has_edited_relations(place)
        };
        let is_assigned = || self.assigned.keys().any(|&place| self.is_assigned(place));
        !self.new.is_empty() || !self.doomed.is_empty() || self.touched.iter().any(differs) || is_assigned()
    }

    pub(super) fn differs(&self, place: Place) -> bool {
        self.differences(place).next().is_some() || self.is_assigned(place)
    }

    /// The entity with this primary key if the session knows it, loaded or expired. Never a statement, and never a flush: what was
    /// added and not flushed has no row, and is not found.
    pub fn peek<M: Model>(&self, key: impl Into<M::Key>) -> Option<Entity<M>> {
        let key = key.into();
        let arena = self.arena_of::<M>()?;
        let identity = identity_of_key::<M>(&key).ok()?;
        let slot = self.arenas[arena as usize].find(&identity)?;
        Some(Entity::new(self.handle(Place { arena, slot })))
    }

    /// Takes back a deletion that was asked for and not flushed; of several requests the last one counts. An entity that was not to be
    /// deleted stays as it is. Once the deletion was flushed only a rollback undoes it, and this is an error.
    pub fn undelete<M: Model>(&mut self, entity: Entity<M>) -> Result<()> {
        let place = match self.persistent(entity) {
            Ok(place) => place,
            Err(_) if self.state(entity) == EntityState::Deleted => {
                let message = "the deletion was flushed already; only a rollback undoes it";
                return Err(Error::new(ErrorKind::NotPersistent, message).with_model(M::NAME));
            }
            Err(error) => return Err(error),
        };
        self.spare(place);
        Ok(())
    }

    /// An entity is not to be deleted after all.
    pub(super) fn spare(&mut self, place: Place) {
        if std::mem::take(&mut self.head_mut(place).doomed) {
            self.doomed.remove(place);
        }
    }
}
