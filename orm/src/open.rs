//! Opening an engine from a URL.

use orm_core::Result;
use orm_core::engine::{AsyncEngine, Engine, EngineBuilder, EngineForm, Url};

use crate::backends;

/// Opens an [`Engine`] or an [`AsyncEngine`] from a URL. It is in the prelude.
///
/// | URL | database |
/// |---|---|
/// | `sqlite::memory:` | SQLite in this process's memory, for as long as the engine lives. A session that has read and not yet committed keeps the others from committing |
/// | `sqlite://`, `sqlite://:memory:` | the same |
/// | `sqlite://app.db`, `sqlite:app.db` | a SQLite file, beside the program's working folder; with three slashes, `sqlite:///var/app.db`, the path is absolute (not so in SQLAlchemy) |
/// | `sqlite://app.db?mode=ro` | the file for reading alone; `rw` does not create it, `rwc` (as without) does |
/// | `postgres://user:password@host:port/database` | PostgreSQL, with the feature `postgres` |
/// | `mariadb://user:password@host:port/database`, `mysql://…` | MariaDB or MySQL, with the feature `mysql`; the other one's server is refused |
///
/// The driver may be named, as in `postgres+tokio://…` or `sqlite+rusqlite://…`; there is one for each.
///
/// Options of the engine are keys of the URL as well, `?pool_size=20&pool_timeout=0.5` (times in seconds): `pool_size`,
/// `max_overflow`, `pool_timeout`, `recycle`, `pre_ping`, `connect_timeout`, `statement_timeout`, `statement_cache`, `isolation` (`serializable`, `read_committed`, …), `echo`, `slow_statements`, `hide_parameters`. What each of them
/// does and costs is said at the method of [`EngineBuilder`] of the same name, which goes before the URL.
///
/// Each connection to SQLite has `foreign_keys` on, `LIKE` that tells upper from lower case as on other databases, a busy timeout of 5 s, and for a file
/// `journal_mode = WAL` (two files more beside it) and `synchronous = NORMAL`: after a loss of power the last commits may be missing, and nothing is
/// damaged. `.on_connect("PRAGMA synchronous = FULL")` has it otherwise. Tables are created STRICT.
///
/// Characters that have a meaning in a URL are written as escapes: `%40` for the `@` of a password.
pub trait Open: EngineForm + Sized {
    /// An engine with default options. Nothing is connected to until the first statement.
    fn open(url: &str) -> Result<Self> {
        Ok(Self::builder(url)?.open())
    }

    /// Sets options before the engine is opened: `Engine::builder(url)?.pool_size(20).open()`.
    fn builder(url: &str) -> Result<EngineBuilder<Self>> {
        EngineBuilder::new(Url::parse(url)?, backends::find)
    }
}

impl Open for Engine {}
impl Open for AsyncEngine {}
