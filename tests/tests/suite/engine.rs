//! An engine's URL, its options, and what its pool says of itself.

use std::time::{Duration, Instant};

use orm::{EngineBuilder, Url};
use orm_tests::prelude::*;
use orm_tests::proxy::Proxy;
use orm_tests::{Backend, assert_says, both_forms};

use crate::models::User;

/// The sessions of a server that belong to this database, as the server sees them.
#[derive(Model, Debug)]
#[model(table = "activity")]
struct Activity {
    #[model(key)]
    pid: i32,
    name: String,
}

/// The view of [`Activity`], and what a connection sets to be one of the `turns`.
fn activity(backend: Backend) -> (&'static str, &'static str) {
    match backend {
        Backend::Postgres => (
            "CREATE VIEW activity AS SELECT pid, application_name AS name FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
            "SET application_name = 'turns'",
        ),
        Backend::MariaDb | Backend::MySql => (
            "CREATE TABLE turns (id BIGINT); \
             CREATE VIEW activity AS SELECT CAST(p.id AS signed) AS pid, 'turns' AS name \
             FROM information_schema.PROCESSLIST AS p JOIN turns AS t ON t.id = p.id WHERE p.id <> connection_id()",
            "INSERT INTO turns VALUES (connection_id())",
        ),
        Backend::Sqlite => unreachable!("there is no server"),
    }
}

/// What `on_connect` makes, for its connection alone.
#[derive(Model, Debug)]
#[model(table = "mark")]
struct Mark {
    #[model(key)]
    id: i64,
}

/// A statement that takes long.
fn long(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => "SELECT pg_sleep(20)",
        Backend::MariaDb => "SELECT sleep(20)",
        // There sleep gives 1 when it is interrupted.
        Backend::MySql => {
            "WITH n AS (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4), \
             m AS (SELECT 1 FROM n AS a, n AS b, n AS c, n AS d, n AS e) SELECT count(*) FROM m AS a, m AS b, m AS c, m AS d"
        }
        Backend::Sqlite => {
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) \
             SELECT count(*) FROM n"
        }
    }
}

#[both_forms]
mod engine {
    use super::*;

    fn builder(db: &Db) -> EngineBuilder<Engine> {
        Engine::builder(&db.database.url).unwrap().pool_timeout(Duration::from_secs(20))
    }

    /// A session that holds a connection.
    async fn hold(engine: &Engine) -> Session {
        let mut session = engine.session();
        session.all(User::select()).await.unwrap();
        session
    }

    /// Connects to a server of this kind.
    async fn connect_to(db: &Db, kind: &str) -> orm::Result<()> {
        let url = format!("{}?target_session_attrs={kind}", db.database.url);
        Engine::open(&url)?.script("SELECT 1").await
    }

    fn counters(engine: &Engine) -> [usize; 4] {
        let status = engine.pool();
        [status.size, status.idle, status.overflow, status.borrowed]
    }

    /// [ENG-1] Every part of the URL is there, with a driver or without, and the password is shown nowhere.
    #[case]
    async fn the_url_is_known(db: Db) {
        db.create::<User>().await;
        let (scheme, rest) = db.database.url.split_once(':').unwrap();
        let driver = if db.backend == Backend::Sqlite { "rusqlite" } else { "tokio" };
        let url = format!("{scheme}+{driver}:{rest}?pool_size=1");
        let engine = Engine::open(&url).unwrap();
        let _session = hold(&engine).await;
        let parts = Url::parse(&db.database.url).unwrap();
        assert_eq!((engine.url().dialect(), engine.url().driver()), (parts.scheme(), Some(driver)));
        assert_eq!((engine.url().host(), engine.url().path()), (parts.host(), parts.path()));
        assert_eq!(engine.url().password(), parts.password());
        assert_eq!(engine.url().query().len(), 1);
        let shown = format!("{engine:?} {} {:?}", engine.url(), engine.url());
        assert!(!parts.password().is_some_and(|password| shown.contains(password)), "{shown}");
    }

    /// [ENG-2] What cannot be understood is told before anything is connected to, without repeating the URL.
    #[case]
    async fn a_bad_url_is_refused(db: Db) {
        let scheme = match db.backend {
            Backend::Sqlite => "sqlite",
            Backend::Postgres => "postgres",
            Backend::MariaDb | Backend::MySql => "mariadb",
        };
        for (rest, word) in [
            ("://al:hunter2@h/d?colour=red", "colour"),
            ("://al:hunter2@h/d?pool_size=many", "pool_size"),
            ("://al:hunter2@h/d?pool_timeout=-1", "pool_timeout"),
            ("+ftp://al:hunter2@h/d", "ftp"),
            ("ology://al:hunter2@h/d", "ology"),
        ] {
            let error = Engine::open(&format!("{scheme}{rest}")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Url);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
            assert_says(error, &[word]);
        }
        assert_eq!(Engine::open("hunter2").unwrap_err().kind(), ErrorKind::Url);
    }

