//! Typed columns: the constants that a derive makes, `User::AGE`.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::Result;
use crate::metadata::Table;
use crate::query::Sql;
use crate::query::expr::{Expr, Expression, Node};
use crate::types::DbValue;

/// A column of the model `M` that holds a `T`. If `T` is an embedded struct it is several, of which [`at`](Self::at) picks one.
pub struct Column<M, T> {
    table: fn() -> &'static Table,
    field: usize,
    part: usize,
    of: PhantomData<fn() -> (M, T)>,
}

impl<M, T> Column<M, T> {
    /// The first column of a field; derives call this.
    pub const fn new(table: fn() -> &'static Table, field: usize) -> Self {
        Self { table, field, part: 0, of: PhantomData }
    }

    /// The column of a part of an embedded struct: `User::ADDRESS.at(Address::CITY)`.
    pub const fn at<U>(self, part: Part<T, U>) -> Column<M, U> {
        Column { table: self.table, field: self.field, part: self.part + part.offset, of: PhantomData }
    }

    /// The column's name in the database.
    pub fn name(self) -> &'static str {
        let table = (self.table)();
        &table.columns()[table.position(self.field, self.part)].name
    }
}

impl<M, T> Clone for Column<M, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, T> Copy for Column<M, T> {}

impl<M, T> fmt::Debug for Column<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({}.{})", (self.table)().name(), self.name())
    }
}

impl<M: 'static, T: DbValue> Expression for Column<M, T> {
    type Type = T;

    fn into_expr(self) -> Expr<T> {
        let table = (self.table)();
        Expr::from_node(Arc::new(ColumnNode { table, position: table.position(self.field, self.part) }))
    }
}

/// A field of the embedded struct `E` that holds a `T`: the constants that `#[derive(Embedded)]` makes, `Address::CITY`.
pub struct Part<E, T> {
    offset: usize,
    of: PhantomData<fn() -> (E, T)>,
}

impl<E, T> Part<E, T> {
    /// The field whose first column is this many columns after the struct's first one; derives call this.
    pub const fn new(offset: usize) -> Self {
        Self { offset, of: PhantomData }
    }

    /// A field of an embedded struct in this one: `Address::PLACE.at(Place::LATITUDE)`.
    pub const fn at<U>(self, part: Part<T, U>) -> Part<E, U> {
        Part::new(self.offset + part.offset)
    }
}

impl<E, T> Clone for Part<E, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, T> Copy for Part<E, T> {}

impl<E, T> fmt::Debug for Part<E, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({})", self.offset)
    }
}

#[derive(Debug)]
struct ColumnNode {
    table: &'static Table,
    position: usize,
}

impl Node for ColumnNode {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.column(self.table, self.position)
    }

    fn column(&self) -> Option<&str> {
        self.table.columns().get(self.position).map(|column| column.name.as_str())
    }
}
