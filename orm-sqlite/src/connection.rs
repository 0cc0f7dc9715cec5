//! One connection: statements are kept prepared.

mod rows;

use std::sync::Arc;
use std::time::Duration;

use orm_core::driver::{Begin, Connection, Control, Entry, Failed, Sink, Spool, Statement, Write, Written};
use orm_core::{Error, ErrorKind, Result, Value};
use rusqlite::CachedStatement;

use crate::clock::{Clock, Running};
use crate::error::statement_error;
use crate::value::{SqliteRow, bind};
use rows::runs_once;

/// SQLite's own limit, as it is compiled in.
const MAX_PARAMETERS: usize = 32_766;

pub(crate) struct SqliteConnection {
    /// `None` while a cursor's thread has it.
    connection: Option<rusqlite::Connection>,
    cursor: Option<Spool<rusqlite::Connection>>,
    /// Stops the query of a cursor.
    interrupt: Option<rusqlite::InterruptHandle>,
    /// The transaction began with a read.
    reading: bool,
    /// Statements that write are refused.
    read_only: bool,
    stage: Stage,
    /// Set if there is a limit to how long a statement may run.
    clock: Option<Clock>,
}

/// What has become of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    None,
    /// BEGIN was asked for; it goes ahead of the first statement.
    Due(Begin),
    Open,
    /// SQLite has rolled it back by itself, as it does when the disk is full or a statement says OR ROLLBACK. What is run now would
    /// be permanent at once.
    RolledBack,
}

impl SqliteConnection {
    pub(crate) fn new(connection: rusqlite::Connection, clock: Option<Clock>) -> Self {
        Self {
            connection: Some(connection),
            cursor: None,
            interrupt: None,
            reading: false,
            read_only: false,
            stage: Stage::None,
            clock,
        }
    }

    /// The connection, for a statement.
    #[inline]
    fn ready(&mut self) -> Result<&rusqlite::Connection> {
        match self.stage {
            Stage::None | Stage::Open => {}
            Stage::Due(begin) => self.begin(begin)?,
            Stage::RolledBack => return Err(rolled_back()),
        }
        self.here()
    }

    fn begin(&mut self, begin: Begin) -> Result<()> {
        self.set_read_only(begin.read_only)?;
        let immediate = begin.writes && !begin.read_only;
        execute(self.here()?, if immediate { "BEGIN IMMEDIATE" } else { "BEGIN" })?;
        (self.stage, self.reading) = (Stage::Open, !begin.writes);
        Ok(())
    }

    /// After an error the transaction may be over.
    #[cold]
    fn note(&mut self, error: Error) -> Error {
        let is_over = self.connection.as_ref().is_some_and(rusqlite::Connection::is_autocommit);
        if is_over && self.stage == Stage::Open {
            self.stage = Stage::RolledBack;
        }
        error
    }

    #[cold]
    fn failed(&mut self, error: Error) -> Error {
        let error = self.note(error);
        if self.reading { too_late(error) } else { error }
    }

    /// Takes the time of a statement until the answer is dropped.
    #[inline]
    fn time(&self) -> Option<Running> {
        self.clock.as_ref().map(Clock::run)
    }

    /// The connection, called back from the thread of a cursor if need be; the cursor's other rows are then read into memory.
    #[inline]
    fn here(&mut self) -> Result<&rusqlite::Connection> {
        if self.connection.is_none() {
            self.call_back(true)?;
        }
        self.connection.as_ref().ok_or_else(lost)
    }

    #[cold]
    fn call_back(&mut self, keep: bool) -> Result<()> {
        if let Some(connection) = self.cursor.as_mut().and_then(|cursor| cursor.recall(keep)) {
            self.connection = Some(connection?);
        }
        Ok(())
    }

    fn set_read_only(&mut self, on: bool) -> Result<()> {
        if self.read_only != on {
            let sql = if on { "PRAGMA query_only = ON" } else { "PRAGMA query_only = OFF" };
            execute(self.here()?, sql)?;
            self.read_only = on;
        }
        Ok(())
    }

