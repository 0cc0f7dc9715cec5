//! Single entities, found by their keys: in memory if they can be, else in the database.

use super::Unit;
use crate::Result;
use crate::driver::Row;
use crate::error::{Error, ErrorKind};
use crate::model::{Entity, Model, Token};
use crate::query::{KeyIs, Select};
use crate::result::Mapped;
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::identity::Identity;
use crate::session::stand_in::identity_of_key;

impl Unit {
    /// Looks a key up in memory.
    #[inline]
    pub(in crate::session) fn look_up<M: Model>(&mut self, key: &M::Key) -> Result<LookedUp> {
        let (arena, identity) = self.identity::<M>(key)?;
        Ok(match self.entities.fresh(arena, &identity) {
            Some(token) => LookedUp::Loaded(token),
            None => LookedUp::Missing(arena, identity),
        })
    }

    #[inline]
    fn identity<M: Model>(&mut self, key: &M::Key) -> Result<(u32, Identity)> {
        self.check()?;
        let identity = identity_of_key::<M>(key)?;
        Ok((self.entities.arena_index::<M>(), identity))
    }

    /// Looks a key up in memory, and if it is not current there, in the database.
    pub(in crate::session) async fn look_up_or_get(
        &mut self,
        arena: u32,
        identity: &Identity,
    ) -> Result<Option<Token>> {
        self.check()?;
        match self.entities.fresh(arena, identity) {
            Some(token) => Ok(Some(token)),
            None => self.get(arena, identity).await,
        }
    }

    /// Looks a key up in the database.
    pub(in crate::session) async fn get(&mut self, arena: u32, identity: &Identity) -> Result<Option<Token>> {
        if self.flushes_first() {
            Box::pin(self.flush()).await?;
            // What was only added before may be what is looked for.
            if let Some(token) = self.entities.fresh(arena, identity) {
                return Ok(Some(token));
            }
        }
        let found = self.fetch(arena, identity, false).await?;
        if found.is_none()
            && let Some(slot) = self.entities.arenas[arena as usize].find(identity)
        {
            self.entities.lose_row(Place { arena, slot });
        }
        if let Some(token) = found
            && self.entities.loads_by_default
        {
            Box::pin(self.load_defaults(arena, &[token.slot()])).await?;
        }
        Ok(found)
    }

    /// Reads one row by its key; `refill` puts its values over those of an entity that has its own.
    async fn fetch(&mut self, arena: u32, identity: &Identity, refill: bool) -> Result<Option<Token>> {
        let known = &mut self.entities.arenas[arena as usize];
        let statement = known.take_by_key(&self.engine)?;
        let parts = known.table.primary_key().len();
        let without_deferred = known.without_deferred.clone();
        let mut found = None;
        let take = |entities: &mut Entities, row: &dyn Row| {
            found = Some(match &without_deferred {
                None => entities.meet(arena, row, refill)?,
                Some(positions) => entities.meet(arena, &Mapped::new(row, positions), refill)?,
            });
            Ok(())
        };
        let (one, several);
        let values = match parts {
            1 => {
                one = [identity.value(0)];
                &one[..]
            }
            _ => {
                several = (0..parts).map(|part| identity.value(part)).collect::<Vec<_>>();
                &several[..]
            }
        };
        let result = self.run(&statement, values, false, take).await;
        self.entities.arenas[arena as usize].by_key = Some(statement);
        result.map(|()| found)
    }

    pub(in crate::session) async fn refresh<M: Model>(&mut self, entity: Entity<M>) -> Result<()> {
        let place = self.entities.persistent(entity)?;
        self.check()?;
        self.entities.forget_changes(place);
        let identity = self.identity_to_read(place).await?;
        let mut loaded = self.entities.loaded_edges(place);
        let by_default = self.entities.arena(place).joined_by_default();
        let is_found = match by_default.is_empty() {
            true => self.fetch(place.arena, &identity, true).await?.is_some(),
            false => self.all(by_key::<M>(&identity).populate_existing()).await?.pop().is_some(),
        };
        loaded.retain(|edge| !by_default.contains(edge));
        match is_found {
            true => self.reload(place, loaded).await,
            false => Err(self.row_gone(place)),
        }
    }

    /// Reads the row of a key and locks it, loaded or not.
    pub(in crate::session) async fn get_for_update<M: Model>(
        &mut self,
        key: &M::Key,
    ) -> Result<Option<Entity<M>>> {
        let (arena, identity) = self.identity::<M>(key)?;
        let found = self.fetch_for_update::<M>(&identity).await?;
        if found.is_none()
            && let Some(slot) = self.entities.arenas[arena as usize].find(&identity)
        {
            self.entities.lose_row(Place { arena, slot });
        }
        Ok(found)
    }

    pub(in crate::session) async fn refresh_for_update<M: Model>(&mut self, entity: Entity<M>) -> Result<()> {
        let place = self.entities.persistent(entity)?;
        self.check()?;
        self.entities.forget_changes(place);
        let identity = self.identity_to_read(place).await?;
        let loaded = self.entities.loaded_edges(place);
        match self.fetch_for_update::<M>(&identity).await? {
            Some(_) => self.reload(place, loaded).await,
            None => Err(self.row_gone(place)),
        }
    }

    async fn fetch_for_update<M: Model>(&mut self, identity: &Identity) -> Result<Option<Entity<M>>> {
        Ok(self.all(by_key::<M>(identity).for_update()).await?.pop())
    }

    pub(in crate::session) async fn load<M: Model>(&mut self, entity: Entity<M>) -> Result<&M> {
        if let Ok(place) = self.entities.persistent(entity)
            && !self.entities.is_fresh(place)
        {
            let identity = self.identity_to_read(place).await?;
            if self.fetch(place.arena, &identity, false).await?.is_none() {
                return Err(self.row_gone(place));
            }
            if self.entities.loads_by_default {
                Box::pin(self.load_defaults(place.arena, &[place.slot])).await?;
            }
        }
        self.entities.try_get(entity)
    }

    /// The key under which an entity's row is read: a flush that goes first may give it another one.
    async fn identity_to_read(&mut self, place: Place) -> Result<Identity> {
        if self.flushes_first() {
            Box::pin(self.flush()).await?;
        }
        Ok(self.entities.head(place).identity.clone())
    }

    pub(super) fn row_gone(&self, place: Place) -> Error {
        let head = self.entities.head(place);
        let by = if head.state == State::Deleted { "in this session" } else { "by somebody else" };
        self.row_gone_by(place, by)
    }

    /// The error for a row that was not found any more.
    pub(in crate::session) fn row_gone_by(&self, place: Place, by: &str) -> Error {
        let arena = self.entities.arena(place);
        let head = arena.head(place.slot);
        let shown = self.entities.shown(head);
        let message = match arena.records.is_there(place.slot) {
            true => format!("the row {shown} was deleted {by}"),
            false => format!("there is no row {shown}"),
        };
        Error::new(ErrorKind::RowGone, message).with_model(arena.model)
    }
}

/// A query for the row with a key.
fn by_key<M: Model>(identity: &Identity) -> Select<M> {
    let values = identity.values(M::table().primary_key().len());
    M::select().filter(KeyIs::condition(M::table(), values))
}

/// What a key was found to be.
pub(in crate::session) enum LookedUp {
    /// An entity whose values need not be read again.
    Loaded(Token),
    /// Something to ask the database for.
    Missing(u32, Identity),
}
