//! `SELECT`: the clauses in SQL's order. Each clause is a file of its own; here they are only put together.

use crate::Result;
use crate::metadata::Table;
use crate::query::filter::Filter;
use crate::query::limit::Limit;
use crate::query::order::OrderBy;
use crate::query::{Dialect, Rendered, Sql};

/// A SELECT of all columns of one table.
#[derive(Clone, Debug)]
pub struct SelectStatement {
    pub(crate) table: &'static Table,
    pub(crate) filter: Filter,
    pub(crate) order_by: OrderBy,
    pub(crate) limit: Limit,
}

impl SelectStatement {
    /// All rows of the table.
    pub fn new(table: &'static Table) -> Self {
        Self { table, filter: Filter::default(), order_by: OrderBy::default(), limit: Limit::default() }
    }

    /// The statement's text for a dialect.
    pub fn to_sql(&self, dialect: &dyn Dialect) -> Result<String> {
        Ok(self.rendered(dialect)?.text)
    }

    pub(crate) fn rendered(&self, dialect: &dyn Dialect) -> Result<Rendered> {
        let mut sql = Sql::new(dialect);
        self.render(&mut sql)?;
        Ok(sql.finish())
    }

    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        // Destructured without `..`: a clause that is forgotten here does not compile.
        let Self { table, filter, order_by, limit } = self;
        select_all(sql, table);
        sql.enter(table);
        filter.render(sql)?;
        order_by.render(sql)?;
        limit.render(sql);
        Ok(())
    }
}

fn select_all(sql: &mut Sql<'_>, table: &Table) {
    sql.push("SELECT ").list(table.columns(), |sql, column| {
        sql.name(&column.name);
    });
    sql.push(" FROM ").table(table);
}

/// Writes the query for one row by its primary key.
pub(crate) fn select_by_key(sql: &mut Sql<'_>, table: &Table) {
    select_all(sql, table);
    sql.where_key(table);
}
