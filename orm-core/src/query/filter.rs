//! `WHERE`: any number of conditions, all of which must hold.

use crate::Result;
use crate::query::{Condition, SelectStatement, Sql};

#[derive(Clone, Debug, Default)]
pub(crate) struct Filter(Vec<Condition>);

impl Filter {
    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        sql.push(" WHERE ");
        sql.separated(" AND ", &self.0, |sql, condition| condition.render(sql))
    }
}

impl SelectStatement {
    /// Keeps the rows for which this holds as well.
    pub fn filter(&mut self, condition: Condition) {
        self.filter.0.push(condition);
    }
}
