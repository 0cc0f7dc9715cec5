//! Pages by keys instead of numbers of rows: what comes after a row, or before it, in the order of the query.

use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::query::expr::{Node, render_beside};
use crate::query::{Condition, Cursor, Expr, IntoCursor, Order, Select, Sql};
use crate::{Result, SqlType, Value};

/// Where the rows of a query begin, or where they end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keyset(Option<(Side, Result<Cursor>)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    After,
    Before,
}

impl Keyset {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn is_before(&self) -> bool {
        matches!(self.0, Some((Side::Before, _)))
    }

    /// The condition that it is, for a query that is sorted so; whether an outer join may make any key NULL.
    pub(crate) fn condition(&self, order: &[Order], outer_join: bool) -> Result<Option<Condition>> {
        let Some((side, cursor)) = &self.0 else { return Ok(None) };
        let values = &cursor.as_ref().map_err(Error::clone)?.values;
        if order.is_empty() {
            return Err(invalid(
                "a cursor is a place in the order of a query: say order_by first".to_owned(),
            ));
        }
        if values.len() != order.len() {
            let (wanted, given) = (order.len(), values.len());
            return Err(invalid(format!(
                "the query is sorted by {wanted} keys and the cursor has {given} values"
            )));
        }
        let keys = order.iter().zip(values).enumerate().map(|(number, (order, value))| {
            let order = if *side == Side::Before { order.reversed() } else { order.clone() };
            Key::new(number, order, value, outer_join)
        });
        Ok(Some(Expr::new(Beyond(keys.collect::<Result<_>>()?))))
    }
}

/// One key and its value at the cursor.
#[derive(Debug)]
struct Key {
    order: Order,
    value: Value<'static>,
    nullable: bool,
}

impl Key {
    fn new(number: usize, order: Order, value: &Value<'static>, outer_join: bool) -> Result<Self> {
        let nullable = order.nullable || outer_join;
        let fits = if value.is_null() { nullable } else { fits(value, order.sql_type) };
        if !fits {
            let message = format!(
                "the {}. key that the query is sorted by is {:?}, and the cursor has {} for it",
                number + 1,
                order.sql_type,
                value.kind()
            );
            return Err(invalid(message));
        }
        Ok(Self { order, value: value.clone(), nullable })
    }

    fn node(&self) -> &Arc<dyn Node> {
        &self.order.node
    }

    fn operator(&self) -> &'static str {
        if self.order.descending { " < " } else { " > " }
    }

    fn compare(&self, operator: &str, sql: &mut Sql<'_>) -> Result<()> {
        render_beside(&**self.node(), sql)?;
        sql.push(operator).bind(self.order.sql_type, self.value.clone());
        Ok(())
    }

    fn test(&self, test: &str, sql: &mut Sql<'_>) -> Result<()> {
        render_beside(&**self.node(), sql)?;
        sql.push(test);
        Ok(())
    }

    fn render_same(&self, sql: &mut Sql<'_>) -> Result<()> {
        if self.value.is_null() { self.test(" IS NULL", sql) } else { self.compare(" = ", sql) }
    }

    /// What comes after the value in this key alone; whether anything can.
    fn render_after(&self, sql: &mut Sql<'_>) -> Result<bool> {
        let nulls_first = self.order.has_nulls_first(sql.dialect());
        match (self.value.is_null(), nulls_first) {
            (true, true) => self.test(" IS NOT NULL", sql)?,
            (true, false) => return Ok(false),
            (false, nulls_first) => {
                self.compare(self.operator(), sql)?;
                if self.nullable && !nulls_first {
                    sql.push(" OR ");
                    self.test(" IS NULL", sql)?;
                }
            }
        }
        Ok(true)
    }
}

/// Whether a row comes after the cursor.
#[derive(Debug)]
struct Beyond(Vec<Key>);

impl Beyond {
    /// As one comparison of rows, which an index over the keys answers.
    fn is_plain(&self, sql: &Sql<'_>) -> bool {
        let descending = self.0[0].order.descending;
        self.0.len() > 1
            && self.0.iter().all(|key| {
                key.order.descending == descending
                    && !key.nullable
                    && sql.dialect().collation(key.order.sql_type).is_none()
            })
    }

    fn render_plain(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.push("(");
        sql.separated(", ", &self.0, |sql, key| key.node().render(sql))?;
        sql.push(")").push(self.0[0].operator()).push("(");
        sql.list(&self.0, |sql, key| {
            sql.bind(key.order.sql_type, key.value.clone());
        });
        sql.push(")");
        Ok(())
    }
}

fn render_keys(keys: &[Key], sql: &mut Sql<'_>) -> Result<()> {
    let Some((key, rest)) = keys.split_first() else { return Ok(()) };
    sql.push("(");
    let any = key.render_after(sql)?;
    match (any, rest) {
        (true, []) => {}
        (false, []) => {
            sql.push("1 = 0");
        }
        (any, rest) => {
            sql.push(if any { " OR (" } else { "(" });
            key.render_same(sql)?;
            sql.push(" AND ");
            render_keys(rest, sql)?;
            sql.push(")");
        }
    }
    sql.push(")");
    Ok(())
}

impl Node for Beyond {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if self.is_plain(sql) { self.render_plain(sql) } else { render_keys(&self.0, sql) }
    }
}

/// Whether a value is of this type; a text that came from outside may hold anything.
fn fits(value: &Value<'_>, sql_type: SqlType) -> bool {
    match sql_type {
        SqlType::Bool => matches!(value, Value::Bool(_)),
        SqlType::SmallInt | SqlType::Integer | SqlType::BigInt => matches!(value, Value::Int(_)),
        SqlType::BigUnsigned => matches!(value, Value::Int(0..) | Value::UInt(_)),
        SqlType::Real | SqlType::Double => matches!(value, Value::Float(_)),
        SqlType::Text | SqlType::Decimal | SqlType::Json | SqlType::Enum(_) => {
            matches!(value, Value::Text(_))
        }
        SqlType::Bytes | SqlType::Uuid => matches!(value, Value::Bytes(_)),
        SqlType::Date => matches!(value, Value::Date(_)),
        SqlType::Time => matches!(value, Value::Time(_)),
        SqlType::Timestamp | SqlType::TimestampTz => matches!(value, Value::Timestamp(_)),
        SqlType::Array(_) => false,
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidQuery, message)
}

impl<S> Select<S> {
    /// The rows that come after this place in the order of the query: the next page. The place is a [`Cursor`], or a tuple with a
    /// value for each key of [`order_by`](Select::order_by).
    ///
    /// The last key should be unique, as the primary key is: rows that are equal in all keys to the cursor are left out. NULL is
    /// where the order has it. If all keys go in one direction and none is nullable, an index over them finds the page at once,
    /// however far it is; `offset` reads all rows before it. What stands before the cursor is left out before window functions
    /// are worked out: number rows in a subquery, and page through that.
    pub fn after(self, cursor: impl IntoCursor) -> Self {
        self.at_cursor(Side::After, cursor.into_cursor())
    }

    /// The rows that come before this place, in the order of the query: with a `limit` the page that ends there. It is read from
    /// its end and turned round in memory, so that it cannot be streamed.
    pub fn before(self, cursor: impl IntoCursor) -> Self {
        self.at_cursor(Side::Before, cursor.into_cursor())
    }

    fn at_cursor(mut self, side: Side, cursor: Result<Cursor>) -> Self {
        self.statement.keyset = Keyset(Some((side, cursor)));
        self
    }
}
