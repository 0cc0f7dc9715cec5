//! Where a database is, and how each connection to it is set up.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orm_core::driver::{AsyncConnection, Backend, BoxFuture, ConnectOptions, Connection, Place, Worker};
use orm_core::engine::Url;
use orm_core::query::Dialect;
use orm_core::{Error, ErrorKind, Result};
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

use crate::clock::Clock;
use crate::connection::SqliteConnection;
use crate::dialect::SqliteDialect;
use crate::error::connect_error;
use crate::functions::add_functions;
use crate::value::add_collations;

/// How long a statement waits for another connection's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A SQLite database: a file, or a piece of this process's memory.
#[derive(Clone, Debug)]
pub struct SqliteBackend(Arc<Storage>);

#[derive(Debug)]
enum Storage {
    File { path: PathBuf, flags: OpenFlags },
    Memory { name: String, anchor: Mutex<Option<rusqlite::Connection>> },
}

impl SqliteBackend {
    /// `sqlite::memory:` or `sqlite://` for memory; `sqlite://app.db` or `sqlite:app.db` for a file beside the program's working folder,
    /// `sqlite:///var/app.db` for one with an absolute path. `?mode=ro` opens a file for reading only, `rw` does not create
    /// it, `rwc` (the default) does.
    pub fn new(url: &Url) -> Result<Self> {
        url.refuse_options(&["mode"])?;
        let mode = url.query().last().map_or("rwc", |(_, mode)| mode.as_str());
        let path = match (url.host(), url.path()) {
            (None, "" | ":memory:") => return Ok(Self::memory()),
            (Some(host), "") => PathBuf::from(host),
            (Some(host), path) => PathBuf::from(host).join(path),
            (None, path) if url.is_opaque() => PathBuf::from(path),
            (None, path) => PathBuf::from("/").join(path),
        };
        let flags = match mode {
            "ro" => OpenFlags::SQLITE_OPEN_READ_ONLY,
            "rw" => OpenFlags::SQLITE_OPEN_READ_WRITE,
            "rwc" => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            _ => return Err(Error::new(ErrorKind::Url, "mode is one of ro, rw, rwc")),
        };
        Ok(Self(Arc::new(Storage::File { path, flags: flags | OpenFlags::SQLITE_OPEN_NO_MUTEX })))
    }

    fn memory() -> Self {
        static DATABASES: AtomicU64 = AtomicU64::new(0);
        let name = format!("file:/orm-{}?vfs=memdb", DATABASES.fetch_add(1, Ordering::Relaxed));
        Self(Arc::new(Storage::Memory { name, anchor: Mutex::new(None) }))
    }

    fn open(&self, options: &ConnectOptions) -> Result<Box<dyn Connection>> {
        let mut connection = match &*self.0 {
            Storage::File { path, flags } => {
                let opened = rusqlite::Connection::open_with_flags(path, *flags);
                opened.map_err(|error| connect_error(error, &path.display().to_string()))
            }
            Storage::Memory { name, anchor } => open_memory(name, anchor),
        }?;
        let in_file = matches!(&*self.0, Storage::File { flags, .. } if flags.contains(OpenFlags::SQLITE_OPEN_READ_WRITE));
        let clock = set_up(&mut connection, options, in_file);
        let clock = clock.map_err(|error| connect_error(error, "the database"))?;
        Ok(Box::new(SqliteConnection::new(connection, clock)))
    }
}

/// Pages of half the usual size. In memory that connections share, a commit copies each page that it changes twice, and the first page
/// besides: small ones cost half as much there, and nothing elsewhere that could be measured.
const MEMORY_PAGES: &str = "PRAGMA page_size = 2048";

/// A database in memory lasts as long as a connection to it: one is kept for as long as the engine.
fn open_memory(name: &str, anchor: &Mutex<Option<rusqlite::Connection>>) -> Result<rusqlite::Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let opened = rusqlite::Connection::open_with_flags(name, flags)
            .and_then(|connection| connection.execute_batch(MEMORY_PAGES).map(|()| connection));
        opened.map_err(|error| connect_error(error, "a database in memory"))
    };
    let mut anchor = anchor.lock().unwrap_or_else(PoisonError::into_inner);
    if anchor.is_none() {
        *anchor = Some(open()?);
    }
    open()
}

fn set_up(
    connection: &mut rusqlite::Connection,
    options: &ConnectOptions,
    in_file: bool,
) -> rusqlite::Result<Option<Clock>> {
    let limit = options.statement_timeout;
    connection.busy_timeout(limit.map_or(BUSY_TIMEOUT, |limit| limit.min(BUSY_TIMEOUT)))?;
    connection.set_prepared_statement_cache_capacity(options.statement_cache);
    add_collations(connection)?;
    add_functions(connection)?;
    // A misspelt "column" is an error, not a string.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // LIKE tells upper from lower case, as on every other database.
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA case_sensitive_like = ON")?;
    if in_file {
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")?;
    }
    limit.map(|limit| Clock::install(connection, limit)).transpose()
}

impl Backend for SqliteBackend {
    fn dialect(&self) -> &dyn Dialect {
        &SqliteDialect
    }

    fn place(&self) -> Place {
        let database = match &*self.0 {
            Storage::File { path, .. } => path.display().to_string(),
            Storage::Memory { .. } => ":memory:".to_owned(),
        };
        Place { system: "sqlite", database: Some(database), ..Place::default() }
    }

    fn connect(&self, options: &ConnectOptions) -> Result<Box<dyn Connection>> {
        self.open(options)
    }

    fn connect_async<'a>(
        &'a self,
        options: &'a ConnectOptions,
    ) -> BoxFuture<'a, Result<Box<dyn AsyncConnection>>> {
        let (backend, options) = (self.clone(), *options);
        Worker::open(move || backend.open(&options))
    }
}
