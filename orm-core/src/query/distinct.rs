//! `DISTINCT` and `DISTINCT ON`.

use std::sync::Arc;

use crate::Result;
use crate::query::expr::Node;
use crate::query::{Feature, Select, Selection, Sql};

/// Which rows are left out as repetitions.
#[derive(Clone, Debug, Default)]
pub(crate) enum Distinct {
    #[default]
    None,
    /// Those that are the same in all columns.
    Rows,
    /// Those that are the same in these.
    On(Vec<Arc<dyn Node>>),
}

impl Distinct {
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    pub(crate) fn is_on(&self) -> bool {
        matches!(self, Self::On(_))
    }

    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        match self {
            Self::None => {}
            Self::Rows => {
                sql.push("DISTINCT ");
            }
            Self::On(keys) => {
                sql.require(Feature::DistinctOn)?;
                sql.push("DISTINCT ON (");
                sql.separated(", ", keys, |sql, key| key.render(sql))?;
                sql.push(") ");
            }
        }
        Ok(())
    }
}

impl<S> Select<S> {
    /// Each row once. Costs the database a sort or a table of all rows.
    pub fn distinct(mut self) -> Self {
        self.statement.distinct = Distinct::Rows;
        self
    }

    /// Of the rows that are the same here the first one, in the order of [`order_by`](Select::order_by), which begins with these keys:
    /// the last post of each author. PostgreSQL has it, SQLite does not.
    pub fn distinct_on(mut self, keys: impl Selection) -> Self {
        self.statement.distinct = Distinct::On(crate::query::projection::nodes(keys));
        self
    }
}
