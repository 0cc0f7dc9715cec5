//! `WHERE`: any number of conditions, all of which must hold.

use crate::Result;
use crate::query::{Condition, IntoCondition, Select, Sql};

#[derive(Clone, Debug, Default)]
pub(crate) struct Filter(Vec<Condition>);

impl Filter {
    pub(crate) const NONE: Self = Self(Vec::new());

    pub(crate) fn push(&mut self, condition: impl IntoCondition) {
        self.0.extend(condition.into_condition());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same and one more.
    pub(crate) fn and(&self, condition: impl IntoCondition) -> Self {
        let mut both = self.clone();
        both.push(condition);
        both
    }

    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.render_as(" WHERE ", sql)
    }

    pub(crate) fn render_as(&self, word: &'static str, sql: &mut Sql<'_>) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        sql.push(word);
        sql.separated(" AND ", &self.0, |sql, condition| condition.render(sql))
    }
}

impl<S> Select<S> {
    /// Keeps the rows for which this holds; several filters must all hold. A `None` keeps them all.
    pub fn filter(mut self, condition: impl IntoCondition) -> Self {
        self.statement.filter.push(condition);
        self
    }
}
