//! Values to and from SQLite, without a copy on the way.

use std::borrow::Cow;

use orm_core::driver::Row;
use orm_core::{Error, ErrorKind, Result, SqlType, Value, decimal, list};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, ToSql};

use crate::error::statement_error;

/// The name of the order of decimals, of which each connection is told.
pub(crate) const DECIMAL: &str = "orm_decimal";

/// Tells a connection the order of decimals.
pub(crate) fn add_collations(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    connection.create_collation(DECIMAL, decimal::compare)
}

/// Binds a value to a parameter of a statement with these types; the first one has index 0. Booleans are 0 and 1.
#[inline]
pub(crate) fn bind(
    statement: &mut CachedStatement<'_>,
    index: usize,
    types: &[SqlType],
    value: &Value<'_>,
) -> Result<()> {
    let result = match value {
        Value::UInt(_) | Value::Date(_) | Value::Time(_) | Value::Timestamp(_) | Value::Array(_) => {
            return bind_as_text(statement, index, types, value);
        }
        // Looked at where it lies: a value that is moved right after it was written makes the processor wait.
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::Bytes(_) => {
            statement.raw_bind_parameter(index + 1, Plain(value))
        }
    };
    result.map_err(statement_error)
}

#[cold]
fn bind_as_text(
    statement: &mut CachedStatement<'_>,
    index: usize,
    types: &[SqlType],
    value: &Value<'_>,
) -> Result<()> {
    // SQLite itself says so if there are too many values.
    let sql_type = types.get(index).copied().unwrap_or(SqlType::Text);
    statement.raw_bind_parameter(index + 1, stored_text(sql_type, value)?).map_err(statement_error)
}

/// The text of a value for which SQLite has no type; `None` for any other one.
pub(crate) fn stored_text(sql_type: SqlType, value: &Value<'_>) -> Result<Option<String>> {
    match (sql_type, value) {
        (SqlType::Array(element), Value::Array(values)) => list::text(*element, values).map(Some),
        (_, Value::UInt(_)) => {
            let message = "a u64 above i64::MAX does not fit the largest integer type of SQLite";
            Err(Error::new(ErrorKind::Encode, message))
        }
        (_, Value::Array(_)) => {
            let message = "an array was given for a parameter of another type";
            Err(Error::new(ErrorKind::Encode, message))
        }
        (_, Value::Date(_) | Value::Time(_) | Value::Timestamp(_)) => {
            Ok(list::scalar_text(sql_type, value)?.map(Cow::into_owned))
        }
        _ => Ok(None),
    }
}

/// A value for which SQLite has a type.
struct Plain<'a>(&'a Value<'a>);

impl ToSql for Plain<'_> {
    #[inline]
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Float(value) => ValueRef::Real(*value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Bytes(value) => ValueRef::Blob(value),
            Value::UInt(_) | Value::Date(_) | Value::Time(_) | Value::Timestamp(_) | Value::Array(_) => {
                return Err(rusqlite::Error::ToSqlConversionFailure("it is stored as text".into()));
            }
        }))
    }
}

/// The row that a statement stands on.
pub(crate) struct SqliteRow<'a> {
    pub(crate) row: &'a rusqlite::Row<'a>,
    pub(crate) width: usize,
}

impl Row for SqliteRow<'_> {
    fn width(&self) -> usize {
        self.width
    }

    fn value(&self, index: usize) -> Result<Value<'_>> {
        match self.row.get_ref(index) {
            Ok(ValueRef::Null) => Ok(Value::Null),
            Ok(ValueRef::Integer(value)) => Ok(Value::Int(value)),
            Ok(ValueRef::Real(value)) => Ok(Value::Float(value)),
            Ok(ValueRef::Text(bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Value::Text(text.into())),
                Err(error) => Err(unreadable("the database holds text that is not UTF-8", error)),
            },
            Ok(ValueRef::Blob(bytes)) => Ok(Value::Bytes(bytes.into())),
            Err(error) => Err(unreadable("the result has fewer columns than the model", error)),
        }
    }

    fn int(&self, index: usize) -> Option<i64> {
        match self.row.get_ref(index) {
            Ok(ValueRef::Integer(value)) => Some(value),
            _ => None,
        }
    }

    fn text(&self, index: usize) -> Option<&str> {
        match self.row.get_ref(index) {
            Ok(ValueRef::Text(bytes)) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

fn unreadable(message: &str, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Decode, message).with_source(source)
}
