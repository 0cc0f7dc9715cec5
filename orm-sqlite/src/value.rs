//! Values to and from SQLite, without a copy on the way.

use orm_core::driver::Row;
use orm_core::{Error, ErrorKind, Result, Value};
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A value as a parameter. Booleans are 0 and 1.
pub(crate) struct Bind<'a>(pub(crate) &'a Value<'a>);

impl ToSql for Bind<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Float(value) => ValueRef::Real(*value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Bytes(value) => ValueRef::Blob(value),
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
