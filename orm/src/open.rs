//! Opening an engine from a URL.

use orm_core::Result;
use orm_core::engine::{AsyncEngine, Engine, EngineBuilder, EngineForm, Url};

use crate::backends;

/// Opens an [`Engine`] or an [`AsyncEngine`] from a URL. It is in the prelude.
///
/// | URL | database |
/// |---|---|
/// | `sqlite::memory:` | SQLite in this process's memory, for as long as the engine lives. A session that has read and not yet committed keeps the others from committing |
/// | `sqlite://app.db` | a SQLite file; `sqlite:///var/app.db` with an absolute path |
/// | `postgres://user:password@host:port/database` | PostgreSQL, with the feature `postgres` |
///
/// The driver may be named, as in `postgres+tokio://…` or `sqlite+rusqlite://…`; there is one for each.
///
/// Options of the engine are keys of the URL as well, `?pool_size=20&pool_timeout=0.5` (times in seconds): `pool_size`,
/// `max_overflow`, `pool_timeout`, `recycle`, `pre_ping`, `connect_timeout`, `statement_timeout`, `statement_cache`, `isolation` (`serializable`, `read_committed`, …). What each of them
/// does and costs is said at the method of [`EngineBuilder`] of the same name, which goes before the URL.
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
