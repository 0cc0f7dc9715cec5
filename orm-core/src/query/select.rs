//! `SELECT`: the clauses in SQL's order. Each clause is a file of its own; here they are only put together.

use std::fmt;
use std::marker::PhantomData;

use crate::Result;
use crate::metadata::Table;
use crate::query::filter::Filter;
use crate::query::from::From;
use crate::query::group::GroupBy;
use crate::query::join::Joins;
use crate::query::limit::Limit;
use crate::query::order::OrderBy;
use crate::query::projection::Projection;
use crate::query::source::Source;
use crate::query::{Executable, Sql};

/// A query whose rows are of the shape `S`: a model, a column type, or a tuple of these. It is a value: it can be cloned, stored,
/// passed on, and extended in an `if`.
#[must_use = "a query does nothing until it is executed"]
pub struct Select<S> {
    pub(crate) statement: SelectStatement,
    shape: PhantomData<fn() -> S>,
}

/// The clauses of a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct SelectStatement {
    pub(crate) projection: Projection,
    pub(crate) from: From,
    pub(crate) joins: Joins,
    pub(crate) filter: Filter,
    pub(crate) group_by: GroupBy,
    pub(crate) order_by: OrderBy,
    pub(crate) limit: Limit,
}

impl<S> Select<S> {
    pub(crate) fn new(projection: Projection) -> Self {
        Self::from_statement(SelectStatement { projection, ..SelectStatement::default() })
    }

    pub(crate) fn from_statement(statement: SelectStatement) -> Self {
        Self { statement, shape: PhantomData }
    }
}

impl<S> Clone for Select<S> {
    fn clone(&self) -> Self {
        Self::from_statement(self.statement.clone())
    }
}

impl<S> fmt::Debug for Select<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.statement.fmt(f)
    }
}

impl<S> Executable for Select<S> {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.statement.render(sql)
    }
}

impl SelectStatement {
    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        // Destructured without `..`: a clause that is forgotten here does not compile.
        let Self { projection, from, joins, filter, group_by, order_by, limit } = self;
        let mut sources = self.read_from(from, sql)?;
        let joined = sources.len();
        joins.sources(&mut sources)?;
        sql.enter(sources.clone())?;
        sql.push("SELECT ");
        projection.render(sql)?;
        From::render(&sources[..joined], sql)?;
        joins.render(&sources[joined..], sql)?;
        filter.render(sql)?;
        group_by.render(sql)?;
        order_by.render(sql)?;
        limit.render(sql);
        sql.leave();
        Ok(())
    }

    /// What FROM says, or what the first column that is selected belongs to.
    fn read_from(&self, from: &From, sql: &Sql<'_>) -> Result<Vec<Source>> {
        if !from.is_empty() {
            return Ok(from.sources().to_vec());
        }
        if let Some(source) = self.projection.first_source() {
            return Ok(vec![source.clone()]);
        }
        let mut probe = sql.probe();
        self.projection.render(&mut probe)?;
        Ok(probe.first_unknown().into_iter().collect())
    }
}

/// Writes the query for one row by its primary key.
pub(crate) fn select_by_key(sql: &mut Sql<'_>, table: &Table) {
    let columns = table.columns().iter().filter(|column| column.deferred.is_none());
    sql.push("SELECT ").list(columns, |sql, column| {
        sql.name(&column.name);
    });
    sql.push(" FROM ").table(table).where_key(table);
}
