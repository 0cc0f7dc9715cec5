//! The books of the pool (`orm-core/src/engine/pool/ledger.rs`, that very file), with the primitives of loom, which runs
//! each of these tests once for every interleaving of its threads that can make a difference.
//!
//! What must hold in each: there are never more connections than there is room for, everybody who waits is served (loom
//! reports a deadlock otherwise), and at the end nothing is lent and nobody waits.

#![cfg(test)]

#[path = "../../../orm-core/src/engine/pool/ledger.rs"]
mod ledger;

/// What the ledger takes its primitives from.
mod sync {
    pub(super) use loom::sync::{Arc, Mutex, MutexGuard};
}

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use ledger::{Ledger, Loan};
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// A connection that is counted while it is open.
struct Connection {
    open: Arc<AtomicUsize>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Clone)]
struct Pool {
    ledger: Arc<Ledger<Connection>>,
    open: Arc<AtomicUsize>,
    most: usize,
}

impl Pool {
    fn new(size: usize, overflow: usize) -> Self {
        let most = size + overflow;
        Self { ledger: Arc::new(Ledger::new(size, most)), open: Arc::new(AtomicUsize::new(0)), most }
    }

    fn open(&self) -> Connection {
        let before = self.open.fetch_add(1, Ordering::SeqCst);
        assert!(before < self.most, "more connections than there is room for");
        Connection { open: self.open.clone() }
    }

    fn borrow(&self) -> (Loan<Connection>, Connection) {
        let (loan, connection) = block_on(Ledger::borrow(&self.ledger));
        (loan, connection.unwrap_or_else(|| self.open()))
    }

    /// Borrows, uses, gives back.
    fn work(&self) {
        let (loan, connection) = self.borrow();
        thread::yield_now();
        loan.give_back(connection);
    }

    /// Asks for a connection, and goes away without it if there is none at once.
    fn glance(&self) {
        let polled = {
            let mut ticket = pin!(Ledger::borrow(&self.ledger));
            block_on(poll_fn(|context| Poll::Ready(ticket.as_mut().poll(context))))
        };
        if let Poll::Ready((loan, connection)) = polled {
            loan.give_back(connection.unwrap_or_else(|| self.open()));
        }
    }

    /// Asks for a connection, waits a while, and goes away.
    fn leave(&self) {
        let mut ticket = Box::pin(Ledger::borrow(&self.ledger));
        let polled = block_on(poll_fn(|context| Poll::Ready(ticket.as_mut().poll(context))));
        thread::yield_now();
        drop(ticket);
        if let Poll::Ready((loan, connection)) = polled {
            loan.give_back(connection.unwrap_or_else(|| self.open()));
        }
    }

    /// Asks for a connection, and does not come to have one.
    fn fail(&self) {
        let (loan, connection) = block_on(Ledger::borrow(&self.ledger));
        drop(connection);
        drop(loan);
    }

    /// Throws idle connections away.
    fn clear(&self) {
        self.ledger.close(|_| true);
    }

    /// Nothing is lent and nobody waits; what is open is idle, and all the room there is can be lent again.
    fn is_at_rest(&self) {
        let count = self.ledger.count();
        let left = (count.lent, count.retired, count.waiting, count.longest);
        assert_eq!(left, (0, 0, 0, None), "a loan or a place in the queue is lost");
        assert_eq!(self.open.load(Ordering::SeqCst), count.idle, "a connection is lost");
        let all: Vec<_> = (0..self.most).map(|_| self.borrow()).collect();
        assert_eq!(self.ledger.count().lent, self.most);
        drop(all);
    }
}

/// Runs the jobs at the same time, in every way there is, and looks whether the pool is at rest afterwards.
fn check(size: usize, overflow: usize, jobs: &'static [fn(&Pool)]) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(move || {
        let pool = Pool::new(size, overflow);
        let (first, others) = jobs.split_first().expect("a job");
        let threads: Vec<_> = others
            .iter()
            .map(|job| {
                let pool = pool.clone();
                thread::spawn(move || job(&pool))
            })
            .collect();
        first(&pool);
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        pool.is_at_rest();
    });
}

#[test]
fn two_wait_for_what_comes_back() {
    check(1, 0, &[Pool::work, Pool::work, Pool::work]);
}

#[test]
fn one_who_waits_goes_away() {
    check(1, 0, &[Pool::work, Pool::leave, Pool::work]);
}

#[test]
fn one_who_cannot_wait_takes_nothing_away() {
    check(1, 0, &[Pool::work, Pool::glance, Pool::work]);
}

#[test]
fn overflow_is_closed_before_its_room_is_lent_again() {
    check(1, 1, &[Pool::work, Pool::work, Pool::work]);
    check(0, 1, &[Pool::work, Pool::work, Pool::work]);
}

/// Connecting fails while another waits.
#[test]
fn a_failed_connect_gives_its_room_to_the_next() {
    check(1, 0, &[Pool::fail, Pool::work, Pool::work]);
    check(1, 0, &[Pool::fail, Pool::work, Pool::leave]);
}

/// What is lent when the pool begins anew neither comes back into it nor counts; who waits is served by the new one.
#[test]
fn a_pool_that_begins_anew() {
    fn check_anew(jobs: &'static [fn(&Pool)]) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(2);
        model.check(move || {
            // There may be twice as many: those of before, and those of after.
            let pool = Pool { most: 2, ..Pool::new(1, 0) };
            let threads: Vec<_> = jobs
                .iter()
                .map(|job| {
                    let pool = pool.clone();
                    thread::spawn(move || job(&pool))
                })
                .collect();
            pool.ledger.dispose();
            threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
            Pool { most: 1, ..pool }.is_at_rest();
        });
    }
    check_anew(&[Pool::work, Pool::work]);
    check_anew(&[Pool::work, Pool::leave]);
}

/// Idle connections are thrown away while others borrow and give back.
#[test]
fn idle_connections_are_thrown_away() {
    check(1, 0, &[Pool::work, Pool::clear, Pool::work]);
    check(2, 0, &[Pool::work, Pool::clear, Pool::work]);
}
