//! A query for columns of rows whose keys are known, where a statement that wrote them could not return them.

use crate::Result;
use crate::metadata::TableRef;
use crate::query::projection::Projection;
use crate::query::source::Source;
use crate::query::{Executable, Sql};
use crate::value::Value;

/// The key and these columns of rows with these keys, and what a program wants of them before that.
#[derive(Debug)]
pub(crate) struct RowsByKey {
    pub(crate) table: TableRef,
    pub(crate) columns: Vec<usize>,
    /// What stands before them.
    pub(crate) first: Option<Projection>,
    pub(crate) keys: Vec<Vec<Value<'static>>>,
}

impl RowsByKey {
    /// How many keys one query takes.
    pub(crate) const MOST: usize = 512;
}

impl Executable for RowsByKey {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let Self { table, columns, first, keys } = self;
        let (key, all) = (table.primary_key(), table.columns());
        let read = [key, columns].concat();
        sql.push("SELECT ");
        if let Some(first) = first {
            sql.enter(vec![Source::table(table.clone())])?;
            first.render(sql)?;
            sql.leave();
            sql.push(", ");
        }
        sql.names(table.names_of(&read)).push(" FROM ").table(table).push(" WHERE ");
        let (open, close) = if key.len() > 1 { ("(", ")") } else { ("", "") };
        sql.push(open).names(table.names_of(key)).push(close).push(" IN (");
        sql.list(keys, |sql, values| {
            sql.push(open);
            sql.list(key.iter().zip(values), |sql, (&column, value)| {
                sql.bind(all[column].sql_type, value.clone());
            });
            sql.push(close);
        });
        sql.push(")");
        Ok(())
    }
}
