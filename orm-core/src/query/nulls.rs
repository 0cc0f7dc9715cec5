//! What is done about NULL.

use crate::query::expr::{Expr, Expression, Node};
use crate::query::function::{Call, Function};
use crate::query::source::Source;
use crate::query::{Operand, Sql, Term};
use crate::types::DbValue;
use crate::{Result, SqlType, Value};

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

/// A column, or NULL where it has this value.
#[derive(Debug)]
pub(crate) struct NullIf {
    pub(crate) rows: Source,
    pub(crate) column: String,
    pub(crate) sql_type: SqlType,
    pub(crate) value: Value<'static>,
}

impl Node for NullIf {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.push("NULLIF(");
        sql.column(&self.rows, &self.column, None)?;
        sql.push(", ").bind(self.sql_type, self.value.clone()).push(")");
        Ok(())
    }

    fn is_atom(&self) -> bool {
        true
    }
}
