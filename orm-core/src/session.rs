//! The session: an identity map and a unit of work over one connection.
//!
//! [`Entities`] is its memory and does no I/O; a plan (`plan.rs`) is made from it without a database, and carried out
//! (`flush.rs`) batch by batch. `unit.rs` puts memory and connection together, once, as async functions. The two public
//! types below are its faces: over a blocking connection such a function never waits, and the blocking face polls it once.
//!
//! A capability is a file of its own with both faces in it: the life cycle (`life.rs`, `history.rs`), leaving and coming back
//! (`leave.rs`, `merge.rs`, `many.rs`), relations (`relations/`), stand-ins and columns that are set (`stand_in.rs`, `assigned.rs`), versions and what the
//! database makes (`automatic.rs`, `fetched.rs`), makers, guards, hooks and replay (`maker.rs`, `scopes.rs`, `hooks.rs`,
//! `replay.rs`). What a transaction did to memory is in the journal (`journal.rs`) and is undone from there (`undo.rs`).

mod acknowledged;
mod arena;
mod assigned;
mod automatic;
mod cascade;
mod cohorts;
mod deferred;
mod effects;
mod entities;
mod expected;
mod face;
mod fetched;
mod flush;
mod freshness;
mod history;
mod hooks;
mod identity;
mod journal;
mod keeper;
mod leave;
mod life;
mod maker;
mod many;
mod meet;
mod meeting;
mod merge;
mod order;
mod paged;
mod places;
mod plan;
mod records;
mod relations;
mod replaced;
mod replay;
mod rows;
mod scopes;
mod stand_in;
mod stream;
mod undo;
mod unit;

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::Result;
use crate::engine::{AsyncEngine, Engine, wait};
use crate::error::{Error, ErrorKind};
use crate::model::{Entity, Found, Model};
use crate::query::{Column, Executable, Select, UpdateGroup, Values};
use crate::result::{Plan, Query, ResultSet, Shape};
use crate::session::unit::{LookedUp, Unit};

pub use entities::Entities;
pub use history::{Change, History};
pub use life::EntityState;
pub use maker::SessionMaker;
pub use plan::{FlushPlan, PlannedAction, PlannedBatch, PlannedRow};
pub use relations::Related;
pub use replay::Attempts;
pub use scopes::NoAutoflush;
pub use stream::EntityStream;

/// A session of a blocking [`Engine`]: it owns entities, and writes what was changed in them when it is told to.
///
/// Plain calls (`add`, `delete`, `session[entity]`, `expire`) are those of [`Entities`], which it dereferences to.
/// A transaction begins with the first statement, and its connection goes back to the pool with `commit` or `rollback`;
/// dropping the session rolls back. It keeps every entity that it has met until that entity leaves or the session is dropped.
///
/// | | |
/// |---|---|
/// | new, gone | [`add`](Entities::add), [`add_all`](Entities::add_all), [`delete`](Entities::delete), [`undelete`](Entities::undelete) |
/// | read | `session[entity]`, [`try_get`](Entities::try_get), [`load`](Self::load), [`refresh`](Self::refresh), [`get`](Self::get), [`get_many`](Self::get_many), [`peek`](Entities::peek) |
/// | ask | [`all`](Self::all), [`first`](Self::first), [`one`](Self::one), [`rows`](Self::rows), [`count`](Self::count), [`exists`](Self::exists), [`stream`](Self::stream) |
/// | change | `session[entity].field = …`, [`get_many_mut`](Entities::get_many_mut), [`set`](Entities::set), [`execute`](Self::execute), [`update_many`](Self::update_many) |
/// | what differs | [`plan`](Entities::plan), [`state`](Entities::state), [`is_modified`](Entities::is_modified), [`history`](Entities::history), [`new`](Entities::new), [`dirty`](Entities::dirty), [`deleted`](Entities::deleted) |
/// | transactions | [`flush`](Self::flush), [`commit`](Self::commit), [`rollback`](Self::rollback), [`begin`](Self::begin), [`begin_nested`](Self::begin_nested), [`no_autoflush`](Self::no_autoflush), [`close`](Self::close) |
/// | relations | [`load_with`](Self::load_with), [`load_with_all`](Self::load_with_all), [`related`](Self::related), [`link`](Entities::link), [`unlink`](Entities::unlink), [`expunge_with`](Entities::expunge_with) |
/// | not loaded | [`reference`](Entities::reference), [`expire`](Entities::expire), [`load_deferred`](Self::load_deferred), [`unload`](Entities::unload) |
/// | in tests | [`expect_statements`](Self::expect_statements) |
/// | leave, come back | [`detach`](Entities::detach), [`detach_all`](Entities::detach_all), [`expunge`](Entities::expunge), [`attach`](Entities::attach), [`merge`](Self::merge) |
///
/// Options and hooks are those of the [`SessionMaker`] that made it. The guides are `docs/sessions.md` and `docs/relations.md` of the
/// repository.
pub struct Session {
    unit: Unit,
}

