//! The driver boundary: what a backend implements, in one form, and what carries it over to the other form.
//!
//! A backend is a [`Backend`] that opens connections, a [`Dialect`], and one connection type:
//! either a blocking [`Connection`] or an [`AsyncConnection`]. [`Worker`] and `Blocking` make the other from it.

#[cfg(feature = "tokio")]
mod blocking;
mod buffer;
mod spool;
mod together;
mod transaction;
mod worker;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::query::{Batch, Dialect, Layout, Rendered, Sql};
use crate::{Result, SqlType, Value};

pub use crate::value::{Row, no_such_column};
#[cfg(feature = "tokio")]
pub use blocking::{Blocking, Drive, OwnRuntime};
pub use buffer::RowBuffer;
pub use spool::Spool;
pub use together::{Entry, Failed};
pub(crate) use transaction::may_open_transaction;
pub use transaction::{Begin, Control, Isolation};
pub use worker::Worker;

/// A boxed future, the price of one dynamic call in async.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A statement as a driver gets it: text, and the types of its parameters.
///
/// The same statement is handed over again and again, so that a driver can keep what it prepared under [`id`](Self::id).
#[derive(Debug)]
pub struct Statement {
    id: u64,
    sql: String,
    parameters: Vec<SqlType>,
    single: bool,
    plain_read: bool,
    may_open_transaction: bool,
    block: Option<Arc<Statement>>,
}

impl Statement {
    fn new(sql: String, parameters: Vec<SqlType>, single: bool, plain_read: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let may_open_transaction = may_open_transaction(&sql);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { id, sql, parameters, single, plain_read, may_open_transaction, block: None }
    }

    /// A statement that is text already.
    pub fn text(sql: &str, parameters: &[SqlType]) -> Arc<Self> {
        Arc::new(Self::new(sql.to_owned(), parameters.to_vec(), false, false))
    }

    /// A statement out of SQL that was written for a dialect, whose parameters get their values when it runs.
    pub fn from_sql(sql: Sql<'_>) -> Result<Arc<Self>> {
        let Rendered { text, types, plain_read, .. } = sql.finish()?;
        Ok(Arc::new(Self::new(text, types, false, plain_read)))
    }

    /// The same for one row, with the statement that does it for many.
    pub(crate) fn with_block(one: Sql<'_>, many: Sql<'_>) -> Result<Arc<Self>> {
        let Rendered { text, types, .. } = one.finish()?;
        let block = Some(Self::from_sql(many)?);
        Ok(Arc::new(Self { block, ..Self::new(text, types, false, false) }))
    }

    pub(crate) fn rendered(rendered: &Rendered) -> Arc<Self> {
        let block = rendered.batch.as_ref().and_then(|batch| batch.block.as_ref());
        let block = block.map(|(sql, types)| Self::text(sql, types));
        let one = Self::new(rendered.text.clone(), rendered.types.clone(), false, rendered.plain_read);
        Arc::new(Self { block, ..one })
    }

    /// The same for a query by primary key, which gives one row or none.
    pub fn single_from_sql(sql: Sql<'_>) -> Result<Arc<Self>> {
        let Rendered { text, types, .. } = sql.finish()?;
        Ok(Arc::new(Self::new(text, types, true, true)))
    }

    /// Unique in this process.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The text.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// Whether its result has one row at the most, after which a driver need not look for more.
    pub fn is_single(&self) -> bool {
        self.single
    }

    /// Whether it only reads, by nothing but what this library wrote, and would read the same without its transaction if that
    /// lets each statement see what is committed: a driver may send it ahead of a BEGIN that is due.
    pub fn is_plain_read(&self) -> bool {
        self.plain_read
    }

    #[inline]
    pub(crate) fn may_open_transaction(&self) -> bool {
        self.may_open_transaction
    }

    /// The statement that does the same for many rows, where [`Layout::Blocks`] says for how many.
    pub fn block(&self) -> Option<&Arc<Self>> {
        self.block.as_ref()
    }

    /// The types of the parameters, in their order.
    pub fn parameters(&self) -> &[SqlType] {
        &self.parameters
    }
}

/// Takes the rows of a result, one by one. A closure is one.
pub trait Sink: Send {
    /// Where the names of the result's columns go, if they are wanted; a driver asks once, whether there are rows or not.
    fn columns(&mut self) -> Option<&mut Vec<String>> {
        None
    }

