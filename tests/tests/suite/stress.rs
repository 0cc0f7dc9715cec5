//! Many users on few connections, for ten seconds in CI and fewer elsewhere; `ORM_TEST_SECONDS` sets another number.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use orm::{AsyncEngine, Engine, PoolStatus};
use orm_tests::prelude::*;
use orm_tests::{Backend, amount, async_form, sync_form};

use crate::models::User;

fn end() -> Instant {
    Instant::now() + Duration::from_secs(amount("ORM_TEST_SECONDS", 10, 2).into())
}

/// What all users together have done.
#[derive(Default)]
struct Tally {
    committed: AtomicUsize,
    abandoned: AtomicUsize,
}

impl Tally {
    /// Says what was done, and fails unless every row and every connection is accounted for.
    fn check(&self, users: usize, backend: Backend, rows: usize, status: PoolStatus) {
        let (committed, abandoned) =
            (self.committed.load(Ordering::Relaxed), self.abandoned.load(Ordering::Relaxed));
        println!("{users} users on {backend:?}: {committed} committed, {abandoned} abandoned; {status:?}");
        assert_eq!(rows, committed, "rows are lost, or there are too many");
        assert!(committed >= users && abandoned > 0, "everybody got a turn");
        assert_eq!((status.borrowed, status.retired, status.waiting, status.overflow), (0, 0, 0, 0));
        assert!((1..=5).contains(&status.idle), "{status:?}");
    }
}

