//! Expressions: a node that renders itself, under a thin type that says what it yields.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::error::Error;
use crate::query::operand::{Bound, Operand};
use crate::query::{Order, Sql};
use crate::types::{DbValue, Textual};
use crate::{Result, SqlType};

/// A piece of SQL that knows how to write itself.
pub(crate) trait Node: Debug + Send + Sync {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()>;

    /// The name of the column that it is, for messages.
    fn column(&self) -> Option<&str> {
        None
    }
}

/// An expression that yields a `T`.
#[derive(Debug)]
pub struct Expr<T> {
    node: Arc<dyn Node>,
    yields: PhantomData<fn() -> T>,
}

/// What a filter takes: an expression that is true or false.
pub type Condition = Expr<bool>;

impl<T> Clone for Expr<T> {
    fn clone(&self) -> Self {
        Self::from_node(self.node.clone())
    }
}

impl<T> Expr<T> {
    fn new(node: impl Node + 'static) -> Self {
        Self::from_node(Arc::new(node))
    }

    pub(crate) fn from_node(node: Arc<dyn Node>) -> Self {
        Self { node, yields: PhantomData }
    }

    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.node.render(sql)
    }

    pub(crate) fn into_node(self) -> Arc<dyn Node> {
        self.node
    }
}

/// Anything that can stand in SQL and yields a value: a column, or an expression over columns.
pub trait Expression: Sized {
    /// What it yields.
    type Type: DbValue;

    /// The expression behind it.
    fn into_expr(self) -> Expr<Self::Type>;
}

impl<T: DbValue> Expression for Expr<T> {
    type Type = T;

    fn into_expr(self) -> Expr<T> {
        self
    }
}

/// Comparisons and orderings of any expression.
#[expect(clippy::wrong_self_convention, reason = "an expression is consumed by what is built from it")]
pub trait ExpressionMethods: Expression {
    /// `=`; with `None` it is `IS NULL`.
    fn eq(self, other: impl Operand<Self::Type>) -> Condition {
        match other.bound() {
            Ok(Bound::Null) => is_null(self, true),
            other => compare(self, "=", other),
        }
    }

    /// `<>`; with `None` it is `IS NOT NULL`.
    fn ne(self, other: impl Operand<Self::Type>) -> Condition {
        match other.bound() {
            Ok(Bound::Null) => is_null(self, false),
            other => compare(self, "<>", other),
        }
    }

    /// `>`
    fn gt(self, other: impl Operand<Self::Type>) -> Condition {
        compare(self, ">", other.bound())
    }

    /// `>=`
    fn ge(self, other: impl Operand<Self::Type>) -> Condition {
        compare(self, ">=", other.bound())
    }

    /// `<`
    fn lt(self, other: impl Operand<Self::Type>) -> Condition {
        compare(self, "<", other.bound())
    }

    /// `<=`
    fn le(self, other: impl Operand<Self::Type>) -> Condition {
        compare(self, "<=", other.bound())
    }

    /// `BETWEEN low AND high`, both included.
    fn between(self, low: impl Operand<Self::Type>, high: impl Operand<Self::Type>) -> Condition {
        Expr::new(Between { subject: self.into_expr().into_node(), low: low.bound(), high: high.bound() })
    }

    /// `IN (…)`; an empty list matches no row.
    fn in_<O: Operand<Self::Type>>(self, values: impl IntoIterator<Item = O>) -> Condition {
        Expr::new(In::new(self, values, false))
    }

    /// `NOT IN (…)`; an empty list matches every row.
    fn not_in<O: Operand<Self::Type>>(self, values: impl IntoIterator<Item = O>) -> Condition {
        Expr::new(In::new(self, values, true))
    }

    /// `IS NULL`
    fn is_null(self) -> Condition {
        is_null(self, true)
    }

    /// `IS NOT NULL`
    fn is_not_null(self) -> Condition {
        is_null(self, false)
    }

    /// Smallest first.
    fn asc(self) -> Order {
        Order::new(self.into_expr().into_node(), "ASC")
    }

    /// Largest first.
    fn desc(self) -> Order {
        Order::new(self.into_expr().into_node(), "DESC")
    }
}

impl<E: Expression> ExpressionMethods for E {}

/// What only text can do.
pub trait TextMethods: Expression {
    /// `LIKE`: `%` stands for any characters, `_` for one, `\` takes either literally.
    fn like(self, pattern: impl Into<String>) -> Condition {
        like(self, pattern.into())
    }

    /// Begins with this text, in which nothing is special.
    fn starts_with(self, text: &str) -> Condition {
        like(self, format!("{}%", escape_like(text)))
    }

    /// Ends with this text, in which nothing is special.
    fn ends_with(self, text: &str) -> Condition {
        like(self, format!("%{}", escape_like(text)))
    }

    /// Holds this text, in which nothing is special.
    fn contains(self, text: &str) -> Condition {
        like(self, format!("%{}%", escape_like(text)))
    }
}

impl<E: Expression<Type: Textual>> TextMethods for E {}

