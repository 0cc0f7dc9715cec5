//! Several entities at once: found by their keys, or borrowed together.

use crate::Result;
use crate::engine::wait;
use crate::error::{Error, ErrorKind};
use crate::model::{Entity, Model};
use crate::session::arena::Place;
use crate::session::entities::{Entities, LEFT, gone};
use crate::session::stand_in::identity_of_key;
use crate::session::unit::Unit;
use crate::session::{AsyncSession, Session};

impl Entities {
    /// The structs of several entities, to be changed together: `let [from, to] = session.get_many_mut([alice, bob])?;`. An error if
    /// one of them cannot be shown, or is there twice; then none counts as changed. No I/O.
    pub fn get_many_mut<M: Model, const N: usize>(
        &mut self,
        entities: [Entity<M>; N],
    ) -> Result<[&mut M; N]> {
        let mut slots = [0; N];
        for (index, &entity) in entities.iter().enumerate() {
            if entities[..index].contains(&entity) {
                let message = "the same entity is there twice, and can be borrowed to be changed only once";
                return Err(Error::new(ErrorKind::Misuse, message).with_model(M::NAME));
            }
            slots[index] = self.writable(entity)?.slot;
        }
        for &entity in &entities {
            let place = self.writable(entity)?;
            self.touch(place);
        }
        let arena = self.arena_index::<M>();
        let structs = self.arenas[arena as usize].structs_mut::<M>();
        let structs = structs.and_then(|structs| structs.get_disjoint_mut(&slots));
        let records = structs.map(|structs| structs.into_iter().map(Option::as_mut).collect());
        let records: Option<Vec<_>> = records.unwrap_or_default();
        records.and_then(|records| records.try_into().ok()).ok_or_else(|| gone(M::NAME, LEFT))
    }
}

impl Unit {
    /// The entities with these keys; those that are not current are read, with one SELECT for each 500.
    async fn get_many<M: Model>(&mut self, keys: Vec<M::Key>) -> Result<Vec<Option<Entity<M>>>> {
        let identities = keys.iter().map(identity_of_key::<M>).collect::<Result<Vec<_>>>()?;
        let arena = self.entities.arena_index::<M>();
        self.read_identities(arena, &identities).await?;
        if self.entities.loads_by_default {
            let known =
                identities.iter().filter_map(|identity| self.entities.arenas[arena as usize].find(identity));
            let slots: Vec<_> = known.collect();
            self.load_defaults(arena, &slots).await?;
        }
        let entities = &self.entities;
        let found = |identity| {
            let slot = entities.arenas[arena as usize].find(identity)?;
            Some(Entity::new(entities.handle(Place { arena, slot })))
        };
        Ok(identities.iter().map(found).collect())
    }
}

impl Session {
    /// The entities with these primary keys, in their order, and `None` for a key that has no row. Those that are loaded cost nothing;
    /// all others are read together, with 1 SELECT for each 500.
    #[track_caller]
    pub fn get_many<M: Model>(
        &mut self,
        keys: impl IntoIterator<Item = impl Into<M::Key>>,
    ) -> Result<Vec<Option<Entity<M>>>> {
        wait(self.unit.called().get_many(keys.into_iter().map(Into::into).collect()))
    }
}

impl AsyncSession {
    /// The entities with these primary keys, in their order, and `None` for a key that has no row. Those that are loaded cost nothing;
    /// all others are read together, with 1 SELECT for each 500.
    #[track_caller]
    pub fn get_many<M: Model>(
        &mut self,
        keys: impl IntoIterator<Item = impl Into<M::Key>>,
    ) -> impl Future<Output = Result<Vec<Option<Entity<M>>>>> {
        self.unit.called().get_many(keys.into_iter().map(Into::into).collect())
    }
}
