//! Windows: for each row a value that is made of the rows around it.

use std::ops::{RangeFrom, RangeInclusive, RangeToInclusive};
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::query::aggregate::Modifiers;
use crate::query::expr::{Expr, Expression, Node};
use crate::query::function::{Call, Function};
use crate::query::nulls::Plain;
use crate::query::order::OrderBy;
use crate::query::{Feature, Operand, OrderKeys, Selection, Sql};
use crate::{Result, SqlType, Value};

/// The rows around a row: all of them, unless it says less.
///
/// `sum(Entry::AMOUNT).over(window().partition_by(Entry::ACCOUNT_ID).order_by(Entry::ID.asc()).rows(preceding(2)..=current_row()))`
pub fn window() -> Window {
    Window::default()
}

/// The rows that a window function or an aggregate over them looks at; made by [`window`].
#[must_use = "a window does nothing until something is over it"]
#[derive(Clone, Debug, Default)]
pub struct Window {
    partition: Vec<Arc<dyn Node>>,
    order_by: OrderBy,
    frame: Option<Frame>,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    unit: &'static str,
    start: FrameBound,
    end: FrameBound,
    exclude: Option<Exclude>,
}

/// Where a frame begins or ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameBound(Place);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    FirstRow,
    Before(Distance),
    Current,
    After(Distance),
    LastRow,
}

/// How far from the row a frame reaches: rows or groups of equals as an integer; for [`range`](Window::range), what is added to the
/// value that the window is ordered by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distance {
    /// Of rows, groups, or in the values of an integer column.
    Whole(i64),
    /// In the values of a float column.
    Float(f64),
}

impl From<i32> for Distance {
    fn from(distance: i32) -> Self {
        Self::Whole(distance.into())
    }
}

impl From<f64> for Distance {
    fn from(distance: f64) -> Self {
        Self::Float(distance)
    }
}

/// This far before the row.
pub fn preceding(distance: impl Into<Distance>) -> FrameBound {
    FrameBound(Place::Before(distance.into()))
}

/// This far behind the row.
pub fn following(distance: impl Into<Distance>) -> FrameBound {
    FrameBound(Place::After(distance.into()))
}

/// The row itself; for a range or groups, all rows that are equal to it in order.
pub fn current_row() -> FrameBound {
    FrameBound(Place::Current)
}

/// The first row of the partition.
pub fn unbounded_preceding() -> FrameBound {
    FrameBound(Place::FirstRow)
}

/// The last row of the partition.
pub fn unbounded_following() -> FrameBound {
    FrameBound(Place::LastRow)
}

/// Which rows of a frame are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exclude {
    /// The row itself.
    CurrentRow,
    /// The row and its equals.
    Group,
    /// The row's equals, but not the row.
    Ties,
}

/// From where to where a frame reaches: `preceding(2)..=current_row()`, `..=current_row()` from the first row of the partition, `current_row()..` to its last one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no frame",
    label = "not a range of places around the row",
    note = "write `preceding(2)..=current_row()`"
)]
pub trait FrameRange {
    #[doc(hidden)]
    fn bounds(self) -> (FrameBound, FrameBound);
}

impl FrameRange for RangeInclusive<FrameBound> {
    fn bounds(self) -> (FrameBound, FrameBound) {
        self.into_inner()
    }
}

impl FrameRange for RangeToInclusive<FrameBound> {
    fn bounds(self) -> (FrameBound, FrameBound) {
        (unbounded_preceding(), self.end)
    }
}

impl FrameRange for RangeFrom<FrameBound> {
    fn bounds(self) -> (FrameBound, FrameBound) {
        (self.start, unbounded_following())
    }
}

impl Window {
    /// Only the rows that have the same values here: a column, an expression, a tuple of them.
    pub fn partition_by(mut self, keys: impl Selection) -> Self {
        self.partition.extend(crate::query::projection::nodes(keys));
        self
    }

