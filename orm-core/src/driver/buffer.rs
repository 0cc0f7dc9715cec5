//! Rows copied into one piece of memory, for the way between threads.

use crate::Result;
use crate::Value;
use crate::driver::{Row, Rows, Sink, no_such_column};
use crate::value::{Packed, Unpacked};

/// Rows of equal width, packed; they can be read as a result and sent as a write.
#[derive(Debug, Default)]
pub struct RowBuffer {
    /// The names of the columns, if they are wanted.
    columns: Option<Vec<String>>,
    packed: Packed,
    starts: Vec<usize>,
    width: usize,
    /// How many rows of a write have no values: of nothing but defaults.
    empty: usize,
}

impl RowBuffer {
    /// Copies the rows of a write.
    pub fn copy(rows: &dyn Rows) -> Result<Self> {
        let empty = if rows.width() == 0 { rows.len() } else { 0 };
        let mut buffer = Self { width: rows.width(), empty, ..Self::default() };
        for row in 0..rows.len() {
            rows.each_value(row, &mut |_, value| {
                buffer.push(value);
                Ok(())
            })?;
        }
        Ok(buffer)
    }

    /// An empty buffer for the rows of a result, and for the names of its columns if they are wanted.
    pub fn new(columns: bool) -> Self {
        Self { columns: columns.then(Vec::new), ..Self::default() }
    }

    /// The names of the columns, as far as they were wanted.
    pub fn names(&self) -> &[String] {
        self.columns.as_deref().unwrap_or_default()
    }

    /// The same rows without their last columns, so that this many are left.
    pub(crate) fn narrowed(mut self, width: usize) -> Self {
        if width < self.width {
            let is_kept = |(index, &start): (usize, &usize)| (index % self.width < width).then_some(start);
            self.starts = self.starts.iter().enumerate().filter_map(is_kept).collect();
            self.width = width;
        }
        if let Some(columns) = &mut self.columns {
            columns.truncate(width);
        }
        self
    }

    /// Forgets the rows, and keeps the names of the columns.
    pub fn clear(&mut self) {
        self.packed.clear();
        self.starts.clear();
    }

    /// Turns the order of the rows round.
    pub(crate) fn reverse(&mut self) {
        if self.width > 0 {
            self.starts = self.starts.chunks(self.width).rev().flatten().copied().collect();
        }
    }

    /// Puts these rows into this order.
    pub(crate) fn arrange(&mut self, order: &[usize]) {
        let cells = |&row: &usize| row * self.width..(row + 1) * self.width;
        self.starts = order.iter().flat_map(cells).map(|cell| self.starts[cell]).collect();
    }

    /// One of the rows.
    pub fn at(&self, row: usize) -> impl Row {
        BufferedRow { buffer: self, row }
    }

    /// Hands everything on.
    pub fn pour(&self, sink: &mut dyn Sink) -> Result<()> {
        if let Some(columns) = sink.columns() {
            columns.extend_from_slice(self.names());
        }
        self.rows().try_for_each(|row| sink.row(&row))
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

impl Sink for RowBuffer {
    /// Wanted until they are there: a buffer that is filled again keeps them.
    fn columns(&mut self) -> Option<&mut Vec<String>> {
        self.columns.as_mut().filter(|columns| columns.is_empty())
    }

    fn row(&mut self, row: &dyn Row) -> Result<()> {
        self.width = row.width();
        for index in 0..row.width() {
            self.push(&row.value(index)?);
        }
        Ok(())
    }
}

impl Rows for RowBuffer {
    fn len(&self) -> usize {
        self.starts.len().checked_div(self.width).unwrap_or(self.empty)
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
