//! Aggregates: one value out of many rows.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::query::expr::{Expr, Expression};
use crate::query::filter::Filter;
use crate::query::function::{Call, Function, render_argument};
use crate::query::nulls::Plain;
use crate::query::operand::Bound;
use crate::query::order::OrderBy;
use crate::query::projection::Projection;
use crate::query::{Feature, IntoCondition, Operand, OrderKeys, Selection, Sql, Window};
use crate::types::{DbValue, Number, Textual};

/// An aggregate, which can be narrowed: `count(Post::ID).filter(Post::TITLE.like("a%"))`. Over a [`window`](crate::query::window) it is a value for each row.
#[must_use = "an aggregate does nothing until a statement uses it"]
#[derive(Debug)]
pub struct Aggregate<T> {
    call: Call,
    yields: std::marker::PhantomData<fn() -> T>,
}

impl<T> Clone for Aggregate<T> {
    fn clone(&self) -> Self {
        Self::new(self.call.clone())
    }
}

/// What stands in and behind the brackets of an aggregate or of a window function.
#[derive(Clone, Debug)]
pub(crate) struct Modifiers {
    pub(crate) distinct: bool,
    pub(crate) order_by: OrderBy,
    pub(crate) filter: Filter,
    pub(crate) over: Option<Window>,
}

impl Modifiers {
    const NONE: Self = Self { distinct: false, order_by: OrderBy::NONE, filter: Filter::NONE, over: None };

    /// None of these.
    pub(crate) fn none() -> &'static Self {
        static NONE: Modifiers = Modifiers::NONE;
        &NONE
    }

    /// Only a window.
    pub(crate) fn over(window: Window) -> Self {
        Self { over: Some(window), ..Self::NONE }
    }

    /// Writes what follows the brackets.
    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if self.over.is_some() && (self.distinct || !self.order_by.is_empty()) {
            let message = "an aggregate over a window cannot be DISTINCT or have an order of its own";
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        if !self.filter.is_empty() && sql.dialect().supports(Feature::AggregateFilter) {
            sql.push(" FILTER (");
            self.filter.render_as("WHERE ", sql)?;
            sql.push(")");
        }
        self.over.as_ref().map_or(Ok(()), |window| window.render(sql))
    }
}

/// The argument of an aggregate, which is NULL for rows that its filter leaves out.
#[derive(Debug)]
pub(crate) struct Narrowed<'c> {
    pub(crate) filter: &'c Filter,
    pub(crate) argument: Option<&'c Result<Bound>>,
}

impl Narrowed<'_> {
    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.filter.render_as("CASE WHEN ", sql)?;
        sql.push(" THEN ");
        match self.argument {
            Some(argument) => render_argument(argument, true, sql)?,
            None => drop(sql.push("1")),
        }
        sql.push(" END");
        Ok(())
    }
}

impl<T> Aggregate<T> {
    fn new(call: Call) -> Self {
        Self { call, yields: std::marker::PhantomData }
    }

    fn modifiers(&mut self) -> &mut Modifiers {
        self.call.modifiers.get_or_insert_with(|| Box::new(Modifiers::NONE))
    }

    /// Takes equal values once.
    pub fn distinct(mut self) -> Self {
        self.modifiers().distinct = true;
        self
    }

    /// Takes only the rows for which this holds; several must all hold.
    pub fn filter(mut self, condition: impl IntoCondition) -> Self {
        self.modifiers().filter.push(condition);
        self
    }

    /// Takes the values in this order, after what was given before; it matters to [`string_agg`].
    pub fn order_by(mut self, keys: impl OrderKeys) -> Self {
        keys.add_to(&mut self.modifiers().order_by.0);
        self
    }
}

impl<T: DbValue> Aggregate<T> {
    /// A value for each row, taken from the rows that this says.
    pub fn over(mut self, window: Window) -> Expr<T> {
        self.modifiers().over = Some(window);
        self.into_expr()
    }
}

impl<T: DbValue> Expression for Aggregate<T> {
    type Type = T;

    fn into_expr(self) -> Expr<T> {
        let Call { function, of, yields, .. } = self.call;
        let is_distinct = self.call.modifiers.as_ref().is_some_and(|modifiers| modifiers.distinct);
        let function = match function {
            Function::StringAggregate if is_distinct => Function::StringAggregateDistinct,
            function => function,
        };
        Call { function, of, yields, ..self.call }.expr()
    }
}

impl<T: DbValue> Selection for Aggregate<T> {
    type Shape = T;

    fn project(self, projection: &mut Projection) {
        self.into_expr().project(projection);
    }
}

/// How many rows there are: `COUNT(*)`. A statement that selects nothing else has to say [`from`](crate::query::Select::from).
pub fn count_all() -> Aggregate<i64> {
    Aggregate::new(Call::nullary::<i64>(Function::CountAll))
}

/// In how many rows this is not NULL.
pub fn count<E: Expression>(expression: E) -> Aggregate<i64> {
    Aggregate::new(Call::of::<_, i64>(Function::Count, expression))
}

/// How many different values there are, but for NULL.
pub fn count_distinct<E: Expression>(expression: E) -> Aggregate<i64> {
    count(expression).distinct()
}

/// The sum: `i64` for integers, `f64` for floats, exact for decimals; `None` if there is nothing to add. A sum that does not fit an `i64` is an error.
pub fn sum<E: Expression<Type: Number>>(number: E) -> Aggregate<<E::Type as Number>::Sum> {
    Aggregate::new(Call::of::<_, <E::Type as Number>::Sum>(Function::Sum, number))
}

/// The average, a float but for decimals, of which SQLite has none that is exact; `None` if there is nothing to take it of.
pub fn avg<E: Expression<Type: Number>>(number: E) -> Aggregate<<E::Type as Number>::Average> {
    Aggregate::new(Call::of::<_, <E::Type as Number>::Average>(Function::Average, number))
}

/// The smallest value; `None` if there is none.
pub fn min<E: Expression>(expression: E) -> Aggregate<Option<Plain<E>>> {
    Aggregate::new(Call::of::<_, Plain<E>>(Function::Min, expression))
}

/// The largest value; `None` if there is none.
pub fn max<E: Expression>(expression: E) -> Aggregate<Option<Plain<E>>> {
    Aggregate::new(Call::of::<_, Plain<E>>(Function::Max, expression))
}

/// All texts in one, with this between them; `None` if there is none. Their order is that of [`order_by`](Aggregate::order_by), or left to the
/// database. SQLite takes no separator with DISTINCT, so that this is refused there.
pub fn string_agg<E: Expression>(text: E, separator: impl Operand<String>) -> Aggregate<Option<String>>
where
    Plain<E>: Textual,
{
    Aggregate::new(Call::of::<_, String>(Function::StringAggregate, text).with(separator))
}