    /// In this order, after what was given before. Without a frame, an aggregate then takes the rows up to the last equal of the
    /// row.
    pub fn order_by(mut self, keys: impl OrderKeys) -> Self {
        keys.add_to(&mut self.order_by.0);
        self
    }

    /// From the row to the row that are so many rows away.
    pub fn rows(self, range: impl FrameRange) -> Self {
        self.frame("ROWS ", range)
    }

    /// The rows whose value of the one key that they are ordered by is so far away.
    pub fn range(self, range: impl FrameRange) -> Self {
        self.frame("RANGE ", range)
    }

    /// From the group of equals to the group that are so many groups away.
    pub fn groups(self, range: impl FrameRange) -> Self {
        self.frame("GROUPS ", range)
    }

    /// Leaves these rows of the frame out. Without a frame it is the one that an order has by itself.
    pub fn exclude(mut self, exclude: Exclude) -> Self {
        let window = if self.frame.is_none() { self.range(..=current_row()) } else { self };
        self = window;
        if let Some(frame) = &mut self.frame {
            frame.exclude = Some(exclude);
        }
        self
    }

    fn frame(self, unit: &'static str, range: impl FrameRange) -> Self {
        let (start, end) = range.bounds();
        let exclude = self.frame.and_then(|frame| frame.exclude);
        Self { frame: Some(Frame { unit, start, end, exclude }), ..self }
    }

    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.push(" OVER (");
        let start = sql.len();
        if !self.partition.is_empty() {
            sql.push("PARTITION BY ");
            sql.separated(", ", &self.partition, |sql, key| key.render(sql))?;
        }
        if !self.order_by.is_empty() {
            sql.push(if sql.len() > start { " " } else { "" });
            self.order_by.render_as("ORDER BY ", false, sql)?;
        }
        if let Some(frame) = &self.frame {
            sql.push(if sql.len() > start { " " } else { "" });
            frame.render(sql)?;
        }
        sql.push(")");
        Ok(())
    }
}

impl Frame {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if self.unit == "GROUPS " || self.exclude.is_some() {
            sql.require(Feature::FrameGroups)?;
        }
        sql.push(self.unit).push("BETWEEN ");
        self.start.render(sql)?;
        sql.push(" AND ");
        self.end.render(sql)?;
        sql.push(match self.exclude {
            None => "",
            Some(Exclude::CurrentRow) => " EXCLUDE CURRENT ROW",
            Some(Exclude::Group) => " EXCLUDE GROUP",
            Some(Exclude::Ties) => " EXCLUDE TIES",
        });
        Ok(())
    }
}

impl FrameBound {
    fn render(self, sql: &mut Sql<'_>) -> Result<()> {
        match self.0 {
            Place::FirstRow => sql.push("UNBOUNDED PRECEDING"),
            Place::LastRow => sql.push("UNBOUNDED FOLLOWING"),
            Place::Current => sql.push("CURRENT ROW"),
            Place::Before(distance) => distance.render(sql)?.push(" PRECEDING"),
            Place::After(distance) => distance.render(sql)?.push(" FOLLOWING"),
        };
        Ok(())
    }
}

impl Distance {
    fn render<'s, 'd>(self, sql: &'s mut Sql<'d>) -> Result<&'s mut Sql<'d>> {
        match self {
            Self::Whole(distance) if distance >= 0 && !sql.dialect().supports(Feature::FrameParameters) => {
                Ok(sql.inline(&distance.to_string()))
            }
            Self::Whole(distance) if distance >= 0 => Ok(sql.bind(SqlType::BigInt, Value::Int(distance))),
            Self::Float(distance)
                if distance >= 0.0
                    && distance.is_finite()
                    && !sql.dialect().supports(Feature::FrameParameters) =>
            {
                Ok(sql.inline(&format!("{distance:e}")))
            }
            Self::Float(distance) if distance >= 0.0 && distance.is_finite() => {
                Ok(sql.bind(SqlType::Double, Value::Float(distance)))
            }
            Self::Whole(_) | Self::Float(_) => {
                let message = "a frame reaches a distance of 0 or more before or behind its row";
                Err(Error::new(ErrorKind::InvalidQuery, message))
            }
        }
    }
}

