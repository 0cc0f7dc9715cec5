//! The pool of connections, one for both forms. A connection is lent to one user at a time and comes back only when
//! nothing is left open on it; what is in doubt is closed.

mod ledger;
mod status;
mod sync {
    pub(super) use std::sync::{Arc, Mutex, MutexGuard};
}

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Result;
use crate::driver::{AsyncConnection, Backend, Connection, Control, Isolation};
use crate::engine::lease::Lease;
use crate::engine::timer::within;
use crate::engine::{Event, Options, Watch};
use crate::error::{Error, ErrorKind};
use ledger::{Ledger, Loan};
pub use status::PoolStatus;

/// Which form of a driver the pool opens.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// [`Connection`]
    Blocking,
    /// [`AsyncConnection`]
    Async,
}

/// A connection in either form.
pub(crate) enum Link {
    Blocking(Box<dyn Connection>),
    Async(Box<dyn AsyncConnection>),
}

/// A connection that nobody uses.
pub(super) struct Idle {
    pub(super) link: Link,
    pub(super) opened: Instant,
    /// Its last user left a transaction open, and the answer to the ROLLBACK was not waited for.
    pub(super) unsettled: bool,
}

/// How long a connection may take to answer that ROLLBACK before it is given up.
const SETTLE: Duration = Duration::from_secs(5);

/// How long an idle connection may take to give a sign of life before it counts as dead.
const PING: Duration = Duration::from_secs(5);

impl Link {
    pub(super) fn is_broken(&self) -> bool {
        match self {
            Self::Blocking(connection) => connection.is_broken(),
            Self::Async(connection) => connection.is_broken(),
        }
    }

    async fn ping(&mut self) -> bool {
        let answer = match self {
            Self::Blocking(connection) => connection.ping(PING),
            Self::Async(connection) => connection.ping(PING).await,
        };
        answer.is_ok()
    }

    /// Makes sure that no transaction is open.
    async fn settle(&mut self) -> bool {
        let rolled_back = async {
            match self {
                Self::Blocking(connection) => connection.control(Control::Rollback),
                Self::Async(connection) => connection.control(Control::Rollback).await,
            }
        };
        within(SETTLE, rolled_back).await.is_some_and(|result| result.is_ok())
    }
}

pub(crate) struct Pool {
    backend: Arc<dyn Backend>,
    form: Form,
    options: Options,
    ledger: Arc<Ledger<Idle>>,
    /// Why the last connection did not come about, unless one did since.
    failure: Mutex<Option<Error>>,
    /// When the idle connections were last suspected to be dead.
    suspected: Mutex<Option<Instant>>,
}

impl Pool {
    pub(crate) fn new(backend: Arc<dyn Backend>, form: Form, options: Options) -> Self {
        let most = options.pool_size.saturating_add(options.max_overflow);
        // A pool without any room would be of no use to anybody.
        let ledger = Arc::new(Ledger::new(options.pool_size, most.max(1)));
        Self { backend, form, options, ledger, failure: Mutex::default(), suspected: Mutex::default() }
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    pub(crate) fn isolation(&self) -> Option<Isolation> {
        self.options.isolation
    }

    /// A connection that can be used: one that was idle, or a new one.
    pub(crate) async fn acquire(pool: &Arc<Self>) -> Result<Lease> {
        let borrowed = within(pool.options.pool_timeout, Ledger::borrow(&pool.ledger)).await;
        let (loan, idle) = borrowed.ok_or_else(|| pool.timeout())?;
        let room = Room { pool: pool.clone(), loan };
        if let Some(mut idle) = idle
            && pool.may_lend(&mut idle).await
        {
            return Ok(Lease::new(idle, room));
        }
        // The loan ends when connecting fails or its future is dropped.
        pool.connect(room).await
    }

    async fn may_lend(&self, idle: &mut Idle) -> bool {
        if self.options.recycle.is_some_and(|age| idle.opened.elapsed() >= age) {
            return false;
        }
        let alive = !idle.link.is_broken()
            && (!idle.unsettled || idle.link.settle().await)
            && (!self.options.pre_ping || idle.link.ping().await);
        if !alive {
            self.suspect(idle.opened);
        }
        alive
    }

    /// Closes the idle connections because one that was opened then is dead: they have most likely died with it. One that was
    /// opened before the last time says nothing about those that were opened after it.
    fn suspect(&self, opened: Instant) {
        let now = Instant::now();
        let mut suspected = self.suspected.lock().unwrap_or_else(PoisonError::into_inner);
        if suspected.is_none_or(|last| opened >= last) {
            *suspected = Some(now);
            drop(suspected);
            self.ledger.close(|idle| idle.opened <= now);
        }
    }

    async fn connect(&self, room: Room) -> Result<Lease> {
        let lease = self.open(room).await;
        *self.failure() = lease.as_ref().err().cloned();
        lease
    }

    async fn open(&self, room: Room) -> Result<Lease> {
        let (start, opened, options) = (self.watch().start(), Instant::now(), &self.options.connect);
        let link = match self.form {
            Form::Blocking => Link::Blocking(self.backend.connect(options)?),
            Form::Async => Link::Async(self.backend.connect_async(options).await?),
        };
        if let Some(start) = start {
            self.watch().tell(&Event::Connect(start.elapsed()));
        }
        let mut lease = Lease::new(Idle { link, opened, unsettled: false }, room);
        lease.set_up(&self.options.on_connect).await?;
        Ok(lease)
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.options.watch
    }

    fn failure(&self) -> MutexGuard<'_, Option<Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the idle connections now, and those that are lent when they come back.
    pub(crate) fn dispose(&self) {
        self.ledger.dispose();
    }

    pub(crate) fn status(&self) -> PoolStatus {
        PoolStatus::new(self.options.pool_size, &self.ledger.count())
    }

    #[cold]
    fn timeout(&self) -> Error {
        let Options { pool_size, max_overflow, pool_timeout, .. } = &self.options;
        let seconds = pool_timeout.as_secs_f64();
        let mut message = format!(
            "no connection became free within {seconds} s (pool_size {pool_size}, max_overflow {max_overflow}): {}",
            self.status()
        );
        if let Some(failure) = &*self.failure() {
            message += &format!("; the last attempt to connect failed: {failure}");
        }
        Error::new(ErrorKind::PoolTimeout, message)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status().fmt(f)
    }
}

/// The right to have one connection open, in its pool; given back when it is dropped.
pub(super) struct Room {
    pool: Arc<Pool>,
    loan: Loan<Idle>,
}

impl Room {
    #[inline]
    pub(super) fn watch(&self) -> &Watch {
        self.pool.watch()
    }

    /// Gives the connection back with its room.
    pub(super) fn give_back(self, idle: Idle) {
        self.loan.give_back(idle);
    }

    /// Tells that a connection that was opened then has died.
    pub(super) fn suspect(&self, opened: Instant) {
        self.pool.suspect(opened);
    }
}
