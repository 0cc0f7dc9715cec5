//! The unit of work: entities and a connection. Everything that does I/O is written here, once, for both forms.

use std::fmt;
use std::sync::Arc;

use crate::driver::{Begin, Row, Statement};
use crate::engine::{EngineCore, Lease};
use crate::error::{Error, ErrorKind};
use crate::model::{Entity, Key, Model, RowReader, Select, Token};
use crate::query::SelectStatement;
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
    #[inline]
    fn check(&self) -> Result<()> {
        match (&self.failed, &self.lease) {
            (None, None) => Ok(()),
            (None, Some(lease)) if !lease.is_busy() => Ok(()),
            _ => self.refuse(),
        }
    }

    #[cold]
    fn refuse(&self) -> Result<()> {
        if let Some(first) = &self.failed {
            let message = format!("an earlier call failed: {first}");
            return Err(Error::new(ErrorKind::PendingRollback, message).with_source(first.clone()));
        }
        Err(Error::new(ErrorKind::PendingRollback, "an earlier call was dropped before it was answered"))
    }

    /// Whether a statement can be sent as things are: nothing to flush, a transaction open, nothing gone wrong.
    #[inline]
    fn is_ready(&self) -> bool {
        !self.entities.has_changes() && self.lease.is_some() && self.check().is_ok()
    }

    /// Writes what was changed and begins a transaction.
    ///
    /// What is rare is boxed where it is called, so that the future of a call that only looks something up stays small: it
    /// is moved with every call.
    async fn get_ready(&mut self) -> Result<()> {
        self.flush().await?;
        self.begin(Begin::READ).await
    }

    /// Takes a connection and begins a transaction, unless there is one.
    async fn begin(&mut self, mode: Begin) -> Result<()> {
        if self.lease.is_some() {
            return Ok(());
        }
        // The session holds the lease before the BEGIN is sent: a future dropped there leaves it to be cleaned.
        let lease = self.lease.insert(self.engine.lease().await?);
        let begun = lease.begin(mode).await;
        if begun.is_err() {
            self.lease = None;
        }
        begun
    }

    pub(super) async fn flush(&mut self) -> Result<()> {
        self.check()?;
        if !self.entities.has_changes() {
            return Ok(());
        }
        let steps = plan(&mut self.entities)?;
        if !steps.is_empty() {
            self.begin(Begin::WRITE).await?;
            let Self { entities, engine, lease, .. } = self;
            if let Err(error) = flush::run(entities, &steps, engine, held(lease)?).await {
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
        if error.is_commit_unknown() {
            self.entities.expire_known();
        }
        self.failed = Some(error.clone());
        error
    }

    async fn abandon(&mut self) -> Result<()> {
        let mut in_doubt = false;
        if let Some(lease) = &mut self.lease {
            in_doubt = lease.is_busy();
            if !in_doubt {
                // A connection that cannot roll back is thrown away, and the server rolls back.
                let _ = lease.rollback().await;
            }
            self.lease = None;
        }
        let result = self.entities.rolled_back();
        if in_doubt {
            // What was not answered may have been a COMMIT.
            self.entities.expire_known();
        }
        result
    }

    /// Runs a query; unflushed changes are written first, so that it sees them.
    async fn run<F>(&mut self, statement: &Arc<Statement>, values: &[Value<'_>], mut take: F) -> Result<()>
    where
        F: FnMut(&mut Entities, &dyn Row) -> Result<()> + Send,
    {
        if !self.is_ready() {
            Box::pin(self.get_ready()).await?;
        }
        let Self { entities, lease, .. } = self;
        let lease = held(lease)?;
        match lease.run(statement, values, &mut |row: &dyn Row| take(entities, row)).await {
            Ok(_) => Ok(()),
            Err(error) if lease.is_broken() => Err(Box::pin(self.fail(error)).await),
            Err(error) => Err(error),
        }
    }

    /// A query as the driver gets it.
    fn prepare(&self, query: &SelectStatement) -> Result<(Arc<Statement>, Vec<Value<'static>>)> {
        let rendered = query.rendered(self.engine.backend().dialect())?;
        Ok((self.engine.statements().query(&rendered), rendered.values))
    }

    /// The entities of a query's rows.
    async fn meet_all(&mut self, arena: u32, query: &SelectStatement) -> Result<Vec<Token>> {
        let (statement, values) = self.prepare(query)?;
        let mut found = Vec::new();
        let take = |entities: &mut Entities, row: &dyn Row| {
            found.push(entities.meet(arena, row, false)?);
            Ok(())
        };
        self.run(&statement, &values, take).await?;
        Ok(found)
    }

    pub(super) async fn all<M: Model>(&mut self, query: Select<M>) -> Result<Vec<Entity<M>>> {
        let arena = self.entities.arena_index::<M>();
        let found = self.meet_all(arena, &query.statement).await?;
        Ok(found.into_iter().map(Entity::new).collect())
    }

    pub(super) async fn first<M: Model>(&mut self, query: Select<M>) -> Result<Option<Entity<M>>> {
        Ok(self.all(query.at_most_one()).await?.into_iter().next())
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
        let (statement, values) = self.prepare(&query.statement)?;
        let mut rows = Vec::new();
        let take: &mut (dyn FnMut(&mut Entities, &dyn Row) -> Result<()> + Send) = &mut |_, row| {
            let mut reader = RowReader::new(row);
            let record = M::read(&mut reader);
            rows.push(record.map_err(|error| blame(M::NAME, M::table(), error, reader.position()))?);
            Ok(())
        };
        self.run(&statement, &values, take).await?;
        Ok(rows)
    }

    /// Looks a key up in memory.
    #[inline]
    pub(super) fn look_up<M: Model>(&mut self, key: &M::Key) -> Result<Found> {
        self.check()?;
        let identity = Identity::of(M::Key::TYPES.len(), |part| key.get(part));
        let identity = identity.map_err(|error| error.with_model(M::NAME))?;
        let arena = self.entities.arena_index::<M>();
        Ok(match self.entities.fresh(arena, &identity) {
            Some(token) => Found::Loaded(token),
            None => Found::Missing(arena, identity),
        })
    }

    /// Looks a key up in the database.
    pub(super) async fn get(&mut self, arena: u32, identity: &Identity) -> Result<Option<Token>> {
        if self.entities.has_changes() {
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
            self.entities.deleted(Place { arena, slot });
        }
        Ok(found)
    }

    /// Reads one row by its key; `refill` puts its values over those of an entity that has its own.
    async fn fetch(&mut self, arena: u32, identity: &Identity, refill: bool) -> Result<Option<Token>> {
        let known = &mut self.entities.arenas[arena as usize];
        let statement = known.take_by_key(&self.engine);
        let parts = known.table.primary_key().len();
        let mut found = None;
        let take = |entities: &mut Entities, row: &dyn Row| {
            found = Some(entities.meet(arena, row, refill)?);
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
        let result = self.run(&statement, values, take).await;
        self.entities.arenas[arena as usize].by_key = Some(statement);
        result.map(|()| found)
    }

    pub(super) async fn refresh<M: Model>(&mut self, entity: Entity<M>) -> Result<()> {
        let place = self.entities.persistent(entity)?;
        self.check()?;
        self.entities.forget_changes(place);
        let identity = self.entities.head(place).identity.clone();
        match self.fetch(place.arena, &identity, true).await? {
            Some(_) => Ok(()),
            None => Err(self.row_gone(place)),
        }
    }

    pub(super) async fn load<M: Model>(&mut self, entity: Entity<M>) -> Result<&M> {
        if let Ok(place) = self.entities.persistent(entity)
            && !self.entities.is_fresh(place)
        {
            let identity = self.entities.head(place).identity.clone();
            if self.fetch(place.arena, &identity, false).await?.is_none() {
                return Err(self.row_gone(place));
            }
        }
        self.entities.try_get(entity)
    }

    fn row_gone(&self, place: Place) -> Error {
        let arena = self.entities.arena(place);
        let message = format!("the row {} was deleted by somebody else", arena.head(place.slot).identity);
        Error::new(ErrorKind::RowGone, message).with_model(arena.model)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entities { new, touched, doomed, .. } = &self.entities;
        write!(f, "{} new, {} touched, {} to be deleted", new.len(), touched.len(), doomed.len())?;
        match (&self.failed, &self.lease) {
            (Some(error), _) => write!(f, ", failed: {error}"),
            (None, Some(_)) => f.write_str(", in a transaction"),
            (None, None) => Ok(()),
        }
    }
}

/// The connection that `begin` has taken.
fn held(lease: &mut Option<Lease>) -> Result<&mut Lease> {
    lease.as_mut().ok_or_else(|| Error::new(ErrorKind::ConnectionLost, "the session holds no connection"))
}

/// What a key was found to be.
pub(super) enum Found {
    /// An entity whose values need not be read again.
    Loaded(Token),
    /// Something to ask the database for.
    Missing(u32, Identity),
}