/// A function that only windows have; [`over`](Self::over) says which.
#[must_use = "a window function needs a window: `.over(window())`"]
#[derive(Debug)]
pub struct WindowFunction<T> {
    call: Call,
    yields: std::marker::PhantomData<fn() -> T>,
}

impl<T> Clone for WindowFunction<T> {
    fn clone(&self) -> Self {
        Self::new(self.call.clone())
    }
}

impl<T> WindowFunction<T> {
    fn new(call: Call) -> Self {
        Self { call, yields: std::marker::PhantomData }
    }

    /// Its value for each row of this window.
    pub fn over(mut self, window: Window) -> Expr<T> {
        self.call.modifiers = Some(Box::new(Modifiers::over(window)));
        self.call.expr()
    }
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident $function:ident $type:ty;)+) => {$(
        $(#[$doc])*
        pub fn $name() -> WindowFunction<$type> {
            WindowFunction::new(Call::nullary::<$type>(Function::$function))
        }
    )+};
}

numbers! {
    /// The number of the row in its partition, from 1.
    row_number RowNumber i64;
    /// How many rows come before it and its equals, and 1.
    rank Rank i64;
    /// How many different ones come before it, and 1.
    dense_rank DenseRank i64;
    /// The share of the other rows that come before it and its equals, 0 to 1.
    percent_rank PercentRank f64;
    /// The share of the rows that come before it or are its equals, up to 1.
    cume_dist CumeDist f64;
}

/// Which of this many parts the row falls into, from 1; the first parts are the longer ones.
pub fn ntile(parts: impl Operand<i32>) -> WindowFunction<i32> {
    WindowFunction::new(Call::nullary::<i32>(Function::NTile).with(parts))
}

/// The value of the row that is so many rows before, `None` if there is none.
pub fn lag<E: Expression>(expression: E, rows: impl Operand<i32>) -> WindowFunction<Option<Plain<E>>> {
    WindowFunction::new(Call::of::<_, Plain<E>>(Function::Lag, expression).with(rows))
}

/// The value of the row that is so many rows behind, `None` if there is none.
pub fn lead<E: Expression>(expression: E, rows: impl Operand<i32>) -> WindowFunction<Option<Plain<E>>> {
    WindowFunction::new(Call::of::<_, Plain<E>>(Function::Lead, expression).with(rows))
}

/// The value of the row that is so many rows before, this one if there is none.
pub fn lag_or<E: Expression>(
    expression: E,
    rows: impl Operand<i32>,
    otherwise: impl Operand<E::Type>,
) -> WindowFunction<E::Type> {
    WindowFunction::new(Call::of::<_, E::Type>(Function::LagOr, expression).with(rows).with(otherwise))
}

/// The value of the row that is so many rows behind, this one if there is none.
pub fn lead_or<E: Expression>(
    expression: E,
    rows: impl Operand<i32>,
    otherwise: impl Operand<E::Type>,
) -> WindowFunction<E::Type> {
    WindowFunction::new(Call::of::<_, E::Type>(Function::LeadOr, expression).with(rows).with(otherwise))
}

/// The value of the first row of the frame.
pub fn first_value<E: Expression>(expression: E) -> WindowFunction<Option<Plain<E>>> {
    WindowFunction::new(Call::of::<_, Plain<E>>(Function::FirstValue, expression))
}

/// The value of the last row of the frame, which without one is the last equal of the row.
pub fn last_value<E: Expression>(expression: E) -> WindowFunction<Option<Plain<E>>> {
    WindowFunction::new(Call::of::<_, Plain<E>>(Function::LastValue, expression))
}

/// The value of the row with this number in the frame, counted from 1.
pub fn nth_value<E: Expression>(
    expression: E,
    number: impl Operand<i32>,
) -> WindowFunction<Option<Plain<E>>> {
    WindowFunction::new(Call::of::<_, Plain<E>>(Function::NthValue, expression).with(number))
}
