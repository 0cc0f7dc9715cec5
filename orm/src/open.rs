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
/// Characters that have a meaning in a URL are written as escapes: `%40` for the `@` of a password.
pub trait Open: EngineForm + Sized {
    /// An engine with default options. Nothing is connected to until the first statement.
    fn open(url: &str) -> Result<Self> {
        Ok(Self::builder(url)?.open())
    }

    /// Sets options before the engine is opened: `Engine::builder(url)?.pool_size(20).open()`.
    fn builder(url: &str) -> Result<EngineBuilder<Self>> {
        Ok(EngineBuilder::new(backends::find(&Url::parse(url)?)?))
    }
}

impl Open for Engine {}
impl Open for AsyncEngine {}