/// [ASY-4] Fifty threads. Each unit of work is committed, rolled back or dropped, and none may fail.
fn threads(backend: Backend) {
    sync_form::run(backend, |db: sync_form::Db| {
        db.create::<User>();
        let engine = Engine::builder(&db.database.url).unwrap().pool_size(5).max_overflow(10).open();
        let (tally, end) = (Tally::default(), end());
        std::thread::scope(|scope| {
            for user in 0..50 {
                let (engine, tally) = (&engine, &tally);
                scope.spawn(move || {
                    let mut round = 0;
                    while round == 0 || Instant::now() < end {
                        let mut session = engine.session();
                        let added = session.add(User::new(format!("{user} {round}")));
                        match round % 4 {
                            0 | 1 => {
                                session.commit().unwrap();
                                assert!(session.get::<User>(session[added].id).unwrap() == Some(added));
                                tally.committed.fetch_add(1, Ordering::Relaxed);
                            }
                            2 => {
                                session.flush().unwrap();
                                session.rollback().unwrap();
                                tally.abandoned.fetch_add(1, Ordering::Relaxed);
                            }
                            _ => {
                                session.flush().unwrap();
                                tally.abandoned.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                        round += 1;
                    }
                });
            }
        });
        let status = engine.pool();
        tally.check(50, backend, db.session().rows(User::select()).unwrap().len(), status);
    });
}

/// [ASY-4] [ASY-7] Five hundred tasks. Each unit of work is committed, rolled back, dropped, or cancelled in the middle, and
/// none may fail.
fn tasks(backend: Backend) {
    async_form::run(backend, async move |db: async_form::Db| {
        db.create::<User>().await;
        let engine = AsyncEngine::builder(&db.database.url).unwrap().pool_size(5).max_overflow(10);
        // Five hundred wait in one line.
        let engine = engine.pool_timeout(Duration::from_secs(120)).open();
        let (tally, end) = (std::sync::Arc::new(Tally::default()), end());
        let tasks: Vec<_> = (0..500)
            .map(|user| {
                let (engine, tally) = (engine.clone(), tally.clone());
                tokio::spawn(async move {
                    let mut round = 0;
                    while round < 2 || Instant::now() < end {
                        let mut session = engine.session();
                        session.add(User::new(format!("{user} {round}")));
                        match round % 4 {
                            0 => {
                                session.commit().await.unwrap();
                                tally.committed.fetch_add(1, Ordering::Relaxed);
                            }
                            1 => {
                                // Not the COMMIT, of which nobody would know whether it was done.
                                let short = Duration::from_micros(100 * (user % 50));
                                if let Ok(done) = tokio::time::timeout(short, session.flush()).await {
                                    done.unwrap();
                                }
                                tally.abandoned.fetch_add(1, Ordering::Relaxed);
                            }
                            2 => {
                                session.flush().await.unwrap();
                                session.rollback().await.unwrap();
                                tally.abandoned.fetch_add(1, Ordering::Relaxed);
                            }
                            _ => {
                                session.flush().await.unwrap();
                                tally.abandoned.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                        round += 1;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let status = engine.pool();
        tally.check(500, backend, db.session().rows(User::select()).await.unwrap().len(), status);
    });
}

mod many_threads {
    use super::*;

    #[test]
    fn sqlite_sync() {
        threads(Backend::Sqlite);
    }

    #[test]
    fn postgres_sync() {
        threads(Backend::Postgres);
    }

    #[test]
    fn mariadb_sync() {
        threads(Backend::MariaDb);
    }

    #[test]
    fn mysql_sync() {
        threads(Backend::MySql);
    }
}

mod many_tasks {
    use super::*;

    #[test]
    fn sqlite_async() {
        tasks(Backend::Sqlite);
    }

    #[test]
    fn postgres_async() {
        tasks(Backend::Postgres);
    }

    #[test]
    fn mariadb_async() {
        tasks(Backend::MariaDb);
    }

    #[test]
    fn mysql_async() {
        tasks(Backend::MySql);
    }
}

/// [ASY-4] As many sessions as there are connections work side by side; with one connection they take turns.
#[test]
fn tasks_wait_only_for_connections() {
    async_form::run(Backend::Postgres, async |db: async_form::Db| {
        for (size, least, most) in [(8, 300, 1500), (1, 2400, 6000)] {
            let engine =
                AsyncEngine::builder(&db.database.url).unwrap().pool_size(size).max_overflow(0).open();
            let start = Instant::now();
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let engine = engine.clone();
                    tokio::spawn(async move {
                        let mut connection = engine.connect().await.unwrap();
                        connection.script("SELECT pg_sleep(0.3)").await.unwrap();
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            let took = start.elapsed().as_millis();
            assert!((least..most).contains(&took), "{took} ms with {size} connections");
        }
    });
}

/// [ASY-6] Who waits for a connection does not hold up the others on its thread.
#[test]
fn a_task_that_waits_lets_others_work() {
    for backend in Backend::ALL {
        let Some(database) = orm_tests::Database::create(backend) else { continue };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let engine = AsyncEngine::builder(&database.url).unwrap().pool_size(1).max_overflow(0);
            let engine = engine.pool_timeout(Duration::from_millis(500)).open();
            let _held = engine.connect().await.unwrap();
            let (waiting, steps) = (AtomicBool::new(true), AtomicUsize::new(0));
            let wait = async {
                let start = Instant::now();
                let error = engine.connect().await.unwrap_err();
                waiting.store(false, Ordering::Relaxed);
                (error, start.elapsed())
            };
            let work = async {
                while waiting.load(Ordering::Relaxed) {
                    steps.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let ((error, waited), ()) = tokio::join!(wait, work);
            assert_eq!(error.kind(), ErrorKind::PoolTimeout);
            assert!(waited >= Duration::from_millis(500), "{waited:?}");
            assert!(steps.load(Ordering::Relaxed) > 20, "{steps:?} steps meanwhile");
        });
    }
}

/// A panic in the middle of a transaction, caught further up, leaves nothing open and costs no room.
#[test]
fn a_panic_leaves_nothing_open_on_a_thread() {
    for backend in Backend::ALL {
        sync_form::run(backend, |db: sync_form::Db| {
            db.create::<User>();
            let engine = Engine::builder(&db.database.url).unwrap().pool_size(1).max_overflow(0).open();
            for number in 0..5 {
                let work = || {
                    let mut session = engine.session();
                    session.add(User::new(format!("{number}")));
                    session.flush().unwrap();
                    std::panic::resume_unwind(Box::new("on purpose"));
                };
                assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err());
                assert_eq!((engine.pool().borrowed, engine.pool().idle), (0, 0), "it was thrown away");
                assert!(engine.session().rows(User::select()).unwrap().is_empty());
                db.script("UPDATE users SET age = 1");
            }
        });
    }
}

/// The same in a task.
#[test]
fn a_panic_leaves_nothing_open_in_a_task() {
    for backend in Backend::ALL {
        async_form::run(backend, async |db: async_form::Db| {
            db.create::<User>().await;
            let engine = AsyncEngine::builder(&db.database.url).unwrap().pool_size(1).max_overflow(0).open();
            for number in 0..5 {
                let mut session = engine.session();
                let task = tokio::spawn(async move {
                    session.add(User::new(format!("{number}")));
                    session.flush().await.unwrap();
                    std::panic::resume_unwind(Box::new("on purpose"));
                });
                assert!(task.await.is_err());
                assert_eq!(engine.pool().borrowed, 0);
                assert!(engine.session().rows(User::select()).await.unwrap().is_empty());
                db.script("UPDATE users SET age = 1").await;
            }
        });
    }
}
