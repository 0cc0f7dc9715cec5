//! Deferred columns that a query selects all the same.

use std::sync::Arc;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::{self, Table};
use crate::query::{Column, Select};

/// For each column that is wanted its position in the result, if it is there.
pub(crate) type Positions = Arc<[Option<usize>]>;

/// The deferred columns that are selected with the entities that they belong to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Undeferred(Vec<&'static metadata::Column>);

impl Undeferred {
    pub(crate) fn push(&mut self, columns: impl IntoIterator<Item = &'static metadata::Column>) {
        self.0.extend(columns);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a column is selected with its entity.
    pub(crate) fn selects(&self, column: &metadata::Column) -> bool {
        column.deferred.is_none() || self.0.iter().any(|wanted| std::ptr::eq(*wanted, column))
    }

    /// The columns of a table that are selected with its entities.
    pub(crate) fn of<'t>(&'t self, table: &'t Table) -> impl Iterator<Item = &'t metadata::Column> {
        table.columns().iter().filter(|column| self.selects(column))
    }

    /// An error if there is one whose entities are not selected.
    pub(crate) fn check<'t>(&self, tables: impl Iterator<Item = &'t Table> + Clone) -> Result<()> {
        let is_there = |wanted: &&metadata::Column| {
            let mut columns = tables.clone().flat_map(Table::columns);
            columns.any(|column| std::ptr::eq(*wanted, column))
        };
        match self.0.iter().find(|wanted| !is_there(wanted)) {
            None => Ok(()),
            Some(wanted) => {
                let message =
                    format!("undefer: the query selects no entity that has the column {}", wanted.name);
                Err(Error::new(ErrorKind::InvalidQuery, message))
            }
        }
    }
}

impl<S> Select<S> {
    /// Selects a deferred column, and the others of its group, with the entities of its model: they are loaded at once.
    pub fn undefer<M, T>(mut self, column: Column<M, T>) -> Self {
        let table = column.table();
        let columns = table.deferred_with(column.position());
        self.statement.projection.undefer(columns.into_iter().map(|position| &table.columns()[position]));
        self
    }
}