/// The same for a column that may be NULL.
impl<M: 'static, T: Textual> TextMethods for crate::query::Column<M, Option<T>> {}

impl Condition {
    /// Both.
    #[must_use]
    pub fn and(self, other: Condition) -> Condition {
        Expr::new(Junction { word: " AND ", parts: vec![self.node, other.node] })
    }

    /// Either, or both.
    #[must_use]
    pub fn or(self, other: Condition) -> Condition {
        Expr::new(Junction { word: " OR ", parts: vec![self.node, other.node] })
    }
}

impl std::ops::BitAnd for Condition {
    type Output = Condition;

    fn bitand(self, other: Condition) -> Condition {
        self.and(other)
    }
}

impl std::ops::BitOr for Condition {
    type Output = Condition;

    fn bitor(self, other: Condition) -> Condition {
        self.or(other)
    }
}

impl std::ops::Not for Condition {
    type Output = Condition;

    fn not(self) -> Condition {
        Expr::new(Not(self.node))
    }
}

fn compare<E: Expression>(left: E, operator: &'static str, right: Result<Bound>) -> Condition {
    Expr::new(Comparison { left: left.into_expr().into_node(), operator, right })
}

fn is_null<E: Expression>(subject: E, null: bool) -> Condition {
    Expr::new(IsNull { subject: subject.into_expr().into_node(), null })
}

fn like<E: Expression>(subject: E, pattern: String) -> Condition {
    let pattern = pattern.encode().map(|value| Bound::Value(SqlType::Text, crate::Value::into_owned(value)));
    Expr::new(Like { subject: subject.into_expr().into_node(), pattern })
}

fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The other side of an operator; an operand that could not be encoded reports so when the statement is rendered.
fn render_bound(subject: &Arc<dyn Node>, bound: &Result<Bound>, sql: &mut Sql<'_>) -> Result<()> {
    match bound {
        Ok(Bound::Value(sql_type, value)) => {
            sql.bind(*sql_type, value.clone());
            Ok(())
        }
        Ok(Bound::Null) => {
            sql.push("NULL");
            Ok(())
        }
        Ok(Bound::Node(node)) => node.render(sql),
        Err(error) => Err(subject.column().into_iter().fold(error.clone(), Error::with_column)),
    }
}

#[derive(Debug)]
struct Comparison {
    left: Arc<dyn Node>,
    operator: &'static str,
    right: Result<Bound>,
}

impl Node for Comparison {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.left.render(sql)?;
        sql.push(" ").push(self.operator).push(" ");
        render_bound(&self.left, &self.right, sql)
    }
}

#[derive(Debug)]
struct Between {
    subject: Arc<dyn Node>,
    low: Result<Bound>,
    high: Result<Bound>,
}

impl Node for Between {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.subject.render(sql)?;
        sql.push(" BETWEEN ");
        render_bound(&self.subject, &self.low, sql)?;
        sql.push(" AND ");
        render_bound(&self.subject, &self.high, sql)
    }
}

#[derive(Debug)]
struct In {
    subject: Arc<dyn Node>,
    values: Vec<Result<Bound>>,
    negated: bool,
}

impl In {
    fn new<E: Expression, O: Operand<E::Type>>(
        subject: E,
        values: impl IntoIterator<Item = O>,
        negated: bool,
    ) -> Self {
        let values = values.into_iter().map(Operand::bound).collect();
        Self { subject: subject.into_expr().into_node(), values, negated }
    }
}

impl Node for In {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if self.values.is_empty() {
            sql.push(if self.negated { "1 = 1" } else { "1 = 0" });
            return Ok(());
        }
        self.subject.render(sql)?;
        sql.push(if self.negated { " NOT IN (" } else { " IN (" });
        sql.separated(", ", &self.values, |sql, value| render_bound(&self.subject, value, sql))?;
        sql.push(")");
        Ok(())
    }
}

#[derive(Debug)]
struct IsNull {
    subject: Arc<dyn Node>,
    null: bool,
}

impl Node for IsNull {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.subject.render(sql)?;
        sql.push(if self.null { " IS NULL" } else { " IS NOT NULL" });
        Ok(())
    }
}

#[derive(Debug)]
struct Like {
    subject: Arc<dyn Node>,
    pattern: Result<Bound>,
}

impl Node for Like {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.subject.render(sql)?;
        sql.push(" LIKE ");
        render_bound(&self.subject, &self.pattern, sql)?;
        sql.push(" ESCAPE '\\'");
        Ok(())
    }
}

#[derive(Debug)]
struct Junction {
    word: &'static str,
    parts: Vec<Arc<dyn Node>>,
}

impl Node for Junction {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.push("(");
        sql.separated(self.word, &self.parts, |sql, part| part.render(sql))?;
        sql.push(")");
        Ok(())
    }
}

#[derive(Debug)]
struct Not(Arc<dyn Node>);

impl Node for Not {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.push("NOT (");
        self.0.render(sql)?;
        sql.push(")");
        Ok(())
    }
}
