//! Expressions: a node that renders itself, under a thin type that says what it yields.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::query::Sql;
use crate::query::operand::Bound;
use crate::query::source::Source;
use crate::types::DbValue;

/// A piece of SQL that knows how to write itself.
pub(crate) trait Node: Debug + Send + Sync {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()>;

    /// The same as an item of a SELECT list.
    fn render_item(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.render(sql)
    }

    /// The name of the column that it is, for results and messages.
    fn column(&self) -> Option<&str> {
        None
    }

    /// Whether it is a column, or a name that stands for one.
    fn is_column(&self) -> bool {
        false
    }

    /// Of what it is a column, and the column's name.
    fn source_column(&self) -> Option<(&Source, &str)> {
        None
    }

    /// The same, to be written to.
    fn target(&self) -> Result<(&Source, &str)> {
        let message = "only a column of the table that is written can be set";
        self.source_column().ok_or_else(|| Error::new(ErrorKind::InvalidQuery, message))
    }

    /// Whether it needs no brackets to stand beside an operator: a column, a value, a call.
    fn is_atom(&self) -> bool {
        false
    }
}

/// An expression that yields a `T`.
#[derive(Debug)]
pub struct Expr<T> {
    node: Arc<dyn Node>,
    yields: PhantomData<fn() -> T>,
}

impl<T> Clone for Expr<T> {
    fn clone(&self) -> Self {
        Self::from_node(self.node.clone())
    }
}

impl<T> Expr<T> {
    pub(crate) fn new(node: impl Node + 'static) -> Self {
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a column nor an expression",
    label = "not a column or an expression",
    note = "`value(…)` makes an expression of a plain value"
)]
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

/// Adds what stands beside an operator, in brackets if it needs them.
pub(crate) fn render_beside(node: &dyn Node, sql: &mut Sql<'_>) -> Result<()> {
    if node.is_atom() {
        return node.render(sql);
    }
    sql.push("(");
    node.render(sql)?;
    sql.push(")");
    Ok(())
}

/// The other side of an operator; an operand that could not be encoded reports so when the statement is rendered.
pub(crate) fn render_bound(subject: &Arc<dyn Node>, bound: &Result<Bound>, sql: &mut Sql<'_>) -> Result<()> {
    match bound {
        Ok(Bound::Value(sql_type, value)) => {
            sql.bind(*sql_type, value.clone());
            Ok(())
        }
        Ok(Bound::Null) => {
            sql.push("NULL");
            Ok(())
        }
        Ok(Bound::Node(node)) => render_beside(&**node, sql),
        Err(error) => Err(subject.column().into_iter().fold(error.clone(), Error::with_column)),
    }
}
