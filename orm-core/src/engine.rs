//! The engine: where a database is, how many connections there may be, and who watches. Opening one connects to
//! nothing; it is cheap to clone and to share between threads.

mod channel;
mod connection;
mod echo;
mod inspect;
mod lease;
mod listener;
mod many;
mod migrate;
mod observer;
mod options;
mod pool;
mod schema;
mod statements;
#[cfg(feature = "tracing")]
mod summary;
mod timer;
#[cfg(feature = "tracing")]
mod tracing;
#[cfg(not(feature = "tracing"))]
#[path = "engine/untraced.rs"]
mod tracing;
mod url;
mod wait;
mod watch;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::Result;
use crate::driver::{Backend, Begin, Isolation};
use crate::metadata::{Inspection, Metadata};

pub(crate) use channel::{Channel, Parked};
pub(crate) use connection::Guarded;
pub use connection::{AsyncConnection, Connection, RowStream, Savepoint, Transaction};
pub use echo::Echo;
pub(crate) use echo::write_value;
pub(crate) use lease::Lease;
pub(crate) use listener::Listener;
pub(crate) use many::{counts, update_many};
pub use migrate::Migration;
pub use observer::{Event, Observer, Sent};
use options::Options;
pub use pool::PoolStatus;
use pool::{Form, Pool};
pub(crate) use statements::{Prepared, Statements};
pub(crate) use timer::pause;
pub use url::Url;
pub(crate) use wait::wait;
use watch::Watch;

/// What both forms of an engine share.
#[doc(hidden)]
#[derive(Clone)]
pub struct EngineCore(Arc<Shared>);

struct Shared {
    url: Url,
    pool: Arc<Pool>,
    statements: Statements,
}

impl EngineCore {
    pub(crate) async fn lease(&self) -> Result<Lease> {
        Pool::acquire(&self.0.pool).await
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        self.0.pool.backend()
    }

    /// How a transaction begins, if nobody says otherwise.
    pub(crate) fn begin(&self) -> Begin {
        Begin { isolation: self.0.pool.isolation(), ..Begin::READ }
    }

    /// Whether errors may show no values.
    pub(crate) fn hides_parameters(&self) -> bool {
        self.0.pool.watch().hides()
    }

    pub(crate) fn statements(&self) -> &Statements {
        &self.0.statements
    }

    async fn create_all(&self, metadata: &Metadata) -> Result<()> {
        schema::create_all_at_once(&mut self.lease().await?, self.backend().dialect(), metadata).await
    }

    async fn drop_all(&self, metadata: &Metadata) -> Result<()> {
        schema::drop_all_at_once(&mut self.lease().await?, self.backend().dialect(), metadata).await
    }

    async fn inspect(&self) -> Result<Inspection> {
        inspect::inspect(&mut self.lease().await?, self.backend().dialect()).await
    }

    async fn script(&self, sql: &str) -> Result<()> {
        self.lease().await?.script(sql).await
    }
}

/// A database for blocking programs.
///
/// An engine is opened with `Engine::open(url)` and hands out sessions with [`session`](Self::session).
#[derive(Clone)]
pub struct Engine {
    pub(crate) core: EngineCore,
}

/// A database for async programs: [`Engine`], with `.await` after each call that may do I/O.
#[derive(Clone)]
pub struct AsyncEngine {
    pub(crate) core: EngineCore,
}

impl Engine {
    /// Creates the tables that do not exist yet, in one transaction; those that exist are left as they are, also with
    /// other columns. Costs a query for what exists, and a statement for each thing that is created.
    pub fn create_all(&self, metadata: &Metadata) -> Result<()> {
        wait(self.core.create_all(metadata))
    }

    /// Drops the tables that exist, in one transaction, with all that is in them; those that do not exist are no error.
    pub fn drop_all(&self, metadata: &Metadata) -> Result<()> {
        wait(self.core.drop_all(metadata))
    }

    /// Where the database is. Shown with `Display` or `Debug`, it has `***` for the password.
    pub fn url(&self) -> &Url {
        &self.core.0.url
    }

    /// How many connections there are and who has them.
    pub fn pool(&self) -> PoolStatus {
        self.core.0.pool.status()
    }

