//! Relations loaded for entities that are there.

use crate::Result;
use crate::engine::wait;
use crate::model::{Entity, Model};
use crate::query::{Load, Loadable, Loads};
use crate::session::arena::{Place, State};
use crate::session::unit::Unit;
use crate::session::{AsyncSession, Session};

impl Unit {
    /// Loads a relation of an entity, and of those that came with it, unless the session was told to leave them alone.
    async fn load_with<M: Model>(&mut self, entity: Entity<M>, load: Load) -> Result<&M> {
        self.place_to_load(entity)?;
        self.autoflush().await?;
        let place = self.place_to_load(entity)?;
        if self.lacks(place.arena, &[place.slot], &load) {
            Box::pin(self.load_of_cohort(place, load)).await?;
        }
        self.entities.try_get(entity)
    }

    /// Loads a relation of these entities.
    async fn load_with_all<M: Model>(&mut self, entities: &[Entity<M>], load: Load) -> Result<()> {
        self.autoflush().await?;
        let arena = self.entities.arena_index::<M>();
        let places = entities.iter().map(|&entity| Ok(self.place_to_load(entity)?.slot));
        let slots = places.collect::<Result<Vec<_>>>()?;
        if !self.lacks(arena, &slots, &load) {
            return Ok(());
        }
        self.load_now(arena, &slots, &slots, load).await
    }

    /// Where an entity is whose relations can be loaded.
    fn place_to_load<M: Model>(&self, entity: Entity<M>) -> Result<Place> {
        let (place, head) = self.entities.look_up(entity.token, M::NAME)?;
        match head.state {
            State::Persistent | State::Pending => Ok(place),
            State::Transient | State::Deleted | State::Free => self.entities.persistent(entity),
        }
    }

    /// Whether there may be something to load.
    fn lacks(&mut self, arena: u32, slots: &[u32], load: &Load) -> bool {
        let since = self.entities.stale_before;
        load.reload
            || !load.then.is_empty()
            || slots.iter().any(|&slot| self.is_expired(Place { arena, slot }))
            || !self.entities.lacking(arena, load.edge, slots, since).is_empty()
    }

    fn is_expired(&self, place: Place) -> bool {
        self.entities.head(place).state == State::Persistent && !self.entities.has_values(place)
    }

    async fn load_of_cohort(&mut self, place: Place, load: Load) -> Result<()> {
        let slots = if self.options.cohorts { self.entities.cohort_of(place) } else { vec![place.slot] };
        self.load_now(place.arena, &[place.slot], &slots, load).await
    }

    /// Loads a relation of some entities, of which those that were asked for have to be there. Rows that are not current are read first.
    async fn load_now(&mut self, arena: u32, asked: &[u32], slots: &[u32], load: Load) -> Result<()> {
        let since = self.entities.stale_before;
        let mut lacking = self.entities.lacking(arena, load.edge, slots, since);
        lacking.extend(asked);
        self.read_if_stale(arena, &lacking).await?;
        let is_gone = |slot: &&u32| self.entities.head(Place { arena, slot: **slot }).state == State::Deleted;
        if let Some(&slot) = asked.iter().find(is_gone) {
            return Err(self.row_gone_by(Place { arena, slot }, "by somebody else"));
        }
        self.entities.keeps_changes = true;
        self.load_all(arena, slots, &Loads { with: vec![load], without: Vec::new() }, since).await
    }

    async fn read_if_stale(&mut self, arena: u32, slots: &[u32]) -> Result<()> {
        let is_stale = |slot: u32| {
            let place = Place { arena, slot };
            let head = self.entities.head(place);
            (head.state == State::Persistent && !self.entities.is_fresh(place)).then(|| head.identity.clone())
        };
        let stale: Vec<_> = slots.iter().copied().filter_map(is_stale).collect();
        if stale.is_empty() { Ok(()) } else { self.read_identities(arena, &stale).await }
    }
}

impl Session {
    /// The struct of an entity with a relation loaded, `session.load_with(user, User::POSTS)`, and whatever is said to be behind it,
    /// `User::POSTS.then(Post::TAGS)`.
    ///
    /// What is loaded and current costs nothing. Else it is loaded for all entities that came with this one by the same query and lack it,
    /// with 1 SELECT for each 500: a loop that loads one by one costs 1 for all. ([`SessionMaker::cohorts`](crate::session::SessionMaker::cohorts)
    /// turns that off.) Entities whose rows were last read in an earlier transaction are read again before, with 1 SELECT for each 500.
    #[track_caller]
    pub fn load_with<M: Model>(&mut self, entity: Entity<M>, relation: impl Loadable<M>) -> Result<&M> {
        wait(self.unit.called().load_with(entity, relation.into_load()))
    }

    /// Loads a relation of several entities, and whatever is said to be behind it, with 1 SELECT for each 500 that lack it.
    #[track_caller]
    pub fn load_with_all<M: Model>(
        &mut self,
        entities: &[Entity<M>],
        relation: impl Loadable<M>,
    ) -> Result<()> {
        wait(self.unit.called().load_with_all(entities, relation.into_load()))
    }
}

impl AsyncSession {
    /// The struct of an entity with a relation loaded, `session.load_with(user, User::POSTS)`, and whatever is said to be behind it,
    /// `User::POSTS.then(Post::TAGS)`.
    ///
    /// What is loaded and current costs nothing. Else it is loaded for all entities that came with this one by the same query and lack it,
    /// with 1 SELECT for each 500: a loop that loads one by one costs 1 for all. ([`SessionMaker::cohorts`](crate::session::SessionMaker::cohorts)
    /// turns that off.) Entities whose rows were last read in an earlier transaction are read again before, with 1 SELECT for each 500.
    #[track_caller]
    pub fn load_with<M: Model, R: Loadable<M>>(
        &mut self,
        entity: Entity<M>,
        relation: R,
    ) -> impl Future<Output = Result<&M>> + use<'_, M, R> {
        self.unit.called().load_with(entity, relation.into_load())
    }

    /// Loads a relation of several entities, and whatever is said to be behind it, with 1 SELECT for each 500 that lack it.
    #[track_caller]
    pub fn load_with_all<M: Model, R: Loadable<M>>(
        &mut self,
        entities: &[Entity<M>],
        relation: R,
    ) -> impl Future<Output = Result<()>> {
        self.unit.called().load_with_all(entities, relation.into_load())
    }
}
