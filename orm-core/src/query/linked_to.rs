//! Whether rows are linked, by rows of a join table, with some others.

use crate::Result;
use crate::query::expr::Node;
use crate::query::link::Pairs;
use crate::query::source::Source;
use crate::query::{Condition, Expr, Sql};

/// Whether there is a row of a join table that refers to a row and for which something holds. A list of keys that the database finds
/// first: it has an index for either side.
#[derive(Debug)]
pub(crate) struct LinkedTo {
    rows: Source,
    links: Source,
    /// The columns of the links, and those of the rows.
    pairs: Pairs,
    condition: Condition,
}

impl LinkedTo {
    pub(crate) fn condition(rows: Source, links: Source, pairs: Pairs, condition: Condition) -> Condition {
        Expr::new(Self { rows, links, pairs, condition })
    }
}

impl Node for LinkedTo {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let Self { rows, links, pairs, condition } = self;
        let brackets = if pairs.len() > 1 { ["(", ")"] } else { ["", ""] };
        sql.push(brackets[0]);
        sql.separated(", ", pairs, |sql, (_, row)| sql.column(rows, row, None))?;
        sql.push(brackets[1]).push(" IN (SELECT ");
        sql.enter(vec![links.clone()])?;
        sql.separated(", ", pairs, |sql, (link, _)| sql.column(links, link, None))?;
        sql.push(" FROM ");
        links.render(sql)?;
        sql.push(" WHERE ");
        condition.render(sql)?;
        sql.leave();
        sql.push(")");
        Ok(())
    }

    fn is_atom(&self) -> bool {
        true
    }
}
