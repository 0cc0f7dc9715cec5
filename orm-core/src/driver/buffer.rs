//! Rows copied into one piece of memory, for the way between threads.

use crate::Result;
use crate::Value;
use crate::driver::{Row, Rows, no_such_column};
use crate::value::{Packed, Unpacked};

/// Rows of equal width, packed; they can be read as a result and sent as a write.
#[derive(Debug, Default)]
pub struct RowBuffer {
    packed: Packed,
    starts: Vec<usize>,
    width: usize,
}

impl RowBuffer {
    /// Copies the rows of a write.
    pub fn copy(rows: &dyn Rows) -> Result<Self> {
        let mut buffer = Self { width: rows.width(), ..Self::default() };
        for row in 0..rows.len() {
            for column in 0..rows.width() {
                buffer.push(&rows.value(row, column)?);
            }
        }
        Ok(buffer)
    }

    /// Copies one row of a result behind the others.
    pub fn push_row(&mut self, row: &dyn Row) -> Result<()> {
        self.width = row.width();
        for index in 0..row.width() {
            self.push(&row.value(index)?);
        }
        Ok(())
    }

    fn push(&mut self, value: &Value<'_>) {
        self.starts.push(self.packed.end());
        self.packed.push(value);
    }

    /// The rows, one by one.
    pub fn rows(&self) -> impl Iterator<Item = impl Row> {
        (0..self.len()).map(|row| BufferedRow { buffer: self, row })
    }
}

impl Rows for RowBuffer {
    fn len(&self) -> usize {
        self.starts.len().checked_div(self.width).unwrap_or(0)
    }

    fn width(&self) -> usize {
        self.width
    }

    fn value(&self, row: usize, column: usize) -> Result<Value<'_>> {
        let start = self.starts.get(row * self.width + column).filter(|_| column < self.width);
        let start = *start.ok_or_else(no_such_column)?;
        Ok(Unpacked::of(&self.packed.as_bytes()[start..]).next())
    }
}

struct BufferedRow<'a> {
    buffer: &'a RowBuffer,
    row: usize,
}

impl Row for BufferedRow<'_> {
    fn width(&self) -> usize {
        self.buffer.width
    }

    fn value(&self, index: usize) -> Result<Value<'_>> {
        self.buffer.value(self.row, index)
    }
}
