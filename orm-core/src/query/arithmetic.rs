//! Calculating: `User::AGE + 1`.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use crate::query::expr::{Expr, Expression};
use crate::query::function::{Call, Function};
use crate::query::{Aggregate, Column, Label, Operand};
use crate::types::{DbValue, Number, Textual, Whole};

/// The other side of an operator that yields a value: what an expression of type `T` can be added to, joined with, or
/// replaced by. It may be NULL, and then so may what comes out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not go together with `{T}`",
    label = "expected `{T}`, or a column or expression of that type",
    note = "`cast::<T, _>(…)` makes an expression of another type"
)]
pub trait Term<T>: Operand<T> {
    /// The type of the whole: an `Option` if one of both sides is.
    type Type: DbValue;
}

impl<T: DbValue> Term<T> for T {
    type Type = T;
}

impl<T: DbValue> Term<Option<T>> for T {
    type Type = Option<T>;
}

impl<T: Textual> Term<T> for &str {
    type Type = T;
}

impl<T: Textual> Term<Option<T>> for &str {
    type Type = Option<T>;
}

macro_rules! arithmetic {
    ($([$($generics:tt)*] $type:ident<$($before:ident)?>;)+) => {$(
        impl<$($generics)* T: DbValue> Term<T> for $type<$($before,)? T> {
            type Type = T;
        }

        impl<$($generics)* T: DbValue> Term<Option<T>> for $type<$($before,)? T> {
            type Type = Option<T>;
        }

        impl<$($generics)* T: DbValue> Term<T> for $type<$($before,)? Option<T>> {
            type Type = Option<T>;
        }

        arithmetic!(operator [$($generics)*] $type<$($before)?> Number Add add Add);
        arithmetic!(operator [$($generics)*] $type<$($before)?> Number Sub sub Subtract);
        arithmetic!(operator [$($generics)*] $type<$($before)?> Number Mul mul Multiply);
        arithmetic!(operator [$($generics)*] $type<$($before)?> Number Div div Divide);
        arithmetic!(operator [$($generics)*] $type<$($before)?> Whole Rem rem Remainder);

        impl<$($generics)* T: Number> Neg for $type<$($before,)? T> {
            type Output = Expr<T>;

            fn neg(self) -> Expr<T> {
                Call::of::<_, T>(Function::Negate, self.into_expr()).expr()
            }
        }
    )+};
    (operator [$($generics:tt)*] $type:ident<$($before:ident)?> $bound:ident $trait:ident $method:ident $function:ident) => {
        impl<$($generics)* T: $bound, R: Term<T>> $trait<R> for $type<$($before,)? T> {
            type Output = Expr<R::Type>;

            fn $method(self, other: R) -> Expr<R::Type> {
                Call::of::<_, R::Type>(Function::$function, self.into_expr()).with(other).expr()
            }
        }
    };
}

arithmetic! {
    [] Expr<>;
    [] Label<>;
    [] Aggregate<>;
    [M: 'static,] Column<M>;
}
