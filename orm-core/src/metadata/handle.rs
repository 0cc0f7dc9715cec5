//! `TableRef`: a table that can be named from anywhere, whether a model has it or a program described it.

use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use crate::metadata::Table;

/// A table: that of a model, or one that was described at run time. Cheap to clone; it dereferences to the [`Table`].
///
/// Two are the same if they are the same piece of data.
#[derive(Clone, Debug)]
pub enum TableRef {
    /// The table of a model.
    Model(&'static Table),
    /// A table that the program described.
    Own(Arc<Table>),
}

impl Deref for TableRef {
    type Target = Table;

    fn deref(&self) -> &Table {
        match self {
            Self::Model(table) => table,
            Self::Own(table) => table,
        }
    }
}

impl From<&'static Table> for TableRef {
    fn from(table: &'static Table) -> Self {
        Self::Model(table)
    }
}

impl PartialEq for TableRef {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for TableRef {}

impl Hash for TableRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::from_ref::<Table>(self).hash(state);
    }
}
