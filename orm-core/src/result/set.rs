//! A result that has been read into memory.

use std::fmt;
use std::sync::Arc;

use crate::Result;
use crate::Value;
use crate::driver::{RowBuffer, Rows, Statement};
use crate::error::{Error, ErrorKind};
use crate::result::{ColumnIndex, Columns, FromRow, Mapping, RowReader};
use crate::types::DbValue;

/// What a statement gave: rows, read once from the first to the last, and how many were affected.
///
/// What a row is read into is any [`FromRow`]: `result.all::<(i64, String)>()?`.
pub struct ResultSet {
    buffer: RowBuffer,
    affected: u64,
    next: usize,
    mapping: Option<Mapping>,
    /// For errors.
    statement: Arc<Statement>,
}

/// One row of a result, of any columns.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    buffer: &'a RowBuffer,
    number: usize,
}

impl ResultSet {
    pub(crate) fn new(buffer: RowBuffer, affected: u64, statement: Arc<Statement>) -> Self {
        Self { buffer, affected, next: 0, mapping: None, statement }
    }

    fn blame(&self, error: Error) -> Error {
        error.with_sql(self.statement.sql())
    }

    pub(crate) fn no_row(&self) -> Error {
        self.blame(Error::new(ErrorKind::NoResult, "the result has no row"))
    }

    /// Makes room for the next batch of the same result.
    pub(crate) fn refill(&mut self) -> &mut RowBuffer {
        self.buffer.clear();
        self.next = 0;
        &mut self.buffer
    }

    /// The names of the columns, in their order. There are none if the statement returns no rows.
    pub fn columns(&self) -> &[String] {
        self.buffer.names()
    }

    /// How many rows the statement inserted, matched, deleted or returned. A row that an UPDATE matches counts, whether its
    /// values change or not.
    pub fn rows_affected(&self) -> u64 {
        self.affected
    }

    /// How many rows are left to be read.
    pub fn len(&self) -> usize {
        self.buffer.len() - self.next
    }

    /// Whether no row is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next row, or `None` after the last one.
    #[expect(clippy::should_implement_trait, reason = "the type to read into is chosen at each call")]
    pub fn next<T: FromRow>(&mut self) -> Result<Option<T>> {
        if self.is_empty() {
            return Ok(None);
        }
        self.read_next(&T::columns(), T::read).map(Some)
    }

