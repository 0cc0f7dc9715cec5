//! Who holds what: the part of the pool that must be right under every interleaving, and nothing else. What a
//! connection is does not matter here, so that `tests/loom` can check this very file with the primitives of loom.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::sync::{Arc, Mutex, MutexGuard};

/// The books of a pool of connections `C`.
///
/// There are never more loans than there is room for, and each ends exactly once. Whoever waits is served first come
/// first served: while somebody does, nothing is idle and no room is free.
pub(super) struct Ledger<C> {
    /// How many idle connections are kept.
    size: usize,
    /// How many connections there may be.
    most: usize,
    state: Mutex<State<C>>,
}

struct State<C> {
    idle: VecDeque<C>,
    /// The loans and when they began; their numbers grow, so the first one is the longest.
    lent: Numbered<Instant>,
    /// Loans from before a [`Ledger::dispose`]. They take no room.
    retired: Numbered<Instant>,
    waiting: Numbered<Waker>,
    /// What was lent to those who waited and have not looked yet.
    granted: Numbered<Grant<C>>,
    /// The next number of a loan or of a place in the queue.
    next: u64,
}

/// Things by their numbers, in the order of these. Numbers grow, so a new one goes to the end, nearly always.
struct Numbered<T>(VecDeque<(u64, T)>);

