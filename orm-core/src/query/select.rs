//! `SELECT`: the clauses in SQL's order. Each clause is a file of its own; here they are only put together.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::query::distinct::Distinct;
use crate::query::filter::Filter;
use crate::query::from::From;
use crate::query::group::GroupBy;
use crate::query::intake::{Intake, Taking};
use crate::query::join::Joins;
use crate::query::keyset::Keyset;
use crate::query::limit::Limit;
use crate::query::lock::Lock;
use crate::query::order::OrderBy;
use crate::query::projection::Projection;
use crate::query::set::{Set, refuse};
use crate::query::source::{Name, Source};
use crate::query::undefer::Positions;
use crate::query::with::Loads;
use crate::query::{Executable, Feature, Sql};

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
    pub(crate) distinct: Distinct,
    pub(crate) projection: Projection,
    pub(crate) from: From,
    pub(crate) joins: Joins,
    pub(crate) filter: Filter,
    pub(crate) group_by: GroupBy,
    pub(crate) order_by: OrderBy,
    pub(crate) keyset: Keyset,
    pub(crate) limit: Limit,
    pub(crate) set: Option<Arc<Set>>,
    pub(crate) lock: Lock,
    pub(crate) taking: Taking,
    pub(crate) loads: Loads,
}

impl<S> Select<S> {
    pub(crate) fn new(projection: Projection) -> Self {
        Self::from_statement(SelectStatement { projection, ..SelectStatement::default() })
    }

    pub(crate) fn from_statement(statement: SelectStatement) -> Self {
        Self { statement, shape: PhantomData }
    }

    /// A query that could not be made; it says so when it is to be run.
    pub(crate) fn mistake(error: Error) -> Self {
        Self::new(Projection::mistake(error))
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
        sql.intake = self.statement.intake();
        sql.is_query = true;
        self.statement.render_instead(None, sql)
    }

    fn has_shape(&self) -> bool {
        true
    }
}

