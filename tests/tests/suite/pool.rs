//! Connections are lent one at a time and come back clean.

use std::sync::Arc;
use std::time::{Duration, Instant};

use orm_tests::prelude::*;
use orm_tests::{Trace, assert_says, both_forms};

use crate::models::User;

#[both_forms]
mod pool {
    use super::*;

    fn small(db: &Db, size: usize, timeout: Duration) -> (Engine, Trace) {
        let trace = Trace::default();
        let record = trace.clone();
        let builder =
            Engine::builder(&db.database.url).unwrap().pool_size(size).max_overflow(0).pool_timeout(timeout);
        (builder.observe(move |event: &orm::Event<'_>| record.record(event)).open(), trace)
    }

    /// [ENG-5]
    #[case]
    async fn an_exhausted_pool_times_out_and_recovers(db: Db) {
        db.create::<User>().await;
        for (milliseconds, most) in [(0, 400), (300, 2000)] {
            let (engine, _) = small(&db, 2, Duration::from_millis(milliseconds));
            let (mut one, mut two, mut three) = (engine.session(), engine.session(), engine.session());
            one.all(User::select()).await.unwrap();
            two.all(User::select()).await.unwrap();
            let start = Instant::now();
            let error = three.all(User::select()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PoolTimeout);
            assert_says(error, &["2 in use"]);
            let waited = start.elapsed().as_millis();
            assert!((u128::from(milliseconds)..most).contains(&waited), "waited {waited} ms");
            one.commit().await.unwrap();
            three.all(User::select()).await.unwrap();
        }
    }

    /// A waiting session gets the connection as soon as it comes back.
    #[case]
    async fn a_commit_frees_the_connection_for_the_next(db: Db) {
        db.create::<User>().await;
        let (engine, trace) = small(&db, 1, Duration::from_secs(20));
        let (mut one, mut two) = (engine.session(), engine.session());
        for number in 0..10 {
            one.add(User::new(format!("one {number}")));
            one.commit().await.unwrap();
            two.add(User::new(format!("two {number}")));
            two.commit().await.unwrap();
        }
        drop(one);
        assert_eq!(two.rows(User::select()).await.unwrap().len(), 20);
        assert_eq!(trace.take().iter().filter(|line| *line == "COMMIT").count(), 20);
    }

    /// [ASY-8] [COM-9] What was begun and dropped is not lent to the next one.
    #[case]
    async fn a_dropped_transaction_is_not_lent_on(db: Db) {
        db.create::<User>().await;
        let (engine, _) = small(&db, 1, Duration::from_secs(20));
        for number in 0..20 {
            let mut session = engine.session();
            session.add(User::new(format!("{number}")));
            session.flush().await.unwrap();
            drop(session);
            assert!(engine.session().rows(User::select()).await.unwrap().is_empty());
        }
    }
}

/// A session that only read, and was dropped without a commit, leaves its connection for the next one.
#[test]
fn a_dropped_session_does_not_cost_a_connection() {
    use orm_tests::async_form::{Db, run};
    run(orm_tests::Backend::Postgres, async |db: Db| {
        db.create::<User>().await;
        let proxy = orm_tests::proxy::Proxy::start(&db.database.url);
        let engine = orm::AsyncEngine::builder(&proxy.url).unwrap().pool_size(1).max_overflow(0).open();
        for number in 0..20 {
            let mut session = engine.session();
            session.all(User::select()).await.unwrap();
            session.add(User::new(format!("{number}")));
            session.flush().await.unwrap();
        }
        assert_eq!(proxy.connections(), 1);
        assert!(engine.session().all(User::select()).await.unwrap().is_empty());
    });
}

/// [ASY-4] [ASY-6] Many tasks share few connections.
#[test]
fn tasks_share_a_pool() {
    use orm_tests::async_form::{Db, run};
    for backend in orm_tests::Backend::ALL {
        run(backend, async |db: Db| {
            db.create::<User>().await;
            let engine =
                orm::AsyncEngine::builder(&db.database.url).unwrap().pool_size(2).max_overflow(1).open();
            let tasks: Vec<_> = (0..64)
                .map(|number| {
                    let engine = engine.clone();
                    tokio::spawn(async move {
                        let mut session = engine.session();
                        let user = session.add(User::new(format!("{number}")));
                        session.commit().await.unwrap();
                        session[user].age = Some(number);
                        session.commit().await.unwrap();
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(
                db.session().rows(User::select().filter(User::AGE.is_not_null())).await.unwrap().len(),
                64
            );
        });
    }
}

/// [ASY-4] Many threads share few connections.
#[test]
fn threads_share_a_pool() {
    use orm_tests::sync_form::{Db, run};
    for backend in orm_tests::Backend::ALL {
        run(backend, |db: Db| {
            db.create::<User>();
            let engine = orm::Engine::builder(&db.database.url).unwrap().pool_size(2).max_overflow(1).open();
            std::thread::scope(|scope| {
                for number in 0..32 {
                    let engine = &engine;
                    scope.spawn(move || {
                        let mut session = engine.session();
                        let user = session.add(User::new(format!("{number}")));
                        session.commit().unwrap();
                        session[user].age = Some(number);
                        session.commit().unwrap();
                    });
                }
            });
            assert_eq!(db.session().rows(User::select().filter(User::AGE.is_not_null())).unwrap().len(), 32);
        });
    }
}

/// [ASY-7] A call dropped at any of its awaits leaves the pool usable, and nothing half-done to see.
#[test]
fn a_dropped_call_poisons_nothing() {
    use orm_tests::async_form::{Db, run};
    for backend in orm_tests::Backend::ALL {
        run(backend, async |db: Db| {
            db.create::<User>().await;
            let engine =
                orm::AsyncEngine::builder(&db.database.url).unwrap().pool_size(1).max_overflow(0).open();
            let mut completed = false;
            for polls in 0..200 {
                let mut session = engine.session();
                let user = session.add(User::new(format!("{polls}")));
                completed = drop_after(polls, session.commit()).await;
                if !completed {
                    let error = session.all(User::select()).await;
                    assert!(
                        error.is_ok() || error.is_err_and(|error| error.kind() == ErrorKind::PendingRollback)
                    );
                    session.rollback().await.unwrap();
                    assert!(!session.contains(user));
                }
                let mut next = engine.session();
                let found = next.all(User::select().filter(User::NAME.eq("never"))).await.unwrap();
                assert!(found.is_empty());
                next.commit().await.unwrap();
                if completed {
                    break;
                }
            }
            assert!(completed, "the commit came through in the end");
        });
    }
}

/// Polls a future so often, then drops it; whether it was done.
async fn drop_after<T>(polls: usize, future: impl Future<Output = T>) -> bool {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_ready()));
        if polled.await {
            return true;
        }
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    false
}

/// [ENG-10] A database in memory is one database for its engine, and another for another.
#[test]
fn a_database_in_memory_belongs_to_its_engine() {
    use orm::{Engine, Open as _};
    let engine = Engine::open("sqlite::memory:").unwrap();
    engine.create_all(&Metadata::of::<User>()).unwrap();
    let mut one = engine.session();
    one.add(User::new("Alice"));
    one.commit().unwrap();
    let mut two = engine.session();
    assert_eq!(two.rows(User::select()).unwrap().len(), 1);
    let other = Engine::open("sqlite://").unwrap();
    assert_eq!(other.session().rows(User::select()).unwrap_err().kind(), ErrorKind::MissingTable);
}

/// SQLite in async needs no runtime: any executor will do, here one that sleeps until it is woken.
#[test]
fn sqlite_in_async_needs_no_runtime() {
    use orm::{AsyncEngine, Open as _};
    let work = async {
        let engine = AsyncEngine::open("sqlite::memory:").unwrap();
        engine.create_all(&Metadata::of::<User>()).await.unwrap();
        let mut session = engine.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        assert_eq!(session.rows(User::select()).await.unwrap().len(), 1);
        session[alice].id
    };
    assert_eq!(block_on(work), 1);
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::task::Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut work = std::pin::pin!(work);
    loop {
        let polled = work.as_mut().poll(&mut std::task::Context::from_waker(&waker));
        if let std::task::Poll::Ready(output) = polled {
            return output;
        }
        std::thread::park();
    }
}

/// A blocking engine inside an async task is an error, not a panic.
#[test]
fn a_blocking_engine_inside_async_is_misuse() {
    use orm_tests::async_form::{Db, run};
    run(orm_tests::Backend::Postgres, async |db: Db| {
        let engine = Arc::new(orm::Engine::open(&db.database.url).unwrap());
        let error = engine.session().rows(User::select()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert_says(error, &["AsyncEngine"]);
    });
}
