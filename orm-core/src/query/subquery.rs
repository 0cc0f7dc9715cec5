//! Queries inside of queries: in FROM, as a value, in `IN (…)`, in `EXISTS (…)`.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::Result;
use crate::query::expr::{Expr, Node};
use crate::query::operand::{Bound, Operand};
use crate::query::select::SelectStatement;
use crate::query::source::{Derived, Name, Source};
use crate::query::{Condition, Feature, Select, Sql};
use crate::types::DbValue;

impl<S> Select<S> {
    /// The query as something to read from, under this name: `.from(&s)`, `.join(s.on(…))`.
    ///
    /// Its columns are `User::NAME.of(&s)` and `posts.of(&s)`, where `posts` is a [`label`](crate::query::LabelMethods::label); an
    /// expression without a name cannot be named.
    pub fn subquery(self, name: impl Into<Cow<'static, str>>) -> Source {
        Source::derived(Arc::new(Subquery(self.statement)), name)
    }
}

#[derive(Debug)]
struct Subquery(SelectStatement);

impl Derived for Subquery {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.push("(");
        self.0.render(sql)?;
        sql.push(")");
        Ok(())
    }

    fn columns(&self) -> Vec<Name> {
        self.0.names().into_iter().flatten().collect()
    }
}

/// A query in brackets, behind a word or without one. It may name columns of the queries around it.
#[derive(Debug)]
struct Nested {
    word: &'static str,
    needs: Option<Feature>,
    statement: SelectStatement,
}

impl Nested {
    fn scalar(statement: SelectStatement) -> Self {
        Self { word: "", needs: None, statement }
    }
}

impl Node for Nested {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if sql.is_probe() {
            return Ok(());
        }
        self.needs.map_or(Ok(()), |feature| sql.require(feature))?;
        sql.push(self.word).push("(");
        match self.word {
            "" => self.statement.render(sql)?,
            _ => self.statement.render_compared(sql)?,
        }
        sql.push(")");
        Ok(())
    }

    fn is_atom(&self) -> bool {
        true
    }
}

/// The value of a query for one column. It is `None` where the query finds no row; one that finds several is an error on
/// PostgreSQL, while SQLite takes the first.
pub fn scalar<T: DbValue>(query: Select<T>) -> Expr<Option<T::Plain>> {
    Expr::new(Nested::scalar(query.statement))
}

/// The value of a query that always has a row, as an aggregate without GROUP BY has. Where it has none, reading the row is an
/// error, unless the value may be NULL.
pub fn scalar_one<T: DbValue>(query: Select<T>) -> Expr<T> {
    Expr::new(Nested::scalar(query.statement))
}

/// Whether a query finds any row: `exists(Post::select().filter(Post::AUTHOR_ID.eq(User::ID)))`, and `!exists(…)`.
///
/// It may name columns of the queries around it. What it selects does not matter.
pub fn exists<S>(query: Select<S>) -> Condition {
    Expr::new(Exists(query.statement))
}

#[derive(Debug)]
struct Exists(SelectStatement);

impl Node for Exists {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if sql.is_probe() {
            return Ok(());
        }
        render_exists(&self.0, sql)
    }

    fn is_atom(&self) -> bool {
        true
    }
}

pub(crate) fn render_exists(statement: &SelectStatement, sql: &mut Sql<'_>) -> Result<()> {
    sql.push("EXISTS (");
    statement.render_for_existence(sql)?;
    sql.push(")");
    Ok(())
}

/// Any, or all, of what a query finds: the other side of a comparison. Made by [`any`] and [`all`].
#[derive(Debug)]
pub struct Quantified<T> {
    nested: Nested,
    of: PhantomData<fn() -> T>,
}

/// At least one of the values that a query finds: `User::AGE.gt(any(query))`. An error on a database that has no such thing:
/// SQLite.
pub fn any<T>(query: Select<T>) -> Quantified<T> {
    quantified("ANY ", query.statement)
}

/// Every one of the values that a query finds: `User::AGE.ge(all(query))`; true if it finds none. An error on a database that
/// has no such thing: SQLite.
pub fn all<T>(query: Select<T>) -> Quantified<T> {
    quantified("ALL ", query.statement)
}

fn quantified<T>(word: &'static str, statement: SelectStatement) -> Quantified<T> {
    Quantified { nested: Nested { word, needs: Some(Feature::Quantifiers), statement }, of: PhantomData }
}

/// What a query for one column finds may be compared with a `T`: it is of the same type, and whether either may be NULL does
/// not matter.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a column or expression of type `{T}` cannot be compared with a query for `{Self}`",
    label = "expected `{T}`, or a query for one column of that type"
)]
pub trait Comparable<T> {}

impl<T> Comparable<T> for T {}
impl<T> Comparable<Option<T>> for T {}
impl<T> Comparable<T> for Option<T> {}

impl<T, F: Comparable<T>> Operand<T> for Select<F> {
    fn bound(self) -> Result<Bound> {
        Ok(Bound::Node(Arc::new(Nested::scalar(self.statement))))
    }
}

impl<T, F: Comparable<T>> Operand<T> for Quantified<F> {
    fn bound(self) -> Result<Bound> {
        Ok(Bound::Node(Arc::new(self.nested)))
    }
}

/// What an expression can be looked for in: a list of values or expressions, or a query for one column.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list in which a `{T}` could be looked for",
    label = "expected values of type `{T}`, or a query for one such column",
    note = "write `in_([1, 2])`, or `in_(select(Post::AUTHOR_ID))`"
)]
pub trait InList<T> {
    #[doc(hidden)]
    fn members(self) -> Members;
}

/// What stands in the brackets of `IN (…)`.
#[doc(hidden)]
#[derive(Debug)]
#[expect(private_interfaces, reason = "only this crate can look inside")]
pub enum Members {
    List(Vec<Result<Bound>>),
    Query(Box<SelectStatement>),
}

impl<T, I: IntoIterator<Item: Operand<T>>> InList<T> for I {
    fn members(self) -> Members {
        Members::List(self.into_iter().map(Operand::bound).collect())
    }
}

impl<T, F: Comparable<T>> InList<T> for Select<F> {
    fn members(self) -> Members {
        Members::Query(Box::new(self.statement))
    }
}
