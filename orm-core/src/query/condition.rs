//! Conditions: what a filter takes, and how several become one.

use std::sync::Arc;

use crate::Result;
use crate::query::expr::{Expr, Expression, Node};
use crate::query::{Column, Sql};

/// What a filter takes: an expression that is true or false.
pub type Condition = Expr<bool>;

/// What can stand where a condition is wanted: a [`Condition`], one that may be NULL, a column of type `bool`, or an
/// `Option` of these, of which `None` asks for nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a condition",
    label = "not true or false",
    note = "compare it with something: `User::AGE.gt(28)`",
    note = "several go together by `&` and `|`, not by `&&` and `||`",
    note = "SQL of your own is a statement as a whole: `text(\"SELECT …\")`"
)]
pub trait IntoCondition {
    #[doc(hidden)]
    fn into_condition(self) -> Option<Condition>;
}

impl IntoCondition for Condition {
    fn into_condition(self) -> Option<Condition> {
        Some(self)
    }
}

impl IntoCondition for Expr<Option<bool>> {
    fn into_condition(self) -> Option<Condition> {
        Some(Expr::from_node(self.into_node()))
    }
}

impl<M: 'static> IntoCondition for Column<M, bool> {
    fn into_condition(self) -> Option<Condition> {
        Some(Expr::from_node(self.into_node()))
    }
}

impl<M: 'static> IntoCondition for Column<M, Option<bool>> {
    fn into_condition(self) -> Option<Condition> {
        Some(Expr::from_node(self.into_node()))
    }
}

impl<C: IntoCondition> IntoCondition for Option<C> {
    fn into_condition(self) -> Option<Condition> {
        self.and_then(C::into_condition)
    }
}

/// All of these, as out of a list that a program puts together; of none, it is always true.
pub fn all_of<C: IntoCondition>(conditions: impl IntoIterator<Item = C>) -> Condition {
    junction(" AND ", "1 = 1", conditions)
}

/// At least one of these; of none, it is never true.
pub fn any_of<C: IntoCondition>(conditions: impl IntoIterator<Item = C>) -> Condition {
    junction(" OR ", "1 = 0", conditions)
}

fn junction<C: IntoCondition>(
    word: &'static str,
    empty: &'static str,
    conditions: impl IntoIterator<Item = C>,
) -> Condition {
    let conditions = conditions.into_iter().filter_map(C::into_condition);
    let mut parts: Vec<_> = conditions.map(Expr::into_node).collect();
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => Expr::from_node(only),
        (_, Some(last)) => {
            parts.push(last);
            Expr::new(Junction { word, parts })
        }
        (_, None) => Expr::new(Constant(empty)),
    }
}

/// Always, or never.
#[derive(Debug)]
struct Constant(&'static str);

impl Node for Constant {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.push(self.0);
        Ok(())
    }
}

/// Of `None`, there is nothing on the other side, and the condition stays as it is.
fn join(left: Condition, word: &'static str, right: impl IntoCondition) -> Condition {
    match right.into_condition() {
        Some(right) => Expr::new(Junction { word, parts: vec![left.into_node(), right.into_node()] }),
        None => left,
    }
}

impl Condition {
    /// Both. With `None` it is this one alone.
    #[must_use]
    pub fn and(self, other: impl IntoCondition) -> Condition {
        join(self, " AND ", other)
    }

    /// Either, or both. With `None` it is this one alone.
    #[must_use]
    pub fn or(self, other: impl IntoCondition) -> Condition {
        join(self, " OR ", other)
    }
}

impl<C: IntoCondition> std::ops::BitAnd<C> for Condition {
    type Output = Condition;

    fn bitand(self, other: C) -> Condition {
        self.and(other)
    }
}

impl<C: IntoCondition> std::ops::BitOr<C> for Condition {
    type Output = Condition;

    fn bitor(self, other: C) -> Condition {
        self.or(other)
    }
}

impl std::ops::Not for Condition {
    type Output = Condition;

    fn not(self) -> Condition {
        Expr::new(Not(self.into_node()))
    }
}

impl<M: 'static> Column<M, bool> {
    /// Both. With `None` it is this one alone.
    #[must_use]
    pub fn and(self, other: impl IntoCondition) -> Condition {
        self.into_expr().and(other)
    }

    /// Either, or both. With `None` it is this one alone.
    #[must_use]
    pub fn or(self, other: impl IntoCondition) -> Condition {
        self.into_expr().or(other)
    }
}

impl<M: 'static, C: IntoCondition> std::ops::BitAnd<C> for Column<M, bool> {
    type Output = Condition;

    fn bitand(self, other: C) -> Condition {
        self.into_expr() & other
    }
}

impl<M: 'static, C: IntoCondition> std::ops::BitOr<C> for Column<M, bool> {
    type Output = Condition;

    fn bitor(self, other: C) -> Condition {
        self.into_expr() | other
    }
}

impl<M: 'static> std::ops::Not for Column<M, bool> {
    type Output = Condition;

    fn not(self) -> Condition {
        !self.into_expr()
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

    fn is_atom(&self) -> bool {
        true
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
