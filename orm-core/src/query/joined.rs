//! Related rows beside those of a query, to be loaded with them: joins under names that are made up, so that what the query itself says of
//! the same tables has nothing to do with them.

use std::sync::Arc;

use crate::Result;
use crate::metadata::Table;
use crate::query::expr::Node;
use crate::query::join::{JoinKind, JoinList};
use crate::query::source::Source;
use crate::query::{LabelMethods, Link, Order, Select, SelectStatement, Sql, row_number, window};

/// The place of a row among those of a query that is wrapped.
const PLACE: &str = "place_in_order";

impl SelectStatement {
    /// What it reads entities of one model from, if it selects nothing else and rows can be put beside them. Rows that are locked cannot: an
    /// outer join has some that are not there.
    pub(crate) fn root(&self) -> Option<(Source, &Table)> {
        let is_plain = self.set.is_none() && self.group_by.is_empty() && self.lock.is_empty();
        if is_plain { self.projection.only_entity() } else { None }
    }

    /// Whether several rows for one entity would change which entities it finds, so that it has to be wrapped.
    pub(crate) fn counts_rows(&self) -> bool {
        !self.limit.is_empty() || !self.keyset.is_empty() || !self.distinct.is_empty()
    }

    /// Whether it can be wrapped and its order kept.
    pub(crate) fn can_be_wrapped(&self) -> bool {
        self.distinct.is_empty() || self.joins.is_empty() || self.order_by.is_empty()
    }

    /// Makes it a query for the rows of what it was, under another name, and in the same order.
    pub(crate) fn wrap(&mut self, table: &'static Table) -> Option<Source> {
        let (root, _) = self.root()?;
        let mut outer = Self {
            projection: self.projection.clone(),
            taking: std::mem::take(&mut self.taking),
            loads: std::mem::take(&mut self.loads),
            ..Self::default()
        };
        let keys: Vec<_> = self.order_by.0.iter().map(|order| self.in_order(order)).collect();
        // What sorts by columns of others is nothing that comes out.
        let has_place = !self.joins.is_empty() && !keys.is_empty();
        let mut inner = std::mem::take(self);
        if has_place {
            let place = row_number().over(window().order_by(keys.clone()));
            inner.projection.add(place.label(PLACE));
        }
        let name = outer.unused_name(&inner, table.name());
        let rows = Select::<()>::from_statement(inner).subquery(name);
        outer.projection.replace_entity(rows.clone(), table);
        outer.from.push(rows.clone());
        outer.order_by.0 = match has_place {
            true => vec![Order::new(rows.column::<i64>(PLACE), false)],
            false => keys.iter().map(|order| order.for_rows_of(&root, &rows)).collect(),
        };
        *self = outer;
        Some(rows)
    }

    fn in_order(&self, order: &Order) -> Order {
        if self.is_read_backwards() { order.reversed() } else { order.clone() }
    }

    /// Puts related rows beside each row, if there are any, and says by which name they go.
    pub(crate) fn join_related(
        &mut self,
        table: &'static Table,
        order: &[Order],
        link: impl FnOnce(Source) -> Link,
    ) -> Source {
        let name = self.unused_name(self, table.name());
        let rows = Source::table(table).named(name);
        JoinList::of(&mut self.joins).link(JoinKind::Left, link(rows.clone()));
        self.select_related(rows.clone());
        let asked = Source::table(table);
        self.order_by.0.extend(order.iter().map(|order| order.for_rows_of(&asked, &rows)));
        rows
    }

    /// Selects the columns of what is joined.
    pub(crate) fn select_related(&mut self, rows: Source) {
        self.projection.push_all(rows);
    }

    fn unused_name(&self, other: &Self, stem: &str) -> String {
        let mut names = self.names_of_sources();
        names.extend(other.names_of_sources());
        let name = |number: u32| format!("{stem}_{number}");
        (1..).map(name).find(|name| !names.contains(name)).unwrap_or_default()
    }

    fn names_of_sources(&self) -> Vec<String> {
        let sources = self.from.sources().iter().chain(self.projection.sources()).chain(self.joins.named());
        sources.map(|source| source.name().to_owned()).collect()
    }
}

impl Order {
    /// The same, where one name means another.
    fn for_rows_of(&self, asked: &Source, meant: &Source) -> Self {
        let [asked, meant] = [asked.clone(), meant.clone()];
        Self { node: Arc::new(For { node: self.node.clone(), asked, meant }), ..self.clone() }
    }
}

/// An expression in which one name means another.
#[derive(Debug)]
struct For {
    node: Arc<dyn Node>,
    asked: Source,
    meant: Source,
}

impl Node for For {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.enter_as(self.asked.clone(), self.meant.clone());
        let rendered = self.node.render(sql);
        sql.leave();
        rendered
    }

    fn is_atom(&self) -> bool {
        self.node.is_atom()
    }
}
