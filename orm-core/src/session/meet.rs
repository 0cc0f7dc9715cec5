//! The way of a result's rows into memory.

use crate::Result;
use crate::driver::{Row, Sink};
use crate::result::{Columns, Mapping, Once};

/// Hands rows on with their columns in the order in which they are wanted, wherever they are in the result.
pub(super) struct Rearranged<F> {
    columns: Columns,
    names: Vec<String>,
    mapping: Option<Mapping>,
    once: Once,
    take: F,
}

impl<F> Rearranged<F> {
    pub(super) fn new(columns: Columns, once: Once, take: F) -> Self {
        Self { once, ..Self::with_names(columns, Vec::new(), take) }
    }

    /// For a further batch of a result, whose names came with the first.
    pub(super) fn with_names(columns: Columns, names: Vec<String>, take: F) -> Self {
        Self { columns, names, mapping: None, once: Once::default(), take }
    }

    pub(super) fn into_names(self) -> Vec<String> {
        self.names
    }
}

impl<F: FnMut(&dyn Row) -> Result<()> + Send> Sink for Rearranged<F> {
    fn columns(&mut self) -> Option<&mut Vec<String>> {
        let by_name = !matches!(self.columns, Columns::At(_));
        (by_name && self.names.is_empty()).then_some(&mut self.names)
    }

    fn row(&mut self, row: &dyn Row) -> Result<()> {
        if !self.once.takes(row)? {
            return Ok(());
        }
        let mapping = match self.mapping.take() {
            Some(mapping) => mapping,
            None => Mapping::new(self.columns.clone(), &self.names)?,
        };
        let taken = match mapping.apply(row) {
            None => (self.take)(row),
            Some(mapped) => (self.take)(&mapped),
        };
        self.mapping = Some(mapping);
        taken
    }
}
