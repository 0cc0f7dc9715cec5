//! What the behaviour suite stands on: for each case a database of its own on a real server, an engine whose statements
//! are recorded, and the two forms of the same names.
//!
//! A case is written once, as `async fn case(db: Db)` in a module with `#[both_forms]`. There, `Db`, `Session` and
//! `Engine` mean the async types or the blocking ones, by form.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

extern crate self as orm_tests;

mod fold;
pub mod proxy;
mod server;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use orm::Event;

pub use orm_tests_macros::both_forms;
pub use server::{Database, special};

/// The backends that the suite runs against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file of its own for each case.
    Sqlite,
    /// A database of its own for each case, on the server that `ORM_TEST_POSTGRES` names.
    Postgres,
    /// A database of its own for each case, on the server that `ORM_TEST_MARIADB` names.
    MariaDb,
    /// A database of its own for each case, on the server that `ORM_TEST_MYSQL` names.
    MySql,
}

impl Backend {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sqlite, Self::Postgres, Self::MariaDb, Self::MySql];

    /// As it is called in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
            Self::MariaDb => "mariadb",
            Self::MySql => "mysql",
        }
    }

    /// Whether it is MySQL or MariaDB.
    pub fn is_mysql(self) -> bool {
        matches!(self, Self::MariaDb | Self::MySql)
    }

    /// Ends all other connections to this database, and waits until they are gone.
    fn ending_connections(self) -> &'static str {
        match self {
            Self::Sqlite => panic!("there is no server"),
            Self::Postgres => {
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()"
            }
            Self::MariaDb => {
                "BEGIN NOT ATOMIC \
                 FOR other IN (SELECT id FROM information_schema.PROCESSLIST WHERE db = DATABASE() AND id <> connection_id()) \
                 DO EXECUTE IMMEDIATE concat('KILL ', other.id); END FOR; \
                 WHILE EXISTS (SELECT 1 FROM information_schema.PROCESSLIST WHERE db = DATABASE() AND id <> connection_id()) \
                 DO DO sleep(0.01); END WHILE; END"
            }
            Self::MySql => {
                "CREATE PROCEDURE end_others() BEGIN \
                 DECLARE CONTINUE HANDLER FOR 1094 DO 0; \
                 again: LOOP \
                 SET @other = (SELECT min(id) FROM information_schema.PROCESSLIST WHERE db = DATABASE() AND id <> connection_id()); \
                 IF @other IS NULL THEN LEAVE again; END IF; \
                 KILL @other; DO sleep(0.01); \
                 END LOOP; END; \
                 CALL end_others(); DROP PROCEDURE end_others"
            }
        }
    }
}

/// What an engine sent, one line each.
#[derive(Clone, Default)]
pub struct Trace {
    lines: Arc<Mutex<Vec<String>>>,
    /// Whether statements without RETURNING, and the queries that stand for it, are shown as the one statement that they are on
    /// other backends.
    folds: bool,
    /// Whether INSERT is one of them.
    folds_inserts: bool,
}

impl Trace {
    /// Notes an event, with names in standard quotes.
    pub fn record(&self, event: &Event<'_>) {
        if !matches!(event, Event::Connect(_)) {
            self.lines.lock().unwrap().push(event.to_string().replace('`', "\""));
        }
    }

    /// An empty one, for an engine of this backend.
    pub fn of(backend: Backend) -> Self {
        Self { folds: backend.is_mysql(), folds_inserts: backend == Backend::MySql, ..Self::default() }
    }

    /// Whether it is one of MySQL's or `MariaDB`'s.
    pub fn folds(&self) -> bool {
        self.folds
    }

    /// What was sent since the last call.
    pub fn take(&self) -> Vec<String> {
        let lines = self.take_all();
        let lines = if self.folds_inserts { fold::fold_inserts(lines) } else { lines };
        if self.folds { fold::fold(lines) } else { lines }
    }

    /// The same with each statement as it was sent.
    pub fn take_all(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }

    /// The statements since the last call; steps of transactions are not counted.
    pub fn take_statements(&self) -> Vec<String> {
        let mut lines = self.take();
        let steps = ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT ", "RELEASE "];
        lines.retain(|line| !steps.iter().any(|step| line.starts_with(step)));
        lines
    }
}

/// What `orm::prelude` has, without the names that the two forms have in common.
pub mod prelude {
    pub use orm::JsonMethods as _;
    pub use orm::functions::{avg, case, coalesce, count, count_all, func, max, min, sum, value};
    pub use orm::{
        AsSource as _, Executable as _, ExpressionMethods as _, LabelMethods as _, Loadable as _, Open as _,
        TextMethods as _,
    };
    pub use orm::{
        BelongsTo, DbEnum, DbValue, Deferred, Embedded, Entity, ErrorKind, FromRow, HasMany, HasOne,
        Isolation, ManyToMany, Metadata, Migration, Model, Params, SessionMaker, cte, excluded, exists,
        select, text, text_unchecked,
    };
}

/// The names of a case in blocking form.
pub mod sync_form {
    pub use orm::{Connection, Engine, Session};

    /// What a function gives that calls itself; a boxed future in the other form.
    pub type Boxed<'f, T> = T;

    /// Gives what it is given; boxes a future in the other form.
    pub fn boxed<T>(value: T) -> T {
        value
    }

    use super::*;
    use orm::{EngineBuilder, Metadata, Models, Open, Result};

