//! `UNION`, `INTERSECT`, `EXCEPT`: the rows of several queries of one shape.

use std::sync::Arc;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::query::limit::Limit;
use crate::query::order::OrderBy;
use crate::query::select::SelectStatement;
use crate::query::{Feature, Select, Sql};

/// Queries that are put together, from left to right.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(super) first: SelectStatement,
    pub(super) rest: Vec<(Operator, SelectStatement)>,
}

/// How the rows of two queries become one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Union,
    UnionAll,
    Intersect,
    IntersectAll,
    Except,
    ExceptAll,
}

impl Operator {
    fn as_sql(self) -> &'static str {
        match self {
            Self::Union => " UNION ",
            Self::UnionAll => " UNION ALL ",
            Self::Intersect => " INTERSECT ",
            Self::IntersectAll => " INTERSECT ALL ",
            Self::Except => " EXCEPT ",
            Self::ExceptAll => " EXCEPT ALL ",
        }
    }

    fn needs(self) -> Option<Feature> {
        match self {
            Self::IntersectAll => Some(Feature::IntersectAll),
            Self::ExceptAll => Some(Feature::ExceptAll),
            Self::Union | Self::UnionAll | Self::Intersect | Self::Except => None,
        }
    }

    /// Whether it binds closer than the others, which it does on some databases only.
    fn binds_closer(self) -> bool {
        matches!(self, Self::Intersect | Self::IntersectAll)
    }
}

impl Set {
    /// Whether another one can follow without brackets, and mean the same on each database.
    fn goes_on_with(&self, operator: Operator) -> bool {
        self.rest.iter().all(|(other, _)| other.binds_closer() == operator.binds_closer())
    }

    fn combine(mut left: SelectStatement, operator: Operator, mut right: SelectStatement) -> SelectStatement {
        let mut loads = std::mem::take(&mut left.loads);
        loads.merge(std::mem::take(&mut right.loads));
        let taking = left.taking.clone().with(&right.taking);
        let set = match &left.set {
            Some(set) if left.is_simple() && set.goes_on_with(operator) => {
                let mut set = Self::clone(set);
                set.rest.push((operator, right));
                set
            }
            _ => Self { first: left, rest: vec![(operator, right)] },
        };
        SelectStatement { set: Some(Arc::new(set)), taking, loads, ..SelectStatement::default() }
    }

    fn render_parts(&self, sql: &mut Sql<'_>) -> Result<()> {
        if !self.first.lock.is_empty() || self.rest.iter().any(|(_, part)| !part.lock.is_empty()) {
            let message = "no database locks the rows of a union, intersect or except; lock them in a query of their own";
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        let positions = self.first.positions();
        if self.rest.iter().any(|(_, part)| part.positions() != positions) {
            let message = "the queries of a union, intersect or except load different deferred columns; undefer the same in each";
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        render_operand(&self.first, sql)?;
        for (operator, part) in &self.rest {
            operator.needs().map_or(Ok(()), |feature| sql.require(feature))?;
            sql.push(operator.as_sql());
            render_operand(part, sql)?;
        }
        Ok(())
    }

    /// Writes it with an order and a slice of the whole. By SQL the whole is sorted by its columns only, so expressions over
    /// them stand around it.
    pub(super) fn render(&self, order_by: &OrderBy, limit: &Limit, sql: &mut Sql<'_>) -> Result<()> {
        if order_by.is_by_columns() {
            self.render_parts(sql)?;
        } else {
            sql.push("SELECT * FROM (");
            self.render_parts(sql)?;
            sql.push(") AS ").name("rows");
        }
        sql.enter_outputs(self.first.names().into_iter().flatten().map(String::from).collect());
        order_by.render(false, sql)?;
        limit.render(sql);
        sql.leave();
        Ok(())
    }
}

/// Writes a query that is a part of another one, in brackets if it has an end of its own.
pub(super) fn render_operand(part: &SelectStatement, sql: &mut Sql<'_>) -> Result<()> {
    if part.set.is_none() && part.is_simple() {
        return part.render(sql);
    }
    let (begin, end) = match sql.dialect().brackets_set_operands() {
        true => ("(", ")"),
        false => ("SELECT * FROM (", ")"),
    };
    sql.push(begin);
    part.render(sql)?;
    sql.push(end);
    Ok(())
}

/// An error for a clause that says nothing about the rows of several queries.
pub(super) fn refuse(clauses: &[(&str, bool)]) -> Result<()> {
    let Some((clause, _)) = clauses.iter().find(|(_, is_there)| *is_there) else { return Ok(()) };
    let message = format!(
        "{clause} stands behind a union, intersect or except, and could mean one of the queries or the whole: say it in the queries, \
         or make the whole a .subquery(\"name\") and select from that"
    );
    Err(Error::new(ErrorKind::InvalidQuery, message))
}

impl<S> Select<S> {
    /// The rows of both queries, each once. Each may have filters, an order and a limit of its own; the order and the limit that
    /// follow are of the whole, which is sorted by the columns that come out of it.
    ///
    /// Several are put together from left to right, on every database: `a.union(b).intersect(c)` is `(a ∪ b) ∩ c`.
    pub fn union(self, other: Self) -> Self {
        self.combine(Operator::Union, other)
    }

    /// The rows of both queries, as often as they come. It costs less than [`union`](Self::union), which has to compare them.
    pub fn union_all(self, other: Self) -> Self {
        self.combine(Operator::UnionAll, other)
    }

    /// The rows that both queries have, each once.
    pub fn intersect(self, other: Self) -> Self {
        self.combine(Operator::Intersect, other)
    }

    /// The rows that both queries have, as often as both have them. An error on a database that has no such thing: SQLite.
    pub fn intersect_all(self, other: Self) -> Self {
        self.combine(Operator::IntersectAll, other)
    }

    /// The rows of this query that the other one does not have, each once.
    pub fn except(self, other: Self) -> Self {
        self.combine(Operator::Except, other)
    }

    /// The rows of this query, less as often as the other one has them. An error on a database that has no such thing: SQLite.
    pub fn except_all(self, other: Self) -> Self {
        self.combine(Operator::ExceptAll, other)
    }

    fn combine(self, operator: Operator, other: Self) -> Self {
        Self::from_statement(Set::combine(self.statement, operator, other.statement))
    }
}
