//! The shape of a query's rows, known when the query is built, and what each is read into.

use crate::Result;
use crate::query::{Count, Executable, Existence, Maybe, Returning, Select, SelectStatement};
use crate::result::{Columns, ResultSet, RowReader};
use crate::types::DbValue;

/// What the rows of a query are: a column type, a model, or a tuple of these. Rows are read from left to right.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that rows could be read into",
    label = "not a column type, a model or a tuple of these"
)]
pub trait Shape: 'static {
    /// What a row is read into.
    type Row: Send;

    /// The columns that a row is read from by their names; `None` if they come in their order.
    #[doc(hidden)]
    fn columns() -> Option<Columns> {
        None
    }

    /// Reads a row.
    fn read_row(row: &mut RowReader<'_>) -> Result<Self::Row>;
}

impl<T: DbValue> Shape for T {
    type Row = T;

    fn read_row(row: &mut RowReader<'_>) -> Result<T> {
        row.value()
    }
}

/// `None` where an outer join found no row: its key is NULL.
impl<M: Optionable> Shape for Maybe<M> {
    type Row = Option<M::Row>;

    fn read_row(row: &mut RowReader<'_>) -> Result<Self::Row> {
        if row.skip_missing(M::key(), M::width())? { Ok(None) } else { M::read_row(row).map(Some) }
    }
}

/// A shape that may be missing as a whole: a model.
#[doc(hidden)]
pub trait Optionable: Shape {
    /// The positions of its key's columns, none of which is NULL if it is there.
    fn key() -> &'static [usize];

    /// How many columns it has.
    fn width() -> usize;
}

macro_rules! tuple {
    ($($part:ident $number:tt)+) => {
        impl<$($part: Shape),+> Shape for ($($part,)+) {
            type Row = ($($part::Row,)+);

            fn read_row(row: &mut RowReader<'_>) -> Result<Self::Row> {
                Ok(($($part::read_row(row)?,)+))
            }
        }
    };
}

each_tuple!(tuple);

/// A statement that says what its rows are: a [`Select`], text by [`Text::entities`](crate::query::Text::entities), a
/// write that returns something.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what its rows are",
    label = "not a query",
    note = "use `User::select()`, `select((User::NAME, …))`, or `text(\"SELECT …\").entities::<User>()`",
    note = "rows of any other text are read from its result: `connection.execute(text(\"…\"))?.all::<(i64, String)>()`"
)]
pub trait Query: Executable + Send + Sync {
    /// What its rows are.
    type Shape: Shape;

    /// Where the columns of its rows are in the result.
    #[doc(hidden)]
    fn columns(&self) -> Columns;

    /// The same query, of which only the first row is wanted.
    #[doc(hidden)]
    #[must_use]
    fn at_most_one(self) -> Self;

    /// Its clauses, for related rows to be put beside its own.
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only this crate puts them there")]
    fn clauses(&mut self) -> Option<&mut SelectStatement> {
        None
    }
}

/// How many rows a query would return.
impl Query for Count {
    type Shape = u64;

    fn columns(&self) -> Columns {
        Columns::InOrder
    }

    fn at_most_one(self) -> Self {
        self
    }
}

/// Whether a query would return any row.
impl Query for Existence {
    type Shape = bool;

    fn columns(&self) -> Columns {
        Columns::InOrder
    }

    fn at_most_one(self) -> Self {
        self
    }
}

impl<S: Shape> Query for Select<S> {
    type Shape = S;

    fn columns(&self) -> Columns {
        match S::columns() {
            Some(columns) => self.positions_of(columns),
            None => self.statement.positions().map_or(Columns::InOrder, Columns::At),
        }
    }

    /// The first row before a cursor is found from the other end.
    fn at_most_one(self) -> Self {
        if self.statement.keyset.is_before() { self } else { self.limit_further(1) }
    }

    #[expect(private_interfaces, reason = "only this crate puts them there")]
    fn clauses(&mut self) -> Option<&mut SelectStatement> {
        Some(&mut self.statement)
    }
}

impl<S: Shape> Query for Returning<S> {
    type Shape = S;

    fn columns(&self) -> Columns {
        self.projection.positions().map_or(Columns::InOrder, Columns::At)
    }

    fn at_most_one(self) -> Self {
        self
    }
}

impl ResultSet {
    /// The rows that are left, in the shape of the query that they are of.
    pub(crate) fn shaped<Q: Query>(&mut self, columns: &Columns) -> Result<Vec<<Q::Shape as Shape>::Row>> {
        self.read_all(columns, <Q::Shape as Shape>::read_row)
    }

    /// The only row, if there is one; an error if there are more.
    pub(crate) fn only<Q: Query>(&mut self, columns: &Columns) -> Result<Option<<Q::Shape as Shape>::Row>> {
        self.check_at_most_one()?;
        Ok(self.shaped::<Q>(columns)?.pop())
    }
}