    /// [ENG-2] The keys of a URL are options, and the builder goes before them.
    #[case]
    async fn options_are_keys_of_the_url(db: Db) {
        db.create::<User>().await;
        let url = format!(
            "{}?pool_size=1&max_overflow=0&pool_timeout=0&recycle=60&pre_ping=true&connect_timeout=5.5&\
             statement_timeout=20&statement_cache=8&isolation=serializable",
            db.database.url
        );
        let engine = Engine::open(&url).unwrap();
        let _one = hold(&engine).await;
        assert_eq!(counters(&engine), [1, 0, 0, 1]);
        assert_eq!(engine.session().all(User::select()).await.unwrap_err().kind(), ErrorKind::PoolTimeout);

        let engine = Engine::builder(&url).unwrap().pool_size(2).open();
        let (_one, _two) = (hold(&engine).await, hold(&engine).await);
        assert_eq!(counters(&engine), [2, 0, 0, 2]);
    }

    /// [ENG-3] An engine that nobody has used has no connection.
    #[case]
    async fn nothing_is_opened_before_it_is_needed(db: Db) {
        db.create::<User>().await;
        let engine = builder(&db).open();
        let mut session = engine.session();
        assert_eq!(counters(&engine), [5, 0, 0, 0]);
        session.all(User::select()).await.unwrap();
        assert_eq!(counters(&engine), [5, 0, 0, 1]);
        session.commit().await.unwrap();
        assert_eq!(counters(&engine), [5, 1, 0, 0]);
    }

    /// [ENG-4] Three stay, and three are closed.
    #[case]
    async fn overflow_is_closed_when_it_comes_back(db: Db) {
        db.create::<User>().await;
        let engine = builder(&db).pool_size(3).max_overflow(3).open();
        let mut sessions = Vec::new();
        for _ in 0..6 {
            sessions.push(hold(&engine).await);
        }
        assert_eq!(counters(&engine), [3, 0, 3, 6]);
        for session in &mut sessions {
            session.commit().await.unwrap();
        }
        assert_eq!(counters(&engine), [3, 3, 0, 0]);
    }

