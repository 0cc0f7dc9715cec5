//! The vocabulary in which values cross the driver boundary: a handful of shapes, borrowed where they can be.

pub mod civil;
pub mod decimal;
mod elements;
pub mod list;
mod packed;
mod sql_type;

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};

pub use elements::Elements;
pub(crate) use packed::{Packed, Unpacked};
pub use sql_type::{EnumType, SqlType};

/// One value on its way to or from a database.
///
/// All integers but those above `i64::MAX` travel as [`Value::Int`] and all floats as [`Value::Float`], which hold each of them exactly; the
/// [`SqlType`] of the column or parameter says how wide it is on the wire. A decimal travels as its
/// [canonical](decimal::canonical) text, JSON and the variants of an enum as text, a UUID as its 16 bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// SQL's NULL.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer of any width.
    Int(i64),
    /// An integer above `i64::MAX`, and none else, so that equal ones have one shape.
    UInt(u64),
    /// A float of any width.
    Float(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
    /// A date: days since 1970-01-01.
    Date(i32),
    /// A time of day: microseconds since midnight.
    Time(i64),
    /// A date and time of no zone, or an instant as UTC has it: microseconds since 1970-01-01 00:00:00.
    Timestamp(i64),
    /// Values of one type, with NULL among them.
    Array(Elements<'a>),
}

impl Value<'_> {
    /// Whether this is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The same value, owned.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Int(value) => Value::Int(value),
            Value::UInt(value) => Value::UInt(value),
            Value::Float(value) => Value::Float(value),
            Value::Text(value) => Value::Text(Cow::Owned(value.into_owned())),
            Value::Bytes(value) => Value::Bytes(Cow::Owned(value.into_owned())),
            Value::Date(days) => Value::Date(days),
            Value::Time(micros) => Value::Time(micros),
            Value::Timestamp(micros) => Value::Timestamp(micros),
            Value::Array(values) => Value::Array(values.into_owned()),
        }
    }

    /// The same value, borrowed from this one.
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(*value),
            Value::Int(value) => Value::Int(*value),
            Value::UInt(value) => Value::UInt(*value),
            Value::Float(value) => Value::Float(*value),
            Value::Text(value) => Value::Text(Cow::Borrowed(value)),
            Value::Bytes(value) => Value::Bytes(Cow::Borrowed(value)),
            Value::Date(days) => Value::Date(*days),
            Value::Time(micros) => Value::Time(*micros),
            Value::Timestamp(micros) => Value::Timestamp(*micros),
            Value::Array(values) => Value::Array(values.borrowed()),
        }
    }

    /// An integer without a sign, in the shape that it travels in.
    pub fn of_unsigned(value: u64) -> Self {
        i64::try_from(value).map_or(Value::UInt(value), Value::Int)
    }

    /// What kind of value this is, for messages that must not show the value itself.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "NULL",
            Value::Bool(_) => "a bool",
            Value::Int(_) => "an integer",
            Value::UInt(_) => "an integer above i64::MAX",
            Value::Float(_) => "a float",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
            Value::Date(_) => "a date",
            Value::Time(_) => "a time",
            Value::Timestamp(_) => "a timestamp",
            Value::Array(_) => "an array",
        }
    }
}

/// One row of a result, valid while it is looked at.
pub trait Row {
    /// How many values it has.
    fn width(&self) -> usize;

    /// The value at this position, borrowed from the driver where it can be. A position beyond the last one MUST be an
    /// error, such as [`no_such_column`].
    fn value(&self, index: usize) -> Result<Value<'_>>;

    /// Whether it has a value at this position, NULL or not: a row of a model may come without its deferred columns.
    fn has(&self, index: usize) -> bool {
        let _ = index;
        true
    }

    /// The value at this position if it is an integer: a shorter way to what most columns hold, which a driver may offer.
    fn int(&self, index: usize) -> Option<i64> {
        let _ = index;
        None
    }

    /// The value at this position if it is text; a shorter way, like [`int`](Self::int).
    fn text(&self, index: usize) -> Option<&str> {
        let _ = index;
        None
    }
}

/// The error for a position beyond a row's last value.
pub fn no_such_column() -> Error {
    Error::new(ErrorKind::Decode, "the result has fewer columns than the model")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hot paths hand values around: a larger one would cost each of them.
    #[test]
    fn a_value_is_four_words() {
        assert_eq!(size_of::<Value<'_>>(), 4 * size_of::<usize>());
    }
}
