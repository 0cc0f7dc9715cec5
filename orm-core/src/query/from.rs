//! `FROM`: what is read, said by the program or taken from what is selected.

use crate::Result;
use crate::query::source::Source;
use crate::query::{AsSource, Select, Sql};

#[derive(Clone, Debug, Default)]
pub(crate) struct From(Vec<Source>);

impl From {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, source: Source) {
        self.0.push(source);
    }

    pub(crate) fn sources(&self) -> &[Source] {
        &self.0
    }

    pub(crate) fn render(sources: &[Source], sql: &mut Sql<'_>) -> Result<()> {
        if sources.is_empty() {
            return Ok(());
        }
        sql.push(" FROM ");
        sql.separated(", ", sources, |sql, source| source.render(sql))
    }
}

impl<S> Select<S> {
    /// Reads from this: a model's table, an alias, a subquery, a common table expression. Several are each combined with each;
    /// mostly a join is what is wanted.
    pub fn from(mut self, source: impl AsSource) -> Self {
        self.statement.from.push(source.as_source());
        self
    }
}
