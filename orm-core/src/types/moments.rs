//! What the crates for dates and times have in common: the shapes of values, also as the text of a database without such
//! types, and the refusal of what is finer than a microsecond.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{DbValue, mismatch};
use crate::error::{Error, ErrorKind};
use crate::{Result, SqlType, Value};

/// The days since 1970 of a date that was read.
pub(super) fn days(value: &Value<'_>) -> Result<i32> {
    match of_type(SqlType::Date, value)? {
        Value::Date(days) => Ok(days),
        other => Err(mismatch("a date", &other)),
    }
}

/// The microseconds since midnight of a time of day that was read.
pub(super) fn time(value: &Value<'_>) -> Result<i64> {
    match of_type(SqlType::Time, value)? {
        Value::Time(micros) => Ok(micros),
        other => Err(mismatch("a time of day", &other)),
    }
}

/// The microseconds since 1970 of a timestamp or an instant that was read.
pub(super) fn micros(sql_type: SqlType, value: &Value<'_>) -> Result<i64> {
    match of_type(sql_type, value)? {
        Value::Timestamp(micros) => Ok(micros),
        other => Err(mismatch("a timestamp", &other)),
    }
}

fn of_type<'v>(sql_type: SqlType, value: &'v Value<'_>) -> Result<Value<'v>> {
    match value {
        Value::Text(text) => sql_type.shape(Value::Text(Cow::Borrowed(text))),
        other => Ok(other.borrowed()),
    }
}

/// Whole microseconds out of nanoseconds; `how` says how the program's type is rounded.
pub(super) fn whole_micros(nanos: i64, how: &str) -> Result<i64> {
    if nanos % 1000 == 0 {
        return Ok(nanos / 1000);
    }
    let message = format!(
        "databases hold times to the microsecond and this one has nanoseconds; round it first: {how}"
    );
    Err(Error::new(ErrorKind::Encode, message))
}

/// The present moment as a timestamp in UTC. A clock that is set before 1970, or beyond what the type holds, gives `otherwise`.
pub(super) fn now<T: DbValue>(otherwise: T) -> T {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(0);
    T::decode(&Value::Timestamp(micros)).unwrap_or(otherwise)
}

/// The error for a value that the program's type cannot hold.
pub(super) fn out_of_range(wanted: &str) -> Error {
    Error::new(ErrorKind::Decode, format!("the database holds a value that is out of range for {wanted}"))
}