impl SelectStatement {
    /// Writes the query as a part of another statement.
    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.taking.check_nested()?;
        self.loads.check_nested()?;
        self.render_instead(None, sql)
    }

    /// Writes the query, or the same one for something else, whose rows have no order then.
    pub(crate) fn render_instead(&self, list: Option<&'static str>, sql: &mut Sql<'_>) -> Result<()> {
        // Destructured without `..`: a clause that is forgotten here does not compile.
        let Self {
            distinct,
            projection,
            from,
            joins,
            filter,
            group_by,
            order_by,
            keyset,
            limit,
            lock,
            set,
            taking: _,
            loads: _,
        } = self;
        if let Some(set) = set {
            refuse(&[
                ("distinct", !distinct.is_empty()),
                ("columns or undefer", !projection.is_empty()),
                ("from", !from.is_empty()),
                ("join", !joins.is_empty()),
                ("filter", !filter.is_empty()),
                ("group_by", !group_by.is_empty()),
                ("a cursor", !keyset.is_empty()),
                ("a lock", !lock.is_empty()),
            ])?;
            return set.render(order_by, limit, sql);
        }
        if distinct.is_on() && !keyset.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidQuery,
                "distinct_on keeps the first of several rows, and a cursor would leave some out before that: make the query a \
                 .subquery(\"name\") and page through that",
            ));
        }
        let mut sources = self.read_from(from, sql)?;
        let joined = sources.len();
        joins.sources(&mut sources)?;
        sql.enter(sources.clone())?;
        sql.push("SELECT ");
        distinct.render(sql)?;
        match list {
            Some(list) => {
                sql.check(|sql| projection.render(sql))?.push(list);
            }
            None => projection.render(sql)?,
        }
        From::render(&sources[..joined], sql)?;
        joins.render(&sources[joined..], sql)?;
        self.render_conditions(sql)?;
        if list.is_none() {
            order_by.render(self.is_read_backwards(), sql)?;
        }
        limit.render(sql);
        lock.render(sql)?;
        sql.leave();
        Ok(())
    }

    /// Writes WHERE, GROUP BY and HAVING. A cursor is a condition on what comes out: on groups, if there are any.
    fn render_conditions(&self, sql: &mut Sql<'_>) -> Result<()> {
        let Self { projection, filter, group_by, keyset, order_by, joins, .. } = self;
        match keyset.condition(&order_by.0, joins.are_outer())? {
            None => {
                filter.render(sql)?;
                group_by.render(projection, sql)
            }
            Some(place) if group_by.is_empty() => filter.and(place).render(sql),
            Some(place) => {
                filter.render(sql)?;
                group_by.having(place).render(projection, sql)
            }
        }
    }

    /// Writes a query that finds a row if this one does.
    pub(crate) fn render_for_existence(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.render_instead(self.is_of_columns().then_some("1"), sql)
    }

    /// Writes it as what IN, ANY or ALL look into, where not every database takes a limit.
    pub(crate) fn render_compared(&self, sql: &mut Sql<'_>) -> Result<()> {
        if self.limit.is_empty() || sql.dialect().supports(Feature::LimitCompared) {
            return self.render(sql);
        }
        sql.push("SELECT * FROM (");
        self.render(sql)?;
        sql.push(") AS ").name("limited");
        Ok(())
    }

    /// Writes a query that finds as many rows. Its columns may have the same name twice, which not every database takes.
    pub(crate) fn render_to_count(&self, sql: &mut Sql<'_>) -> Result<()> {
        let names = self.names();
        let repeats = |(place, name): (usize, &Option<Name>)| name.is_some() && names[..place].contains(name);
        let is_refused = !sql.dialect().supports(Feature::RepeatedNames)
            && self.is_of_columns()
            && names.iter().enumerate().any(repeats);
        self.render_instead(is_refused.then_some("1"), sql)
    }

    /// Whether it selects columns and nothing else, so that another list in their place leaves the rows as they are.
    fn is_of_columns(&self) -> bool {
        self.set.is_none() && self.distinct.is_empty() && self.projection.is_of_columns()
    }

    /// Whether it returns one row for each that FROM, JOIN and WHERE find.
    pub(crate) fn has_a_row_for_each_found(&self) -> bool {
        let Self {
            distinct: _,
            projection: _,
            from: _,
            joins: _,
            filter: _,
            group_by,
            order_by: _,
            keyset: _,
            limit,
            lock,
            set: _,
            taking: _,
            loads: _,
        } = self;
        self.is_of_columns() && group_by.is_empty() && limit.is_empty() && lock.is_empty()
    }

    /// Whether nothing in it would reach out of it if something followed without brackets.
    pub(crate) fn is_simple(&self) -> bool {
        let Self {
            distinct,
            projection,
            from,
            joins,
            filter,
            group_by,
            order_by,
            keyset,
            limit,
            lock,
            set,
            taking,
            loads: _,
        } = self;
        let is_bare = distinct.is_empty()
            && keyset.is_empty()
            && projection.is_empty()
            && from.is_empty()
            && joins.is_empty()
            && filter.is_empty()
            && group_by.is_empty();
        order_by.0.is_empty()
            && limit.is_empty()
            && lock.is_empty()
            && !taking.is_unique()
            && (set.is_none() || is_bare)
    }

    /// The names of the columns that come out; one without a name has none.
    pub(crate) fn names(&self) -> Vec<Option<Name>> {
        match &self.set {
            Some(set) => set.first.names(),
            None => self.projection.names(),
        }
    }

    /// Where the columns of the entities are in a row, unless all are there.
    pub(crate) fn positions(&self) -> Option<Positions> {
        match &self.set {
            Some(set) => set.first.positions(),
            None => self.projection.positions(),
        }
    }

    /// The positions of the columns that rows are told apart by.
    fn identifying(&self) -> Vec<usize> {
        match &self.set {
            Some(set) => set.first.identifying(),
            None => self.projection.identifying(),
        }
    }

    /// How its rows are taken in.
    fn intake(&self) -> Intake {
        Intake {
            unique_by: self.taking.is_unique().then(|| self.identifying()),
            backwards: self.is_read_backwards(),
            refill: self.taking.populates_existing() || self.lock.is_set(),
            locks: self.lock.is_set(),
            loads: self.loads.clone(),
        }
    }

    /// Whether it is read from its end.
    pub(crate) fn is_read_backwards(&self) -> bool {
        self.keyset.is_before() && self.limit.is_limited()
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
