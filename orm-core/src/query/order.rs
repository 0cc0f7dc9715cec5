//! `ORDER BY`: the first key decides, the next one among equals.

use std::sync::Arc;

use crate::query::expr::{Expression, Node, render_beside};
use crate::query::{Dialect, Feature, Select, Sql};
use crate::types::DbValue;
use crate::{Result, SqlType};

/// One key to sort by.
#[derive(Clone, Debug)]
pub struct Order {
    pub(crate) node: Arc<dyn Node>,
    pub(crate) sql_type: SqlType,
    pub(crate) nullable: bool,
    pub(crate) descending: bool,
    pub(super) nulls_first: Option<bool>,
}

impl Order {
    pub(crate) fn new<E: Expression>(key: E, descending: bool) -> Self {
        Self {
            node: key.into_expr().into_node(),
            sql_type: E::Type::TYPE,
            nullable: E::Type::NULLABLE,
            descending,
            nulls_first: None,
        }
    }

    /// NULL before all values. Without it, PostgreSQL takes NULL for larger than any value, and SQLite for smaller.
    #[must_use]
    pub fn nulls_first(self) -> Self {
        Self { nulls_first: Some(true), ..self }
    }

    /// NULL after all values.
    #[must_use]
    pub fn nulls_last(self) -> Self {
        Self { nulls_first: Some(false), ..self }
    }

    /// Whether NULL comes before all values.
    pub(crate) fn has_nulls_first(&self, dialect: &dyn Dialect) -> bool {
        self.nulls_first.unwrap_or(self.descending == dialect.null_is_largest())
    }

    /// The other way round.
    pub(crate) fn reversed(&self) -> Self {
        let nulls_first = self.nulls_first.map(|first| !first);
        Self { descending: !self.descending, nulls_first, ..self.clone() }
    }

    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if !sql.dialect().supports(Feature::NullsOrder) {
            return self.render_without_nulls(sql);
        }
        self.node.render(sql)?;
        sql.push(if self.descending { " DESC" } else { " ASC" });
        sql.push(match self.nulls_first {
            None => "",
            Some(true) => " NULLS FIRST",
            Some(false) => " NULLS LAST",
        });
        Ok(())
    }
}

impl Order {
    /// Sorts by whether it is NULL first, where NULL would come at the other end.
    fn render_without_nulls(&self, sql: &mut Sql<'_>) -> Result<()> {
        let by_itself = self.descending == sql.dialect().null_is_largest();
        if let Some(first) = self.nulls_first.filter(|&first| first != by_itself) {
            render_beside(&*self.node, sql)?;
            sql.push(if first { " IS NULL DESC, " } else { " IS NULL ASC, " });
        }
        self.node.render(sql)?;
        sql.push(if self.descending { " DESC" } else { " ASC" });
        Ok(())
    }
}

/// What can be sorted by: `User::AGE.desc()`, a column or an expression alone, smallest first, or several in a tuple or a `Vec`.
#[diagnostic::on_unimplemented(
    message = "nothing can be sorted by `{Self}`",
    label = "not a column, an expression, an `Order` or several of these"
)]
pub trait OrderKeys {
    #[doc(hidden)]
    fn add_to(self, keys: &mut Vec<Order>);
}

impl OrderKeys for Order {
    fn add_to(self, keys: &mut Vec<Order>) {
        keys.push(self);
    }
}

impl<E: Expression> OrderKeys for E {
    fn add_to(self, keys: &mut Vec<Order>) {
        keys.push(Order::new(self, false));
    }
}

impl<K: OrderKeys> OrderKeys for Vec<K> {
    fn add_to(self, keys: &mut Vec<Order>) {
        self.into_iter().for_each(|key| key.add_to(keys));
    }
}

macro_rules! tuple {
    ($($part:ident $number:tt)+) => {
        impl<$($part: OrderKeys),+> OrderKeys for ($($part,)+) {
            fn add_to(self, keys: &mut Vec<Order>) {
                $(self.$number.add_to(keys);)+
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0 B 1);
tuple!(A 0 B 1 C 2);
tuple!(A 0 B 1 C 2 D 3);
tuple!(A 0 B 1 C 2 D 3 E 4);
tuple!(A 0 B 1 C 2 D 3 E 4 F 5);
tuple!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
tuple!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);

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

    /// Sorts by these as well, behind the others.
    pub(crate) fn extend(&mut self, keys: &[Order]) {
        self.0.extend_from_slice(keys);
    }

    pub(crate) fn render(&self, backwards: bool, sql: &mut Sql<'_>) -> Result<()> {
        self.render_as(" ORDER BY ", backwards, sql)
    }

    pub(crate) fn render_as(&self, words: &'static str, backwards: bool, sql: &mut Sql<'_>) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        sql.push(words);
        sql.separated(
            ", ",
            &self.0,
            |sql, order| {
                if backwards { order.reversed().render(sql) } else { order.render(sql) }
            },
        )
    }
}

impl<S> Select<S> {
    /// Sorts by this, after what was given before.
    pub fn order_by(mut self, keys: impl OrderKeys) -> Self {
        keys.add_to(&mut self.statement.order_by.0);
        self
    }
}
