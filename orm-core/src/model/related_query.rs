//! The rows of a relation that are wanted for each of several entities: some of them, in an order, and not more than so many for each.

use std::fmt;

use crate::metadata::{ForeignKey, Table};
use crate::model::relation::named;
use crate::model::{Model, Relation};
use crate::query::{
    EntityOf, Expr, ExpressionMethods, Filter, IntoCondition, LabelMethods, Order, OrderKeys, Projection,
    Referred, RefersTo, Select, SelectStatement, Source, column_of, row_number, window,
};

/// What is wanted of a relation for each of several entities, for `session.related(…)`:
/// `User::POSTS.filter(Post::TITLE.contains("x")).order_by(Post::ID.desc()).limit(3)`.
///
/// What it reads is a result of its own. The relation fields stay as they are, since they hold all rows or say that they do not.
#[must_use = "it reads nothing before it is handed to a session"]
pub struct RelatedQuery<M, T> {
    relation: Relation<M, T>,
    filter: Filter,
    order: Vec<Order>,
    limit: Option<u32>,
    offset: u32,
}

impl<M, T> RelatedQuery<M, T> {
    fn new(relation: Relation<M, T>) -> Self {
        Self { relation, filter: Filter::default(), order: Vec::new(), limit: None, offset: 0 }
    }

    /// Only those for which this holds; several filters must all hold.
    pub fn filter(mut self, condition: impl IntoCondition) -> Self {
        self.filter.push(condition);
        self
    }

    /// In this order instead of the relation's, after what was given before.
    pub fn order_by(mut self, keys: impl OrderKeys) -> Self {
        keys.add_to(&mut self.order);
        self
    }

    /// At most so many for each entity. The database numbers the rows of each entity for it.
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Without the first ones of each entity.
    pub fn offset(mut self, rows: u32) -> Self {
        self.offset = rows;
        self
    }
}

impl<M: Model, T: Model> RelatedQuery<M, T> {
    /// The table whose rows say to whom a row belongs, and by which foreign key.
    pub(crate) fn key(&self) -> Option<(&'static Table, &'static ForeignKey)> {
        match self.relation.join() {
            Some(join) => Some((join.table(), join.own_key()?)),
            None => Some((T::table(), self.relation.reference()?)),
        }
    }

    /// A query for the related rows of some rows: all columns of the model, and the key of the row that each belongs to.
    pub(crate) fn statement(&self, owners: Vec<Referred>) -> Option<SelectStatement> {
        let (table, key) = self.key()?;
        let rows = named(Source::table(T::table()), self.relation.to);
        let (says, link) = match self.relation.join() {
            Some(join) => (Source::table(table), Some(join.far_link(rows.clone()))),
            None => (rows.clone(), None),
        };
        let columns = table.typed(&key.columns);
        let owner: Vec<Expr<i64>> =
            columns.iter().map(|(name, _)| column_of(&says, name.clone().into())).collect();
        let mut statement = SelectStatement {
            projection: Projection::all(rows),
            filter: self.filter.clone(),
            ..Default::default()
        };
        for (part, column) in owner.iter().enumerate() {
            statement.projection.add(column.clone().label(owner_part(part)));
        }
        statement.filter.push(RefersTo::condition(says, columns, owners, false));
        let mut query = Select::<()>::from_statement(statement);
        if let Some(link) = link {
            query = query.join(link);
        }
        let default = self.relation.def().map_or(&[][..], |def| &def.order);
        let order = if self.order.is_empty() { default } else { &self.order };
        Some(self.limited(query, &owner, order))
    }

    /// The same with its rows numbered for each owner, if not all are wanted.
    fn limited(&self, query: Select<()>, owner: &[Expr<i64>], order: &[Order]) -> SelectStatement {
        let mut statement = query.statement;
        if self.limit.is_none() && self.offset == 0 {
            statement.order_by.extend(order);
            return statement;
        }
        let each = owner.iter().fold(window(), |window, column| window.partition_by(column.clone()));
        statement.projection.add(row_number().over(each.order_by(order.to_vec())).label(PLACE));
        let rows = Select::<()>::from_statement(statement).subquery("related_rows");
        let place = rows.column::<i64>(PLACE);
        let mut outer = SelectStatement::default();
        outer.projection.add(EntityOf::<T>::new(rows.clone(), T::table()));
        for part in 0..owner.len() {
            outer.projection.add(rows.column::<i64>(owner_part(part)));
        }
        let offset = i64::from(self.offset);
        if let Some(limit) = self.limit {
            outer.filter.push(place.clone().le(offset.saturating_add(limit.into())));
        }
        if offset > 0 {
            outer.filter.push(place.clone().gt(offset));
        }
        place.add_to(&mut outer.order_by.0);
        outer
    }
}

/// The number of a row among those of its owner.
const PLACE: &str = "place_in_order";

fn owner_part(part: usize) -> String {
    format!("owner_{part}")
}

impl<M, T> From<Relation<M, T>> for RelatedQuery<M, T> {
    fn from(relation: Relation<M, T>) -> Self {
        Self::new(relation)
    }
}

impl<M, T> Relation<M, T> {
    /// Those of the related rows for which this holds, for `session.related(…)`.
    pub fn filter(self, condition: impl IntoCondition) -> RelatedQuery<M, T> {
        RelatedQuery::new(self).filter(condition)
    }

    /// The related rows in this order, for `session.related(…)`.
    pub fn order_by(self, keys: impl OrderKeys) -> RelatedQuery<M, T> {
        RelatedQuery::new(self).order_by(keys)
    }

    /// At most so many of the related rows of each entity, for `session.related(…)`.
    pub fn limit(self, rows: u32) -> RelatedQuery<M, T> {
        RelatedQuery::new(self).limit(rows)
    }
}

impl<M, T> Clone for RelatedQuery<M, T> {
    fn clone(&self) -> Self {
        let Self { relation, filter, order, limit, offset } = self;
        Self {
            relation: *relation,
            filter: filter.clone(),
            order: order.clone(),
            limit: *limit,
            offset: *offset,
        }
    }
}

impl<M: Model, T> fmt::Debug for RelatedQuery<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RelatedQuery").field(&self.relation).field(&self.filter).field(&self.order).finish()
    }
}
