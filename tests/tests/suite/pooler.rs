//! Through PgBouncer in transaction mode: few connections of the server for many users, each transaction on another.

use std::sync::Arc;

use orm::{AsyncEngine, Metadata, Open as _};
use orm_tests::prelude::*;
use orm_tests::proxy::Proxy;
use orm_tests::{Backend, both_forms, special};

use crate::models::User;

/// The case's database, through PgBouncer.
fn through(database: &orm_tests::Database) -> Option<String> {
    let url = special("ORM_TEST_PGBOUNCER")?;
    let (address, options) = url.split_once('?').unwrap();
    let (server, _) = address.rsplit_once('/').unwrap();
    let (_, name) = database.url.rsplit_once('/').unwrap();
    Some(format!("{server}/{name}?{options}"))
}

/// 32 tasks with 200 units of work each over 10 connections of the server: nothing fails, nothing is lost.
#[test]
fn many_units_of_work_share_few_connections() {
    use orm_tests::async_form::{Db, run};
    run(Backend::Postgres, async |db: Db| {
        let Some(url) = through(&db.database) else { return };
        db.create::<User>().await;
        let engine = AsyncEngine::builder(&url).unwrap().pool_size(32).max_overflow(0).open();
        let tasks: Vec<_> = (0..32)
            .map(|task| {
                let engine = engine.clone();
                tokio::spawn(async move {
                    let mut failures = 0;
                    for number in 0..200 {
                        let mut session = engine.session();
                        let user = session.add(User::new(format!("{task}.{number}")));
                        let mut done = session.commit().await.is_ok();
                        let found = session
                            .all(User::select().filter(User::NAME.eq(format!("{task}.{number}"))))
                            .await;
                        done &= found.is_ok_and(|found| found == [user]);
                        session[user].age = Some(number);
                        done &= session.commit().await.is_ok();
                        failures += usize::from(!done);
                    }
                    failures
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 0);
        }
        let users = db.session().rows(User::select().filter(User::AGE.is_not_null())).await.unwrap();
        assert_eq!(users.len(), 6_400);
        let connections = "DO $$ BEGIN ASSERT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                           AND application_name <> 'x') <= 12; END $$";
        db.script(connections).await;
    });
}

#[both_forms]
mod pooler {
    use super::*;

    /// The same statements again and again, on whichever connection of the server, and nothing is left there.
    #[case(postgres)]
    async fn statements_do_not_outlive_their_transaction(db: Db) {
        let Some(url) = through(&db.database) else { return };
        db.create::<User>().await;
        let engines = [(); 3].map(|()| Engine::open(&url).unwrap());
        for round in 0..10 {
            for (number, engine) in engines.iter().enumerate() {
                let mut session = engine.session();
                session.add_all((0..3).map(|user| User::new(format!("{round}.{number}.{user}"))));
                session.commit().await.unwrap();
                session.all(User::select()).await.unwrap();
                session.rollback().await.unwrap();
                session.all(User::select()).await.unwrap();
                drop(session);
                let left = "DO $$ BEGIN ASSERT (SELECT count(*) FROM pg_prepared_statements) = 0; END $$";
                engine.script(left).await.unwrap();
            }
        }
        assert_eq!(db.session().rows(User::select()).await.unwrap().len(), 90);
    }

    /// A database with types of its own, more rows than one read takes, and a type that comes later.
    #[case(postgres)]
    async fn types_of_the_database_are_looked_up_in_time(db: Db) {
        let Some(url) = through(&db.database) else { return };
        db.create::<User>().await;
        db.script("CREATE TYPE mood AS ENUM ('happy'); CREATE TYPE pace AS ENUM ('slow')").await;
        db.script("INSERT INTO users (name) SELECT 'user ' || n FROM generate_series(1, 20000) AS n").await;
        db.script("ALTER TABLE users ALTER age TYPE mood USING 'happy'").await;
        let engine = Engine::open(&url).unwrap();
        let other = Engine::open(&url).unwrap();
        for engine in [&engine, &other, &engine] {
            let mut session = engine.session();
            // Such a type cannot be read into this field; what counts is that there is an answer.
            assert_eq!(session.rows(User::select()).await.unwrap_err().kind(), ErrorKind::Decode);
            session.rollback().await.unwrap();
        }
        db.script("CREATE TYPE late AS ENUM ('late'); ALTER TABLE users ALTER age TYPE late USING 'late'")
            .await;
        let mut kinds = Vec::new();
        for _ in 0..3 {
            let mut session = engine.session();
            kinds.push(session.rows(User::select()).await.unwrap_err().kind());
            let _ = session.rollback().await;
        }
        // The connection that does not know the new type is given up; the next one knows it.
        assert_eq!(kinds, [ErrorKind::SerializationFailure, ErrorKind::Decode, ErrorKind::Decode]);
    }

    /// Writes run as unnamed statements, which costs no round trip more.
    #[case(postgres)]
    async fn a_unit_of_work_takes_two_round_trips(db: Db) {
        let Some(url) = through(&db.database) else { return };
        db.create::<User>().await;
        let proxy = Proxy::start(&url);
        let engine = Engine::open(&proxy.url).unwrap();
        let mut session = engine.session();
        session.all(User::select()).await.unwrap();
        session.commit().await.unwrap();
        let mut counts = Vec::new();
        for round in 0..5 {
            proxy.take();
            session.add_all((0..1000).map(|number| User::new(format!("{round}.{number}"))));
            session.commit().await.unwrap();
            counts.push(proxy.take());
        }
        // The proxy counts one more when a server is faster with half of a message's answer than it with the other half.
        assert_eq!(counts.iter().min(), Some(&2), "BEGIN with Parse and Bind; COMMIT: {counts:?}");
    }

    /// A failed statement, a rollback, and on it goes.
    #[case(postgres)]
    async fn a_failed_transaction_leaves_nothing(db: Db) {
        let Some(url) = through(&db.database) else { return };
        let engine = Engine::open(&url).unwrap();
        engine.create_all(&Metadata::of::<User>()).await.unwrap();
        for _ in 0..5 {
            let mut session = engine.session();
            session.add_all(["Alice", "Alice"].map(User::new));
            assert!(session.commit().await.unwrap_err().is_unique_violation());
            session.rollback().await.unwrap();
            assert!(session.all(User::select()).await.unwrap().is_empty());
        }
    }
}

/// [ASY-7] Calls that are dropped cost neither PgBouncer nor the connections behind it.
#[test]
fn dropped_calls_leave_the_pooler_alive() {
    use orm_tests::async_form::{Db, run};
    run(Backend::Postgres, async |db: Db| {
        let Some(url) = through(&db.database) else { return };
        db.create::<User>().await;
        db.script("CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$").await;
        db.script("CREATE TRIGGER nap BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.name = 'slow') EXECUTE FUNCTION nap()").await;
        let engine = Arc::new(AsyncEngine::open(&url).unwrap());
        for _ in 0..20 {
            let mut session = engine.session();
            session.add(User::new("slow"));
            let dropped = tokio::time::timeout(std::time::Duration::from_millis(50), session.commit()).await;
            assert!(dropped.is_err());
        }
        // 20 statements of 30 s over 10 connections: this waits for none of them.
        let start = std::time::Instant::now();
        let mut session = engine.session();
        session.add(User::new("quick"));
        session.commit().await.unwrap();
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    });
}
