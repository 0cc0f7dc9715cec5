//! The place of a struct in the order of a query for its model.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::model::{Model, blame};
use crate::query::{Cursor, Order, Select};

impl<M: Model> Select<M> {
    /// The place of a row of this query, to go on from: `query.after(query.cursor(&session[user])?)`. The query is sorted by columns of the
    /// model; for other keys give their values in a tuple.
    pub fn cursor(&self, record: &M) -> Result<Cursor> {
        let value = |order: &Order| {
            let no_column = || {
                let message = format!(
                    "the query is sorted by something that is no column of {}; give the cursor as a tuple of values",
                    M::NAME
                );
                Error::new(ErrorKind::InvalidQuery, message)
            };
            let (source, name) = order.node.source_column().ok_or_else(no_column)?;
            let is_own = self.statement.projection.first_source().is_some_and(|own| own.is(source));
            let columns = M::table().columns();
            let position = columns.iter().position(|column| is_own && column.name == name);
            let position = position.ok_or_else(no_column)?;
            let value = record.get(columns[position].field, columns[position].part);
            value.map_or_else(
                |error| Err(blame(M::NAME, M::table(), error, position)),
                |value| Ok(value.into_owned()),
            )
        };
        let order = &self.statement.order_by.0;
        if order.is_empty() {
            let message = "a cursor is a place in the order of a query: say order_by first";
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        Ok(Cursor { values: order.iter().map(value).collect::<Result<_>>()? })
    }
}
