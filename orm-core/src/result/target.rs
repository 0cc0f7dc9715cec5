//! Structs with `#[derive(FromRow)]` as what the rows of a query are.

use std::marker::PhantomData;

use crate::Result;
use crate::query::Select;
use crate::result::from_row::positions_of;
use crate::result::{Columns, FromRow, RowReader, Shape};

/// Rows that are read into an `R`; made by [`Select::into`].
#[derive(Debug)]
pub struct As<R>(PhantomData<fn() -> R>);

impl<S> Select<S> {
    /// Reads each row into a struct with `#[derive(FromRow)]`, by the names of the columns: those of columns, and
    /// [labels](crate::query::LabelMethods::label) of expressions.
    ///
    /// The names are looked for in the query, once. One that is missing, or is there twice, is an error before anything is sent;
    /// what else the query selects is left aside. A model is read as a plain struct, not as an entity.
    pub fn into<R: FromRow + Send + 'static>(self) -> Select<As<R>> {
        match positions_of(&R::columns(), &self.names()) {
            Ok(_) => Select::from_statement(self.statement),
            Err(error) => Select::mistake(error),
        }
    }

    fn names(&self) -> Vec<String> {
        let names = self.statement.names().into_iter();
        names.map(|name| name.map(String::from).unwrap_or_default()).collect()
    }

    /// Where these columns are in a row.
    pub(super) fn positions_of(&self, columns: Columns) -> Columns {
        // If the names are wrong, the statement is one that says so.
        positions_of(&columns, &self.names()).ok().flatten().map_or(Columns::InOrder, Columns::At)
    }
}

impl<R: FromRow + Send + 'static> Shape for As<R> {
    type Row = R;

    fn columns() -> Option<Columns> {
        Some(R::columns())
    }

    fn read_row(row: &mut RowReader<'_>) -> Result<R> {
        R::read(row)
    }
}
