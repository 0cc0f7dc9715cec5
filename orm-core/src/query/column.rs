//! Typed columns: the constants that a derive makes, `User::AGE`.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::Result;
use crate::metadata::Table;
use crate::query::Sql;
use crate::query::expr::{Expr, Expression, Node};
use crate::types::DbValue;

/// A column of the model `M` that holds a `T`.
pub struct Column<M, T> {
    table: fn() -> &'static Table,
    field: usize,
    of: PhantomData<fn() -> (M, T)>,
}

impl<M, T> Column<M, T> {
    /// The first column of a field; derives call this.
    pub const fn new(table: fn() -> &'static Table, field: usize) -> Self {
        Self { table, field, of: PhantomData }
    }

    /// The column's name in the database.
    pub fn name(self) -> &'static str {
        let table = (self.table)();
        &table.columns()[table.position(self.field, 0)].name
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
        Expr::from_node(Arc::new(ColumnNode { table, position: table.position(self.field, 0) }))
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
}
