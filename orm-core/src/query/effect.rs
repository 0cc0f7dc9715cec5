//! What a session has to do in memory about what a statement writes.

use crate::metadata::TableRef;
use crate::query::Rendered;
use crate::query::projection::Projection;

/// What a statement does to rows that a session may know.
#[derive(Debug)]
pub(crate) struct Effect {
    pub(crate) kind: EffectKind,
    pub(crate) table: TableRef,
    /// Where in a row that comes back the key begins; the columns follow it.
    pub(crate) at: usize,
    /// The positions of the columns that may have changed.
    pub(crate) columns: Vec<usize>,
    /// The version among them, if it was raised by one.
    pub(crate) raised: Option<usize>,
    /// Whether entities of the table are returned.
    pub(crate) entities: bool,
    /// A query for the keys of the rows and those that they will have, if keys are changed.
    pub(crate) moves: Option<Box<Rendered>>,
    /// What the program wants of the rows, if the statement itself cannot return it.
    pub(crate) again: Option<Projection>,
    /// A query for all that is wanted of rows that will be gone, if the statement itself cannot return it.
    pub(crate) before: Option<Box<Rendered>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EffectKind {
    /// Rows are new; whether the database made their keys.
    Inserted {
        generated: bool,
    },
    /// Rows are new, or were changed where they were there already.
    Upserted,
    Updated,
    Deleted,
}