    /// A case's database.
    pub struct Db {
        /// Which backend it is on.
        pub backend: Backend,
        /// An engine whose statements are recorded.
        pub engine: Engine,
        /// What it sent.
        pub trace: Trace,
        /// The database, dropped with it.
        pub database: Database,
    }

    /// Runs a case, unless its backend has no server.
    pub fn run(backend: Backend, case: impl FnOnce(Db)) {
        if let Some(database) = Database::create(backend) {
            case(Db::new(backend, database));
        }
    }

    impl Db {
        fn new(backend: Backend, database: Database) -> Self {
            let trace = Trace::of(backend);
            let record = trace.clone();
            let builder: EngineBuilder<Engine> = Engine::builder(&database.url).unwrap();
            let engine = builder.observe(move |event: &Event<'_>| record.record(event)).open();
            Self { backend, engine, trace, database }
        }

        /// Creates the tables of these models.
        pub fn create<M: Models>(&self) {
            self.engine.create_all(&Metadata::of::<M>()).unwrap();
            self.trace.take();
        }

        /// A session of the recorded engine.
        pub fn session(&self) -> Session {
            self.engine.session()
        }

        /// An engine that is not recorded: somebody else.
        pub fn other(&self) -> Engine {
            Engine::open(&self.database.url).unwrap()
        }

        /// Ends all connections to the database, on the server.
        pub fn end_connections(&self) {
            self.script(self.backend.ending_connections());
        }

        /// Runs SQL as somebody else.
        pub fn script(&self, sql: &str) {
            self.try_script(sql).unwrap();
        }

        /// Runs SQL as somebody else.
        pub fn try_script(&self, sql: &str) -> Result<()> {
            self.other().script(sql)
        }
    }
}

/// The names of a case in async form.
pub mod async_form {
    pub use orm::{AsyncConnection as Connection, AsyncEngine as Engine, AsyncSession as Session};

    /// What a function gives that calls itself: a future of known size.
    pub type Boxed<'f, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'f>>;

    /// Boxes a future; gives what it is given in the other form.
    pub fn boxed<'f, T>(future: impl Future<Output = T> + Send + 'f) -> Boxed<'f, T> {
        Box::pin(future)
    }

    use super::*;
    use orm::{EngineBuilder, Metadata, Models, Open, Result};

    /// A case's database.
    pub struct Db {
        /// Which backend it is on.
        pub backend: Backend,
        /// An engine whose statements are recorded.
        pub engine: Engine,
        /// What it sent.
        pub trace: Trace,
        /// The database, dropped with it.
        pub database: Database,
    }

    /// Runs a case as a task of a runtime with several threads, unless its backend has no server.
    pub fn run<F: Future<Output = ()> + Send + 'static>(backend: Backend, case: impl FnOnce(Db) -> F) {
        let Some(database) = Database::create(backend) else { return };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let db = Db::new(backend, database);
        let task = case(db);
        if let Err(error) = runtime.block_on(async { tokio::spawn(task).await }) {
            std::panic::resume_unwind(error.into_panic());
        }
    }

    impl Db {
        fn new(backend: Backend, database: Database) -> Self {
            let trace = Trace::of(backend);
            let record = trace.clone();
            let builder: EngineBuilder<Engine> = Engine::builder(&database.url).unwrap();
            let engine = builder.observe(move |event: &Event<'_>| record.record(event)).open();
            Self { backend, engine, trace, database }
        }

        /// Creates the tables of these models.
        pub async fn create<M: Models>(&self) {
            self.engine.create_all(&Metadata::of::<M>()).await.unwrap();
            self.trace.take();
        }

        /// A session of the recorded engine.
        pub fn session(&self) -> Session {
            self.engine.session()
        }

        /// An engine that is not recorded: somebody else.
        pub fn other(&self) -> Engine {
            Engine::open(&self.database.url).unwrap()
        }

        /// Ends all connections to the database, on the server.
        pub async fn end_connections(&self) {
            self.script(self.backend.ending_connections()).await;
        }

        /// Runs SQL as somebody else.
        pub async fn script(&self, sql: &str) {
            self.try_script(sql).await.unwrap();
        }

        /// Runs SQL as somebody else.
        pub async fn try_script(&self, sql: &str) -> Result<()> {
            self.other().script(sql).await
        }
    }
}

/// Polls a future so often, whenever it is woken, then drops it: right after it was polled, or when it is woken again.
pub async fn drop_after<T>(polls: usize, wait: bool, future: impl Future<Output = T>) -> Option<T> {
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

/// How much of a long test is run: what this variable says, else `full` in CI, else `short`.
pub fn amount(variable: &str, full: u32, short: u32) -> u32 {
    match std::env::var(variable) {
        Ok(amount) => amount.parse().unwrap(),
        Err(_) if std::env::var_os("CI").is_some() => full,
        Err(_) => short,
    }
}

/// Fails unless the text holds all of these.
#[track_caller]
pub fn assert_says(error: impl std::fmt::Display, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
}

/// Fails unless the recorded statements are these, in which `"name"` is written without its quotes and parameters as `?`.
#[track_caller]
pub fn assert_statements(statements: &[String], expected: &[&str]) {
    let plain: Vec<_> = statements.iter().map(|statement| plain(statement)).collect();
    assert_eq!(plain, expected);
}

fn plain(statement: &str) -> String {
    let mut text = String::new();
    let mut characters = statement.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' | '`' => {}
            '$' => {
                while characters.next_if(char::is_ascii_digit).is_some() {}
                text.push('?');
            }
            other => text.push(other),
        }
    }
    text
}
