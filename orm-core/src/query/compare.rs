//! Comparisons: `=`, `<`, `BETWEEN`, `IN`, `IS NULL`.

use std::sync::Arc;

use crate::Result;
use crate::query::expr::{Expr, Expression, Node, render_beside, render_bound};
use crate::query::function::{Call, Function};
use crate::query::operand::{Bound, Operand};
use crate::query::subquery::{InList, Members};
use crate::query::{Condition, Order, Sql};
use crate::types::DbValue;
use crate::{Elements, Value};

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

    /// `IN (…)`: one of these values, or of what a query for one column finds. An empty list matches no row, and
    /// `None` in a list matches NULL.
    fn in_(self, values: impl InList<Self::Type>) -> Condition {
        Expr::new(In::new(self, values, false))
    }

    /// `NOT IN (…)`: none of these. An empty list matches every row, and `None` in a list leaves out NULL. By the rules
    /// of SQL, a NULL among what a query finds leaves no row at all.
    fn not_in(self, values: impl InList<Self::Type>) -> Condition {
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

    /// Not equal, where NULL is equal to NULL and to nothing else; never NULL.
    fn is_distinct_from(self, other: impl Operand<Self::Type>) -> Condition {
        Call::of::<_, bool>(Function::IsDistinctFrom, self).with(other).condition()
    }

    /// Equal, where NULL is equal to NULL and to nothing else; never NULL.
    fn is_not_distinct_from(self, other: impl Operand<Self::Type>) -> Condition {
        Call::of::<_, bool>(Function::IsNotDistinctFrom, self).with(other).condition()
    }

    /// The same as an `Option`, where a left join leaves NULL in a column that is not nullable by itself.
    fn optional(self) -> Expr<Option<<Self::Type as DbValue>::Plain>> {
        Expr::from_node(self.into_expr().into_node())
    }

    /// Smallest first.
    fn asc(self) -> Order {
        Order::new(self, false)
    }

    /// Largest first.
    fn desc(self) -> Order {
        Order::new(self, true)
    }
}

impl<E: Expression> ExpressionMethods for E {}

fn compare<E: Expression>(left: E, operator: &'static str, right: Result<Bound>) -> Condition {
    Expr::new(Comparison { left: left.into_expr().into_node(), operator, right })
}

fn is_null<E: Expression>(subject: E, null: bool) -> Condition {
    Expr::new(IsNull { subject: subject.into_expr().into_node(), null })
}

#[derive(Debug)]
struct Comparison {
    left: Arc<dyn Node>,
    operator: &'static str,
    right: Result<Bound>,
}

impl Node for Comparison {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        render_beside(&*self.left, sql)?;
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
        render_beside(&*self.subject, sql)?;
        sql.push(" BETWEEN ");
        render_bound(&self.subject, &self.low, sql)?;
        sql.push(" AND ");
        render_bound(&self.subject, &self.high, sql)
    }
}

#[derive(Debug)]
struct In {
    subject: Arc<dyn Node>,
    members: Members,
    negated: bool,
}

impl In {
    fn new<E: Expression>(subject: E, values: impl InList<E::Type>, negated: bool) -> Self {
        Self { subject: subject.into_expr().into_node(), members: values.members(), negated }
    }
}

impl Node for In {
    /// NULL is equal to nothing, so a list that holds it says so in words of its own.
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let values = match &self.members {
            Members::Query(statement) => {
                self.render_list(
                    sql,
                    |sql| if sql.is_probe() { Ok(()) } else { statement.render_compared(sql) },
                )?;
                return Ok(());
            }
            Members::List(values) => values,
        };
        let is_null = |value: &&Result<Bound>| matches!(value, Ok(Bound::Null));
        let others: Vec<_> = values.iter().filter(|value| !is_null(value)).collect();
        let (or, is) = if self.negated { (" AND ", " IS NOT NULL") } else { (" OR ", " IS NULL") };
        match (others.is_empty(), values.iter().any(|value| is_null(&value))) {
            (true, false) => {
                sql.push(if self.negated { "1 = 1" } else { "1 = 0" });
                return Ok(());
            }
            (true, true) => {
                render_beside(&*self.subject, sql)?;
                sql.push(is);
                return Ok(());
            }
            (false, has_null) => {
                sql.push(if has_null { "(" } else { "" });
                if !self.render_array(&others, sql)? {
                    let render = |sql: &mut Sql<'_>| {
                        sql.separated(", ", &others, |sql, value| render_bound(&self.subject, value, sql))
                    };
                    self.render_list(sql, render)?;
                }
                if has_null {
                    sql.push(or);
                    render_beside(&*self.subject, sql)?;
                    sql.push(is).push(")");
                }
            }
        }
        Ok(())
    }
}

impl In {
    /// Writes many values as one parameter, where the database takes arrays; whether it did.
    fn render_array(&self, values: &[&Result<Bound>], sql: &mut Sql<'_>) -> Result<bool> {
        let Some(Ok(Bound::Value(sql_type, _))) = values.first() else { return Ok(false) };
        let Some(array) = sql.array_of(*sql_type, values.len()) else { return Ok(false) };
        let of_type = values.iter().map(|value| match value {
            Ok(Bound::Value(other, value)) if other == sql_type => Some(value.borrowed()),
            Ok(_) | Err(_) => None,
        });
        let Some(values) = of_type.collect::<Option<Elements<'static>>>() else { return Ok(false) };
        render_beside(&*self.subject, sql)?;
        sql.push(if self.negated { " <> ALL(" } else { " = ANY(" });
        sql.bind(array, Value::Array(values)).push(")");
        Ok(true)
    }

    fn render_list(&self, sql: &mut Sql<'_>, list: impl FnOnce(&mut Sql<'_>) -> Result<()>) -> Result<()> {
        render_beside(&*self.subject, sql)?;
        sql.push(if self.negated { " NOT IN (" } else { " IN (" });
        list(sql)?;
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
        render_beside(&*self.subject, sql)?;
        sql.push(if self.null { " IS NULL" } else { " IS NOT NULL" });
        Ok(())
    }
}
