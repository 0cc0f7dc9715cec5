//! The rows of a query taken in as it says: each once, or the last one first.

use std::collections::HashSet;

use crate::Result;
use crate::driver::{Row, RowBuffer, Sink};
use crate::query::Intake;
use crate::value::Packed;

/// Lets only the first of equal rows through.
#[derive(Debug, Default)]
pub(crate) struct Once {
    by: Option<Vec<usize>>,
    seen: HashSet<Box<[u8]>>,
}

impl Once {
    pub(crate) fn new(intake: &Intake) -> Self {
        Self { by: intake.unique_by.clone(), seen: HashSet::new() }
    }

    /// Whether a row is to be taken.
    #[inline]
    pub(crate) fn takes(&mut self, row: &dyn Row) -> Result<bool> {
        match &self.by {
            None => Ok(true),
            Some(columns) => first(&mut self.seen, columns, row),
        }
    }
}

fn first(seen: &mut HashSet<Box<[u8]>>, columns: &[usize], row: &dyn Row) -> Result<bool> {
    let mut values = Packed::default();
    for &column in columns {
        values.push(&row.value(column)?);
    }
    Ok(seen.insert(values.as_bytes().into()))
}

/// Fills a buffer with rows.
pub(crate) struct Intaking<'b> {
    once: Once,
    backwards: bool,
    buffer: &'b mut RowBuffer,
}

impl<'b> Intaking<'b> {
    pub(crate) fn new(intake: &Intake, buffer: &'b mut RowBuffer) -> Self {
        Self { once: Once::new(intake), backwards: intake.backwards, buffer }
    }

    /// All rows are there.
    pub(crate) fn finish(self) {
        if self.backwards {
            self.buffer.reverse();
        }
    }
}

impl Sink for Intaking<'_> {
    fn columns(&mut self) -> Option<&mut Vec<String>> {
        self.buffer.columns()
    }

    fn row(&mut self, row: &dyn Row) -> Result<()> {
        if self.once.takes(row)? { self.buffer.row(row) } else { Ok(()) }
    }
}