    /// Undoes all of what fails in its middle, as PostgreSQL does.
    fn as_one<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let alone = self.ready()?.is_autocommit();
        execute(self.here()?, "SAVEPOINT orm_one").map_err(|error| self.failed(error))?;
        let result = work(self);
        let connection = self.here()?;
        let ended = match &result {
            Ok(_) => execute(connection, "RELEASE orm_one"),
            // SQLite may have rolled everything back by itself, and the savepoint with it.
            Err(_) if connection.is_autocommit() => Ok(()),
            Err(_) => execute(connection, "ROLLBACK TO orm_one")
                .and_then(|()| execute(connection, "RELEASE orm_one")),
        };
        if alone && !connection.is_autocommit() {
            // The savepoint was the transaction, and could not be committed.
            execute(connection, "ROLLBACK")?;
        }
        let value = result?;
        ended.map(|()| value).map_err(|error| self.failed(error))
    }

    fn in_transaction(&self) -> bool {
        matches!(self.stage, Stage::Due(_) | Stage::Open)
    }

    /// COMMIT or ROLLBACK; afterwards the connection may write again.
    fn end(&mut self, sql: &str) -> Result<()> {
        execute(self.here()?, sql).map_err(|error| self.note(error))?;
        (self.stage, self.reading) = (Stage::None, false);
        self.set_read_only(false)
    }
}

#[cold]
fn rolled_back() -> Error {
    Error::new(ErrorKind::PendingRollback, "SQLite has rolled the transaction back after an error")
}

#[cold]
fn lost() -> Error {
    Error::new(ErrorKind::ConnectionLost, "the thread of a cursor is gone, and the connection with it")
}

fn prepare<'c>(connection: &'c rusqlite::Connection, sql: &str) -> Result<CachedStatement<'c>> {
    connection.prepare_cached(sql).map_err(statement_error)
}

fn execute(connection: &rusqlite::Connection, sql: &str) -> Result<()> {
    let mut statement = prepare(connection, sql)?;
    // A pragma may answer with a row.
    let mut rows = statement.raw_query();
    while rows.next().map_err(statement_error)?.is_some() {}
    Ok(())
}

fn run_prepared(
    connection: &rusqlite::Connection,
    statement: &mut CachedStatement<'_>,
    asked: &Statement,
    single: bool,
    values: &[Value<'_>],
    sink: &mut dyn Sink,
) -> Result<u64> {
    if statement.parameter_count() != values.len() {
        return Err(wrong_count(statement.parameter_count(), values.len()));
    }
    for (index, value) in values.iter().enumerate() {
        bind(statement, index, asked.parameters(), value)?;
    }
    let before = if statement.column_count() == 0 { connection.total_changes() } else { 0 };
    let mut rows = statement.raw_query();
    let (mut count, mut width) = (0, None);
    while let Some(row) = rows.next().map_err(statement_error)? {
        // Asked for after the first step, by which SQLite prepares a statement anew whose table has changed.
        let width = *width.get_or_insert_with(|| describe(row.as_ref(), sink));
        sink.row(&SqliteRow { row, width })?;
        count += 1;
        if single {
            break;
        }
    }
    drop(rows);
    // An INSERT with RETURNING changes rows and returns them: either number is the same.
    Ok(match width.unwrap_or_else(|| describe(statement, sink)) {
        // The counter keeps the number of an earlier statement if this one is none that changes rows.
        0 if connection.total_changes() == before => 0,
        0 => connection.changes(),
        _ => count,
    })
}

/// Gives the names of the result's columns to who wants them; how many there are.
#[inline]
fn describe(statement: &rusqlite::Statement<'_>, sink: &mut dyn Sink) -> usize {
    if let Some(columns) = sink.columns() {
        columns.extend(statement.column_names().map(str::to_owned));
    }
    statement.column_count()
}

#[cold]
fn wrong_count(wanted: usize, given: usize) -> Error {
    let message = format!(
        "the statement has {wanted} parameters, but {given} values came with it; text names its parameters `:name`"
    );
    Error::new(ErrorKind::InvalidQuery, message)
}

#[cold]
fn too_many(parameters: usize) -> Error {
    let message = format!(
        "SQLite takes at most {MAX_PARAMETERS} parameters with one statement, and this one has {parameters}"
    );
    Error::new(ErrorKind::InvalidQuery, message)
}

/// Whether the statement sets what SQLite lets nobody set in a transaction, without a word.
#[inline]
fn is_void_pragma(statement: &str) -> bool {
    let first = statement.as_bytes().first();
    if first.is_some_and(|first| first.is_ascii_alphabetic() && !first.eq_ignore_ascii_case(&b'p')) {
        return false;
    }
    let statement = statement.trim_start();
    let is_pragma = statement.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("PRAGMA"));
    is_pragma && statement.contains(['=', '(']) && statement.to_ascii_lowercase().contains("foreign_keys")
}

