//! Searches in text: `LIKE`, and what is spelled with it.

use std::sync::Arc;

use crate::query::expr::{Expr, Expression, Node, render_beside, render_bound};
use crate::query::operand::Bound;
use crate::query::{Condition, Sql};
use crate::types::{DbValue, Textual};
use crate::{Result, SqlType};

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

#[derive(Debug)]
struct Like {
    subject: Arc<dyn Node>,
    pattern: Result<Bound>,
}

impl Node for Like {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        render_beside(&*self.subject, sql)?;
        sql.push(" LIKE ");
        render_bound(&self.subject, &self.pattern, sql)?;
        sql.push(" ESCAPE '\\'");
        Ok(())
    }
}
