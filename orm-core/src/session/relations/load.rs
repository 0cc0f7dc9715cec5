//! Relations loaded for entities that are there.

use crate::Result;
use crate::engine::wait;
use crate::model::{Entity, Model, Relation};
use crate::session::arena::State;
use crate::session::unit::Unit;
use crate::session::{AsyncSession, Session};

impl Unit {
    /// Loads a relation of entities, where it is not loaded or was read in an earlier transaction.
    async fn load_with<M: Model, T: Model>(
        &mut self,
        entities: &[Entity<M>],
        relation: Relation<M, T>,
    ) -> Result<()> {
        let (arena, number) = (self.entities.arena_index::<M>(), relation.number()?);
        let mut slots = Vec::with_capacity(entities.len());
        for &entity in entities {
            let (place, head) = self.entities.look_up(entity.token, M::NAME)?;
            match head.state {
                State::Persistent => slots.push(place.slot),
                // What a new one has is what it was given.
                State::Pending => {}
                State::Transient | State::Deleted | State::Free => drop(self.entities.persistent(entity)?),
            }
        }
        if self.entities.lacking(arena, number, &slots).is_empty() {
            return Ok(());
        }
        self.autoflush().await?;
        let lacking = self.entities.lacking(arena, number, &slots);
        self.read_relation(arena, number, &lacking).await
    }
}

impl Session {
    /// The struct of an entity with a relation loaded: 1 SELECT if it is not, or was last read in an earlier transaction.
    pub fn load_with<M: Model, T: Model>(
        &mut self,
        entity: Entity<M>,
        relation: Relation<M, T>,
    ) -> Result<&M> {
        wait(self.unit.load_with(&[entity], relation))?;
        self.try_get(entity)
    }

    /// Loads a relation of several entities, with 1 SELECT for each 500 that lack it.
    pub fn load_with_all<M: Model, T: Model>(
        &mut self,
        entities: &[Entity<M>],
        relation: Relation<M, T>,
    ) -> Result<()> {
        wait(self.unit.load_with(entities, relation))
    }
}

impl AsyncSession {
    /// The struct of an entity with a relation loaded: 1 SELECT if it is not, or was last read in an earlier transaction.
    pub async fn load_with<M: Model, T: Model>(
        &mut self,
        entity: Entity<M>,
        relation: Relation<M, T>,
    ) -> Result<&M> {
        self.unit.load_with(&[entity], relation).await?;
        self.try_get(entity)
    }

    /// Loads a relation of several entities, with 1 SELECT for each 500 that lack it.
    pub async fn load_with_all<M: Model, T: Model>(
        &mut self,
        entities: &[Entity<M>],
        relation: Relation<M, T>,
    ) -> Result<()> {
        self.unit.load_with(entities, relation).await
    }
}