/// A session of an [`AsyncEngine`]: [`Session`], with `.await` after each call that may do I/O.
pub struct AsyncSession {
    unit: Unit,
}

impl Engine {
    /// A new session. It takes no connection before its first statement.
    pub fn session(&self) -> Session {
        SessionMaker::new(self).session()
    }
}

impl AsyncEngine {
    /// A new session. It takes no connection before its first statement.
    pub fn session(&self) -> AsyncSession {
        SessionMaker::new(self).session()
    }
}

impl Session {
    /// Writes all changes to the database, inside the transaction.
    #[track_caller]
    pub fn flush(&mut self) -> Result<()> {
        wait(self.unit.called().flush())
    }

    /// Writes all changes and makes them permanent. `session[entity]` goes on to show what is known; the next `get`, query or
    /// `load` that meets an entity reads it anew. If it fails, everything is rolled back and the connection given back at once, and the session
    /// waits for `rollback` before it goes on.
    #[track_caller]
    pub fn commit(&mut self) -> Result<()> {
        wait(self.unit.called().commit())
    }

    /// Undoes everything since the last commit, in the database and in memory. What was added since leaves the session: it can
    /// still be read, and detached to be added again.
    pub fn rollback(&mut self) -> Result<()> {
        wait(self.unit.rollback())
    }

    /// The entity with this primary key, or `None`; without a statement if it is loaded.
    #[track_caller]
    pub fn get<M: Model>(&mut self, key: impl Into<M::Key>) -> Result<Option<Entity<M>>> {
        match self.unit.look_up::<M>(&key.into())? {
            LookedUp::Loaded(token) => Ok(Some(Entity::new(token))),
            LookedUp::Missing(arena, identity) => {
                Ok(wait(self.unit.called().get(arena, &identity))?.map(Entity::new))
            }
        }
    }

    /// The entity with this primary key, without a statement if it is loaded; an error if there is none.
    #[track_caller]
    pub fn get_one<M: Model>(&mut self, key: impl Into<M::Key>) -> Result<Entity<M>> {
        self.get(key)?.ok_or_else(no_row::<M>)
    }

    /// The entity with this primary key, read and locked until the transaction ends: one statement, whether it is loaded or not, and
    /// it has the values of the row. SQLite locks no rows, but a transaction that begins so locks the database.
    #[track_caller]
    pub fn get_for_update<M: Model>(&mut self, key: impl Into<M::Key>) -> Result<Option<Entity<M>>> {
        wait(self.unit.called().get_for_update(&key.into()))
    }

    /// All that a query finds, in its order: entities of a model, values of columns, tuples of both.
    #[track_caller]
    pub fn all<Q: Query<Shape: Found>>(&mut self, query: Q) -> Result<Vec<<Q::Shape as Found>::Found>> {
        wait(self.unit.called().all(query))
    }

    /// The first row of a query, or `None`.
    #[track_caller]
    pub fn first<Q: Query<Shape: Found>>(&mut self, query: Q) -> Result<Option<<Q::Shape as Found>::Found>> {
        wait(self.unit.called().first(query))
    }

    /// The only row of a query; an error if there is none, or more than one.
    #[track_caller]
    pub fn one<Q: Query<Shape: Found>>(&mut self, query: Q) -> Result<<Q::Shape as Found>::Found> {
        wait(self.unit.called().one(query))
    }