    /// Takes the next row; an error ends the result.
    fn row(&mut self, row: &dyn Row) -> Result<()>;
}

impl<F: FnMut(&dyn Row) -> Result<()> + Send> Sink for F {
    fn row(&mut self, row: &dyn Row) -> Result<()> {
        self(row)
    }
}

/// What takes the values of a row, with the numbers of their columns.
pub type TakeValue<'a> = dyn FnMut(usize, &Value<'_>) -> Result<()> + 'a;

/// The rows of a write, read straight out of the objects.
pub trait Rows: Sync {
    /// How many rows there are.
    fn len(&self) -> usize;

    /// How many values a row has.
    fn width(&self) -> usize;

    /// One value.
    fn value(&self, row: usize, column: usize) -> Result<Value<'_>>;

    /// Hands over the values of one row, with the numbers of their columns; an error ends it. Cheaper than to ask for one after the
    /// other.
    fn each_value(&self, row: usize, take: &mut TakeValue<'_>) -> Result<()> {
        (0..self.width()).try_for_each(|column| take(column, &self.value(row, column)?))
    }

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Rows for Batch {
    fn len(&self) -> usize {
        self.len()
    }

    fn width(&self) -> usize {
        self.width()
    }

    fn value(&self, row: usize, column: usize) -> Result<Value<'_>> {
        self.value(row, column)
    }
}

/// One statement with the values of many rows.
#[derive(Clone, Copy)]
pub struct Write<'a> {
    /// The statement.
    pub statement: &'a Arc<Statement>,
    /// How the rows fill its parameters.
    pub layout: Layout,
    /// The rows.
    pub rows: &'a dyn Rows,
    /// Whether the database numbers the rows and the numbers are wanted.
    pub keys: bool,
}

/// What a [`Write`] did.
#[derive(Debug, Default)]
pub struct Written {
    /// How many rows were inserted, matched or deleted.
    pub affected: u64,
    /// The generated keys, in the order of the rows.
    pub keys: Vec<i64>,
}

