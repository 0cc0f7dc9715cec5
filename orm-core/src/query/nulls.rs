//! What is done about NULL.

use crate::query::expr::{Expr, Expression};
use crate::query::function::{Call, Function};
use crate::query::{Operand, Term};
use crate::types::DbValue;

/// What an expression is without its `Option`.
pub(crate) type Plain<E> = <<E as Expression>::Type as DbValue>::Plain;

/// The fallback where the expression is NULL: `coalesce(User::AGE, 0)`. It may be NULL itself, and then so may what comes out.
pub fn coalesce<E: Expression, R: Term<Plain<E>>>(expression: E, fallback: R) -> Expr<R::Type> {
    Call::of::<_, R::Type>(Function::Coalesce, expression).with(fallback).expr()
}

/// NULL where the expression is equal to this.
pub fn nullif<E: Expression>(expression: E, value: impl Operand<E::Type>) -> Expr<Option<Plain<E>>> {
    Call::of::<_, Plain<E>>(Function::NullIf, expression).with(value).expr()
}