impl<T> Numbered<T> {
    const fn new() -> Self {
        Self(VecDeque::new())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    /// Where the first one is whose number is not smaller.
    fn find(&self, number: u64) -> usize {
        self.0.partition_point(|&(other, _)| other < number)
    }

    /// Adds one; returns what had its number.
    fn insert(&mut self, number: u64, thing: T) -> Option<T> {
        let earlier = self.remove(number);
        self.0.insert(self.find(number), (number, thing));
        earlier
    }

    fn remove(&mut self, number: u64) -> Option<T> {
        let place = self.find(number);
        self.0.get(place).filter(|&&(other, _)| other == number)?;
        self.0.remove(place).map(|(_, thing)| thing)
    }

    fn pop_first(&mut self) -> Option<(u64, T)> {
        self.0.pop_front()
    }
}

/// A loan with the connection that comes with it; without one there is room to open one.
struct Grant<C> {
    loan: u64,
    connection: Option<C>,
}

/// What a ledger says of itself.
pub(super) struct Count {
    pub(super) idle: usize,
    pub(super) lent: usize,
    pub(super) retired: usize,
    pub(super) waiting: usize,
    /// When the longest loan began.
    pub(super) longest: Option<Instant>,
}

impl<C> Ledger<C> {
    pub(super) fn new(size: usize, most: usize) -> Self {
        let state = State {
            idle: VecDeque::new(),
            lent: Numbered::new(),
            retired: Numbered::new(),
            waiting: Numbered::new(),
            granted: Numbered::new(),
            next: 0,
        };
        Self { size, most, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A loan, as soon as there is room: with the connection that has been idle for longest, or without one.
    pub(super) fn borrow(ledger: &Arc<Self>) -> Ticket<C> {
        Ticket { ledger: ledger.clone(), number: None }
    }

    /// Closes those idle connections that are not wanted any more.
    pub(super) fn close(&self, unwanted: impl Fn(&C) -> bool) {
        let mut state = self.lock();
        let (closed, kept) =
            std::mem::take(&mut state.idle).into_iter().partition::<VecDeque<_>, _>(unwanted);
        state.idle = kept;
        // On loan to nobody, until they are closed and their room is free.
        let closed: Vec<_> = closed.into_iter().map(|connection| state.lend(Some(connection))).collect();
        drop(state);
        for Grant { loan, connection } in closed {
            drop(connection);
            self.end(loan, None);
        }
    }

    /// Closes the idle connections and begins anew: what is lent is closed when it comes back, and takes no room.
    pub(super) fn dispose(&self) {
        let mut state = self.lock();
        let State { idle, lent, retired, granted, .. } = &mut *state;
        let mut closed: Vec<C> = idle.drain(..).collect();
        for (loan, began) in lent.0.drain(..) {
            retired.insert(loan, began);
        }
        for (_, Grant { loan, connection }) in &mut granted.0 {
            // Not seen by anybody yet: what is left of it is room in the new pool.
            closed.extend(connection.take());
            if let Some(began) = retired.remove(*loan) {
                lent.insert(*loan, began);
            }
        }
        let mut wakers = Vec::new();
        while state.lent.len() < self.most
            && let Some(waker) = state.serve(&mut None)
        {
            wakers.push(waker);
        }
        drop(state);
        drop(closed);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) fn count(&self) -> Count {
        let state = self.lock();
        Count {
            idle: state.idle.len(),
            lent: state.lent.len(),
            retired: state.retired.len(),
            waiting: state.waiting.len(),
            longest: [&state.lent, &state.retired]
                .iter()
                .filter_map(|loans| loans.0.front())
                .map(|&(_, began)| began)
                .min(),
        }
    }

    fn end(&self, loan: u64, connection: Option<C>) {
        if let Some(surplus) = self.settle(loan, connection) {
            // The room is free when the connection is closed, not before.
            drop(surplus);
            self.settle(loan, None);
        }
    }

    /// Ends a loan, unless a connection came back that is not kept.
    fn settle(&self, loan: u64, mut connection: Option<C>) -> Option<C> {
        let mut state = self.lock();
        let Some(began) = state.lent.remove(loan) else {
            if connection.is_none() {
                state.retired.remove(loan);
            }
            return connection;
        };
        if state.waiting.len() == 0 && state.idle.len() >= self.size && connection.is_some() {
            state.lent.insert(loan, began);
            return connection;
        }
        let waker = state.serve(&mut connection);
        state.idle.extend(connection.take());
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        None
    }
}

impl<C> State<C> {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn lend(&mut self, connection: Option<C>) -> Grant<C> {
        let loan = self.number();
        self.lent.insert(loan, Instant::now());
        Grant { loan, connection }
    }

    /// What one who comes gets at once, if nobody waits.
    fn take(&mut self, most: usize) -> Option<Grant<C>> {
        if self.waiting.len() > 0 {
            return None;
        }
        match self.idle.pop_front() {
            None if self.lent.len() >= most => None,
            connection => Some(self.lend(connection)),
        }
    }

    /// Lends to whoever waits longest, who is then to be woken.
    fn serve(&mut self, connection: &mut Option<C>) -> Option<Waker> {
        let (ticket, waker) = self.waiting.pop_first()?;
        let grant = self.lend(connection.take());
        self.granted.insert(ticket, grant);
        Some(waker)
    }
}

/// A place in the queue.
pub(super) struct Ticket<C> {
    ledger: Arc<Ledger<C>>,
    /// Set while it waits.
    number: Option<u64>,
}

impl<C> Future for Ticket<C> {
    type Output = (Loan<C>, Option<C>);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { ledger, number } = self.get_mut();
        let mut state = ledger.lock();
        let granted = match number {
            Some(number) => state.granted.remove(*number),
            None => state.take(ledger.most),
        };
        if let Some(Grant { loan, connection }) = granted {
            *number = None;
            return Poll::Ready((Loan { ledger: ledger.clone(), number: Some(loan) }, connection));
        }
        let place = *number.get_or_insert_with(|| state.number());
        let earlier = state.waiting.insert(place, context.waker().clone());
        drop(state);
        // Dropped without the lock, as is everything that is not ours: it may do anything.
        drop(earlier);
        Poll::Pending
    }
}

/// Who leaves the queue passes on what was granted meanwhile.
impl<C> Drop for Ticket<C> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut state = self.ledger.lock();
        let waker = state.waiting.remove(number);
        let granted = state.granted.remove(number);
        drop(state);
        drop(waker);
        if let Some(Grant { loan, connection }) = granted {
            self.ledger.end(loan, connection);
        }
    }
}

/// The right to have one connection open; it ends when it is dropped.
pub(super) struct Loan<C> {
    ledger: Arc<Ledger<C>>,
    /// Taken when it ends.
    number: Option<u64>,
}

impl<C> Loan<C> {
    /// Gives the connection back with it.
    pub(super) fn give_back(mut self, connection: C) {
        if let Some(number) = self.number.take() {
            self.ledger.end(number, Some(connection));
        }
    }
}

impl<C> Drop for Loan<C> {
    fn drop(&mut self) {
        if let Some(number) = self.number.take() {
            self.ledger.end(number, None);
        }
    }
}
