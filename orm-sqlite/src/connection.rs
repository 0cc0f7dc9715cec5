//! One connection: statements are kept prepared, and stepped once for each row of a write.

use std::sync::Arc;

use orm_core::driver::{Connection, Control, Rows, Sink, Statement, Write, Written};
use orm_core::query::{Begin, Layout};
use orm_core::{Error, ErrorKind, Result, Value};
use rusqlite::CachedStatement;

use crate::error::statement_error;
use crate::value::{Bind, SqliteRow};

pub(crate) struct SqliteConnection {
    connection: rusqlite::Connection,
    /// The transaction began with a read.
    reading: bool,
}

impl SqliteConnection {
    pub(crate) fn new(connection: rusqlite::Connection) -> Self {
        Self { connection, reading: false }
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>> {
        self.connection.prepare_cached(sql).map_err(statement_error)
    }

    fn execute(&self, sql: &str) -> Result<()> {
        self.prepare(sql)?.raw_execute().map_err(statement_error)?;
        Ok(())
    }

    fn run_prepared(
        &self,
        statement: &mut CachedStatement<'_>,
        single: bool,
        values: &[Value<'_>],
        sink: Sink<'_>,
    ) -> Result<u64> {
        for (index, value) in values.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, Bind(value)).map_err(statement_error)?;
        }
        let width = statement.column_count();
        let mut rows = statement.raw_query();
        let mut count = 0;
        while let Some(row) = rows.next().map_err(statement_error)? {
            sink(&SqliteRow { row, width })?;
            count += 1;
            if single {
                break;
            }
        }
        drop(rows);
        Ok(if width == 0 { self.connection.changes() } else { count })
    }

    /// Steps the statement once for each row. A generated key is the rowid that SQLite reports for the row just inserted
    /// on this connection.
    fn write_per_row(
        &self,
        statement: &mut CachedStatement<'_>,
        rows: &dyn Rows,
        keys: bool,
    ) -> Result<Written> {
        let mut written =
            Written { affected: 0, keys: Vec::with_capacity(if keys { rows.len() } else { 0 }) };
        for row in 0..rows.len() {
            for column in 0..rows.width() {
                bind(statement, column, &rows.value(row, column))?;
            }
            written.affected += statement.raw_execute().map_err(statement_error)? as u64;
            if keys {
                written.keys.push(self.connection.last_insert_rowid());
            }
        }
        Ok(written)
    }
}

fn bind(statement: &mut CachedStatement<'_>, index: usize, value: &Result<Value<'_>>) -> Result<()> {
    match value {
        Ok(value) => statement.raw_bind_parameter(index + 1, Bind(value)).map_err(statement_error),
        Err(error) => Err(error.clone()),
    }
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

/// Binds all values of all rows, one after the other, and runs the statement once.
fn write_flat(statement: &mut CachedStatement<'_>, rows: &dyn Rows) -> Result<Written> {
    let width = rows.width();
    for row in 0..rows.len() {
        for column in 0..width {
            bind(statement, row * width + column, &rows.value(row, column))?;
        }
    }
    let affected = statement.raw_execute().map_err(statement_error)? as u64;
    Ok(Written { affected, keys: Vec::new() })
}

impl Connection for SqliteConnection {
    fn run(&mut self, statement: &Arc<Statement>, values: &[Value<'_>], sink: Sink<'_>) -> Result<u64> {
        // Used where it lies, not moved out: a move right after it was written makes the processor wait.
        match self.connection.prepare_cached(statement.sql()) {
            Ok(ref mut prepared) => self.run_prepared(prepared, statement.is_single(), values, sink),
            Err(error) => Err(statement_error(error)),
        }
    }

    fn write(&mut self, write: Write<'_>) -> Result<Written> {
        let mut statement = self.prepare(write.statement.sql())?;
        let written = match write.layout {
            Layout::PerRow => self.write_per_row(&mut statement, write.rows, write.keys),
            Layout::Flat(_) => write_flat(&mut statement, write.rows),
            Layout::Arrays => Err(Error::new(ErrorKind::Unsupported, "sqlite has no array parameters")),
        };
        written.map_err(|error| if self.reading { too_late(error) } else { error })
    }

    fn script(&mut self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(statement_error)
    }

    fn control(&mut self, control: Control) -> Result<()> {
        match control {
            Control::Begin(mode) => {
                self.reading = mode == Begin::Read;
                self.execute(if self.reading { "BEGIN" } else { "BEGIN IMMEDIATE" })
            }
            // Some errors, such as a full disk, make SQLite roll back by itself.
            Control::Commit if self.connection.is_autocommit() => Err(Error::new(
                ErrorKind::PendingRollback,
                "SQLite has rolled the transaction back after an error",
            )),
            Control::Commit => self.execute("COMMIT"),
            Control::Rollback if self.connection.is_autocommit() => Ok(()),
            Control::Rollback => self.execute("ROLLBACK"),
        }
    }

    fn is_broken(&self) -> bool {
        false
    }
}
