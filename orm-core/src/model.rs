//! What a derive says about a struct: its table, its key, and how its fields are read and written.

mod belongs_to;
mod entity;
mod field;
mod key;
mod models;
mod query;

use crate::Result;
use crate::Value;
use crate::metadata::{Metadata, Table};
use crate::query::{Condition, Dialect, Executable, Order, Rendered, SelectStatement};
use crate::result::{FromRow, RowReader};

pub use belongs_to::BelongsTo;
pub use entity::{Entity, Token};
pub use field::{Embedded, Field, Reference};
pub use key::Key;
pub use models::Models;
pub use query::{EntityQuery, TextEntities};

/// A struct whose values are rows of a table. Derive it: `#[derive(Model)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model",
    label = "not a model",
    note = "put `#[derive(Model)]` on the struct"
)]
pub trait Model: Record {
    /// What its rows are told apart by: the key field's type, or a tuple of them.
    type Key: Key;

    /// Its table.
    fn table() -> &'static Table;

    /// A query for its rows.
    fn select() -> Select<Self> {
        Select::new()
    }
}

/// The fields of a model, as a derive hands them to the session. Fields are numbered as they are declared.
#[doc(hidden)]
pub trait Record: FromRow + Send + Sync + 'static {
    const NAME: &'static str;
    /// The names of the key's columns.
    const KEY: &'static [&'static str];

    fn get(&self, field: usize, part: usize) -> Result<Value<'_>>;
    fn read_field(&mut self, field: usize, row: &mut RowReader<'_>) -> Result<()>;
    fn reference(&self, field: usize) -> Option<&dyn Reference>;
    fn reference_mut(&mut self, field: usize) -> Option<&mut dyn Reference>;
}

impl Metadata {
    /// The tables of these models, and of all models that they refer to.
    pub fn of<M: Models>() -> Self {
        Self::from_tables(M::tables())
    }
}

impl<M: Model> Executable for Select<M> {
    fn rendered(&self, dialect: &dyn Dialect) -> Result<Rendered> {
        self.statement.rendered(dialect)
    }
}

/// A query for the rows of one model. It is a value: it can be cloned, stored, and extended in an `if`.
#[derive(Debug)]
pub struct Select<M> {
    pub(crate) statement: SelectStatement,
    model: std::marker::PhantomData<fn() -> M>,
}

impl<M> Clone for Select<M> {
    fn clone(&self) -> Self {
        Self { statement: self.statement.clone(), model: self.model }
    }
}

impl<M: Model> Select<M> {
    fn new() -> Self {
        Self { statement: SelectStatement::new(M::table()), model: std::marker::PhantomData }
    }

    /// Keeps the rows for which this holds; several filters must all hold.
    #[must_use]
    pub fn filter(mut self, condition: Condition) -> Self {
        self.statement.filter(condition);
        self
    }

    /// Sorts by this, after what was given before.
    #[must_use]
    pub fn order_by(mut self, order: Order) -> Self {
        self.statement.order_by(order);
        self
    }

    /// At most this many rows.
    #[must_use]
    pub fn limit(mut self, rows: u32) -> Self {
        self.statement.limit(rows);
        self
    }

    /// Leaves out this many rows at the beginning.
    #[must_use]
    pub fn offset(mut self, rows: u32) -> Self {
        self.statement.offset(rows);
        self
    }

    /// The SQL for a dialect, with placeholders for the values.
    pub fn to_sql(&self, dialect: &dyn Dialect) -> Result<String> {
        self.statement.to_sql(dialect)
    }
}
