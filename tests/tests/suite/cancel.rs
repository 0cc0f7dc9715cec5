//! [ASY-7] Futures that are dropped half-way. After each one the database itself is asked whether the next borrower got a
//! connection with a transaction on it, whether anything was stored by half, and in the end whether all room is left.
//!
//! In CI a thousand for each step and size of a pool, elsewhere fewer; `ORM_TEST_TRIALS` sets another number.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use orm::{AsyncConnection, AsyncEngine};
use orm_tests::async_form::{Db, run};
use orm_tests::prelude::*;
use orm_tests::{Backend, amount, drop_after};

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
    /// Reading a result batch by batch.
    Stream,
}

/// Names are unique.
static NAMES: AtomicUsize = AtomicUsize::new(0);

/// A result of a few batches.
const MANY: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) SELECT i FROM n";

/// One pool that is tried out, and a connection of somebody else's who looks at what comes of it.
struct Trial {
    db: Db,
    engine: AsyncEngine,
    observer: AsyncConnection,
    size: usize,
}

impl Trial {
    async fn new(db: Db, size: usize) -> Self {
        db.create::<User>().await;
        let mut observer = db.other().connect().await.unwrap();
        observer.set_autocommit(true).unwrap();
        let builder = AsyncEngine::builder(&db.database.url).unwrap().pool_size(size).max_overflow(0);
        let engine = builder.pool_timeout(Duration::from_secs(20)).open();
        Self { db, engine, observer, size }
    }

    /// Takes one step of a unit of work that adds two rows; whether it was taken before its future was dropped.
    async fn take(&mut self, step: Step, number: i32, polls: usize, wait: bool) -> bool {
        match step {
            Step::Checkout => {
                let mut holders = self.all().await;
                let holder = holders.swap_remove(0);
                let give_back = async { drop(holder) };
                let (taken, ()) = tokio::join!(drop_after(polls, wait, self.engine.connect()), give_back);
                return taken.is_some_and(|connection| connection.is_ok());
            }
            Step::Connect => {
                self.engine.dispose();
                return drop_after(polls, wait, self.engine.connect()).await.is_some_and(|done| done.is_ok());
            }
            Step::Begin | Step::Statement | Step::Commit | Step::Stream => {}
        }
        let mut connection = self.engine.connect().await.unwrap();
        let insert = || {
            let insert = text("INSERT INTO users (name, age) VALUES (:name, :trial)").bind("trial", number);
            insert.bind("name", format!("{number} {}", NAMES.fetch_add(1, Ordering::Relaxed)))
        };
        if !matches!(step, Step::Begin) {
            connection.execute(insert()).await.unwrap();
        }
        if matches!(step, Step::Commit) {
            connection.execute(insert()).await.unwrap();
        }
        let work = async {
            match step {
                Step::Commit => connection.commit().await,
                Step::Stream => {
                    let mut stream = connection.stream(text(MANY)).await?;
                    while stream.next::<i64>().await?.is_some() {}
                    Ok(())
                }
                Step::Checkout | Step::Connect | Step::Begin | Step::Statement => {
                    connection.execute(insert()).await.map(drop)
                }
            }
        };
        drop_after(polls, wait, work).await.is_some_and(|done| done.is_ok())
    }

    /// All the connections there may be.
    async fn all(&mut self) -> Vec<AsyncConnection> {
        let mut all = Vec::new();
        for _ in 0..self.size {
            all.push(self.engine.connect().await.unwrap());
        }
        all
    }

    /// How many rows of this trial are stored, and what time it is for the server.
    async fn look(&mut self, number: i32) -> (i64, i64) {
        let now = match self.db.backend {
            Backend::Postgres => "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
            Backend::MariaDb | Backend::MySql => "CAST(unix_timestamp(sysdate(6)) * 1000000 AS signed)",
            Backend::Sqlite => {
                // Nobody has the lock that a transaction which was left open would hold.
                self.observer.execute(text("UPDATE users SET age = age WHERE id = 0")).await.unwrap();
                "0"
            }
        };
        let sql = format!("SELECT count(*), {now} FROM users WHERE age = :trial");
        let found = self.observer.execute(text_unchecked(&sql).bind("trial", number)).await.unwrap();
        found.one().unwrap()
    }

    /// Asks the database what kind of connection the next borrower gets.
    async fn lend(&mut self, before: i64) {
        match self.db.backend {
            Backend::Postgres => {
                let mut borrower = self.engine.connect().await.unwrap();
                borrower.set_autocommit(true).unwrap();
                let began = text(
                    "SELECT (extract(epoch FROM now()) * 1000000)::bigint, txid_current_if_assigned() IS NULL",
                );
                let (began, clean): (i64, bool) = borrower.execute(began).await.unwrap().one().unwrap();
                assert!(began >= before, "its transaction is older than the loan");
                assert!(clean, "its transaction has written");
            }
            Backend::MariaDb | Backend::MySql => {
                let open = match self.db.backend {
                    Backend::MariaDb => "SELECT @@in_transaction",
                    _ => {
                        "SELECT count(*) > 0 FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id = connection_id()"
                    }
                };
                let mut borrower = self.engine.connect().await.unwrap();
                borrower.set_autocommit(true).unwrap();
                let open = borrower.execute(text(open)).await.unwrap();
                assert!(!open.one::<bool>().unwrap(), "its transaction is still open");
            }
            // Which it refuses inside a transaction.
            Backend::Sqlite => self.engine.script("BEGIN IMMEDIATE; ROLLBACK").await.unwrap(),
        }
    }

    async fn run(mut self, step: Step) {
        let trials = i32::try_from(amount("ORM_TEST_TRIALS", 1000, 50)).unwrap();
        let (mut polls, mut completed) = (1, 0);
        for number in 0..trials {
            let done = self.take(step, number, polls, number % 2 == 0).await;
            polls = if done { 1 } else { polls + 1 };
            completed += i32::from(done);
            let (stored, now) = self.look(number).await;
            self.lend(now).await;
            let allowed: &[i64] = match step {
                Step::Commit if done => &[2],
                Step::Commit => &[0, 2],
                Step::Checkout | Step::Connect | Step::Begin | Step::Statement | Step::Stream => &[0],
            };
            assert!(allowed.contains(&stored), "{stored} of 2 rows are stored");
        }
        assert!(completed > 0 && completed < trials, "{completed} of {trials} came through");
        let all = self.all().await;
        assert_eq!(self.engine.pool().borrowed, self.size);
        drop(all);
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
            fn mariadb_async() {
                try_out(Backend::MariaDb, Step::$step);
            }

            #[test]
            fn mysql_async() {
                try_out(Backend::MySql, Step::$step);
            }

            #[test]
            fn postgres_async() {
                try_out(Backend::Postgres, Step::$step);
            }
        }
    )*};
}

steps!(checkout: Checkout, connect: Connect, begin: Begin, statement: Statement, commit: Commit, stream: Stream);
