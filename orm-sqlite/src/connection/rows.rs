//! The rows of a write: one after the other, by a statement that is stepped for each, or many by one statement.

use std::ops::Range;

use orm_core::driver::{Sink, Statement, Write, Written};
use orm_core::query::Layout;
use orm_core::{Error, ErrorKind, Result, Value};
use rusqlite::{CachedStatement, Connection};

use super::{execute, prepare, run_prepared, wrong_count};
use crate::error::statement_error;
use crate::value::bind;

/// What is longer than this is not bound together with other rows: SQLite copies it.
const MOST_BYTES: usize = 256 * 1024;

/// Whether a write is one statement, which takes effect as a whole.
pub(super) fn runs_once(write: Write<'_>) -> bool {
    write.rows.len() == 1 || matches!(write.layout, Layout::Flat(_))
}

/// Runs a write that returns no rows.
#[inline]
pub(super) fn write_rows(connection: &Connection, write: Write<'_>) -> Result<Written> {
    match write.layout {
        Layout::PerRow | Layout::ByKey => Stepped::of(connection, write)?.run(),
        Layout::Blocks(size) => Stepped::of(connection, write)?.run_blocks(size),
        Layout::Flat(_) => write_flat(connection, write),
        Layout::Runs => write_runs(connection, write),
        Layout::Arrays => Err(Error::new(ErrorKind::Unsupported, "sqlite has no array parameters")),
    }
}

/// Runs a write that returns rows, which go to the sink.
pub(super) fn return_rows(connection: &Connection, write: Write<'_>, sink: &mut dyn Sink) -> Result<u64> {
    let Write { statement: asked, rows, .. } = write;
    if write.layout != Layout::PerRow {
        return Err(Error::new(ErrorKind::Unsupported, "sqlite returns rows of a write row by row"));
    }
    let mut statement = prepare(connection, asked.sql())?;
    let mut affected = 0;
    for row in 0..rows.len() {
        let values: Vec<_> =
            (0..rows.width()).map(|column| rows.value(row, column)).collect::<Result<_>>()?;
        affected += run_prepared(connection, &mut statement, asked, false, &values, sink)?;
    }
    Ok(affected)
}

/// A write whose statement is stepped once for each row. A generated key is the rowid that SQLite reports for the row just inserted
/// on this connection.
struct Stepped<'c, 'w> {
    connection: &'c Connection,
    statement: CachedStatement<'c>,
    write: Write<'w>,
    written: Written,
}