    /// The only row of a query, or `None`; an error if there is more than one.
    #[track_caller]
    pub fn one_or_none<Q: Query<Shape: Found>>(
        &mut self,
        query: Q,
    ) -> Result<Option<<Q::Shape as Found>::Found>> {
        wait(self.unit.called().one_or_none(query))
    }

    /// The rows of a query with plain structs in the place of entities, which the session does not know.
    #[track_caller]
    pub fn rows<Q: Query>(&mut self, query: Q) -> Result<Vec<<Q::Shape as Shape>::Row>> {
        wait(self.unit.called().rows(query))
    }

    /// How many rows a query would return, with its limit, its groups and all: 1 statement.
    #[track_caller]
    pub fn count<S>(&mut self, query: Select<S>) -> Result<u64> {
        wait(self.unit.called().one(query.into_count()))
    }

    /// Whether a query would return any row: 1 statement, which ends at the first row that it finds.
    #[track_caller]
    pub fn exists<S>(&mut self, query: Select<S>) -> Result<bool> {
        wait(self.unit.called().one(query.into_existence()))
    }

    /// Runs a statement in the session's transaction, after a flush. What `User::insert()`, `User::update()` and `User::delete()`
    /// write shows in loaded entities at once; what `text` writes does not, until they are refreshed or expired.
    #[track_caller]
    pub fn execute(&mut self, statement: impl Executable) -> Result<ResultSet> {
        wait(self.unit.called().execute(statement))
    }

    /// Updates rows by their keys, each set of values with columns of its own: `User::values().set(User::ID, 7).set(User::AGE, 30)`.
    /// Neighbours that set the same columns are one batch. A set without its key is an error, and nothing is sent; a row that is
    /// not there is one as well, as in a flush, after which the session waits for `rollback`. Loaded entities
    /// show the new values. For a model with a version each set says which one it expects, and the row gets the next.
    #[track_caller]
    pub fn update_many<R>(&mut self, sets: impl IntoIterator<Item = Values<R>>) -> Result<u64> {
        wait(self.unit.called().update_many(UpdateGroup::of(sets)?))
    }

    /// How the database would run a statement, which is not executed, after a flush.
    #[track_caller]
    pub fn explain(&mut self, statement: impl Executable) -> Result<Plan> {
        wait(self.unit.called().explain(statement, false))
    }

    /// How the database runs a query, with times and numbers of rows: it is executed, and its rows are dropped. A statement that
    /// writes is refused, and so is any on SQLite, which measures nothing.
    #[track_caller]
    pub fn explain_analyze(&mut self, statement: impl Executable) -> Result<Plan> {
        wait(self.unit.called().explain(statement, true))
    }

    /// Reads an entity's row again, over whatever was changed in it and not flushed.
    #[track_caller]
    pub fn refresh<M: Model>(&mut self, entity: Entity<M>) -> Result<()> {
        wait(self.unit.called().refresh(entity))
    }

    /// Reads an entity's row again and locks it until the transaction ends, over whatever was changed in it and not flushed.
    #[track_caller]
    pub fn refresh_for_update<M: Model>(&mut self, entity: Entity<M>) -> Result<()> {
        wait(self.unit.called().refresh_for_update(entity))
    }

    /// The struct of an entity; its row is read first if it is expired, or was last read in an earlier transaction.
    #[track_caller]
    pub fn load<M: Model>(&mut self, entity: Entity<M>) -> Result<&M> {
        wait(self.unit.called().load(entity))
    }

    /// The struct of an entity with a [deferred](crate::model::Deferred) column, which is read if it is not loaded, with one
    /// SELECT of it, or of its group; with the rest of the row if that would have to be read again as well.
    #[track_caller]
    pub fn load_deferred<M: Model, T>(&mut self, entity: Entity<M>, column: Column<M, T>) -> Result<&M> {
        wait(self.unit.called().load_deferred(&[entity], column))?;
        wait(self.unit.load(entity))
    }

    /// Loads a deferred column, or its group, of several entities, with one SELECT for each 500 that lack it.
    #[track_caller]
    pub fn load_deferred_all<M: Model, T>(
        &mut self,
        entities: &[Entity<M>],
        column: Column<M, T>,
    ) -> Result<()> {
        wait(self.unit.called().load_deferred(entities, column))
    }
}

