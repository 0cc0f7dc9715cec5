//! What is written to which column: `SET name = …`, and the values of a row.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::metadata::{self, Table, TableRef};
use crate::query::expr::{Expr, Node};
use crate::query::operand::{Bound, Operand};
use crate::query::source::Source;
use crate::query::{Column, Sql};
use crate::types::DbValue;
use crate::{Result, SqlType, Value};

/// A column that can be set where rows of `R` are written: one of the model's own, or, where `R` is [`TableRef`], one of a
/// run-time table by its name, `audit.column::<String>("what")`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no column that can be set in rows of `{R}`",
    label = "not a column of it",
    note = "for a model write `User::NAME`, for a run-time table `table.column::<String>(\"name\")`"
)]
pub trait Settable<R> {
    /// What the column holds.
    type Type: DbValue;

    #[doc(hidden)]
    fn position_in(self, table: &TableRef) -> Result<usize>;
}

impl<M: 'static, T: DbValue> Settable<M> for Column<M, T> {
    type Type = T;

    fn position_in(self, table: &TableRef) -> Result<usize> {
        check_written(table, self.position())
    }
}

impl<T: DbValue> Settable<TableRef> for Expr<T> {
    type Type = T;

    fn position_in(self, table: &TableRef) -> Result<usize> {
        let node = self.into_node();
        let (source, name) = node.target()?;
        let position = table.columns().iter().position(|column| column.name == name);
        match position.filter(|_| source.is(&Source::table(table.clone()))) {
            Some(position) => check_written(table, position),
            None => {
                let (wanted, found) = (table.name(), source.name());
                Err(invalid(format!("the column {found}.{name} cannot be set where {wanted} is written")))
            }
        }
    }
}

/// An error if nobody but the database writes the column.
fn check_written(table: &Table, position: usize) -> Result<usize> {
    let column = &table.columns()[position];
    match column.generated {
        None => Ok(position),
        Some(_) => {
            let name = format!("{}.{}", table.name(), column.name);
            Err(invalid(format!("the column {name} is computed by the database; it cannot be set")))
        }
    }
}

/// Columns that can be set: one, or a tuple of them.
pub trait SettableList<R> {
    /// What they hold: one type, or a tuple of them.
    type Types;

    #[doc(hidden)]
    fn positions_in(self, table: &TableRef) -> Result<Vec<usize>>;
}

impl<M: 'static, T: DbValue> SettableList<M> for Column<M, T> {
    type Types = T;

    fn positions_in(self, table: &TableRef) -> Result<Vec<usize>> {
        Ok(vec![self.position_in(table)?])
    }
}

impl<T: DbValue> SettableList<TableRef> for Expr<T> {
    type Types = T;

    fn positions_in(self, table: &TableRef) -> Result<Vec<usize>> {
        Ok(vec![self.position_in(table)?])
    }
}

/// Rows that can be stored in columns of these types: each value is of its column's type, or the column may be NULL besides.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` do not fit columns of `{T}`",
    label = "the query selects something else than the columns hold"
)]
pub trait Fits<T> {}

impl<T: DbValue> Fits<T> for T {}

impl<T: DbValue> Fits<Option<T>> for T {}

macro_rules! tuple {
    ($($part:ident $other:ident)+) => {
        impl<R, $($part: Settable<R>),+> SettableList<R> for ($($part,)+) {
            type Types = ($($part::Type,)+);

            #[expect(non_snake_case, reason = "the parts are named as their types are")]
            fn positions_in(self, table: &TableRef) -> Result<Vec<usize>> {
                let ($($part,)+) = self;
                Ok(vec![$($part.position_in(table)?),+])
            }
        }

        impl<$($part: Fits<$other>, $other),+> Fits<($($other,)+)> for ($($part,)+) {}
    };
}

tuple!(A A2);
tuple!(A A2 B B2);
tuple!(A A2 B B2 C C2);
tuple!(A A2 B B2 C C2 D D2);
tuple!(A A2 B B2 C C2 D D2 E E2);
tuple!(A A2 B B2 C C2 D D2 E E2 F F2);
tuple!(A A2 B B2 C C2 D D2 E E2 F F2 G G2);
tuple!(A A2 B B2 C C2 D D2 E E2 F F2 G G2 H H2);
tuple!(A A2 B B2 C C2 D D2 E E2 F F2 G G2 H H2 I I2);
tuple!(A A2 B B2 C C2 D D2 E E2 F F2 G G2 H H2 I I2 J J2);
tuple!(A A2 B B2 C C2 D D2 E E2 F F2 G G2 H H2 I I2 J J2 K K2);
tuple!(A A2 B B2 C C2 D D2 E E2 F F2 G G2 H H2 I I2 J J2 K K2 L L2);

/// Columns with what they are set to, in the order of the table; the first mistake is kept for when the statement is run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assignments {
    pub(crate) cells: Vec<(usize, Result<Bound>)>,
    mistake: Option<Error>,
}

impl Assignments {
    pub(crate) fn set<R, C: Settable<R>>(
        &mut self,
        table: &TableRef,
        column: C,
        value: impl Operand<C::Type>,
    ) {
        match column.position_in(table) {
            Ok(position) => self.push(table, position, value.bound()),
            Err(error) => self.fail(error),
        }
    }

    pub(crate) fn push(&mut self, table: &Table, position: usize, value: Result<Bound>) {
        match self.cells.binary_search_by_key(&position, |(position, _)| *position) {
            Err(place) => self.cells.insert(place, (position, value)),
            Ok(_) => {
                let name = &table.columns()[position].name;
                self.fail(invalid(format!("the column {}.{name} is set twice", table.name())));
            }
        }
    }

