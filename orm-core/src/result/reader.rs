//! A row, read from left to right.

use crate::driver::{Row, no_such_column};
use crate::types::DbValue;
use crate::{Result, Value};

/// Hands out the values of a row from left to right.
pub struct RowReader<'a> {
    row: &'a dyn Row,
    next: usize,
    /// The first value, if it is an integer and known already: a driver's value is not free to fetch.
    first: Option<i64>,
}

impl<'a> RowReader<'a> {
    pub(crate) fn new(row: &'a dyn Row) -> Self {
        Self { row, next: 0, first: None }
    }

    /// Hands out one integer.
    pub(crate) fn of_int(value: i64) -> Self {
        Self { row: &NoRow, next: 0, first: Some(value) }
    }

    /// The row's first value is known already.
    pub(crate) fn after_first(row: &'a dyn Row, first: i64) -> Self {
        Self { row, next: 0, first: Some(first) }
    }

    /// The next value; an error if the row has no more.
    #[inline]
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would end silently where this is an error"
    )]
    pub fn next(&mut self) -> Result<Value<'a>> {
        let index = self.next;
        self.next += 1;
        match self.first.take() {
            Some(first) => Ok(Value::Int(first)),
            None => self.row.value(index),
        }
    }

    /// The next value, if there is a shorter way to it.
    #[inline]
    pub(crate) fn shortcut<T: DbValue>(&mut self) -> Option<T> {
        if self.first.is_some() {
            return None;
        }
        let value = T::shortcut(self.row, self.next)?;
        self.next += 1;
        Some(value)
    }

    /// The next value, as this type.
    pub fn value<T: DbValue>(&mut self) -> Result<T> {
        T::decode(&self.next()?)
    }

    /// Reads the next columns, this many, as a row of their own.
    #[inline]
    pub(crate) fn with_rest<T>(&mut self, width: usize, read: impl FnOnce(&dyn Row) -> T) -> T {
        let start = self.next;
        self.next += width;
        match start {
            0 => read(self.row),
            _ => read(&Shifted { row: self.row, by: start }),
        }
    }

    /// Steps over the next columns, this many, if one of these among them is NULL; whether it did.
    pub(crate) fn skip_missing(&mut self, columns: &[usize], width: usize) -> Result<bool> {
        for column in columns {
            if self.row.value(self.next + column)?.is_null() {
                self.next += width;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Steps over the next column if the row lacks it; whether it did.
    pub(crate) fn skip_absent(&mut self) -> bool {
        let absent = self.first.is_none() && !self.row.has(self.next);
        self.next += usize::from(absent);
        absent
    }

    /// How many values were taken.
    pub(crate) fn taken(&self) -> usize {
        self.next
    }

    /// The position of the value that was taken last.
    pub(crate) fn position(&self) -> usize {
        self.next.saturating_sub(1)
    }
}

/// A row without values.
struct NoRow;

impl Row for NoRow {
    fn width(&self) -> usize {
        0
    }

    fn value(&self, _index: usize) -> Result<Value<'_>> {
        Err(no_such_column())
    }
}

/// A row without its first columns.
struct Shifted<'a> {
    row: &'a dyn Row,
    by: usize,
}

impl Row for Shifted<'_> {
    fn width(&self) -> usize {
        self.row.width() - self.by
    }

    fn value(&self, index: usize) -> Result<Value<'_>> {
        self.row.value(self.by + index)
    }

    fn int(&self, index: usize) -> Option<i64> {
        self.row.int(self.by + index)
    }

    fn text(&self, index: usize) -> Option<&str> {
        self.row.text(self.by + index)
    }

    fn has(&self, index: usize) -> bool {
        self.row.has(self.by + index)
    }
}