    /// Closes all idle connections now. Those in use work on, and are closed when they come back instead of being lent again;
    /// they do not count any more, so the engine goes on as if it were new. A database in memory stays.
    pub fn dispose(&self) {
        self.core.0.pool.dispose();
    }

    /// What is in the database now: tables, columns, keys, indexes. Costs four queries, however many tables there are.
    pub fn inspect(&self) -> Result<Inspection> {
        wait(self.core.inspect())
    }

    #[doc(hidden)]
    pub fn script(&self, sql: &str) -> Result<()> {
        wait(self.core.script(sql))
    }
}

impl AsyncEngine {
    /// Creates the tables that do not exist yet, in one transaction; those that exist are left as they are, also with
    /// other columns. Costs a query for what exists, and a statement for each thing that is created.
    pub async fn create_all(&self, metadata: &Metadata) -> Result<()> {
        self.core.create_all(metadata).await
    }

    /// Drops the tables that exist, in one transaction, with all that is in them; those that do not exist are no error.
    pub async fn drop_all(&self, metadata: &Metadata) -> Result<()> {
        self.core.drop_all(metadata).await
    }

    /// Where the database is. Shown with `Display` or `Debug`, it has `***` for the password.
    pub fn url(&self) -> &Url {
        &self.core.0.url
    }

    /// How many connections there are and who has them.
    pub fn pool(&self) -> PoolStatus {
        self.core.0.pool.status()
    }

    /// Closes all idle connections now. Those in use work on, and are closed when they come back instead of being lent again;
    /// they do not count any more, so the engine goes on as if it were new. A database in memory stays.
    pub fn dispose(&self) {
        self.core.0.pool.dispose();
    }

    /// What is in the database now: tables, columns, keys, indexes. Costs four queries, however many tables there are.
    pub async fn inspect(&self) -> Result<Inspection> {
        self.core.inspect().await
    }

    #[doc(hidden)]
    pub async fn script(&self, sql: &str) -> Result<()> {
        self.core.script(sql).await
    }
}

impl fmt::Debug for EngineCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({}, {:?})", self.backend().dialect().name(), self.0.pool)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}

impl fmt::Debug for AsyncEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Async{:?}", self.core)
    }
}

/// The two forms of an engine.
pub trait EngineForm: sealed::Sealed {}

impl EngineForm for Engine {}
impl EngineForm for AsyncEngine {}

mod sealed {
    use super::{AsyncEngine, Engine, EngineCore, Form};

    pub trait Sealed {
        #[doc(hidden)]
        const FORM: Form;
        #[doc(hidden)]
        fn from_core(core: EngineCore) -> Self;
    }

    impl Sealed for Engine {
        const FORM: Form = Form::Blocking;
        fn from_core(core: EngineCore) -> Self {
            Self { core }
        }
    }

    impl Sealed for AsyncEngine {
        const FORM: Form = Form::Async;
        fn from_core(core: EngineCore) -> Self {
            Self { core }
        }
    }
}

/// Sets the options of an engine before it is opened.
#[must_use]
pub struct EngineBuilder<E> {
    url: Url,
    backend: Arc<dyn Backend>,
    options: Options,
    form: PhantomData<fn() -> E>,
}

impl<E: EngineForm> EngineBuilder<E> {
    /// An engine for this URL; `find` makes a backend of what is left of it without the options that every engine has.
    /// Programs use `Engine::builder(url)` instead.
    pub fn new(url: Url, find: impl FnOnce(&Url) -> Result<Arc<dyn Backend>>) -> Result<Self> {
        let mut rest = url.clone();
        let options = Options::take_from(&mut rest)?;
        Ok(Self { url, backend: find(&rest)?, options, form: PhantomData })
    }

    /// How far each transaction is kept apart from the others, unless its connection says otherwise (the database's own
    /// default). It travels with the BEGIN and costs no round trip; the higher the level, the more transactions wait for each other or fail.
    pub fn isolation(mut self, level: Isolation) -> Self {
        self.options.isolation = Some(level);
        self
    }

    /// The engine. Nothing is connected to until the first statement.
    pub fn open(self) -> E {
        let Self { url, backend, mut options, form: _ } = self;
        options.watch.look_at(&*backend);
        let pool = Arc::new(Pool::new(backend, E::FORM, options));
        E::from_core(EngineCore(Arc::new(Shared { url, pool, statements: Statements::default() })))
    }
}
