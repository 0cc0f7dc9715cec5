//! What may stand on the other side of an operator.

use std::sync::Arc;

use crate::query::expr::{Expr, Expression, Node};
use crate::query::{Aggregate, Column, Label};
use crate::types::{DbValue, Textual, encode_text};
use crate::{Result, SqlType, Value};

/// The other side of an operator, ready to be rendered.
#[doc(hidden)]
#[derive(Clone, Debug)]
#[expect(private_interfaces, reason = "only this crate makes and reads one")]
pub enum Bound {
    Value(SqlType, Value<'static>),
    Null,
    Node(Arc<dyn Node>),
}

/// What an expression of type `T` may be compared with: a `T` or `&T`, a `&str` if it is text, any of them for an
/// `Option`, or another column or expression of the same type.
#[diagnostic::on_unimplemented(
    message = "a column or expression of type `{T}` cannot be compared with `{Self}`",
    label = "expected `{T}`, or a column or expression of that type",
    note = "only what may be NULL is compared with an `Option`, and an entity by its key"
)]
pub trait Operand<T> {
    #[doc(hidden)]
    fn bound(self) -> Result<Bound>;
}

fn bind<T: DbValue>(value: &T) -> Result<Bound> {
    Ok(match value.encode()? {
        Value::Null => Bound::Null,
        value => Bound::Value(T::TYPE, value.into_owned()),
    })
}

impl<T: DbValue> Operand<T> for T {
    fn bound(self) -> Result<Bound> {
        bind(&self)
    }
}

impl<T: DbValue> Operand<Option<T>> for T {
    fn bound(self) -> Result<Bound> {
        bind(&self)
    }
}

impl<T: DbValue> Operand<T> for &T {
    fn bound(self) -> Result<Bound> {
        bind(self)
    }
}

impl<T: DbValue> Operand<Option<T>> for &T {
    fn bound(self) -> Result<Bound> {
        bind(self)
    }
}

fn bind_text<T: Textual>(text: &str) -> Result<Bound> {
    Ok(Bound::Value(T::TYPE, encode_text(text)?.into_owned()))
}

impl<T: Textual> Operand<T> for &str {
    fn bound(self) -> Result<Bound> {
        bind_text::<T>(self)
    }
}

impl<T: Textual> Operand<Option<T>> for &str {
    fn bound(self) -> Result<Bound> {
        bind_text::<T>(self)
    }
}

impl Operand<Vec<u8>> for &[u8] {
    fn bound(self) -> Result<Bound> {
        bind(&self.to_owned())
    }
}

impl Operand<Option<Vec<u8>>> for &[u8] {
    fn bound(self) -> Result<Bound> {
        bind(&self.to_owned())
    }
}

macro_rules! expressions {
    ($([$($generics:tt)*] $type:ident<$($before:ident)?>;)+) => {$(
        expressions!(one [$($generics)*] T, $type<$($before,)? T>);
        expressions!(one [$($generics)*] Option<T>, $type<$($before,)? T>);
        expressions!(one [$($generics)*] T, $type<$($before,)? Option<T>>);
    )+};
    (one [$($generics:tt)*] $of:ty, $type:ty) => {
        impl<$($generics)* T: DbValue> Operand<$of> for $type {
            fn bound(self) -> Result<Bound> {
                Ok(Bound::Node(self.into_expr().into_node()))
            }
        }
    };
}

// One that may be NULL can be compared with one that may not, and the other way round.
expressions! {
    [] Expr<>;
    [] Label<>;
    [] Aggregate<>;
    [M: 'static,] Column<M>;
}