/// A connection in blocking form.
///
/// It MUST report a failed statement as an error and stay usable for a [`Control::Rollback`], unless it
/// [`is_broken`](Self::is_broken). It MUST NOT reconnect by itself. It MUST refuse a [`Control::Commit`] after which the
/// database would not have stored everything, as of a transaction that a failed statement has aborted.
pub trait Connection: Send {
    /// Runs a statement once; rows go to the sink. Returns the number of rows affected or returned.
    fn run(&mut self, statement: &Arc<Statement>, values: &[Value<'_>], sink: &mut dyn Sink) -> Result<u64>;

    /// Runs a statement for many rows. Keys MUST be matched to rows by a rule that the database guarantees.
    fn write(&mut self, write: Write<'_>) -> Result<Written>;

    /// The same for a statement that returns rows, which go to the sink in the order of those that were written, as far as the
    /// database keeps to it. Returns the number of rows affected.
    fn write_returning(&mut self, write: Write<'_>, sink: &mut dyn Sink) -> Result<u64>;

    /// Runs writes in their order, none of which needs the answer of another, and then COMMIT, if it is wanted and nothing
    /// failed. A driver that can sends all of it before it waits for the first answer; here it is done one after the other.
    /// What is behind a write that failed MUST NOT take effect.
    fn write_together(&mut self, entries: &mut [Entry<'_>], commits: bool) -> Result<(), Failed> {
        for (at, entry) in entries.iter_mut().enumerate() {
            let done = match entry.returns {
                true => self
                    .write_returning(entry.write, &mut entry.rows)
                    .map(|affected| entry.written.affected = affected),
                false => self.write(entry.write).map(|written| entry.written = written),
            };
            done.map_err(|error| Failed { at, error })?;
        }
        let committed = if commits { self.control(Control::Commit) } else { Ok(()) };
        committed.map_err(|error| Failed { at: entries.len(), error })
    }

    /// Runs statements without parameters and without a result that is wanted.
    fn script(&mut self, sql: &str) -> Result<()>;

    /// Begins or ends the transaction, or a savepoint in it.
    fn control(&mut self, control: Control) -> Result<()>;

    /// Opens a cursor over the rows of a query, of which [`fetch`](Self::fetch) then takes `batch` at a time. There is one at
    /// a time, inside a transaction, whose end closes it. Other statements MUST work while it is open.
    fn open_cursor(&mut self, statement: &Arc<Statement>, values: &[Value<'_>], batch: u32) -> Result<()>;

    /// Takes the next batch of the cursor's rows; whether there may be more. No more than a few batches are in memory at a time,
    /// unless other statements run meanwhile.
    fn fetch(&mut self, sink: &mut dyn Sink) -> Result<bool>;

    /// Closes the cursor, if one is open.
    fn close_cursor(&mut self) -> Result<()>;

    /// Asks the server for a sign of life. A connection that gives none in this time MUST be broken from then on; one to a
    /// database inside this process has nobody to ask.
    fn ping(&mut self, within: Duration) -> Result<()>;

    /// Whether the connection can only be thrown away.
    fn is_broken(&self) -> bool;
}

/// A connection in async form; each method is its twin of [`Connection`].
///
/// A future of it may be dropped at any time: the connection is then thrown away, never used again.
pub trait AsyncConnection: Send {
    /// See [`Connection::run`].
    fn run<'a>(
        &'a mut self,
        statement: &'a Arc<Statement>,
        values: &'a [Value<'a>],
        sink: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<u64>>;

    /// See [`Connection::write`].
    fn write<'a>(&'a mut self, write: Write<'a>) -> BoxFuture<'a, Result<Written>>;

    /// See [`Connection::write_returning`].
    fn write_returning<'a>(
        &'a mut self,
        write: Write<'a>,
        sink: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<u64>>;

    /// See [`Connection::write_together`].
    fn write_together<'a>(
        &'a mut self,
        entries: &'a mut [Entry<'_>],
        commits: bool,
    ) -> BoxFuture<'a, Result<(), Failed>>;

    /// See [`Connection::script`].
    fn script<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<()>>;

    /// See [`Connection::control`].
    fn control(&mut self, control: Control) -> BoxFuture<'_, Result<()>>;

    /// See [`Connection::open_cursor`].
    fn open_cursor<'a>(
        &'a mut self,
        statement: &'a Arc<Statement>,
        values: &'a [Value<'a>],
        batch: u32,
    ) -> BoxFuture<'a, Result<()>>;

    /// See [`Connection::fetch`].
    fn fetch<'a>(&'a mut self, sink: &'a mut dyn Sink) -> BoxFuture<'a, Result<bool>>;

    /// See [`Connection::close_cursor`].
    fn close_cursor(&mut self) -> BoxFuture<'_, Result<()>>;

    /// See [`Connection::ping`].
    fn ping(&mut self, within: Duration) -> BoxFuture<'_, Result<()>>;

    /// See [`Connection::is_broken`].
    fn is_broken(&self) -> bool;
}

/// What all connections of an engine are opened with, whatever the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectOptions {
    /// How long opening one may take; `None` is without limit.
    pub connect_timeout: Option<Duration>,
    /// How long a statement may run before the database gives it up, with [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) and
    /// a connection that goes on; `None` is without limit.
    pub statement_timeout: Option<Duration>,
    /// How many prepared statements each keeps.
    pub statement_cache: usize,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self { connect_timeout: Some(Duration::from_secs(10)), statement_timeout: None, statement_cache: 256 }
    }
}

/// Where a database is, for traces; a login is no part of it.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The kind of database by the name that OpenTelemetry has for it: `sqlite`, `postgresql`.
    pub system: &'static str,
    /// The server's name or address.
    pub host: Option<String>,
    /// The server's port.
    pub port: Option<u16>,
    /// The database's name.
    pub database: Option<String>,
}

/// A database that connections are opened to. Making one connects to nothing.
pub trait Backend: Send + Sync + 'static {
    /// How its SQL differs.
    fn dialect(&self) -> &dyn Dialect;

    /// Where it is.
    fn place(&self) -> Place {
        Place { system: self.dialect().name(), ..Place::default() }
    }

    /// Opens a blocking connection.
    fn connect(&self, options: &ConnectOptions) -> Result<Box<dyn Connection>>;

    /// Opens an async connection.
    fn connect_async<'a>(
        &'a self,
        options: &'a ConnectOptions,
    ) -> BoxFuture<'a, Result<Box<dyn AsyncConnection>>>;
}
