//! `ORDER BY`: the first key decides, the next one among equals.

use std::sync::Arc;

use crate::Result;
use crate::query::expr::Node;
use crate::query::{Select, Sql};

/// One key to sort by.
#[derive(Clone, Debug)]
pub struct Order {
    node: Arc<dyn Node>,
    direction: &'static str,
}

impl Order {
    pub(crate) fn new(node: Arc<dyn Node>, direction: &'static str) -> Self {
        Self { node, direction }
    }

    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.node.render(sql)?;
        sql.push(" ").push(self.direction);
        Ok(())
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct OrderBy(pub(crate) Vec<Order>);

impl OrderBy {
    /// Whether it sorts by columns alone, not by expressions over them.
    pub(crate) fn is_by_columns(&self) -> bool {
        self.0.iter().all(|order| order.node.is_column())
    }

    pub(crate) const NONE: Self = Self(Vec::new());

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, order: Order) {
        self.0.push(order);
    }

    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.render_as(" ORDER BY ", sql)
    }

    pub(crate) fn render_as(&self, words: &'static str, sql: &mut Sql<'_>) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        sql.push(words);
        sql.separated(", ", &self.0, |sql, order| order.render(sql))
    }
}

impl<S> Select<S> {
    /// Sorts by this, after what was given before.
    #[must_use]
    pub fn order_by(mut self, order: Order) -> Self {
        self.statement.order_by.push(order);
        self
    }
}
