//! Results: rows handed on to a sink, and keys collected from them.

use std::error::Error as StdError;

use futures_util::TryStreamExt;
use orm_core::driver::{Row, Sink, Write, Written};
use orm_core::{Error, ErrorKind, Result, Value};
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{RowStream, Statement};

use crate::value::{decode, unreadable};

/// A row of a result, read in place.
pub(crate) struct PostgresRow<'a>(pub(crate) &'a tokio_postgres::Row);

impl PostgresRow<'_> {
    /// The type and the bytes of a value that is not NULL.
    fn field(&self, index: usize) -> Option<(&Type, &[u8])> {
        let raw: Raw<'_> = self.0.try_get(index).ok()?;
        Some((self.0.columns().get(index)?.type_(), raw.0?))
    }
}

impl Row for PostgresRow<'_> {
    fn width(&self) -> usize {
        self.0.len()
    }

    fn value(&self, index: usize) -> Result<Value<'_>> {
        let column =
            self.0.columns().get(index).ok_or_else(|| {
                unreadable(format!("there is no column {index} in a row of {}", self.width()))
            })?;
        let raw: Raw<'_> = self.0.try_get(index).map_err(|error| unreadable(error.to_string()))?;
        let value = raw.0.map_or(Ok(Value::Null), |bytes| decode(column.type_(), bytes));
        value.map_err(|error| error.with_column(column.name()))
    }

    fn int(&self, index: usize) -> Option<i64> {
        let (ty, bytes) = self.field(index)?;
        match *ty {
            Type::INT2 => bytes.try_into().ok().map(|bytes| i16::from_be_bytes(bytes).into()),
            Type::INT4 => bytes.try_into().ok().map(|bytes| i32::from_be_bytes(bytes).into()),
            Type::INT8 => bytes.try_into().ok().map(i64::from_be_bytes),
            _ => None,
        }
    }

    fn text(&self, index: usize) -> Option<&str> {
        match self.field(index)? {
            (&(Type::TEXT | Type::VARCHAR), bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

/// The bytes of any column.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Why a result came to no end.
pub(crate) enum Failure {
    Driver(tokio_postgres::Error),
    /// The sink refused a row; the server knows nothing of it.
    Sink(Error),
}

impl Failure {
    /// Whether the server has answered, with an error.
    pub(crate) fn is_of_server(&self) -> bool {
        matches!(self, Self::Driver(error) if error.as_db_error().is_some())
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Driver(error)
    }
}

/// Hands rows on as they arrive. Once the sink has refused one, the others are read to no end but the end: only then is
/// the connection free again, and only then is it known whether the statement failed.
pub(crate) async fn read(
    rows: RowStream,
    prepared: &Statement,
    sink: &mut dyn Sink,
) -> std::result::Result<u64, Failure> {
    if let Some(columns) = sink.columns() {
        columns.extend(prepared.columns().iter().map(|column| column.name().to_owned()));
    }
    read_rows(rows, sink).await
}

/// The same without the names of the columns.
pub(crate) async fn read_rows(rows: RowStream, sink: &mut dyn Sink) -> std::result::Result<u64, Failure> {
    let mut rows = std::pin::pin!(rows);
    let mut taken = Ok(());
    while let Some(row) = rows.try_next().await? {
        if taken.is_ok() {
            taken = sink.row(&PostgresRow(&row));
        }
    }
    taken.map_err(Failure::Sink)?;
    Ok(rows.rows_affected().unwrap_or_default())
}

/// Reads the result of a write: the keys, if it returns any.
pub(crate) async fn read_keys(rows: RowStream) -> std::result::Result<Written, Failure> {
    let mut keys = Vec::new();
    let mut sink = |row: &dyn Row| {
        keys.push(key(row)?);
        Ok(())
    };
    let affected = read_rows(rows, &mut sink).await?;
    Ok(Written { affected, keys })
}

fn key(row: &dyn Row) -> Result<i64> {
    match row.value(0)? {
        Value::Int(key) => Ok(key),
        other => {
            Err(Error::new(ErrorKind::Decode, format!("expected a generated key, found {}", other.kind())))
        }
    }
}

/// Refuses keys that cannot be matched to rows: a trigger or a rule has skipped some.
pub(crate) fn check_keys(write: Write<'_>, written: &Written) -> Result<()> {
    let (rows, keys) = (write.rows.len(), written.keys.len());
    if write.keys && rows != keys {
        return Err(Error::new(
            ErrorKind::Database,
            format!("{rows} rows were inserted, but {keys} keys came back"),
        ));
    }
    Ok(())
}

/// Refuses keys that do not grow: those of a sequence that counts down or starts again, or made by a trigger.
pub(crate) fn check_order(keys: &[i64]) -> Result<()> {
    if keys.is_sorted_by(|a, b| a < b) {
        return Ok(());
    }
    let message = "the keys of new rows do not grow, so which belongs to which row is not certain; let the key's \
                   sequence count up, or flush after each such row";
    Err(Error::new(ErrorKind::Unsupported, message))
}
