//! Units of work that are run again when another one got in their way.

use orm_tests::both_forms;
use orm_tests::prelude::*;

use crate::models::User;

#[both_forms]
mod replays {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    async fn ages(db: &Db) -> Vec<i32> {
        let mut connection = db.other().connect().await.unwrap();
        connection.execute(text("SELECT age FROM users ORDER BY id")).await.unwrap().all().unwrap()
    }

    async fn one_user(db: &Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (id, name, age) VALUES (1, 'Ann', 0)").await;
    }

    /// A conflict that the database reports runs the closure again, in a new session. MySQL reports none.
    #[case(sqlite, postgres, mariadb)]
    async fn a_conflict_is_replayed(db: Db) {
        one_user(&db).await;
        let builder = Engine::builder(&db.database.url).unwrap();
        let engine: Engine = builder.isolation(Isolation::RepeatableRead).open();
        let (runs, other) = (Arc::new(AtomicU32::new(0)), db.other());
        let count = runs.clone();
        let result = engine
            .transaction(async move |session| {
                let ann = session.get::<User>(1).await?.unwrap();
                if count.fetch_add(1, Ordering::Relaxed) == 0 {
                    // Somebody else, in between.
                    other.script("UPDATE users SET age = age + 10").await?;
                }
                session[ann].age = session[ann].age.map(|age| age + 1);
                session.flush().await?;
                Ok(session[ann].age)
            })
            .await;
        assert_eq!(result.unwrap(), Some(11), "nothing was lost");
        assert_eq!(runs.load(Ordering::Relaxed), 2);
        assert_eq!(ages(&db).await, [11]);
    }

    /// The form without a closure.
    #[case(sqlite, postgres, mariadb)]
    async fn attempts_without_a_closure(db: Db) {
        one_user(&db).await;
        let builder = Engine::builder(&db.database.url).unwrap();
        let engine: Engine = builder.isolation(Isolation::RepeatableRead).open();

        async fn birthday(session: &mut Session, db: &Db, first: bool) -> orm::Result<()> {
            let ann = session.get::<User>(1).await?.unwrap();
            if first {
                db.script("UPDATE users SET age = age + 10").await;
            }
            session[ann].age = session[ann].age.map(|age| age + 1);
            session.flush().await
        }
        let (mut attempts, mut runs) = (engine.attempts(), 0);
        loop {
            let mut session = attempts.session();
            let result = birthday(&mut session, &db, runs == 0).await;
            runs += 1;
            if attempts.finish(session, result).await.unwrap().is_some() {
                break;
            }
        }
        assert_eq!((runs, ages(&db).await), (2, vec![11]));
    }

    /// A connection that is lost before the COMMIT takes nothing along: the unit of work is run again on another one.
    #[case(postgres, mariadb, mysql)]
    async fn a_lost_connection_is_replayed(db: Db) {
        one_user(&db).await;
        let (mut attempts, mut runs) = (db.engine.attempts(), 0);
        loop {
            let mut session = attempts.session();
            session.add(User { id: 9, ..User::new("Bob") });
            session.flush().await.unwrap();
            if runs == 0 {
                db.end_connections().await;
            }
            runs += 1;
            let count = session.count(User::select()).await;
            if let Some(count) = attempts.finish(session, count).await.unwrap() {
                assert_eq!((runs, count), (2, 2));
                break;
            }
        }
        assert_eq!(db.session().count(User::select()).await.unwrap(), 2);
    }

    /// An error of the program is passed on at once, and nothing is stored.
    #[case]
    async fn other_errors_are_not_replayed(db: Db) {
        one_user(&db).await;
        let runs = Arc::new(AtomicU32::new(0));
        let count = runs.clone();
        let result = db
            .engine
            .transaction(async move |session| {
                count.fetch_add(1, Ordering::Relaxed);
                let ann = session.get::<User>(1).await?.unwrap();
                session[ann].age = Some(7);
                session.flush().await?;
                Err::<(), _>(orm::Error::other(std::fmt::Error))
            })
            .await;
        assert!(result.unwrap_err().other_ref::<std::fmt::Error>().is_some());
        assert_eq!((runs.load(Ordering::Relaxed), ages(&db).await), (1, vec![0]));
    }

