//! `ORDER BY`: the first key decides, the next one among equals.

use std::sync::Arc;

use crate::Result;
use crate::query::expr::Node;
use crate::query::{SelectStatement, Sql};

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
}

#[derive(Clone, Debug, Default)]
pub(crate) struct OrderBy(Vec<Order>);

impl OrderBy {
    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        sql.push(" ORDER BY ");
        sql.separated(", ", &self.0, |sql, order| {
            order.node.render(sql)?;
            sql.push(" ").push(order.direction);
            Ok(())
        })
    }
}

impl SelectStatement {
    /// Sorts by this key, after those given before.
    pub fn order_by(&mut self, order: Order) {
        self.order_by.0.push(order);
    }
}
