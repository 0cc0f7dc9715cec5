//! `GROUP BY` and `HAVING`.

use std::sync::Arc;

use crate::Result;
use crate::query::expr::Node;
use crate::query::filter::Filter;
use crate::query::projection::Projection;
use crate::query::{IntoCondition, Select, Selection, Sql};

#[derive(Clone, Debug, Default)]
pub(crate) struct GroupBy {
    keys: Vec<Arc<dyn Node>>,
    having: Filter,
}

impl GroupBy {
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.having.is_empty()
    }

    /// The same for groups that meet one more condition.
    pub(crate) fn having(&self, condition: impl IntoCondition) -> Self {
        let mut grouped = self.clone();
        grouped.having.push(condition);
        grouped
    }

    /// An expression that is selected as well is named by its place: written again, its parameters would be others, which makes it another
    /// expression for PostgreSQL.
    pub(crate) fn render(&self, projection: &Projection, sql: &mut Sql<'_>) -> Result<()> {
        let Self { keys, having } = self;
        if !keys.is_empty() {
            sql.push(" GROUP BY ");
            sql.separated(", ", keys, |sql, key| match projection.position(key) {
                Some(position) => {
                    sql.push(&position.to_string());
                    Ok(())
                }
                None => key.render(sql),
            })?;
        }
        having.render_as(" HAVING ", sql)
    }
}

impl<S> Select<S> {
    /// Makes one row of all rows that have the same values here: a column, an expression, a tuple of them, or an entity,
    /// which stands for its columns.
    pub fn group_by(mut self, keys: impl Selection) -> Self {
        self.statement.group_by.keys.extend(crate::query::projection::nodes(keys));
        self
    }

    /// Keeps the groups for which this holds; several must all hold.
    pub fn having(mut self, condition: impl IntoCondition) -> Self {
        self.statement.group_by.having.push(condition);
        self
    }
}
