//! The unit of work: entities and a connection. Everything that does I/O is written here, once, for both forms.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::driver::{Begin, Row, RowBuffer, Statement};
use crate::engine::{EngineCore, Lease, wait};
use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::model::{Entity, EntityQuery, Key, Model, Record as _, Token};
use crate::query::{Executable, Rendered};
use crate::result::{ResultSet, RowReader};
use crate::session::arena::{Place, blame};
use crate::session::entities::Entities;
use crate::session::flush;
use crate::session::identity::Identity;
use crate::session::meet::ByName;
use crate::session::plan::plan;
use crate::session::stream::Reading;
use crate::{Result, Value};

pub(super) struct Unit {
    pub(super) entities: Entities,
    engine: EngineCore,
    /// The connection of the transaction that is open.
    lease: Option<Lease>,
    /// Why nothing goes on before a rollback.
    failed: Option<Error>,
    /// The next transaction takes SQLite's lock at its beginning.
    pub(super) begins_writing: bool,
    cursor: Cursor,
}

/// Whether a stream is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cursor {
    Closed,
    Open,
    /// Its stream is gone; in async it is closed before the next statement.
    Abandoned,
}

impl Unit {
    pub(super) fn new(engine: EngineCore) -> Self {
        Self {
            entities: Entities::new(engine.hides_parameters()),
            engine,
            lease: None,
            failed: None,
            begins_writing: false,
            cursor: Cursor::Closed,
        }
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
        !self.entities.has_changes()
            && self.lease.is_some()
            && self.cursor != Cursor::Abandoned
            && self.check().is_ok()
    }

    /// Writes what was changed and begins a transaction.
    ///
    /// What is rare is boxed where it is called, so that the future of a call that only looks something up stays small: it
    /// is moved with every call.
    async fn get_ready(&mut self) -> Result<()> {
        self.close_abandoned().await?;
        self.flush().await?;
        self.begin(false).await
    }

    async fn close_abandoned(&mut self) -> Result<()> {
        self.check()?;
        if self.cursor == Cursor::Abandoned {
            self.cursor = Cursor::Closed;
            if let Some(lease) = &mut self.lease {
                lease.close_cursor().await?;
            }
        }
        Ok(())
    }

    /// A stream was dropped.
    pub(super) fn abandon_cursor(&mut self) {
        if self.cursor == Cursor::Open {
            self.cursor = Cursor::Abandoned;
            if self.lease.as_ref().is_some_and(|lease| lease.is_blocking() && !lease.is_busy()) {
                // An error here is one of the connection, and meets the next statement.
                let _ = wait(self.close_abandoned());
            }
        }
    }

    /// Takes a connection and begins a transaction, unless there is one.
    async fn begin(&mut self, writes: bool) -> Result<()> {
        if self.lease.is_some() {
            return Ok(());
        }
        let begin = Begin { writes: writes || self.begins_writing, ..self.engine.begin() };
        // The session holds the lease before the BEGIN is sent: a future dropped there leaves it to be cleaned.
        let lease = self.lease.insert(self.engine.lease().await?);
        let begun = lease.begin(begin).await;
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
            self.begin(true).await?;
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
        self.close_abandoned().await?;
        if let Some(lease) = &mut self.lease {
            if let Err(error) = lease.commit().await {
                return Err(self.fail(error).await);
            }
            self.lease = None;
            self.cursor = Cursor::Closed;
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
            self.cursor = Cursor::Closed;
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
        let result = lease.run(statement, values, &mut |row: &dyn Row| take(entities, row)).await;
        match result {
            Ok(_) => Ok(()),
            Err(error) => Err(Box::pin(self.fail_if_broken(error)).await),
        }
    }

    /// A statement's error ends the unit of work only if its connection is gone with it.
    async fn fail_if_broken(&mut self, error: Error) -> Error {
        let broken = self.lease.as_ref().is_some_and(Lease::is_broken);
        if broken { self.fail(error).await } else { error }
    }

    /// The same for a result whose columns are found by their names.
    async fn run_by_name<F>(
        &mut self,
        table: &'static Table,
        statement: &Arc<Statement>,
        values: &[Value<'_>],
        mut take: F,
    ) -> Result<()>
    where
        F: FnMut(&mut Entities, &dyn Row) -> Result<()> + Send,
    {
        self.get_ready().await?;
        let Self { entities, lease, .. } = self;
        let mut sink = ByName::new(table, |row: &dyn Row| take(entities, row));
        match held(lease)?.run(statement, values, &mut sink).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.fail_if_broken(error).await),
        }
    }

    /// Runs any statement; unflushed changes are written first.
    pub(super) async fn execute(&mut self, rendered: Rendered) -> Result<ResultSet> {
        self.close_abandoned().await?;
        self.flush().await?;
        self.begin(rendered.writes).await?;
        let statement = self.engine.statements().query(&rendered);
        let mut buffer = RowBuffer::new(true);
        match held(&mut self.lease)?.run(&statement, &rendered.values, &mut buffer).await {
            Ok(affected) => Ok(ResultSet::new(buffer, affected)),
            Err(error) => Err(self.fail_if_broken(error).await),
        }
    }

