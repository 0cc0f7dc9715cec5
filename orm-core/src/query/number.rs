//! Functions of numbers.

use crate::query::Operand;
use crate::query::expr::{Expr, Expression};
use crate::query::function::{Call, Function};
use crate::types::{DbValue, Fractional, Number};

macro_rules! same_type {
    ($($(#[$doc:meta])* $name:ident $function:ident $bound:ident;)+) => {$(
        $(#[$doc])*
        pub fn $name<E: Expression<Type: $bound>>(number: E) -> Expr<E::Type> {
            Call::of::<_, E::Type>(Function::$function, number).expr()
        }
    )+};
}

same_type! {
    /// Without its sign.
    abs Abs Number;
    /// Rounded to a whole number: halves to the even one for a float, away from zero for a decimal.
    round Round Fractional;
    /// The largest whole number that is not above it.
    floor Floor Fractional;
    /// The smallest whole number that is not below it.
    ceil Ceil Fractional;
}

/// A number to the power of this; an error of the database if there is no such number, or no such float.
pub fn power<E: Expression<Type: Number>>(
    number: E,
    exponent: impl Operand<f64>,
) -> Expr<<E::Type as DbValue>::Nulled<f64>> {
    Call::of::<_, f64>(Function::Power, number).with(exponent).expr()
}

/// The square root; an error of the database if the number is negative.
pub fn sqrt<E: Expression<Type: Number>>(number: E) -> Expr<<E::Type as DbValue>::Nulled<f64>> {
    Call::of::<_, f64>(Function::Sqrt, number).expr()
}