impl<'c, 'w> Stepped<'c, 'w> {
    #[inline]
    fn of(connection: &'c Connection, write: Write<'w>) -> Result<Self> {
        let statement = prepare(connection, write.statement.sql())?;
        if statement.column_count() > 0 {
            let message = "a statement that returns rows is executed with one set of values at a time";
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        if statement.parameter_count() != write.rows.width() {
            return Err(wrong_count(statement.parameter_count(), write.rows.width()));
        }
        let keys = Vec::with_capacity(if write.keys { write.rows.len() } else { 0 });
        Ok(Self { connection, statement, write, written: Written { affected: 0, keys } })
    }

    fn run(mut self) -> Result<Written> {
        self.step(0..self.write.rows.len())?;
        Ok(self.written)
    }

    fn step(&mut self, numbers: Range<usize>) -> Result<()> {
        let Self { connection, statement, write, written } = self;
        let types = write.statement.parameters();
        for row in numbers {
            write.rows.each_value(row, &mut |column, value| bind(statement, column, types, value))?;
            written.affected += statement.raw_execute().map_err(statement_error)? as u64;
            if write.keys {
                written.keys.push(connection.last_insert_rowid());
            }
        }
        Ok(())
    }

    /// The same with blocks of so many rows, as far as they go.
    fn run_blocks(mut self, size: usize) -> Result<Written> {
        if !self.write.keys {
            self.step_blocks(0, size)?;
            return Ok(self.written);
        }
        execute(self.connection, "SAVEPOINT orm_blocks")?;
        self.step(0..1)?;
        if !self.step_blocks(1, size)? {
            execute(self.connection, "ROLLBACK TO orm_blocks")?;
            self.written = Written::default();
            self.step(0..self.write.rows.len())?;
        }
        execute(self.connection, "RELEASE orm_blocks")?;
        Ok(self.written)
    }

    /// Runs the rows from this one on; whether their keys are known.
    ///
    /// SQLite numbers new rows in their order, each with a higher number than all rows of the table have. So if the last row of a block
    /// has the number to which they count from the key of the row before it, the others have those in between. It has not where a trigger
    /// inserts rows as well, or where the highest number there is was taken.
    fn step_blocks(&mut self, mut next: usize, size: usize) -> Result<bool> {
        let count = self.write.rows.len();
        let Some(many) = self.write.statement.block() else {
            return self.step(next..count).map(|()| true);
        };
        let mut statement = prepare(self.connection, many.sql())?;
        while count - next >= size {
            let rows = next..next + size;
            if self.bind_block(&mut statement, many, rows.clone())? {
                self.written.affected += statement.raw_execute().map_err(statement_error)? as u64;
                if let Some(&before) = self.written.keys.last() {
                    self.written.keys.extend((before..=i64::MAX).skip(1).take(size));
                    if self.written.keys.last() != Some(&self.connection.last_insert_rowid()) {
                        return Ok(false);
                    }
                }
            } else {
                self.step(rows)?;
            }
            next += size;
        }
        self.step(next..count)?;
        Ok(true)
    }

    /// Binds the values of these rows, unless they are long.
    fn bind_block(
        &self,
        statement: &mut CachedStatement<'_>,
        many: &Statement,
        rows: Range<usize>,
    ) -> Result<bool> {
        let (mut place, mut bytes) = (0, 0);
        for row in rows {
            self.write.rows.each_value(row, &mut |_, value| {
                bind(statement, place, many.parameters(), value)?;
                place += 1;
                bytes += length(value);
                Ok(())
            })?;
            if bytes > MOST_BYTES {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// How long a value is, if it can be long.
fn length(value: &Value<'_>) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Array(values) => values.iter().map(|value| length(&value)).sum(),
        _ => 0,
    }
}

/// Binds all values of all rows, one after the other, and runs the statement once.
fn write_flat(connection: &Connection, Write { statement: asked, rows, .. }: Write<'_>) -> Result<Written> {
    let mut statement = prepare(connection, asked.sql())?;
    let (types, width) = (asked.parameters(), rows.width());
    for row in 0..rows.len() {
        rows.each_value(row, &mut |column, value| bind(&mut statement, row * width + column, types, value))?;
    }
    let affected = statement.raw_execute().map_err(statement_error)? as u64;
    Ok(Written { affected, keys: Vec::new() })
}

/// Steps the statement once for each run of keys that are neighbours, in whatever order they came.
fn write_runs(connection: &Connection, Write { statement: asked, rows, .. }: Write<'_>) -> Result<Written> {
    let mut keys = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        rows.each_value(row, &mut |_, value| match value {
            Value::Int(key) => {
                keys.push(*key);
                Ok(())
            }
            _ => Err(Error::new(ErrorKind::Encode, "the key of an integer column is none")),
        })?;
    }
    keys.sort_unstable();
    let mut statement = prepare(connection, asked.sql())?;
    let mut written = Written::default();
    for run in keys.chunk_by(|key, next| key.checked_add(1) == Some(*next)) {
        let ends = [run.first(), run.last()].into_iter().flatten();
        for (parameter, key) in (1..).zip(ends) {
            statement.raw_bind_parameter(parameter, key).map_err(statement_error)?;
        }
        written.affected += statement.raw_execute().map_err(statement_error)? as u64;
    }
    // Between two neighbours there is something only where a column of integers may hold something else.
    if written.affected > rows.len() as u64 {
        let message = format!("{} rows were to be deleted, and {} were", rows.len(), written.affected);
        return Err(Error::new(ErrorKind::Database, message));
    }
    Ok(written)
}
