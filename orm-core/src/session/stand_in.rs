//! Stand-ins: entities that are known by their keys alone.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::model::{Entity, Key, Model};
use crate::session::arena::{Head, Place, State};
use crate::session::entities::Entities;
use crate::session::identity::Identity;

impl Entities {
    /// The entity with this primary key, without asking the database for it: 0 statements. If the session does not know it, it
    /// stands for a row that has to be there: it can be referred to, deleted and [`set`](Self::set), and reading its
    /// values is an error until they are loaded (`session.load(entity)`, 1 SELECT), which says so if there is no such row.
    ///
    /// `Post::new("Hello", session.reference::<User>(7)?)` needs no SELECT of the user.
    pub fn reference<M: Model>(&mut self, key: impl Into<M::Key>) -> Result<Entity<M>> {
        let identity = identity_of_key::<M>(&key.into())?;
        let index = self.arena_index::<M>();
        let arena = &mut self.arenas[index as usize];
        let slot = arena.find(&identity).unwrap_or_else(|| {
            let slot = arena.allocate(State::Persistent, 0, Identity::None);
            arena.records.clear(slot);
            arena.identify(slot, identity);
            slot
        });
        Ok(Entity::new(self.handle(Place { arena: index, slot })))
    }

    /// Why an entity that has its row shows no values.
    #[cold]
    pub(super) fn without_values(&self, place: Place, head: &Head) -> Error {
        let arena = self.arena(place);
        let shown = self.shown(head);
        let error = if arena.records.is_there(place.slot) {
            let message =
                format!("the entity {shown} is expired; call session.refresh(entity) before reading it");
            Error::new(ErrorKind::Expired, message)
        } else {
            let message = format!(
                "the entity {shown} was made by session.reference(key), and its row was not read; call \
                 session.load(entity) before reading it"
            );
            Error::new(ErrorKind::NotLoaded, message)
        };
        error.with_model(arena.model)
    }
}

/// The identity of a row of this model with this key.
#[inline]
pub(super) fn identity_of_key<M: Model>(key: &M::Key) -> Result<Identity> {
    let identity = Identity::of(M::Key::TYPES.len(), |part| key.get(part));
    identity.map_err(|error| error.with_model(M::NAME))
}
