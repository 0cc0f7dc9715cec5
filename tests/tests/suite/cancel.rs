//! [ASY-7] Futures that are dropped half-way. After each one the database itself is asked whether the next borrower got a
//! connection with a transaction on it, whether anything was stored by half, and in the end whether all room is left.
//!
//! A thousand for each step and size of a pool; `ORM_TEST_TRIALS` sets another number.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use orm::{AsyncEngine, AsyncSession};
use orm_tests::Backend;
use orm_tests::async_form::{Db, run};
use orm_tests::prelude::*;

use crate::models::User;

/// What is under way when its future is dropped.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Waiting for a connection that somebody else has.
    Checkout,
    /// Opening a connection.
    Connect,
    /// BEGIN and the first statement.
    Begin,
    /// A later statement.
    Statement,
    Commit,
}

/// What the server knows of a transaction, in microseconds.
#[derive(Model, Debug)]
#[model(table = "moment")]
struct Moment {
    #[model(key)]
    clock: i64,
    began: i64,
    writes: bool,
}

const MOMENT: &str = "CREATE VIEW moment AS SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS clock, \
                      (extract(epoch FROM now()) * 1000000)::bigint AS began, \
                      txid_current_if_assigned() IS NOT NULL AS writes";

/// Polls a future so often, whenever it is woken, then drops it: right after it was polled, or when it is woken again.
async fn drop_after<T>(polls: usize, wait: bool, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut count = 0;
    poll_fn(|context| {
        if count == polls {
            return Poll::Ready(None);
        }
        count += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if count == polls && !wait => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// One pool that is tried out, and an engine of somebody else's who looks at what comes of it.
struct Trial {
    db: Db,
    engine: AsyncEngine,
    size: usize,
}

impl Trial {
    async fn new(db: Db, size: usize) -> Self {
        db.create::<User>().await;
        if db.backend == Backend::Postgres {
            db.script(MOMENT).await;
        }
        let builder = AsyncEngine::builder(&db.database.url).unwrap().pool_size(size).max_overflow(0);
        Self { engine: builder.pool_timeout(Duration::from_secs(20)).open(), db, size }
    }

    /// Takes the step of a unit of work that adds two rows; whether it was taken before its future was dropped.
    async fn take(&self, step: Step, name: &str, polls: usize, wait: bool) -> bool {
        let mut session = self.engine.session();
        match step {
            Step::Checkout => {
                let mut holders = self.all().await;
                let (taken, freed) =
                    tokio::join!(drop_after(polls, wait, session.rows(User::select())), holders[0].commit());
                freed.unwrap();
                taken.is_some_and(|rows| rows.is_ok())
            }
            Step::Connect => {
                self.engine.dispose();
                drop_after(polls, wait, session.rows(User::select())).await.is_some_and(|rows| rows.is_ok())
            }
            Step::Begin => {
                session.add(User::new(format!("{name} 1")));
                drop_after(polls, wait, session.flush()).await.is_some_and(|done| done.is_ok())
            }
            Step::Statement => {
                session.add(User::new(format!("{name} 1")));
                session.flush().await.unwrap();
                session.add(User::new(format!("{name} 2")));
                drop_after(polls, wait, session.flush()).await.is_some_and(|done| done.is_ok())
            }
            Step::Commit => {
                session.add(User::new(format!("{name} 1")));
                session.flush().await.unwrap();
                session.add(User::new(format!("{name} 2")));
                session.flush().await.unwrap();
                drop_after(polls, wait, session.commit()).await.is_some_and(|done| done.is_ok())
            }
        }
    }

    /// Sessions that hold all the connections there may be.
    async fn all(&self) -> Vec<AsyncSession> {
        let mut sessions = Vec::new();
        for _ in 0..self.size {
            let mut session = self.engine.session();
            session.first(User::select()).await.unwrap();
            sessions.push(session);
        }
        sessions
    }

    /// How many rows of this name are stored.
    async fn stored(&self, name: &str) -> usize {
        let query = User::select().filter(User::NAME.starts_with(&format!("{name} ")));
        self.db.session().rows(query).await.unwrap().len()
    }

    /// Asks the database what kind of connection the next borrower gets.
    async fn lend(&self) {
        let mut borrower = self.engine.session();
        match self.db.backend {
            Backend::Postgres => {
                let before = self.db.session().rows(Moment::select()).await.unwrap()[0].clock;
                let moment = &borrower.rows(Moment::select()).await.unwrap()[0];
                assert!(moment.began >= before, "its transaction is older than the loan");
                assert!(!moment.writes, "its transaction has written");
            }
            Backend::Sqlite => {
                // SQLite refuses to begin inside a transaction, and somebody else could not write beside one.
                borrower.add(User::new("borrower"));
                borrower.flush().await.unwrap();
                borrower.rollback().await.unwrap();
                self.db.script("UPDATE users SET age = 1").await;
            }
        }
        borrower.rollback().await.unwrap();
    }

    async fn run(self, step: Step) {
        let trials: usize = std::env::var("ORM_TEST_TRIALS").map_or(1000, |number| number.parse().unwrap());
        let (mut polls, mut completed) = (1, 0);
        for number in 0..trials {
            let name = format!("{number}");
            let done = self.take(step, &name, polls, number % 2 == 0).await;
            polls = if done { 1 } else { polls + 1 };
            completed += usize::from(done);
            self.lend().await;
            let stored = self.stored(&name).await;
            let allowed: &[usize] = match step {
                Step::Commit if done => &[2],
                Step::Commit => &[0, 2],
                _ => &[0],
            };
            assert!(allowed.contains(&stored), "{stored} of 2 rows are stored");
        }
        assert!(completed > 0 && completed < trials, "{completed} of {trials} came through");
        let sessions = self.all().await;
        assert_eq!(self.engine.pool().borrowed, self.size);
        drop(sessions);
        let status = self.engine.pool();
        assert_eq!((status.borrowed, status.retired, status.waiting), (0, 0, 0));
    }
}

fn try_out(backend: Backend, step: Step) {
    for size in [1, 4] {
        run(backend, async move |db: Db| Trial::new(db, size).await.run(step).await);
    }
}

macro_rules! steps {
    ($($name:ident: $step:ident),*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn sqlite_async() {
                try_out(Backend::Sqlite, Step::$step);
            }

            #[test]
            fn postgres_async() {
                try_out(Backend::Postgres, Step::$step);
            }
        }
    )*};
}

steps!(checkout: Checkout, connect: Connect, begin: Begin, statement: Statement, commit: Commit);
