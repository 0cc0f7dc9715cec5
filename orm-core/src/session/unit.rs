//! The unit of work: entities and a connection. Everything that does I/O is written here, once, for both forms.

use std::sync::Arc;

use crate::driver::{Row, Statement};
use crate::engine::{EngineCore, Lease};
use crate::error::{Error, ErrorKind};
use crate::model::{Entity, Key, Model, RowReader, Select, Token};
use crate::query::{Begin, Rendered};
use crate::session::arena::{Place, blame};
use crate::session::entities::Entities;
use crate::session::flush;
use crate::session::identity::Identity;
use crate::session::plan::plan;
use crate::{Result, Value};

pub(super) struct Unit {
    pub(super) entities: Entities,
    engine: EngineCore,
    /// The connection of the transaction that is open.
    lease: Option<Lease>,
    /// Why nothing goes on before a rollback.
    failed: Option<Error>,
}

impl Unit {
    pub(super) fn new(engine: EngineCore) -> Self {
        Self { entities: Entities::new(), engine, lease: None, failed: None }
    }

    /// Refuses to go on after a failed flush, or after a call that was dropped half-way.
    fn check(&self) -> Result<()> {
        if let Some(first) = &self.failed {
            let message = format!("an earlier call failed: {first}");
            return Err(Error::new(ErrorKind::PendingRollback, message).with_source(first.clone()));
        }
        if self.lease.as_ref().is_some_and(Lease::is_busy) {
            let message = "an earlier call was dropped before it was answered";
            return Err(Error::new(ErrorKind::PendingRollback, message));
        }
        Ok(())
    }

