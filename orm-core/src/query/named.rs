//! What is not in the catalogue: any function by its name, plain values, and casts.

use crate::error::{Error, ErrorKind};
use crate::query::column::Mistake;
use crate::query::expr::{Expr, Expression, Node};
use crate::query::function::{Call, Function, render_argument};
use crate::query::operand::Bound;
use crate::query::{Aggregate, Column, Label, Sql};
use crate::types::DbValue;
use crate::{Result, SqlType};

/// A plain value as an expression; it is bound. `value(7) - User::AGE`
pub fn value<T: DbValue>(value: T) -> Expr<T> {
    match value.encode() {
        Ok(encoded) => Expr::new(Plain(T::TYPE, encoded.into_owned())),
        Err(error) => Expr::new(Mistake(error)),
    }
}

#[derive(Debug)]
struct Plain(SqlType, crate::Value<'static>);

impl Node for Plain {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.render_item(sql)?;
        if let Some(collation) = sql.dialect().collation(self.0) {
            sql.push(" COLLATE ").push(collation);
        }
        Ok(())
    }

    fn render_item(&self, sql: &mut Sql<'_>) -> Result<()> {
        match &self.1 {
            crate::Value::Null => sql.push("NULL"),
            value => sql.bind(self.0, value.clone()),
        };
        Ok(())
    }

    fn is_atom(&self) -> bool {
        true
    }
}

/// `CAST(… AS type)`: `cast::<f64, _>(User::AGE)`. What two databases would make something different of is refused where it is not exact.
///
/// | | PostgreSQL | SQLite |
/// |---|---|---|
/// | integer to another integer | an error if it does not fit | an error if it does not fit when it is read |
/// | float to integer | rounded, halves to the even one | the same |
/// | decimal to integer | rounded | an error if it has a fraction |
/// | text to number | an error if it is none | the same |
/// | integer, bool, decimal, enum, date to text | its text | the same |
/// | to the same type | as it is | the same |
/// | anything else | what PostgreSQL does | refused |
pub fn cast<T: DbValue, E: Expression>(expression: E) -> Expr<<E::Type as DbValue>::Nulled<T>> {
    Call::of::<_, T>(Function::Cast, expression).expr()
}

/// Any function of the database, which yields a `T`: `func::<Option<i32>>("ascii", User::NAME)`, `func::<f64>("random", ())`,
/// `func::<String>("my_schema.initials", (User::NAME, 2))`. It is an error if the name is not one: letters, digits and `_`, with dots
/// between its parts. That the arguments and the result are of the right types is left to the program.
pub fn func<T: DbValue>(name: &str, arguments: impl Arguments) -> Expr<T> {
    if !is_name(name) {
        let message = format!(
            "{name:?} is not the name of a function: letters, digits and _, perhaps with a schema and a dot before it"
        );
        return Expr::new(Mistake(Error::new(ErrorKind::InvalidQuery, message)));
    }
    let mut list = Vec::new();
    arguments.push_arguments(&mut list);
    Expr::new(Named { name: name.to_owned(), arguments: list, yields: T::TYPE })
}

fn is_name(name: &str) -> bool {
    name.split('.').all(is_identifier)
}

/// Whether it needs no quotes anywhere.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

#[derive(Debug)]
struct Named {
    name: String,
    arguments: Vec<Result<Bound>>,
    yields: SqlType,
}

impl Node for Named {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.render_item(sql)?;
        if let Some(collation) = sql.dialect().collation(self.yields) {
            sql.push(" COLLATE ").push(collation);
        }
        Ok(())
    }

    fn render_item(&self, sql: &mut Sql<'_>) -> Result<()> {
        let longest = sql.dialect().longest_name().unwrap_or(usize::MAX);
        if self.name.split('.').any(|part| part.len() > longest) {
            let message = format!("the name of the function {} is too long", self.name);
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        // Nobody knows what it does.
        sql.needs_transaction = true;
        sql.push(&self.name).push("(");
        sql.separated(", ", &self.arguments, |sql, argument| render_argument(argument, true, sql))?;
        sql.push(")");
        Ok(())
    }

    fn is_atom(&self) -> bool {
        true
    }
}

/// What says by itself of which type it is, for an argument of [`func`] and what a [`case`](crate::query::case) yields first: a column, an
/// expression, text, a number, a bool. Any other value does as [`value`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand here as it is",
    label = "not a column, an expression, text, a number or a bool",
    note = "`value(…)` makes an expression of any other value"
)]
pub trait Argument {
    /// Of which type it is.
    type Type: DbValue;

    #[doc(hidden)]
    fn into_argument(self) -> Expr<Self::Type>;
}

macro_rules! expressions {
    ($([$($generics:tt)*] $type:ty;)+) => {$(
        impl<$($generics)* T: DbValue> Argument for $type {
            type Type = T;

            fn into_argument(self) -> Expr<T> {
                self.into_expr()
            }
        }
    )+};
}

expressions! {
    [] Expr<T>;
    [] Label<T>;
    [] Aggregate<T>;
    [M: 'static,] Column<M, T>;
}

macro_rules! values {
    ($($type:ty)+) => {$(
        impl Argument for $type {
            type Type = Self;

            fn into_argument(self) -> Expr<Self> {
                value(self)
            }
        }
    )+};
}

values!(i16 i32 i64 f32 f64 bool String);

impl Argument for &str {
    type Type = String;

    fn into_argument(self) -> Expr<String> {
        value(self.to_owned())
    }
}

/// The arguments of [`func`]: none, `()`; one; or a tuple.
pub trait Arguments {
    #[doc(hidden)]
    fn push_arguments(self, list: &mut Vec<Result<Bound>>);
}

impl Arguments for () {
    fn push_arguments(self, _: &mut Vec<Result<Bound>>) {}
}

impl<A: Argument> Arguments for A {
    fn push_arguments(self, list: &mut Vec<Result<Bound>>) {
        list.push(Ok(Bound::Node(self.into_argument().into_node())));
    }
}

macro_rules! tuple {
    ($($part:ident)+) => {
        impl<$($part: Argument),+> Arguments for ($($part,)+) {
            #[expect(non_snake_case, reason = "the parts are named as their types are")]
            fn push_arguments(self, list: &mut Vec<Result<Bound>>) {
                let ($($part,)+) = self;
                $($part.push_arguments(list);)+
            }
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
tuple!(A B C D E F G);
tuple!(A B C D E F G H);