    pub(crate) fn fail(&mut self, error: Error) {
        self.mistake.get_or_insert(error);
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.mistake.clone().map_or(Ok(()), Err)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cells.is_empty() && self.mistake.is_none()
    }

    pub(crate) fn columns(&self) -> Vec<usize> {
        self.cells.iter().map(|(position, _)| *position).collect()
    }

    /// What a column is set to, if it is.
    pub(crate) fn get(&self, position: usize) -> Option<&Result<Bound>> {
        self.cells.iter().find(|(other, _)| *other == position).map(|(_, value)| value)
    }

    /// The position of the row's version, if it has one and nobody sets it: then it becomes the next.
    pub(crate) fn raised(&self, of: &Written) -> Option<usize> {
        of.table.version().filter(|&version| self.get(version).is_none() && !self.cells.is_empty())
    }

    /// The same with the next version, where it is raised: who loaded the row before is told.
    pub(crate) fn raising_version(&self, of: &Written) -> Cow<'_, Self> {
        let Some(position) = self.raised(of) else { return Cow::Borrowed(self) };
        let mut raising = self.clone();
        let version = column_node(&of.table.columns()[position], &Source::table(of.table.clone()));
        raising.push(&of.table, position, Ok(Bound::Node(Arc::new(Next(version)))));
        Cow::Owned(raising)
    }

    /// Writes ` SET column = value, …`.
    pub(crate) fn render(&self, of: &Written, sql: &mut Sql<'_>) -> Result<()> {
        self.check()?;
        if self.cells.is_empty() {
            return Err(invalid(format!(
                "an update of {} sets nothing; say .set(column, value)",
                of.table.name()
            )));
        }
        sql.push(" SET ");
        self.render_list(of, sql)
    }

    /// The same, where each column has to say whose it is.
    pub(crate) fn render_qualified(&self, of: &Written, sql: &mut Sql<'_>) -> Result<()> {
        self.check()?;
        sql.push(" SET ");
        sql.separated(", ", &self.cells, |sql, (position, value)| {
            let column = &of.table.columns()[*position];
            sql.name(of.table.name()).push(".").name(&column.name).push(" = ");
            render_value(of, column, value, sql)
        })
    }

    /// Writes `column = value, …`.
    pub(crate) fn render_list(&self, of: &Written, sql: &mut Sql<'_>) -> Result<()> {
        self.check()?;
        sql.separated(", ", &self.cells, |sql, (position, value)| {
            let column = &of.table.columns()[*position];
            sql.name(&column.name).push(" = ");
            render_value(of, column, value, sql)
        })
    }
}

/// What is written: a table, and the model whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) table: TableRef,
    pub(crate) model: Option<&'static str>,
}

impl Written {
    /// Says of an error which column it is about.
    pub(crate) fn blame(&self, column: &metadata::Column, error: Error) -> Error {
        match self.model {
            Some(model) => error.with_model(model).with_column(&column.name),
            None => error.with_column(&format!("{}.{}", self.table.name(), column.name)),
        }
    }
}

/// Writes the value of a column. One that the database cannot hold is refused here, where its column is known.
pub(crate) fn render_value(
    of: &Written,
    column: &metadata::Column,
    value: &Result<Bound>,
    sql: &mut Sql<'_>,
) -> Result<()> {
    match value {
        Ok(Bound::Value(sql_type, value)) => {
            let held = sql.dialect().holds(*sql_type, value);
            held.map_err(|error| of.blame(column, error))?;
            sql.bind(*sql_type, value.clone());
            Ok(())
        }
        Ok(Bound::Null) => {
            sql.bind(column.sql_type, Value::Null);
            Ok(())
        }
        Ok(Bound::Node(node)) => node.render(sql),
        Err(error) => Err(of.blame(column, error.clone())),
    }
}

/// The values of some columns of a row; made by `User::values()` and [`TableRef::values`].
///
/// In an insert, what is not set is left to the database: its default, or NULL. In an update the key says which row it is.
#[derive(Debug)]
#[must_use = "the values of a row do nothing by themselves"]
pub struct Values<R> {
    pub(crate) of: Written,
    pub(crate) row: Assignments,
    rows: PhantomData<fn() -> R>,
}

impl<R> Clone for Values<R> {
    fn clone(&self) -> Self {
        Self { of: self.of.clone(), row: self.row.clone(), rows: PhantomData }
    }
}

impl<R> Values<R> {
    pub(crate) fn new(table: TableRef, model: Option<&'static str>) -> Self {
        Self { of: Written { table, model }, row: Assignments::default(), rows: PhantomData }
    }

    /// Sets a column to a value, or, in an insert, to an expression.
    pub fn set<C: Settable<R>>(mut self, column: C, value: impl Operand<C::Type>) -> Self {
        self.row.set(&self.of.table, column, value);
        self
    }
}

impl TableRef {
    /// The values of a row of this table, to be set one by one: `audit.values().set(audit.column::<String>("what"), "login")`.
    pub fn values(&self) -> Values<TableRef> {
        Values::new(self.clone(), None)
    }
}

/// A column of a table that is written, as an expression.
pub(crate) fn column_node(column: &metadata::Column, source: &Source) -> Arc<dyn Node> {
    Arc::new(Own { source: source.clone(), name: column.name.clone(), sql_type: column.sql_type })
}

/// The number after that of a column.
#[derive(Debug)]
struct Next(Arc<dyn Node>);

impl Node for Next {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.0.render(sql)?;
        sql.push(" + 1");
        Ok(())
    }
}

#[derive(Debug)]
struct Own {
    source: Source,
    name: String,
    sql_type: SqlType,
}

impl Node for Own {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.column(&self.source, &self.name, Some(self.sql_type))
    }

    fn is_atom(&self) -> bool {
        true
    }
}

pub(crate) fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidQuery, message)
}