impl AsyncSession {
    /// Writes all changes to the database, inside the transaction.
    #[track_caller]
    pub fn flush(&mut self) -> impl Future<Output = Result<()>> {
        self.unit.called().flush()
    }

    /// Writes all changes and makes them permanent. `session[entity]` goes on to show what is known; the next `get`, query or
    /// `load` that meets an entity reads it anew. If it fails, everything is rolled back and the connection given back at once, and the session
    /// waits for `rollback` before it goes on.
    #[track_caller]
    pub fn commit(&mut self) -> impl Future<Output = Result<()>> {
        self.unit.called().commit()
    }

    /// Undoes everything since the last commit, in the database and in memory. What was added since leaves the session: it can
    /// still be read, and detached to be added again.
    pub async fn rollback(&mut self) -> Result<()> {
        self.unit.rollback().await
    }

    /// The entity with this primary key, or `None`; without a statement if it is loaded.
    #[track_caller]
    pub fn get<M: Model>(
        &mut self,
        key: impl Into<M::Key>,
    ) -> impl Future<Output = Result<Option<Entity<M>>>> {
        let unit = self.unit.called();
        async move {
            match unit.look_up::<M>(&key.into())? {
                LookedUp::Loaded(token) => Ok(Some(Entity::new(token))),
                LookedUp::Missing(arena, identity) => Ok(unit.get(arena, &identity).await?.map(Entity::new)),
            }
        }
    }

    /// The entity with this primary key, without a statement if it is loaded; an error if there is none.
    #[track_caller]
    pub fn get_one<M: Model>(&mut self, key: impl Into<M::Key>) -> impl Future<Output = Result<Entity<M>>> {
        let found = self.get(key);
        async move { found.await?.ok_or_else(no_row::<M>) }
    }

    /// The entity with this primary key, read and locked until the transaction ends: one statement, whether it is loaded or not, and
    /// it has the values of the row. SQLite locks no rows, but a transaction that begins so locks the database.
    #[track_caller]
    pub fn get_for_update<M: Model>(
        &mut self,
        key: impl Into<M::Key>,
    ) -> impl Future<Output = Result<Option<Entity<M>>>> {
        let unit = self.unit.called();
        async move { unit.get_for_update(&key.into()).await }
    }

    /// All that a query finds, in its order: entities of a model, values of columns, tuples of both.
    #[track_caller]
    pub fn all<Q: Query<Shape: Found>>(
        &mut self,
        query: Q,
    ) -> impl Future<Output = Result<Vec<<Q::Shape as Found>::Found>>> {
        self.unit.called().all(query)
    }

    /// The first row of a query, or `None`.
    #[track_caller]
    pub fn first<Q: Query<Shape: Found>>(
        &mut self,
        query: Q,
    ) -> impl Future<Output = Result<Option<<Q::Shape as Found>::Found>>> {
        self.unit.called().first(query)
    }

    /// The only row of a query; an error if there is none, or more than one.
    #[track_caller]
    pub fn one<Q: Query<Shape: Found>>(
        &mut self,
        query: Q,
    ) -> impl Future<Output = Result<<Q::Shape as Found>::Found>> {
        self.unit.called().one(query)
    }

    /// The only row of a query, or `None`; an error if there is more than one.
    #[track_caller]
    pub fn one_or_none<Q: Query<Shape: Found>>(
        &mut self,
        query: Q,
    ) -> impl Future<Output = Result<Option<<Q::Shape as Found>::Found>>> {
        self.unit.called().one_or_none(query)
    }

    /// The rows of a query with plain structs in the place of entities, which the session does not know.
    #[track_caller]
    pub fn rows<Q: Query>(
        &mut self,
        query: Q,
    ) -> impl Future<Output = Result<Vec<<Q::Shape as Shape>::Row>>> {
        self.unit.called().rows(query)
    }

    /// How many rows a query would return, with its limit, its groups and all: 1 statement.
    #[track_caller]
    pub fn count<S>(&mut self, query: Select<S>) -> impl Future<Output = Result<u64>> {
        self.unit.called().one(query.into_count())
    }

    /// Whether a query would return any row: 1 statement, which ends at the first row that it finds.
    #[track_caller]
    pub fn exists<S>(&mut self, query: Select<S>) -> impl Future<Output = Result<bool>> {
        self.unit.called().one(query.into_existence())
    }

