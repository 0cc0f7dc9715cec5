//! The pool of connections, one for both forms. A connection is lent to one user at a time and comes back only when
//! nothing is left open on it; what is in doubt is closed.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::Result;
use crate::driver::{AsyncConnection, Backend, Connection, Isolation};
use crate::engine::lease::Lease;
use crate::engine::timer::Alarm;
use crate::engine::{Observer, Options};
use crate::error::{Error, ErrorKind};

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
    /// Its last user left a transaction open, and the answer to the ROLLBACK was not waited for.
    pub(super) unsettled: bool,
}

/// How long a connection may take to answer that ROLLBACK before it is given up.
const SETTLE: Duration = Duration::from_secs(5);

impl Link {
    pub(super) fn is_broken(&self) -> bool {
        match self {
            Self::Blocking(connection) => connection.is_broken(),
            Self::Async(connection) => connection.is_broken(),
        }
    }
}

pub(crate) struct Pool {
    backend: Arc<dyn Backend>,
    form: Form,
    options: Options,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: VecDeque<Idle>,
    /// Connections that are open or being opened.
    open: usize,
    next_ticket: u64,
    /// Those who wait, first come first served.
    waiting: BTreeMap<u64, Waker>,
    /// What was handed to those who waited and have not looked yet.
    granted: BTreeMap<u64, Grant>,
}

/// What a user of the pool gets: a connection, or the room to open one.
enum Grant {
    Idle(Idle),
    Room,
}

impl Pool {
    pub(crate) fn new(backend: Arc<dyn Backend>, form: Form, options: Options) -> Self {
        Self { backend, form, options, state: Mutex::default() }
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    pub(crate) fn isolation(&self) -> Option<Isolation> {
        self.options.isolation
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn acquire(pool: &Arc<Self>) -> Result<Lease> {
        loop {
            let mut lease = match pool.grant().await? {
                Grant::Idle(idle) => Lease::new(idle, Room::new(pool)),
                Grant::Room => {
                    // The room is given back when connecting fails or its future is dropped.
                    let room = Room::new(pool);
                    return Ok(Lease::new(Idle { link: pool.connect().await?, unsettled: false }, room));
                }
            };
            if !lease.is_tainted() || lease.settle(Instant::now() + SETTLE).await {
                return Ok(lease);
            }
        }
    }

    async fn connect(&self) -> Result<Link> {
        Ok(match self.form {
            Form::Blocking => Link::Blocking(self.backend.connect()?),
            Form::Async => Link::Async(self.backend.connect_async().await?),
        })
    }

    async fn grant(&self) -> Result<Grant> {
        let mut ticket = Ticket { pool: self, number: None, alarm: None };
        // `None` is a point in time that will never come.
        let deadline = Instant::now().checked_add(self.options.pool_timeout);
        poll_fn(|context| ticket.poll(context, deadline)).await
    }

    fn take(&self, state: &mut State) -> Option<Grant> {
        while let Some(idle) = state.idle.pop_front() {
            if !idle.link.is_broken() {
                return Some(Grant::Idle(idle));
            }
            state.open -= 1;
        }
        let most = self.options.pool_size.saturating_add(self.options.max_overflow);
        (state.open < most).then(|| {
            state.open += 1;
            Grant::Room
        })
    }

    /// Hands a grant to whoever waits longest, or keeps what it holds for the next one who comes.
    fn give(&self, grant: Grant) {
        let mut state = self.lock();
        if let Some((ticket, waker)) = state.waiting.pop_first() {
            state.granted.insert(ticket, grant);
            drop(state);
            waker.wake();
            return;
        }
        match grant {
            Grant::Idle(idle) if state.idle.len() < self.options.pool_size => state.idle.push_back(idle),
            Grant::Idle(idle) => {
                state.open -= 1;
                drop(state);
                drop(idle);
            }
            Grant::Room => state.open -= 1,
        }
    }

    fn timeout(&self) -> Error {
        let (open, waiting) = {
            let state = self.lock();
            (state.open, state.waiting.len())
        };
        let seconds = self.options.pool_timeout.as_secs_f64();
        Error::new(
            ErrorKind::PoolTimeout,
            format!(
                "no connection became free within {seconds} s; {open} are open, all in use, and {waiting} others wait"
            ),
        )
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        write!(f, "{} connections, {} idle, {} waiting", state.open, state.idle.len(), state.waiting.len())
    }
}

/// A place in the queue of a pool.
struct Ticket<'a> {
    pool: &'a Pool,
    number: Option<u64>,
    alarm: Option<Alarm>,
}

impl Ticket<'_> {
    fn poll(&mut self, context: &mut Context<'_>, deadline: Option<Instant>) -> Poll<Result<Grant>> {
        let mut state = self.pool.lock();
        let granted = match self.number {
            Some(number) => state.granted.remove(&number),
            None if state.waiting.is_empty() => self.pool.take(&mut state),
            None => None,
        };
        if let Some(grant) = granted {
            self.number = None;
            return Poll::Ready(Ok(grant));
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            drop(state);
            return Poll::Ready(Err(self.pool.timeout()));
        }
        let number = *self.number.get_or_insert_with(|| {
            state.next_ticket += 1;
            state.next_ticket
        });
        state.waiting.insert(number, context.waker().clone());
        drop(state);
        self.alarm = deadline.map(|deadline| Alarm::set(deadline, context.waker().clone()));
        Poll::Pending
    }
}

/// Who leaves the queue passes on what was granted meanwhile.
impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let grant = {
            let mut state = self.pool.lock();
            state.waiting.remove(&number);
            state.granted.remove(&number)
        };
        if let Some(grant) = grant {
            self.pool.give(grant);
        }
    }
}

/// The right to have one connection open; given back when it is dropped.
pub(super) struct Room(Option<Arc<Pool>>);

impl Room {
    fn new(pool: &Arc<Pool>) -> Self {
        Self(Some(pool.clone()))
    }

    pub(super) fn observer(&self) -> Option<&dyn Observer> {
        self.0.as_ref()?.options.observer.as_deref()
    }

    /// Gives the connection back with its room.
    pub(super) fn give_back(mut self, idle: Idle) {
        if let Some(pool) = self.0.take() {
            pool.give(Grant::Idle(idle));
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(pool) = self.0.take() {
            pool.give(Grant::Room);
        }
    }
}