    fn read_next<T>(
        &mut self,
        columns: &Columns,
        read: impl FnOnce(&mut RowReader<'_>) -> Result<T>,
    ) -> Result<T> {
        let mapping = match self.mapping.take() {
            Some(mapping) if mapping.of == *columns => mapping,
            _ => Mapping::new(columns.clone(), self.buffer.names()).map_err(|error| self.blame(error))?,
        };
        let row = mapping.read(&self.buffer.at(self.next), self.buffer.names(), read);
        let row = row.map_err(|error| self.blame(error))?;
        self.mapping = Some(mapping);
        self.next += 1;
        Ok(row)
    }

    /// The rows that are left, read by this.
    pub(crate) fn read_all<T>(
        &mut self,
        columns: &Columns,
        read: impl Fn(&mut RowReader<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        (0..self.len()).map(|_| self.read_next(columns, &read)).collect()
    }

    /// The rows that are left.
    pub fn all<T: FromRow>(&mut self) -> Result<Vec<T>> {
        self.partition(self.len())
    }

    /// The next rows, this many or as many as are left.
    pub fn partition<T: FromRow>(&mut self, rows: usize) -> Result<Vec<T>> {
        let mut partition = Vec::with_capacity(rows.min(self.len()));
        while partition.len() < rows
            && let Some(row) = self.next()?
        {
            partition.push(row);
        }
        Ok(partition)
    }

    /// The rows that are left in chunks of this many; the last may be smaller.
    pub fn partitions<T: FromRow>(&mut self, rows: usize) -> Result<Vec<Vec<T>>> {
        let mut partitions = Vec::new();
        while !self.is_empty() {
            partitions.push(self.partition(rows.max(1))?);
        }
        Ok(partitions)
    }

    /// The first row, or `None`.
    pub fn first<T: FromRow>(mut self) -> Result<Option<T>> {
        self.next()
    }

    /// The only row; an error if there is none, or more than one.
    pub fn one<T: FromRow>(mut self) -> Result<T> {
        self.check_at_most_one()?;
        self.next()?.ok_or_else(|| self.no_row())
    }

    /// The only row, or `None`; an error if there is more than one.
    pub fn one_or_none<T: FromRow>(mut self) -> Result<Option<T>> {
        self.check_at_most_one()?;
        self.next()
    }

    pub(crate) fn check_at_most_one(&self) -> Result<()> {
        match self.len() {
            0 | 1 => Ok(()),
            rows => {
                Err(self.blame(Error::new(ErrorKind::MultipleResults, format!("the result has {rows} rows"))))
            }
        }
    }

    /// The first value of the first row, or `None` if there is no row.
    pub fn scalar<T: DbValue>(mut self) -> Result<Option<T>> {
        self.next_scalar()
    }

    /// The first value of the only row; an error if there is no row, or more than one.
    pub fn scalar_one<T: DbValue>(mut self) -> Result<T> {
        self.check_at_most_one()?;
        self.next_scalar()?.ok_or_else(|| self.no_row())
    }

    /// The first value of the only row, or `None` if there is no row; an error if there is more than one.
    pub fn scalar_one_or_none<T: DbValue>(mut self) -> Result<Option<T>> {
        self.check_at_most_one()?;
        self.next_scalar()
    }

    /// The first value of every row that is left; read NULL into an `Option`.
    pub fn scalars<T: DbValue>(&mut self) -> Result<Vec<T>> {
        let mut scalars = Vec::with_capacity(self.len());
        while let Some(scalar) = self.next_scalar()? {
            scalars.push(scalar);
        }
        Ok(scalars)
    }

    fn next_scalar<T: DbValue>(&mut self) -> Result<Option<T>> {
        let Some(row) = self.peek() else { return Ok(None) };
        let value = row.get(0).map_err(|error| self.blame(error))?;
        self.next += 1;
        Ok(Some(value))
    }

    fn peek(&self) -> Option<Row<'_>> {
        (!self.is_empty()).then_some(Row { buffer: &self.buffer, number: self.next })
    }

    /// The rows that are left, to be looked at by the positions or the names of their columns.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (self.next..self.buffer.len()).map(|number| Row { buffer: &self.buffer, number })
    }
}

impl<'a> Row<'a> {
    /// The value of a column: `row.get::<String>("name")?`, `row.get::<i64>(0)?`, `row.get(User::AGE)?`.
    pub fn get<T: DbValue>(&self, column: impl ColumnIndex) -> Result<T> {
        let names = self.buffer.names();
        let position = column.position(names)?;
        let value = self.buffer.value(self.number, position)?;
        T::decode(&value).map_err(|error| match names.get(position) {
            Some(name) => error.with_column(name),
            None => error,
        })
    }

    /// The names of the columns.
    pub fn columns(&self) -> &'a [String] {
        self.buffer.names()
    }

    /// The value at a position, as it came.
    pub fn value(&self, position: usize) -> Result<Value<'a>> {
        self.buffer.value(self.number, position)
    }
}

/// The names and kinds of the values; the values themselves may be secrets.
impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (index, name) in self.columns().iter().enumerate() {
            map.entry(name, &self.value(index).map_or("unreadable", |value| value.kind()));
        }
        map.finish()
    }
}

impl fmt::Debug for ResultSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ResultSet({}; {} of {} rows left)",
            self.columns().join(", "),
            self.len(),
            self.buffer.len()
        )
    }
}
