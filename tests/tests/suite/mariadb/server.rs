//! What a server of MariaDB's or MySQL's does and says: conflicts, lost connections, strict mode, packets, keys.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use orm::Engine as BlockingEngine;
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::User;

#[derive(Model, Debug)]
#[model(table = "letters")]
struct Letter {
    #[model(key, auto)]
    id: i64,
    text: String,
}

/// Somebody else, who runs these statements in a transaction, waits behind the first one, and commits. Gives back once that is done.
fn somebody(url: String, statements: &'static [&'static str], pause: Duration) -> JoinHandle<()> {
    let (done, is_done) = mpsc::channel();
    let thread = spawn(move || {
        let engine = BlockingEngine::open(&url).unwrap();
        let mut connection = engine.connect().unwrap();
        for (number, &sql) in statements.iter().enumerate() {
            connection.execute(text(sql)).unwrap();
            if number == 0 {
                done.send(()).unwrap();
                sleep(pause);
            }
        }
        connection.commit().unwrap();
    });
    is_done.recv().unwrap();
    thread
}

/// Changes both users, and more rows than another transaction: who has changed more goes on.
const CHANGES: &[&str] = &[
    "UPDATE users SET age = age + 10 WHERE id = 2",
    "INSERT INTO users (name) VALUES ('a'), ('b'), ('c'), ('d'), ('e'), ('f')",
    "UPDATE users SET age = age + 10 WHERE id = 1",
];

fn grow(id: i64) -> orm::Update<User> {
    User::update().set(User::AGE, User::AGE + 1).filter(User::ID.eq(id))
}

#[both_forms]
mod server {
    use super::*;

    async fn users(db: &Db) {
        assert!(db.backend.is_mysql());
        db.create::<User>().await;
        db.script("INSERT INTO users (id, name, age) VALUES (1, 'Ann', 0), (2, 'Bob', 0)").await;
    }

    async fn ages(db: &Db) -> Vec<i32> {
        let ages = select(User::AGE).filter(User::ID.lt(3)).order_by(User::ID);
        db.session().all(ages).await.unwrap().into_iter().flatten().collect()
    }

    /// [TXN-5] Two transactions that wait for each other: the server ends one of them, which is run again.
    #[case(mariadb, mysql)]
    async fn a_deadlock_is_replayed(db: Db) {
        users(&db).await;
        let (runs, url) = (Arc::new(AtomicU32::new(0)), db.database.url.clone());
        let (count, failures) = (runs.clone(), Arc::new(AtomicU32::new(0)));
        let failed = failures.clone();
        let engine = db.engine.clone();
        let work = engine.transaction(async move |session| {
            session.execute(grow(1)).await?;
            let first = count.fetch_add(1, Ordering::Relaxed) == 0;
            let other = first.then(|| somebody(url.clone(), CHANGES, Duration::from_millis(200)));
            if first {
                sleep(Duration::from_millis(600));
            }
            let grown = session.execute(grow(2)).await;
            if let Err(error) = &grown {
                assert!(error.is_serialization_failure() && error.is_replayable(), "{error:?}");
                failed.fetch_add(1, Ordering::Relaxed);
            }
            if let Some(other) = other {
                other.join().unwrap();
            }
            grown.map(drop)
        });
        work.await.unwrap();
        assert_eq!((runs.load(Ordering::Relaxed), failures.load(Ordering::Relaxed)), (2, 1));
        assert_eq!(ages(&db).await, [11, 11]);
    }

    /// [TXN-5] A lock that is not granted in time: the unit of work is run again. What does not wait at all is not.
    #[case(mariadb, mysql)]
    async fn a_lock_that_is_waited_for_in_vain_is_replayed(db: Db) {
        users(&db).await;
        let builder = Engine::builder(&db.database.url).unwrap();
        let engine: Engine = builder.on_connect("SET innodb_lock_wait_timeout = 1").open();
        // MySQL looks once a second whether somebody has waited for too long.
        let is_slow = db.backend == orm_tests::Backend::MySql;
        let pause = Duration::from_millis(if is_slow { 3500 } else { 1500 });
        let other = somebody(db.database.url.clone(), &CHANGES[2..], pause);
        let nowait = User::select().filter(User::ID.eq(1)).for_update().nowait();
        let error = engine.session().all(nowait).await.unwrap_err();
        assert!(error.kind() == ErrorKind::LockTimeout && !error.is_replayable(), "{error:?}");
        let runs = Arc::new(AtomicU32::new(0));
        let count = runs.clone();
        let work = engine.transaction(async move |session| {
            count.fetch_add(1, Ordering::Relaxed);
            let ann = session.get::<User>(1).await?.unwrap();
            session[ann].age = Some(5);
            let flushed = session.flush().await;
            if let Err(error) = &flushed {
                assert!(error.kind() == ErrorKind::LockTimeout && error.is_replayable(), "{error:?}");
            }
            flushed
        });
        work.await.unwrap();
        other.join().unwrap();
        let runs = runs.load(Ordering::Relaxed);
        assert!(runs == 2 || (is_slow && runs > 2), "{runs}");
        assert_eq!(ages(&db).await, [5, 0]);
    }

