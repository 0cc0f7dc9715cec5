//! The unit of work: entities and a connection. Everything that does I/O is written here and below, once, for both forms.

mod beside;
mod by_key;
mod deferred;
mod joined;
mod listening;
mod loads;
mod many;
mod nested;
mod queries;
mod references;
mod relations;
mod spread;
mod transaction;
mod writing;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::Result;
use crate::engine::{EngineCore, Lease, Listener, wait};
use crate::error::{Error, ErrorKind};
use crate::query::Feature;
use crate::session::entities::Entities;
use crate::session::flush;
use crate::session::hooks::{ROUNDS, endless};
use crate::session::maker::Options;
use crate::session::plan::plan;
use crate::session::relations::Spread;
use crate::session::unit::joined::Joined;
use crate::session::unit::nested::Nested;
use crate::session::unit::transaction::Block;

pub(super) use by_key::LookedUp;
pub(super) use listening::Listening;

pub(super) struct Unit {
    pub(super) entities: Entities,
    engine: EngineCore,
    pub(super) options: Options,
    /// The connection of the transaction that is open.
    lease: Option<Lease>,
    /// The transaction is a part of one that was begun outside.
    joined: Option<Joined>,
    block: Block,
    /// The savepoints that are open, from the outside in.
    nested: Vec<Nested>,
    next_savepoint: u32,
    /// The savepoint that a dropped guard has left, and to which the database has not been rolled back yet.
    left: Option<u32>,
    /// Why nothing goes on before a rollback.
    failed: Option<Failure>,
    cursor: Cursor,
    /// Hears what is sent, while a test counts it.
    listener: Option<Arc<Listener>>,
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
    pub(super) fn new(engine: EngineCore, options: Options) -> Self {
        let mut entities = Entities::empty(engine.hides_parameters(), options.expire_on_commit);
        entities.lets_go_of_itself = !engine.backend().dialect().supports(Feature::SelfReferences);
        Self {
            entities,
            engine,
            options,
            lease: None,
            joined: None,
            block: Block::None,
            nested: Vec::new(),
            next_savepoint: 1,
            left: None,
            failed: None,
            cursor: Cursor::Closed,
            listener: None,
        }
    }