    /// Runs a statement in the session's transaction, after a flush. What `User::insert()`, `User::update()` and `User::delete()`
    /// write shows in loaded entities at once; what `text` writes does not, until they are refreshed or expired.
    #[track_caller]
    pub fn execute(&mut self, statement: impl Executable) -> impl Future<Output = Result<ResultSet>> {
        self.unit.called().execute(statement)
    }

    /// Updates rows by their keys, each set of values with columns of its own: `User::values().set(User::ID, 7).set(User::AGE, 30)`.
    /// Neighbours that set the same columns are one batch. A set without its key is an error, and nothing is sent; a row that is
    /// not there is one as well, as in a flush, after which the session waits for `rollback`. Loaded entities
    /// show the new values. For a model with a version each set says which one it expects, and the row gets the next.
    #[track_caller]
    pub fn update_many<R>(
        &mut self,
        sets: impl IntoIterator<Item = Values<R>>,
    ) -> impl Future<Output = Result<u64>> {
        let (unit, groups) = (self.unit.called(), UpdateGroup::of(sets));
        async move { unit.update_many(groups?).await }
    }

    /// How the database would run a statement, which is not executed, after a flush.
    #[track_caller]
    pub fn explain(&mut self, statement: impl Executable) -> impl Future<Output = Result<Plan>> {
        self.unit.called().explain(statement, false)
    }

    /// How the database runs a query, with times and numbers of rows: it is executed, and its rows are dropped. A statement that
    /// writes is refused, and so is any on SQLite, which measures nothing.
    #[track_caller]
    pub fn explain_analyze(&mut self, statement: impl Executable) -> impl Future<Output = Result<Plan>> {
        self.unit.called().explain(statement, true)
    }

    /// Reads an entity's row again, over whatever was changed in it and not flushed.
    #[track_caller]
    pub fn refresh<M: Model>(&mut self, entity: Entity<M>) -> impl Future<Output = Result<()>> {
        self.unit.called().refresh(entity)
    }

    /// Reads an entity's row again and locks it until the transaction ends, over whatever was changed in it and not flushed.
    #[track_caller]
    pub fn refresh_for_update<M: Model>(&mut self, entity: Entity<M>) -> impl Future<Output = Result<()>> {
        self.unit.called().refresh_for_update(entity)
    }

    /// The struct of an entity; its row is read first if it is expired, or was last read in an earlier transaction.
    #[track_caller]
    pub fn load<M: Model>(&mut self, entity: Entity<M>) -> impl Future<Output = Result<&M>> {
        self.unit.called().load(entity)
    }

    /// The struct of an entity with a [deferred](crate::model::Deferred) column, which is read if it is not loaded, with one
    /// SELECT of it, or of its group; with the rest of the row if that would have to be read again as well.
    #[track_caller]
    pub fn load_deferred<M: Model, T>(
        &mut self,
        entity: Entity<M>,
        column: Column<M, T>,
    ) -> impl Future<Output = Result<&M>> {
        let unit = self.unit.called();
        async move {
            unit.load_deferred(&[entity], column).await?;
            unit.load(entity).await
        }
    }

    /// Loads a deferred column, or its group, of several entities, with one SELECT for each 500 that lack it.
    #[track_caller]
    pub fn load_deferred_all<M: Model, T>(
        &mut self,
        entities: &[Entity<M>],
        column: Column<M, T>,
    ) -> impl Future<Output = Result<()>> {
        self.unit.called().load_deferred(entities, column)
    }
}

fn no_row<M: Model>() -> Error {
    Error::new(ErrorKind::NoResult, "there is no row with this key").with_model(M::NAME)
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.unit)
    }
}

impl fmt::Debug for AsyncSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsyncSession({})", self.unit)
    }
}

impl Deref for Session {
    type Target = Entities;

    fn deref(&self) -> &Entities {
        &self.unit.entities
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Entities {
        &mut self.unit.entities
    }
}

impl Deref for AsyncSession {
    type Target = Entities;

    fn deref(&self) -> &Entities {
        &self.unit.entities
    }
}

impl DerefMut for AsyncSession {
    fn deref_mut(&mut self) -> &mut Entities {
        &mut self.unit.entities
    }
}
