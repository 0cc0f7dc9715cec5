//! Typed columns: the constants that a derive makes, `User::AGE`.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::error::Error;
use crate::metadata::{Table, TableRef};
use crate::query::expr::{Expr, Expression, Node};
use crate::query::source::{Name, Source};
use crate::query::{AsSource, Sql};
use crate::types::DbValue;
use crate::{Result, SqlType};

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

    pub(crate) const fn place(self) -> (fn() -> &'static Table, usize) {
        (self.table, self.field)
    }

    /// The column of a part of an embedded struct: `User::ADDRESS.at(Address::CITY)`.
    pub const fn at<U>(self, part: Part<T, U>) -> Column<M, U> {
        Column { table: self.table, field: self.field, part: self.part + part.offset, of: PhantomData }
    }

    /// The column's name in the database.
    pub fn name(self) -> &'static str {
        &(self.table)().columns()[self.position()].name
    }

    /// The position among the columns of its table.
    pub(crate) fn position(self) -> usize {
        (self.table)().position(self.field, self.part)
    }

    pub(crate) fn table(self) -> &'static Table {
        (self.table)()
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
        Expr::from_node(self.into_node())
    }
}

impl<M, T: DbValue> Column<M, T> {
    /// The same column of an alias, a subquery or a common table expression: `User::NAME.of(&boss)`.
    pub fn of(self, source: impl AsSource) -> Expr<T> {
        column_of(&source.as_source(), self.name().into())
    }
}

impl<M, T> Column<M, T> {
    pub(crate) fn into_node(self) -> Arc<dyn Node> {
        let table = (self.table)();
        let column = &table.columns()[table.position(self.field, self.part)];
        Arc::new(ColumnNode {
            source: Source::table(table),
            name: Name::Borrowed(&column.name),
            sql_type: column.sql_type,
        })
    }
}

/// A column of anything that rows are read from.
pub(crate) fn column_of<T: DbValue>(source: &Source, name: Name) -> Expr<T> {
    match source.check_column(&name) {
        Ok(()) => Expr::new(ColumnNode { source: source.clone(), name, sql_type: T::TYPE }),
        Err(error) => Expr::new(Mistake(error)),
    }
}

impl Source {
    /// A column by its name: `audit.column::<i64>("user_id")`. If there is none, or if a table has it with another type,
    /// the statement that uses it says so.
    pub fn column<T: DbValue>(&self, name: impl Into<std::borrow::Cow<'static, str>>) -> Expr<T> {
        let name = name.into();
        let known =
            self.as_table().and_then(|table| table.columns().iter().find(|column| column.name == name));
        match known {
            Some(column) if column.sql_type != T::TYPE => {
                Expr::new(Mistake(wrong_type(self, column, T::TYPE)))
            }
            _ => column_of(self, name),
        }
    }
}

impl TableRef {
    /// A column by its name: `audit.column::<i64>("user_id")`. If there is none, or if it has another type, the statement
    /// that uses it says so.
    pub fn column<T: DbValue>(&self, name: impl Into<std::borrow::Cow<'static, str>>) -> Expr<T> {
        self.as_source().column(name)
    }
}

fn wrong_type(source: &Source, column: &crate::metadata::Column, wanted: SqlType) -> Error {
    let message =
        format!("the column {}.{} is {:?}, not {wanted:?}", source.name(), column.name, column.sql_type);
    Error::new(crate::error::ErrorKind::InvalidQuery, message)
}

/// An expression that could not be made; the statement that uses it fails.
#[derive(Debug)]
pub(crate) struct Mistake(pub(crate) Error);

impl Node for Mistake {
    fn render(&self, _sql: &mut Sql<'_>) -> Result<()> {
        Err(self.0.clone())
    }

    fn target(&self) -> Result<(&Source, &str)> {
        Err(self.0.clone())
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
    source: Source,
    name: Name,
    sql_type: SqlType,
}

impl Node for ColumnNode {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.column(&self.source, &self.name, Some(self.sql_type))
    }

    fn render_item(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.column(&self.source, &self.name, None)
    }

    fn column(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn is_column(&self) -> bool {
        true
    }

    fn source_column(&self) -> Option<(&Source, &str)> {
        Some((&self.source, &self.name))
    }

    fn is_atom(&self) -> bool {
        true
    }
}