#[cold]
fn void_pragma() -> Error {
    let message =
        "PRAGMA foreign_keys has no effect in a transaction; set it with autocommit on, or by on_connect";
    Error::new(ErrorKind::Unsupported, message)
}

/// A transaction that has read and then finds the lock taken cannot wait for it: SQLite refuses at once, because what it has
/// read may be changed meanwhile. Only the whole unit of work can be tried again.
fn too_late(error: Error) -> Error {
    match error.kind() {
        ErrorKind::LockTimeout => {
            let message = "another connection writes, and this transaction has begun by reading";
            Error::new(ErrorKind::SerializationFailure, message).with_source(error)
        }
        _ => error,
    }
}

/// Whether a transaction would hold one statement and nothing else, which is one by itself.
fn is_alone(stage: Stage, entries: &[Entry<'_>]) -> bool {
    matches!((stage, entries), (Stage::Due(begin), [entry]) if !begin.read_only && runs_once(entry.write))
}

impl SqliteConnection {
    fn write_rows(&mut self, write: Write<'_>) -> Result<Written> {
        let _running = self.time();
        let connection = self.ready()?;
        rows::write_rows(connection, write).map_err(|error| self.failed(error))
    }

    fn return_rows(&mut self, write: Write<'_>, sink: &mut dyn Sink) -> Result<u64> {
        let _running = self.time();
        let connection = self.ready()?;
        rows::return_rows(connection, write, sink).map_err(|error| self.failed(error))
    }
}

impl Connection for SqliteConnection {
    fn run(&mut self, statement: &Arc<Statement>, values: &[Value<'_>], sink: &mut dyn Sink) -> Result<u64> {
        let _running = self.time();
        if self.in_transaction() && is_void_pragma(statement.sql()) {
            return Err(void_pragma());
        }
        let connection = self.ready()?;
        // Used where it lies, not moved out: a move right after it was written makes the processor wait.
        let result = match connection.prepare_cached(statement.sql()) {
            Ok(ref mut prepared) => {
                run_prepared(connection, prepared, statement, statement.is_single(), values, sink)
            }
            Err(_) if values.len() > MAX_PARAMETERS => Err(too_many(values.len())),
            Err(error) => Err(statement_error(error)),
        };
        result.map_err(|error| self.failed(error))
    }

    fn write(&mut self, write: Write<'_>) -> Result<Written> {
        if runs_once(write) {
            return self.write_rows(write);
        }
        self.as_one(|this| this.write_rows(write))
    }

    fn write_returning(&mut self, write: Write<'_>, sink: &mut dyn Sink) -> Result<u64> {
        if runs_once(write) {
            return self.return_rows(write, sink);
        }
        self.as_one(|this| this.return_rows(write, sink))
    }

    fn write_together(&mut self, entries: &mut [Entry<'_>], commits: bool) -> Result<(), Failed> {
        let due = self.stage;
        let alone = commits && is_alone(due, entries);
        if alone {
            self.stage = Stage::None;
        }
        // Whoever sends several takes all of them back if one fails, so none needs a savepoint of its own.
        for (at, Entry { write, returns, written, rows }) in entries.iter_mut().enumerate() {
            let done = match returns {
                true => self.return_rows(*write, rows).map(|affected| written.affected = affected),
                false => self.write_rows(*write).map(|done| *written = done),
            };
            if let Err(error) = done {
                if alone {
                    self.stage = due;
                }
                return Err(Failed { at, error });
            }
        }
        let committed = if commits && !alone { self.control(Control::Commit) } else { Ok(()) };
        committed.map_err(|error| Failed { at: entries.len(), error })
    }

    fn script(&mut self, sql: &str) -> Result<()> {
        let _running = self.time();
        let in_transaction = self.in_transaction();
        if in_transaction && sql.split(';').any(is_void_pragma) {
            return Err(void_pragma());
        }
        let run = |this: &mut Self| {
            let done = this.ready()?.execute_batch(sql).map_err(statement_error);
            done.map_err(|error| this.failed(error))
        };
        if in_transaction { self.as_one(run) } else { run(self) }
    }

    fn control(&mut self, control: Control) -> Result<()> {
        if matches!(control, Control::Commit | Control::Rollback) {
            // Nobody reads on across the end of a transaction.
            self.close_cursor()?;
        }
        match control {
            Control::Begin(begin) => {
                self.stage = Stage::Due(begin);
                Ok(())
            }
            Control::Commit | Control::Rollback if matches!(self.stage, Stage::Due(_)) => {
                self.stage = Stage::None;
                Ok(())
            }
            Control::Commit | Control::Rollback if self.here()?.is_autocommit() => {
                (self.stage, self.reading) = (Stage::None, false);
                self.set_read_only(false)?;
                if control == Control::Commit { Err(rolled_back()) } else { Ok(()) }
            }
            Control::Commit => self.end("COMMIT"),
            Control::Rollback => self.end("ROLLBACK"),
            Control::Savepoint(number) => execute(self.ready()?, &format!("SAVEPOINT orm_{number}")),
            Control::Release(number) => execute(self.ready()?, &format!("RELEASE orm_{number}")),
            Control::RollbackTo(number) => {
                execute(self.ready()?, &format!("ROLLBACK TO orm_{number}"))?;
                execute(self.here()?, &format!("RELEASE orm_{number}"))
            }
        }
    }

    fn open_cursor(&mut self, statement: &Arc<Statement>, values: &[Value<'_>], batch: u32) -> Result<()> {
        self.close_cursor()?;
        self.ready()?;
        let connection = self.connection.take().ok_or_else(lost)?;
        self.interrupt = Some(connection.get_interrupt_handle());
        let statement = statement.clone();
        let values: Vec<_> = values.iter().map(|value| value.clone().into_owned()).collect();
        let run = move |connection: &mut rusqlite::Connection, sink: &mut dyn Sink| {
            let mut prepared = prepare(connection, statement.sql())?;
            run_prepared(connection, &mut prepared, &statement, false, &values, sink).map(drop)
        };
        self.cursor = Some(Spool::start(connection, batch, run)?);
        Ok(())
    }

    fn fetch(&mut self, sink: &mut dyn Sink) -> Result<bool> {
        let _running = self.time();
        match &mut self.cursor {
            Some(cursor) => cursor.fetch(sink),
            None => Err(Error::new(ErrorKind::Misuse, "no cursor is open")),
        }
    }

    fn close_cursor(&mut self) -> Result<()> {
        if let Some(interrupt) = self.interrupt.take() {
            interrupt.interrupt();
        }
        self.call_back(false)?;
        self.cursor = None;
        Ok(())
    }

    fn ping(&mut self, _within: Duration) -> Result<()> {
        Ok(())
    }

    fn is_broken(&self) -> bool {
        self.connection.is_none() && self.cursor.is_none()
    }
}