    /// A server of the other kind than was asked for is refused.
    #[case(postgres)]
    async fn only_the_kind_of_server_that_was_asked_for(db: Db) {
        for (is_read_only, kind, other) in
            [("off", "read-write", "read-only"), ("on", "read-only", "read-write")]
        {
            let name = db.database.url.rsplit_once('/').unwrap().1;
            db.script(&format!("ALTER DATABASE {name} SET default_transaction_read_only = {is_read_only}"))
                .await;
            connect_to(&db, kind).await.unwrap();
            connect_to(&db, "any").await.unwrap();
            let error = connect_to(&db, other).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Connect);
            assert_says(error, &[&format!("target_session_attrs is {other}")]);
        }
    }

    /// A connection that is closed takes its leave: servers log and count those that are lost.
    #[case(postgres, mariadb, mysql)]
    async fn closed_connections_take_their_leave(db: Db) {
        let farewell: &[u8] = match db.backend {
            Backend::Sqlite => unreachable!("there is no server"),
            Backend::Postgres => b"X\0\0\0\x04",
            Backend::MariaDb | Backend::MySql => b"\x01\0\0\0\x01",
        };
        db.create::<User>().await;
        let proxy = Proxy::start(&db.database.url);
        let engine = Engine::open(&proxy.url).unwrap();
        drop(hold(&engine).await);
        drop(engine);
        let start = Instant::now();
        while !proxy.last_sent().ends_with(farewell) {
            assert!(start.elapsed() < Duration::from_secs(10), "{:?}", proxy.last_sent());
            // Async, the farewell may be a task's.
            db.script("SELECT 1").await;
        }
    }

    /// [ENG-4] The server agrees, and an idle connection is lent in its turn.
    #[case(postgres, mariadb, mysql)]
    async fn idle_connections_take_turns(db: Db) {
        db.create::<User>().await;
        let (view, mark) = activity(db.backend);
        db.script(view).await;
        let engine = builder(&db).pool_size(3).max_overflow(3).on_connect(mark).open();
        let mut sessions = Vec::new();
        for _ in 0..6 {
            sessions.push(hold(&engine).await);
        }
        let query = || Activity::select().filter(Activity::NAME.eq("turns"));
        assert_eq!(db.session().rows(query()).await.unwrap().len(), 6);
        drop(sessions);
        // The server takes a moment to see that they are gone.
        let start = Instant::now();
        while db.session().rows(query()).await.unwrap().len() != 3 {
            assert!(start.elapsed() < Duration::from_secs(10), "three are closed");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut seen = Vec::new();
        for _ in 0..3 {
            let mut session = engine.session();
            let mut others: Vec<_> = session.rows(query()).await.unwrap().iter().map(|row| row.pid).collect();
            session.commit().await.unwrap();
            others.sort();
            seen.push(others);
        }
        // Each sees the other two, which are not the same two.
        assert!(seen[0] != seen[1] && seen[1] != seen[2] && seen[0] != seen[2], "{seen:?}");
    }

    /// [ENG-5] At once, after half a second, after two.
    #[case]
    async fn a_full_pool_says_who_has_it(db: Db) {
        db.create::<User>().await;
        for milliseconds in [0, 500, 2000] {
            let timeout = Duration::from_millis(milliseconds);
            let engine = builder(&db).pool_size(3).max_overflow(0).pool_timeout(timeout).open();
            let mut sessions = Vec::new();
            for _ in 0..3 {
                sessions.push(hold(&engine).await);
            }
            let start = Instant::now();
            let error = engine.session().all(User::select()).await.unwrap_err();
            let waited = start.elapsed();
            assert!(waited >= timeout && waited < timeout + Duration::from_millis(1500), "{waited:?}");
            assert_eq!(error.kind(), ErrorKind::PoolTimeout);
            let seconds = format!("within {} s", timeout.as_secs_f64());
            assert_says(
                error,
                &[&seconds, "pool_size 3", "3 in use", "the longest for", "0 idle", "0 waiting"],
            );
            sessions.pop();
            hold(&engine).await;
        }
    }

    /// [ENG-6] While the server lets nobody in nothing is used up, and who waits in vain learns why.
    #[case]
    async fn failed_connects_take_no_room(db: Db) {
        db.create::<User>().await;
        let_in(&db, false).await;
        let engine = builder(&db).pool_size(2).max_overflow(2).pool_timeout(Duration::from_millis(50)).open();
        for _ in 0..10 {
            let error = engine.session().all(User::select()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
        }
        assert_eq!(counters(&engine), [2, 0, 0, 0]);
        let_in(&db, true).await;
        let mut sessions = Vec::new();
        for _ in 0..4 {
            sessions.push(hold(&engine).await);
        }
        assert_eq!(counters(&engine), [2, 0, 2, 4]);
    }

    /// [ENG-7] A connection that is too old is closed when somebody wants it.
    #[case]
    async fn an_old_connection_is_replaced(db: Db) {
        db.create::<User>().await;
        let engine = builder(&db).recycle(Duration::from_millis(300)).on_connect(MARK).open();
        let start = Instant::now();
        let mut session = engine.session();
        session.add(Mark { id: 1 });
        session.commit().await.unwrap();
        let found = engine.session().rows(Mark::select()).await.unwrap().len();
        assert!(found == 1 || start.elapsed() >= Duration::from_millis(300), "the same connection");
        std::thread::sleep(Duration::from_millis(350));
        assert_eq!(engine.pool().idle, 1);
        assert!(engine.session().rows(Mark::select()).await.unwrap().is_empty(), "a new connection");
        assert_eq!(counters(&engine), [5, 1, 0, 0]);
    }

    /// [ENG-7] With a ping before use, a restart of the server is not noticed.
    #[case(postgres, mariadb, mysql)]
    async fn a_ping_replaces_what_died(db: Db) {
        db.create::<User>().await;
        let engine = builder(&db).pre_ping(true).open();
        for _ in 0..3 {
            let sessions = [hold(&engine).await, hold(&engine).await, hold(&engine).await];
            drop(sessions);
            assert_eq!(engine.pool().idle, 3);
            db.end_connections().await;
            assert!(engine.session().all(User::select()).await.is_ok());
            // The others are as old, and were not asked.
            assert_eq!(counters(&engine), [5, 1, 0, 0]);
        }
    }

    /// [ENG-7] A new connection is not asked, an idle one is, with one round trip.
    #[case(postgres, mariadb, mysql)]
    async fn a_new_connection_is_not_pinged(db: Db) {
        db.create::<User>().await;
        let mut trips = Vec::new();
        for ping in [false, true] {
            let proxy = Proxy::start(&db.database.url);
            let engine = Engine::builder(&proxy.url).unwrap().pre_ping(ping).open();
            for _ in 0..2 {
                let mut session = engine.session();
                session.all(User::select()).await.unwrap();
                session.commit().await.unwrap();
                trips.push(proxy.take());
            }
        }
        assert_eq!((trips[2], trips[3]), (trips[0], trips[1] + 1), "{trips:?}");
    }

    /// [ENG-7] Without one, a failure costs one statement: all that are as old are closed with it.
    #[case(postgres, mariadb, mysql)]
    async fn one_death_is_enough(db: Db) {
        db.create::<User>().await;
        let engine = builder(&db).open();
        let sessions = [hold(&engine).await, hold(&engine).await, hold(&engine).await];
        drop(sessions);
        db.end_connections().await;
        if let Err(error) = engine.session().all(User::select()).await {
            assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{error}");
        }
        for _ in 0..3 {
            assert!(engine.session().all(User::select()).await.is_ok());
        }
    }

    /// [ENG-8] What is idle is closed, what is borrowed works on and is closed then, and the pool is a new one.
    #[case]
    async fn a_disposed_engine_begins_anew(db: Db) {
        db.create::<User>().await;
        let engine = builder(&db).pool_size(2).max_overflow(0).on_connect(MARK).open();
        let (mut borrowed, idle) = (engine.session(), hold(&engine).await);
        borrowed.add(Mark { id: 1 });
        borrowed.add(User::new("Alice"));
        borrowed.flush().await.unwrap();
        drop(idle);
        assert_eq!(counters(&engine), [2, 1, 0, 1]);
        engine.dispose();
        assert_eq!((counters(&engine), engine.pool().retired), ([2, 0, 0, 0], 1));
        // All of the new pool can be had.
        let (one, two) = (hold(&engine).await, hold(&engine).await);
        assert_eq!((counters(&engine), engine.pool().retired), ([2, 0, 0, 2], 1));
        assert_eq!(borrowed.rows(Mark::select()).await.unwrap().len(), 1);
        drop((one, two));
        borrowed.commit().await.unwrap();
        assert_eq!((counters(&engine), engine.pool().retired), ([2, 2, 0, 0], 0));
        for _ in 0..2 {
            assert!(engine.session().rows(Mark::select()).await.unwrap().is_empty());
        }
        assert_eq!(db.session().rows(User::select()).await.unwrap().len(), 1);
    }

    /// [ENG-8] [ENG-10] A database in memory lasts as long as its engine, not as its connections.
    #[case(sqlite)]
    async fn a_database_in_memory_outlives_dispose(_db: Db) {
        let engine = Engine::open("sqlite://").unwrap();
        engine.create_all(&Metadata::of::<User>()).await.unwrap();
        let mut session = engine.session();
        session.add(User::new("Alice"));
        session.commit().await.unwrap();
        engine.dispose();
        assert_eq!(engine.pool().idle, 0);
        assert_eq!(engine.session().rows(User::select()).await.unwrap().len(), 1);
        let other = Engine::open("sqlite::memory:").unwrap();
        assert_eq!(other.session().rows(User::select()).await.unwrap_err().kind(), ErrorKind::MissingTable);
    }

    /// Each new connection is set up, and one of which that fails is not used.
    #[case]
    async fn new_connections_are_set_up(db: Db) {
        db.create::<User>().await;
        let engine = builder(&db).on_connect(MARK).on_connect("INSERT INTO mark VALUES (7)").open();
        let (mut one, mut two) = (engine.session(), engine.session());
        assert_eq!(one.rows(Mark::select()).await.unwrap()[0].id, 7);
        assert_eq!(two.rows(Mark::select()).await.unwrap()[0].id, 7);

        let engine = builder(&db).on_connect(MARK).on_connect("INSERT INTO nowhere VALUES (7)").open();
        for _ in 0..20 {
            let error = engine.session().all(User::select()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Connect);
            assert_says(error, &["on_connect", "nowhere"]);
        }
        assert_eq!(counters(&engine), [5, 0, 0, 0]);
    }

    /// A set-up that leaves a transaction open does no harm.
    #[case]
    async fn a_script_that_begins_leaves_nothing_open(db: Db) {
        db.create::<User>().await;
        let engine = builder(&db).pool_size(1).max_overflow(0).open();
        for _ in 0..3 {
            engine.script("BEGIN; INSERT INTO users (name) VALUES ('Alice')").await.unwrap();
            assert!(engine.session().rows(User::select()).await.unwrap().is_empty());
            db.script("UPDATE users SET age = 1").await;
        }
    }

    /// A statement that takes too long fails, and its connection goes on.
    #[case]
    async fn a_statement_has_a_time_limit(db: Db) {
        db.create::<User>().await;
        let url = format!("{}?statement_timeout=0.2", db.database.url);
        let engine = Engine::builder(&url).unwrap().on_connect(MARK).open();
        let mut session = engine.session();
        session.add(Mark { id: 1 });
        session.commit().await.unwrap();
        for _ in 0..2 {
            let start = Instant::now();
            let error = engine.script(long(db.backend)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
            assert!(start.elapsed() < Duration::from_secs(10));
            assert_eq!(engine.session().rows(Mark::select()).await.unwrap().len(), 1);
        }
        // The time between statements is nobody's.
        std::thread::sleep(Duration::from_millis(300));
        session.add(User::new("Alice"));
        session.flush().await.unwrap();
        std::thread::sleep(Duration::from_millis(300));
        session.commit().await.unwrap();
        assert_eq!(db.session().rows(User::select()).await.unwrap().len(), 1);
    }

    /// Without a store for prepared statements all works as it does with one.
    #[case]
    async fn statements_need_not_be_kept(db: Db) {
        db.create::<User>().await;
        for statements in [0, 1] {
            let engine = builder(&db).statement_cache(statements).open();
            let mut session = engine.session();
            for round in 0..3 {
                let user = session.add(User::new(format!("{statements} {round}")));
                session.commit().await.unwrap();
                session[user].age = Some(round);
                session.commit().await.unwrap();
                let found = session.all(User::select().filter(User::AGE.eq(round))).await.unwrap();
                assert!(found.contains(&user));
            }
        }
    }

    const MARK: &str = "CREATE TEMPORARY TABLE mark (id bigint PRIMARY KEY)";

    /// Lets nobody into the database any more, or lets them in again.
    async fn let_in(db: &Db, on: bool) {
        let (server, name) = db.database.url.rsplit_once('/').unwrap();
        match db.backend {
            Backend::Sqlite => {
                let open = server.trim_start_matches("sqlite://");
                let closed = format!("{open}-closed");
                let (from, to) = if on { (&*closed, open) } else { (open, &*closed) };
                std::fs::rename(from, to).unwrap();
            }
            Backend::MariaDb | Backend::MySql => {
                let server = Engine::open(&format!("{server}/mysql")).unwrap();
                // Its one table is kept somewhere else meanwhile.
                let sql = match on {
                    false => format!(
                        "CREATE DATABASE {name}_closed; RENAME TABLE {name}.users TO {name}_closed.users; DROP DATABASE {name}"
                    ),
                    true => format!(
                        "CREATE DATABASE {name}; RENAME TABLE {name}_closed.users TO {name}.users; DROP DATABASE {name}_closed"
                    ),
                };
                server.script(&sql).await.unwrap();
            }
            Backend::Postgres => {
                let server = Engine::open(&format!("{server}/postgres")).unwrap();
                server.script(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {on}")).await.unwrap();
            }
        }
    }
}

/// [ENG-5] [ENG-6] Who waits in vain while another tries to connect learns why the attempt before failed.
#[test]
fn a_pool_timeout_tells_of_the_last_failed_connect() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://alice:hunter2@{}/db?connect_timeout=1", listener.local_addr().unwrap());
    let engine = orm::Engine::builder(&url).unwrap().pool_size(1).max_overflow(0);
    let engine = engine.pool_timeout(Duration::from_millis(200)).open();
    std::thread::scope(|scope| {
        // Closes the first connection, and says nothing on the second.
        scope.spawn(|| drop(listener.accept().unwrap()));
        assert_eq!(engine.connect().unwrap_err().kind(), ErrorKind::Connect);
        let silent = scope.spawn(|| engine.connect().unwrap_err());
        let _second = listener.accept().unwrap();
        let error = engine.connect().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PoolTimeout);
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert_says(error, &["1 in use", "the last attempt to connect failed: cannot connect", "127.0.0.1"]);
        let error = silent.join().unwrap();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert_says(error, &["within 1 s"]);
    });
    assert_eq!(engine.pool().borrowed, 0);
}