    /// The connection, in a transaction.
    async fn connection<'l>(
        lease: &'l mut Option<Lease>,
        engine: &EngineCore,
        mode: Begin,
    ) -> Result<&'l mut Lease> {
        // Not `get_or_insert`: the lease is the session's before the first await that a BEGIN needs.
        if lease.is_none() {
            *lease = Some(engine.lease().await?);
            if let Some(new) = lease
                && let Err(error) = new.begin(mode).await
            {
                *lease = None;
                return Err(error);
            }
        }
        lease.as_mut().ok_or_else(|| Error::new(ErrorKind::ConnectionLost, "there is no connection"))
    }

    pub(super) async fn flush(&mut self) -> Result<()> {
        self.check()?;
        if !self.entities.has_changes() {
            return Ok(());
        }
        let steps = plan(&mut self.entities)?;
        if !steps.is_empty() {
            let Self { entities, engine, lease, .. } = self;
            let result = match Self::connection(lease, engine, Begin::Write).await {
                Ok(lease) => flush::run(entities, &steps, engine, lease).await,
                // Nothing was sent, and there may be a connection the next time.
                Err(error) => return Err(error),
            };
            if let Err(error) = result {
                return Err(self.fail(error).await);
            }
        }
        self.entities.flushed();
        Ok(())
    }

    pub(super) async fn commit(&mut self) -> Result<()> {
        self.flush().await?;
        if let Some(lease) = &mut self.lease {
            if let Err(error) = lease.commit().await {
                return Err(self.fail(error).await);
            }
            self.lease = None;
        }
        self.entities.committed();
        Ok(())
    }

    pub(super) async fn rollback(&mut self) -> Result<()> {
        let result = self.abandon().await;
        self.failed = None;
        result
    }

    /// Undoes the transaction in the database and in memory, and refuses to go on until the program has said `rollback`.
    async fn fail(&mut self, error: Error) -> Error {
        // The first error is the one to report; what follows from it is not.
        let _ = self.abandon().await;
        self.failed = Some(error.clone());
        error
    }

    async fn abandon(&mut self) -> Result<()> {
        if let Some(lease) = &mut self.lease {
            if !lease.is_busy() {
                // A connection that cannot roll back is thrown away, and the server rolls back.
                let _ = lease.rollback().await;
            }
            self.lease = None;
        }
        self.entities.rolled_back()
    }

    /// Runs a query; unflushed changes are written first, so that it sees them.
    async fn run(
        &mut self,
        statement: &Arc<Statement>,
        values: &[Value<'_>],
        sink: &mut (dyn FnMut(&mut Entities, &dyn Row) -> Result<()> + Send),
    ) -> Result<()> {
        self.flush().await?;
        let Self { entities, engine, lease, .. } = self;
        let connection = Self::connection(lease, engine, Begin::Read).await?;
        let result = connection.run(statement, values, &mut |row| sink(entities, row)).await;
        match result {
            Ok(_) => Ok(()),
            Err(error) if connection.is_broken() => Err(self.fail(error).await),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn all<M: Model>(&mut self, query: Select<M>) -> Result<Vec<Entity<M>>> {
        let arena = self.entities.arena_index::<M>();
        let (statement, values) = self.prepare(query.statement.rendered(self.engine.backend().dialect())?);
        let mut found = Vec::new();
        let take = &mut |entities: &mut Entities, row: &dyn Row| {
            found.push(Entity::new(entities.meet(arena, row, false)?));
            Ok(())
        };
        self.run(&statement, &values, take).await?;
        Ok(found)
    }

    pub(super) async fn first<M: Model>(&mut self, query: Select<M>) -> Result<Option<Entity<M>>> {
        Ok(self.all(query.limit(1)).await?.into_iter().next())
    }

    pub(super) async fn one<M: Model>(&mut self, query: Select<M>) -> Result<Entity<M>> {
        let none = || Error::new(ErrorKind::NoResult, "the query found no row").with_model(M::NAME);
        self.one_or_none(query).await?.ok_or_else(none)
    }

    pub(super) async fn one_or_none<M: Model>(&mut self, query: Select<M>) -> Result<Option<Entity<M>>> {
        let found = self.all(query).await?;
        match found[..] {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => {
                let message = format!("the query found {} rows", found.len());
                Err(Error::new(ErrorKind::MultipleResults, message).with_model(M::NAME))
            }
        }
    }

    pub(super) async fn rows<M: Model>(&mut self, query: Select<M>) -> Result<Vec<M>> {
        let (statement, values) = self.prepare(query.statement.rendered(self.engine.backend().dialect())?);
        let mut rows = Vec::new();
        let take = &mut |_: &mut Entities, row: &dyn Row| {
            let mut reader = RowReader::new(row);
            rows.push(
                M::read(&mut reader).map_err(|error| blame(M::NAME, M::table(), error, reader.position()))?,
            );
            Ok(())
        };
        self.run(&statement, &values, take).await?;
        Ok(rows)
    }

    fn prepare(&self, rendered: Rendered) -> (Arc<Statement>, Vec<Value<'static>>) {
        (self.engine.statements().query(&rendered), rendered.values)
    }

    pub(super) async fn get<M: Model>(&mut self, key: M::Key) -> Result<Option<Entity<M>>> {
        let arena = self.entities.arena_index::<M>();
        let parts = M::Key::TYPES.len();
        let identity =
            Identity::of(parts, |part| key.get(part)).map_err(|error| error.with_model(M::NAME))?;
        Ok(self.get_identity(arena, identity).await?.map(Entity::new))
    }

    async fn get_identity(&mut self, arena: u32, identity: Identity) -> Result<Option<Token>> {
        self.check()?;
        if let Some(token) = self.entities.fresh(arena, &identity) {
            return Ok(Some(token));
        }
        if self.entities.has_changes() {
            self.flush().await?;
            if let Some(token) = self.entities.fresh(arena, &identity) {
                return Ok(Some(token));
            }
        }
        let found = self.fetch(arena, &identity, false).await?;
        if found.is_none()
            && let Some(slot) = self.entities.arenas[arena as usize].find(&identity)
        {
            self.entities.deleted(Place { arena, slot });
        }
        Ok(found)
    }

    /// Reads one row by its key; `refill` puts its values over those of an entity that has its own.
    async fn fetch(&mut self, arena: u32, identity: &Identity, refill: bool) -> Result<Option<Token>> {
        let known = &mut self.entities.arenas[arena as usize];
        let statement = known.by_key(self.engine.statements(), self.engine.backend().dialect())?;
        let parts = known.table.primary_key().len();
        let mut found = None;
        let take = &mut |entities: &mut Entities, row: &dyn Row| {
            found = Some(entities.meet(arena, row, refill)?);
            Ok(())
        };
        match parts {
            1 => self.run(&statement, &[identity.value(0)], take).await?,
            _ => {
                let values: Vec<_> = (0..parts).map(|part| identity.value(part)).collect();
                self.run(&statement, &values, take).await?;
            }
        }
        Ok(found)
    }

    pub(super) async fn refresh<M: Model>(&mut self, entity: Entity<M>) -> Result<()> {
        let place = self.entities.persistent(entity)?;
        self.refresh_place(place).await
    }

    async fn refresh_place(&mut self, place: Place) -> Result<()> {
        self.check()?;
        self.entities.forget_changes(place);
        let identity = self.entities.head(place).identity.clone();
        match self.fetch(place.arena, &identity, true).await? {
            Some(_) => Ok(()),
            None => Err(Error::new(
                ErrorKind::RowGone,
                format!("the row {identity} was deleted by somebody else"),
            )
            .with_model(self.entities.arena(place).model)),
        }
    }

    pub(super) async fn load<M: Model>(&mut self, entity: Entity<M>) -> Result<&M> {
        if let Err(error) = self.entities.try_get(entity)
            && error.kind() == ErrorKind::Expired
        {
            self.refresh(entity).await?;
        }
        self.entities.try_get(entity)
    }
}
