//! What sessions are made with.

use std::sync::Arc;

use crate::Result;
use crate::driver::Isolation;
use crate::engine::{AsyncConnection, AsyncEngine, Connection, Engine, wait};
use crate::session::hooks::Hooks;
use crate::session::replay::Attempts;
use crate::session::unit::Unit;
use crate::session::{AsyncSession, Session};

/// Makes sessions with the same options; cheap to clone, and to share between threads, as the state of a web server is.
///
/// ```text
/// let sessions = SessionMaker::new(&engine).isolation(Isolation::Serializable);
/// sessions.begin(|session| {
///     session.add(User::new("Alice"));
///     Ok(())
/// })?;
/// let mut careful = sessions.clone().autoflush(false).session();
/// ```
///
/// Each option is one of a session as well as of all: a clone with another option makes sessions that differ in it.
#[derive(Clone, Debug)]
#[must_use = "a session maker does nothing before it makes a session"]
pub struct SessionMaker<E = Engine> {
    pub(super) engine: E,
    pub(super) options: Options,
}

/// What a session may be told when it is made.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) autoflush: bool,
    pub(super) expire_on_commit: bool,
    pub(super) isolation: Option<Isolation>,
    pub(super) read_only: bool,
    pub(super) warns_of_gone_rows: bool,
    /// A relation is loaded for all entities that came with the one that it is loaded for.
    pub(super) cohorts: bool,
    /// Transactions take SQLite's lock at their beginning.
    pub(super) begins_writing: bool,
    pub(super) hooks: Option<Arc<Hooks>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            autoflush: true,
            expire_on_commit: false,
            isolation: None,
            read_only: false,
            warns_of_gone_rows: true,
            cohorts: true,
            begins_writing: false,
            hooks: None,
        }
    }
}

impl<E: Clone> SessionMaker<E> {
    /// Makes sessions of an engine, with the usual options.
    pub fn new(engine: &E) -> Self {
        Self { engine: engine.clone(), options: Options::default() }
    }
}

impl<E> SessionMaker<E> {
    /// Whether unflushed changes are written before each statement of the session (yes), so that it sees them. Without it they
    /// wait for `flush` or `commit`, and a query does not find what was added.
    pub fn autoflush(mut self, on: bool) -> Self {
        self.options.autoflush = on;
        self
    }

    /// Whether the end of a transaction throws all values away (no), so that `session[entity]` has to be preceded by a `load`
    /// or a query: a SELECT for each entity that is used again. Without it last known values are served.
    pub fn expire_on_commit(mut self, on: bool) -> Self {
        self.options.expire_on_commit = on;
        self
    }

    /// How far transactions are kept apart from others; the engine's level unless it is given. It travels with the BEGIN and
    /// costs no round trip; the further, the more of them fail and have to be run again.
    pub fn isolation(mut self, level: Isolation) -> Self {
        self.options.isolation = Some(level);
        self
    }

    /// Whether the database refuses to write (no). Costs a statement at both ends of a transaction on SQLite.
    pub fn read_only(mut self, on: bool) -> Self {
        self.options.read_only = on;
        self
    }

    /// Whether a row that is gone already when it is to be deleted is a warning for observers and logs (yes), or nothing.
    pub fn warn_of_gone_rows(mut self, on: bool) -> Self {
        self.options.warns_of_gone_rows = on;
        self
    }

    /// Whether `load_with` loads a relation not for its entity alone, but for all that came with it by the same query and lack it (yes):
    /// a loop that loads one by one then costs 1 SELECT for each 500 entities. Without it, 1 for each entity.
    pub fn cohorts(mut self, on: bool) -> Self {
        self.options.cohorts = on;
        self
    }
}

impl SessionMaker<Engine> {
    /// A new session. It takes no connection before its first statement.
    #[must_use]
    pub fn session(&self) -> Session {
        Session { unit: Unit::new(self.engine.core.clone(), self.options.clone()) }
    }

    /// A session that works inside of the transaction of a connection, which is begun if none is open: its `commit` keeps what it
    /// did as a part of that transaction, by a savepoint. For tests: roll the connection back at the end, and nothing was stored.
    /// The engine of the connection is the session's, and so are isolation and `read_only`: they are the transaction's, whatever
    /// this maker says.
    pub fn join(&self, connection: Connection) -> Result<Session> {
        Ok(Session { unit: wait(Unit::join(connection.channel, self.options.clone()))? })
    }

    /// Runs a block in a session of its own, which is committed if it ends well, and rolled back if it ends by an error or a
    /// panic.
    pub fn begin<T>(&self, work: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
        let mut session = self.session();
        let value = work(&mut session)?;
        session.commit()?;
        Ok(value)
    }

    /// As [`Engine::transaction`], with the options of this maker.
    pub fn transaction<T>(&self, mut work: impl FnMut(&mut Session) -> Result<T>) -> Result<T> {
        let mut attempts = self.attempts();
        loop {
            let mut session = attempts.session();
            let result = work(&mut session);
            if let Some(value) = attempts.finish(session, result)? {
                return Ok(value);
            }
        }
    }

    /// As [`Engine::attempts`], with the options of this maker.
    pub fn attempts(&self) -> Attempts<Engine> {
        Attempts::new(self.clone())
    }
}

impl SessionMaker<AsyncEngine> {
    /// A new session. It takes no connection before its first statement.
    #[must_use]
    pub fn session(&self) -> AsyncSession {
        AsyncSession { unit: Unit::new(self.engine.core.clone(), self.options.clone()) }
    }

    /// A session that works inside of the transaction of a connection, which is begun if none is open: its `commit` keeps what it
    /// did as a part of that transaction, by a savepoint. For tests: roll the connection back at the end, and nothing was stored.
    /// The engine of the connection is the session's, and so are isolation and `read_only`: they are the transaction's, whatever
    /// this maker says.
    pub async fn join(&self, connection: AsyncConnection) -> Result<AsyncSession> {
        Ok(AsyncSession { unit: Unit::join(connection.channel, self.options.clone()).await? })
    }

    /// Runs a block in a session of its own, which is committed if it ends well, and rolled back if it ends by an error, a panic,
    /// or because this future is dropped.
    pub async fn begin<T>(&self, work: impl AsyncFnOnce(&mut AsyncSession) -> Result<T>) -> Result<T> {
        let mut session = self.session();
        let value = work(&mut session).await?;
        session.commit().await?;
        Ok(value)
    }

    /// As [`AsyncEngine::transaction`], with the options of this maker.
    pub async fn transaction<T>(
        &self,
        mut work: impl AsyncFnMut(&mut AsyncSession) -> Result<T>,
    ) -> Result<T> {
        let mut attempts = self.attempts();
        loop {
            let mut session = attempts.session();
            let result = work(&mut session).await;
            if let Some(value) = attempts.finish(session, result).await? {
                return Ok(value);
            }
        }
    }

    /// As [`AsyncEngine::attempts`], with the options of this maker.
    pub fn attempts(&self) -> Attempts<AsyncEngine> {
        Attempts::new(self.clone())
    }
}

impl Session {
    /// Gives the connection back that the session has [joined](SessionMaker::join), in its transaction; what the session has not
    /// committed is rolled back.
    pub fn leave(self) -> Result<Connection> {
        Ok(Connection { channel: wait(self.unit.leave())? })
    }
}

impl AsyncSession {
    /// Gives the connection back that the session has [joined](SessionMaker::join), in its transaction; what the session has not
    /// committed is rolled back.
    pub async fn leave(self) -> Result<AsyncConnection> {
        Ok(AsyncConnection { channel: self.unit.leave().await? })
    }
}