    /// Notes which call of the program it is that may send something, if somebody listens. Costs a comparison if nobody does.
    #[track_caller]
    #[inline]
    pub(super) fn called(&mut self) -> &mut Self {
        if let Some(listener) = &self.listener {
            listener.called(Location::caller());
        }
        self
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
            return Err(first.error().pending());
        }
        Err(Error::new(ErrorKind::PendingRollback, "an earlier call was dropped before it was answered"))
    }

    /// Whether a statement can be sent as things are: nothing to flush, a transaction open, nothing gone wrong.
    #[inline]
    fn is_ready(&self) -> bool {
        !self.flushes_first() && self.in_transaction() && self.is_tidy() && self.check().is_ok()
    }

    /// Whether a statement has to wait for a flush.
    #[inline]
    fn flushes_first(&self) -> bool {
        self.options.autoflush && self.entities.may_have_changes()
    }

    /// Writes what was changed and begins a transaction.
    ///
    /// What is rare is boxed where it is called, so that the future of a call that only looks something up stays small: it
    /// is moved with every call.
    async fn get_ready(&mut self, writes: bool) -> Result<()> {
        self.tidy().await?;
        if self.flushes_first() {
            Box::pin(self.flush()).await?;
        }
        self.begin(writes).await
    }

    /// Writes what was changed before a statement is sent, unless the session was told not to.
    pub(super) async fn autoflush(&mut self) -> Result<()> {
        if self.options.autoflush { self.flush().await } else { self.check() }
    }

    /// Whether guards and streams that were dropped have left nothing to do.
    #[inline]
    fn is_tidy(&self) -> bool {
        self.cursor != Cursor::Abandoned && self.left.is_none()
    }

    /// Does what guards and streams that were dropped have left.
    async fn tidy(&mut self) -> Result<()> {
        self.check()?;
        if self.is_tidy() { Ok(()) } else { Box::pin(self.tidy_up()).await }
    }

    async fn tidy_up(&mut self) -> Result<()> {
        if self.cursor == Cursor::Abandoned {
            self.cursor = Cursor::Closed;
            if let Some(lease) = &mut self.lease {
                lease.close_cursor().await?;
            }
        }
        let Some(savepoint) = self.left.take() else { return Ok(()) };
        match self.roll_back_in_database(savepoint).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.fail(error).await),
        }
    }

    /// The same without waiting, where that is possible; in async the next call does it.
    fn tidy_if_blocking(&mut self) {
        if self.lease.as_ref().is_some_and(|lease| lease.is_blocking() && !lease.is_busy()) {
            // An error here is one of the connection, and meets the next statement.
            let _ = wait(self.tidy());
        }
    }

    /// A stream was dropped.
    pub(super) fn abandon_cursor(&mut self) {
        if self.cursor == Cursor::Open {
            self.cursor = Cursor::Abandoned;
            self.tidy_if_blocking();
        }
    }

    pub(super) async fn flush(&mut self) -> Result<()> {
        self.flush_and(false).await.map(drop)
    }

    /// Flushes. If COMMIT is wanted it is sent along, where nothing waits for an answer; whether that was done.
    async fn flush_and(&mut self, commits: bool) -> Result<bool> {
        self.check()?;
        if !self.entities.may_have_changes() {
            return Ok(false);
        }
        let mut committed = false;
        let hooks = self.options.hooks.clone();
        let (links, steps) = match &hooks {
            None if self.entities.relations_are_at_rest() => (Vec::new(), plan(&mut self.entities)?),
            Some(hooks) if !self.entities.has_relations => {
                hooks.before_flush(&mut self.entities)?;
                (Vec::new(), plan(&mut self.entities)?)
            }
            hooks => {
                let mut spread = Spread::default();
                let planned = if hooks.is_none() { self.plan_at_once(&mut spread)? } else { None };
                match planned {
                    Some(planned) => self.begin_planned(spread, planned).await?,
                    None => Box::pin(self.plan_with_relations(hooks.as_ref(), spread)).await?,
                }
            }
        };
        let deeds = hooks.as_ref().map_or_else(Vec::new, |hooks| hooks.deeds(&self.entities, &steps));
        if !(steps.is_empty() && links.is_empty()) {
            self.tidy().await?;
            self.begin(true).await?;
            let Self { entities, engine, lease, options, failed, .. } = self;
            let lease = held(lease)?;
            *failed = Some(Failure::Unfinished);
            let ran = flush::run(entities, (&steps, &links), engine, lease, options, commits).await;
            *failed = None;
            let is_over = !lease.is_tainted();
            match ran {
                Ok(done) => committed = done,
                Err(error) if is_over => return Err(self.fail(stored(error)).await),
                Err(error) => return Err(self.fail(error).await),
            }
        }
        self.entities.flushed();
        let Some(hooks) = hooks.filter(|_| !deeds.is_empty()) else { return Ok(committed) };
        self.failed = Some(Failure::Unfinished);
        let done = hooks.after_flush(&mut self.entities, &deeds);
        self.failed = None;
        match done {
            Ok(()) => Ok(committed),
            Err(error) => Err(self.fail(error).await),
        }
    }

    /// The same until nothing is left: hooks may have made further changes.
    async fn flush_all(&mut self) -> Result<()> {
        if self.options.hooks.is_none() {
            return self.flush().await;
        }
        self.flush().await?;
        for _ in 0..ROUNDS {
            if !self.entities.may_have_changes() {
                return Ok(());
            }
            self.flush().await?;
        }
        if self.entities.has_changes() { Err(endless("")) } else { Ok(()) }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.entities)?;
        match (&self.failed, &self.lease) {
            (Some(failure), _) => write!(f, ", failed: {}", failure.error()),
            (None, Some(_)) => f.write_str(", in a transaction"),
            (None, None) => Ok(()),
        }
    }
}

/// COMMIT went along with a statement whose answer is wrong, as if a trigger has kept a row from being inserted.
#[cold]
fn stored(error: Error) -> Error {
    let message =
        "COMMIT went along with the statement and is done, but the answer is not what a commit needs";
    Error::new(ErrorKind::CommitUnknown, message).with_source(error)
}

/// Why nothing goes on.
enum Failure {
    /// What is known of a flush until it is done: if code of the program panics in it, what was sent is not to be committed.
    Unfinished,
    Of(Error),
}

impl Failure {
    fn error(&self) -> Error {
        match self {
            Self::Unfinished => {
                let message =
                    "a flush was not finished: code of the program panicked in it, or the call was dropped";
                Error::new(ErrorKind::Misuse, message)
            }
            Self::Of(error) => error.clone(),
        }
    }
}

/// The connection that `begin` has taken.
fn held(lease: &mut Option<Lease>) -> Result<&mut Lease> {
    lease.as_mut().ok_or_else(|| Error::new(ErrorKind::ConnectionLost, "the session holds no connection"))
}