    /// What never goes well ends with its error.
    #[case]
    async fn there_is_a_limit(db: Db) {
        one_user(&db).await;
        let mut attempts = db.engine.attempts().limit(3);
        let mut runs = 0;
        let error = loop {
            runs += 1;
            let session = attempts.session();
            let failed = Err::<(), _>(orm::Error::new(ErrorKind::SerializationFailure, "again"));
            if let Err(error) = attempts.finish(session, failed).await {
                break error;
            }
        };
        assert!(error.is_serialization_failure());
        assert_eq!(runs, 3);
    }
}

mod counting {
    use super::*;
    use orm::{AsyncEngine, Engine};
    use orm_tests::Backend;

    const TASKS: usize = 8;
    const EACH: usize = 10;

    /// Many at once on one row: no increment is lost, whatever the database has to say.
    #[test]
    fn no_increment_is_lost_between_threads() {
        for backend in Backend::ALL {
            orm_tests::sync_form::run(backend, |db| {
                db.create::<User>();
                db.script("INSERT INTO users (id, name, age) VALUES (1, 'Ann', 0)");
                let builder = Engine::builder(&db.database.url).unwrap();
                let engine: Engine = builder.isolation(Isolation::Serializable).open();
                std::thread::scope(|scope| {
                    for _ in 0..TASKS {
                        scope.spawn(|| {
                            for _ in 0..EACH {
                                increment(&engine);
                            }
                        });
                    }
                });
                let mut session = engine.session();
                let ann = session.get::<User>(1).unwrap().unwrap();
                assert_eq!(session[ann].age, i32::try_from(TASKS * EACH).ok(), "{backend:?}");
            });
        }
    }

    fn increment(engine: &Engine) {
        // Ten attempts may be too few for eight who all want the same row; the program goes on trying.
        let done = (0..20).find_map(|_| {
            let increment = engine.transaction(|session| {
                let ann = session.get::<User>(1)?.unwrap();
                session[ann].age = session[ann].age.map(|age| age + 1);
                Ok(())
            });
            match increment {
                Ok(()) => Some(()),
                Err(error) => {
                    assert!(error.is_serialization_failure(), "{error}");
                    None
                }
            }
        });
        assert!(done.is_some());
    }

    /// [ASY-5] An `async move` closure that owns what it uses makes a future that can be spawned; a body that borrows is written
    /// with `attempts`.
    #[test]
    fn both_forms_can_be_spawned() {
        fn sent<F: Future + Send + 'static>(future: F) -> F {
            future
        }
        async fn place(session: &mut orm::AsyncSession, name: &str) -> orm::Result<()> {
            session.add(User::new(name));
            session.flush().await
        }
        fn owned(
            engine: AsyncEngine,
            name: String,
        ) -> impl Future<Output = orm::Result<()>> + Send + 'static {
            sent(async move { engine.transaction(async move |session| place(session, &name).await).await })
        }
        fn borrowed(
            engine: AsyncEngine,
            name: String,
        ) -> impl Future<Output = orm::Result<()>> + Send + 'static {
            sent(async move {
                let mut attempts = engine.attempts();
                loop {
                    let mut session = attempts.session();
                    let result = place(&mut session, &name).await;
                    if attempts.finish(session, result).await?.is_some() {
                        return Ok(());
                    }
                }
            })
        }
        orm_tests::async_form::run(Backend::Sqlite, |db| async move {
            db.create::<User>().await;
            tokio::spawn(owned(db.engine.clone(), "Ann".to_owned())).await.unwrap().unwrap();
            tokio::spawn(borrowed(db.engine.clone(), "Bob".to_owned())).await.unwrap().unwrap();
            assert_eq!(db.session().all(User::select()).await.unwrap().len(), 2);
        });
    }
}
