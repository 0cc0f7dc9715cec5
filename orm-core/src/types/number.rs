//! Which types are numbers, and what comes out when they are added up.

use super::DbValue;

/// A column type that is a number, or an `Option` of one: it can be calculated with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number",
    label = "not a number, so that it cannot be calculated with",
    note = "numbers are integers, floats, `Decimal` and an `Option` of these; text is joined by `.concat(…)`"
)]
pub trait Number: DbValue {
    /// What its values add up to: `Option<i64>` for integers, `Option<f64>` for floats, `Option<Decimal>`. `None` is the sum of nothing.
    type Sum: DbValue;
    /// Their average: `Option<f64>`, or `Option<Decimal>` for decimals.
    type Average: DbValue;
}

/// An integer, or an `Option` of one.
#[diagnostic::on_unimplemented(message = "`{Self}` is not an integer", label = "not an integer")]
pub trait Whole: Number {}

/// A number that may have a fraction (a float or a decimal), or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number with a fraction",
    label = "not a float or a decimal"
)]
pub trait Fractional: Number {}

impl<T: Number> Number for Option<T> {
    type Sum = T::Sum;
    type Average = T::Average;
}

impl<T: Whole> Whole for Option<T> {}

impl<T: Fractional> Fractional for Option<T> {}

macro_rules! whole {
    ($type:ty) => {
        impl crate::types::Number for $type {
            type Sum = Option<i64>;
            type Average = Option<f64>;
        }

        impl crate::types::Whole for $type {}
    };
}

macro_rules! fractional {
    ($type:ty, $sum:ty) => {
        impl crate::types::Number for $type {
            type Sum = Option<$sum>;
            type Average = Option<$sum>;
        }

        impl crate::types::Fractional for $type {}
    };
}

pub(super) use {fractional, whole};