    pub(super) fn render_any(&self, statement: &impl Executable) -> Result<Rendered> {
        statement.rendered(self.engine.backend().dialect())
    }

    pub(super) fn render(&self, query: &impl EntityQuery) -> Result<Rendered> {
        query.rendered(self.engine.backend().dialect())
    }

    /// The entities of a query's rows.
    async fn meet_all(&mut self, arena: u32, rendered: &Rendered, by_name: bool) -> Result<Vec<Token>> {
        let statement = self.engine.statements().query(rendered);
        let mut found = Vec::new();
        let take = |entities: &mut Entities, row: &dyn Row| {
            found.push(entities.meet(arena, row, false)?);
            Ok(())
        };
        if by_name {
            let table = self.entities.arenas[arena as usize].table;
            Box::pin(self.run_by_name(table, &statement, &rendered.values, take)).await?;
        } else {
            self.run(&statement, &rendered.values, take).await?;
        }
        Ok(found)
    }

    pub(super) async fn all<Q: EntityQuery>(&mut self, query: Q) -> Result<Vec<Entity<Q::Model>>> {
        let arena = self.entities.arena_index::<Q::Model>();
        let rendered = self.render(&query)?;
        drop(query);
        let found = self.meet_all(arena, &rendered, Q::BY_NAME).await?;
        Ok(found.into_iter().map(Entity::new).collect())
    }

    pub(super) async fn first<Q: EntityQuery>(&mut self, query: Q) -> Result<Option<Entity<Q::Model>>> {
        Ok(self.all(query.at_most_one()).await?.into_iter().next())
    }

    pub(super) async fn one<Q: EntityQuery>(&mut self, query: Q) -> Result<Entity<Q::Model>> {
        let none = || Error::new(ErrorKind::NoResult, "the query found no row").with_model(Q::Model::NAME);
        self.one_or_none(query).await?.ok_or_else(none)
    }

    pub(super) async fn one_or_none<Q: EntityQuery>(&mut self, query: Q) -> Result<Option<Entity<Q::Model>>> {
        let found = self.all(query).await?;
        match found[..] {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => {
                let message = format!("the query found {} rows", found.len());
                Err(Error::new(ErrorKind::MultipleResults, message).with_model(Q::Model::NAME))
            }
        }
    }

    pub(super) async fn rows<Q: EntityQuery>(&mut self, query: Q) -> Result<Vec<Q::Model>> {
        let rendered = self.render(&query)?;
        drop(query);
        let statement = self.engine.statements().query(&rendered);
        let mut rows = Vec::new();
        let take: &mut (dyn FnMut(&mut Entities, &dyn Row) -> Result<()> + Send) = &mut |_, row| {
            rows.push(read_row::<Q::Model>(row)?);
            Ok(())
        };
        if Q::BY_NAME {
            Box::pin(self.run_by_name(Q::Model::table(), &statement, &rendered.values, take)).await?;
        } else {
            self.run(&statement, &rendered.values, take).await?;
        }
        Ok(rows)
    }

    /// Opens a stream.
    pub(super) async fn stream<M: Model>(
        &mut self,
        rendered: Rendered,
        by_name: bool,
        size: usize,
    ) -> Result<Reading> {
        if rendered.writes {
            let message = "only a query that reads can be streamed";
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        let arena = self.entities.arena_index::<M>();
        self.get_ready().await?;
        let statement = self.engine.statements().query(&rendered);
        let size = size.max(1);
        let batch = u32::try_from(size).unwrap_or(u32::MAX);
        if let Err(error) = held(&mut self.lease)?.open_cursor(&statement, &rendered.values, batch).await {
            return Err(self.fail_if_broken(error).await);
        }
        self.cursor = Cursor::Open;
        Ok(Reading { arena, names: by_name.then(Vec::new), size, met: VecDeque::new(), more: true })
    }

    /// Fetches the next batch of a stream.
    pub(super) async fn fetch_entities(&mut self, reading: &mut Reading) -> Result<()> {
        self.check()?;
        if self.cursor != Cursor::Open {
            let message = "the transaction that the stream was opened in has ended";
            return Err(Error::new(ErrorKind::Misuse, message));
        }
        let Self { entities, lease, .. } = self;
        let Reading { arena, names, met, .. } = reading;
        let table = entities.arenas[*arena as usize].table;
        let mut take = |row: &dyn Row| {
            met.push_back(entities.meet(*arena, row, false)?);
            Ok(())
        };
        let fetched = match names {
            None => held(lease)?.fetch(&mut take).await,
            Some(names) => {
                let mut sink = ByName::with_names(table, std::mem::take(names), take);
                let fetched = held(lease)?.fetch(&mut sink).await;
                *names = sink.into_names();
                fetched
            }
        };
        match fetched {
            Ok(more) => {
                reading.more = more;
                Ok(())
            }
            Err(error) => Err(self.fail_if_broken(error).await),
        }
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
        let message =
            format!("the row {} was deleted by somebody else", self.entities.shown(arena.head(place.slot)));
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

fn read_row<M: Model>(row: &dyn Row) -> Result<M> {
    let mut reader = RowReader::new(row);
    let record = M::read(&mut reader);
    record.map_err(|error| blame(M::NAME, M::table(), error, reader.position()))
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