    /// [ENG-7] What the server ends by itself, after a while without statements, is found dead before it is used.
    #[case(mariadb, mysql)]
    async fn idle_connections_are_ended_by_the_server(db: Db) {
        users(&db).await;
        let builder = Engine::builder(&db.database.url).unwrap().pool_size(1).max_overflow(0);
        let engine: Engine = builder.on_connect("SET wait_timeout = 1").pre_ping(true).open();
        assert_eq!(engine.session().count(User::select()).await.unwrap(), 2);
        sleep(Duration::from_millis(2500));
        assert_eq!(engine.session().count(User::select()).await.unwrap(), 2);
    }

    /// [DDL-8] Strict mode: what does not fit is an error, never cut or made up.
    #[case(mariadb, mysql)]
    async fn what_does_not_fit_is_an_error(db: Db) {
        users(&db).await;
        db.script("CREATE TABLE odd (day date, small tinyint, word varchar(3), price decimal(4,1), mood enum('good', 'bad'))").await;
        let mut connection = db.engine.connect().await.unwrap();
        for (column, value) in [
            ("day", "'2024-02-30'"),
            ("day", "'0000-00-00'"),
            ("day", "'2024-00-10'"),
            ("day", "'soon'"),
            ("small", "128"),
            ("small", "'x'"),
            ("small", "1 / 0"),
            ("word", "'long'"),
            ("price", "12345"),
            ("mood", "'so so'"),
            ("mood", "''"),
        ] {
            let sql = format!("INSERT INTO odd ({column}) VALUES ({value})");
            let result = connection.execute(text_unchecked(sql.clone())).await;
            assert!(result.is_err(), "{sql}");
            connection.rollback().await.unwrap();
        }
        let error = db.try_script("INSERT INTO users (age) VALUES (1)").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotNullViolation, "no default is made up");
        let long = format!("INSERT INTO users (name) VALUES ('{}')", "x".repeat(256));
        assert!(db.try_script(&long).await.is_err());
        assert!(db.try_script("SELECT 1 FROM users GROUP BY no_such").await.is_err());
    }

    /// [DDL-8] The clock of each connection is UTC, wherever the server is.
    #[case(mariadb, mysql)]
    async fn the_time_zone_is_utc(db: Db) {
        assert!(db.backend.is_mysql());
        let mut connection = db.engine.connect().await.unwrap();
        let zones = text("SELECT @@time_zone, timestampdiff(SECOND, utc_timestamp(), now())");
        let zones: (String, i64) = connection.execute(zones).await.unwrap().one().unwrap();
        assert_eq!(zones, ("+00:00".to_owned(), 0));
    }

    /// A row that no packet holds is refused before it is sent, and the connection goes on; many rows are cut.
    #[case(mariadb, mysql)]
    async fn packets(db: Db) {
        assert!(db.backend.is_mysql());
        db.create::<Letter>().await;
        let most = db.session().execute(text("SELECT @@max_allowed_packet")).await.unwrap();
        let most = usize::try_from(most.scalar_one::<i64>().unwrap()).unwrap();
        let mut session = db.session();
        session.add_all([Letter::new("short"), Letter::new("x".repeat(most))]);
        let error = session.commit().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode, "{error}");
        assert_says(&error, &["max_allowed_packet"]);
        session.rollback().await.unwrap();
        let half = "x".repeat(most / 2);
        let letters = session.add_all((0..3).map(|number| Letter::new(format!("{number}{half}"))));
        session.commit().await.unwrap();
        for &letter in &letters {
            session[letter].text.push('y');
        }
        session.commit().await.unwrap();
        let lengths = session.all(select(orm::functions::length(Letter::TEXT))).await.unwrap();
        assert_eq!(lengths, vec![i32::try_from(most / 2 + 2).unwrap(); 3]);
    }

    /// Fails unless these are all of the session's own rows, each with the key that it has in the database.
    async fn assert_keys(db: &Db, session: &mut Session, own: &[Entity<User>]) {
        let found = db.session().rows(User::select().filter(User::NAME.starts_with("own"))).await.unwrap();
        let names: std::collections::HashMap<_, _> =
            found.into_iter().map(|row| (row.id, row.name)).collect();
        assert_eq!(names.len(), own.len());
        assert!(own.iter().all(|&user| names[&session[user].id] == session[user].name));
    }

    /// The keys of many rows are those that they have, in whatever steps the server counts, and whoever inserts at the same time.
    #[case(mariadb, mysql)]
    async fn keys_in_steps(db: Db) {
        users(&db).await;
        let builder = Engine::builder(&db.database.url).unwrap();
        let set = "SET auto_increment_increment = 7, auto_increment_offset = 3";
        let engine: Engine = builder.on_connect(set).open();
        let url = db.database.url.clone();
        let other = spawn(move || {
            let engine = BlockingEngine::open(&url).unwrap();
            for round in 0..20 {
                let mut session = engine.session();
                session.add_all((0..50).map(|number| User::new(format!("other {round} {number}"))));
                session.commit().unwrap();
            }
        });
        let mut session = engine.session();
        let mut all = Vec::new();
        for round in 0..20 {
            all.extend(session.add_all((0..50).map(|number| User::new(format!("own {round} {number}")))));
            session.commit().await.unwrap();
        }
        other.join().unwrap();
        for &user in &all {
            assert_eq!(session[user].id % 7, 3);
        }
        assert_eq!(all.len(), 1000);
        assert_keys(&db, &mut session, &all).await;
    }

    /// The same beside statements of which the server does not know how many rows they will insert.
    #[case(mariadb, mysql)]
    async fn keys_beside_copied_rows(db: Db) {
        users(&db).await;
        let url = db.database.url.clone();
        let other = spawn(move || {
            let engine = BlockingEngine::open(&url).unwrap();
            let mut copied = 0;
            for round in 0..30 {
                let copy = "INSERT INTO users (name) SELECT concat(:round, ' ', a.id) FROM (SELECT id FROM users LIMIT 200) AS a";
                let mut connection = engine.connect().unwrap();
                // A deadlock with what is inserted meanwhile is no matter here.
                if let Ok(done) = connection.execute(text(copy).bind("round", format!("copy {round}"))) {
                    connection.commit().unwrap();
                    copied += done.rows_affected();
                }
            }
            copied
        });
        let mut session = db.session();
        let mut all = Vec::new();
        for round in 0..30 {
            all.extend(session.add_all((0..64).map(|number| User::new(format!("own {round} {number}")))));
            session.commit().await.unwrap();
        }
        let copied = other.join().unwrap();
        assert!(copied > 0, "nobody else has inserted anything");
        assert_keys(&db, &mut session, &all).await;
    }

    /// How often a unit of work waits for the server: COMMIT once, a statement once, and once more for a connection that has not prepared
    /// it. 96 new rows are a statement for 64 and one for 32; 96 that change or go are one for 128.
    #[case(mariadb, mysql)]
    async fn round_trips(db: Db) {
        users(&db).await;
        let proxy = orm_tests::proxy::Proxy::start(&db.database.url);
        let engine = Engine::open(&proxy.url).unwrap();
        let mut trips = Vec::new();
        for (round, count) in [1, 1, 96, 96].into_iter().enumerate() {
            let mut session = engine.session();
            session.get::<User>(1).await.unwrap();
            session.commit().await.unwrap();
            proxy.take();
            let users = session.add_all((0..count).map(|number| User::new(format!("{round} {number}"))));
            session.commit().await.unwrap();
            trips.push(proxy.take());
            users.iter().for_each(|&user| session[user].age = Some(1));
            session.commit().await.unwrap();
            trips.push(proxy.take());
            users.iter().for_each(|&user| session.delete(user).unwrap());
            session.commit().await.unwrap();
            trips.push(proxy.take());
            session.get::<User>(2).await.unwrap();
            session.commit().await.unwrap();
            trips.push(proxy.take());
        }
        assert_eq!(trips, [3, 3, 3, 2, 2, 2, 2, 2, 5, 3, 3, 2, 3, 2, 2, 2]);
    }

    /// A unit of work reads what was committed when it began to read, from its first statement on.
    #[case(mariadb, mysql)]
    async fn reads_are_of_one_moment(db: Db) {
        users(&db).await;
        let mut session = db.session();
        session.count(User::select()).await.unwrap();
        db.script("INSERT INTO users (name) VALUES ('Carol')").await;
        assert_eq!(session.count(User::select()).await.unwrap(), 2);
        session.commit().await.unwrap();
        assert_eq!(session.count(User::select()).await.unwrap(), 3);
    }
}
