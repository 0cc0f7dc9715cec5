//! The unit of work: entities and a connection. Everything that does I/O is written here and below, once, for both forms.

mod by_key;
mod deferred;
mod queries;
mod writing;

use std::fmt;

use crate::Result;
use crate::driver::Begin;
use crate::engine::{EngineCore, Lease, wait};
use crate::error::{Error, ErrorKind};
use crate::session::entities::Entities;
use crate::session::flush;
use crate::session::plan::plan;

pub(super) use by_key::LookedUp;

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
            return Err(first.pending());
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
    async fn get_ready(&mut self, writes: bool) -> Result<()> {
        self.close_abandoned().await?;
        self.flush().await?;
        self.begin(writes).await
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
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.entities)?;
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
