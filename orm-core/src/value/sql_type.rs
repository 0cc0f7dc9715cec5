//! The types of columns and parameters.

use std::hash::{Hash, Hasher};

use crate::error::Result;
use crate::value::{Value, civil, decimal};

/// The type of a column or of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SqlType {
    /// `bool`
    Bool,
    /// `i8`, `i16`
    SmallInt,
    /// `u16`, `i32`
    Integer,
    /// `u32`, `i64`
    BigInt,
    /// `u64`; where a database has no such type it is a `BigInt`, and what is above `i64::MAX` is refused.
    BigUnsigned,
    /// `f32`
    Real,
    /// `f64`
    Double,
    /// `String`
    Text,
    /// `Vec<u8>`
    Bytes,
    /// A decimal number of any length, exact.
    Decimal,
    /// A date.
    Date,
    /// A time of day, to the microsecond.
    Time,
    /// A date and time of no zone, to the microsecond.
    Timestamp,
    /// An instant, to the microsecond; its zone is not kept.
    TimestampTz,
    /// 128 bits that name something.
    Uuid,
    /// JSON.
    Json,
    /// One of a fixed set of words; text where a database has no such types.
    Enum(&'static EnumType),
    /// Values of one type, itself no array; JSON text where a database has no arrays.
    Array(&'static SqlType),
}

/// A type of the database's own whose values are words. Two are the same if their names are.
#[derive(Clone, Copy, Debug)]
pub struct EnumType {
    /// The type's name.
    pub name: &'static str,
    /// Its values, in their order.
    pub variants: &'static [&'static str],
}

impl PartialEq for EnumType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for EnumType {}

impl Hash for EnumType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl SqlType {
    /// Whether it is an array.
    pub fn is_array(self) -> bool {
        matches!(self, SqlType::Array(_))
    }

    /// The type of arrays of these values; none of arrays, and none of types that have names.
    pub(crate) fn array(self) -> Option<Self> {
        let element = match self {
            Self::Bool => &Self::Bool,
            Self::SmallInt => &Self::SmallInt,
            Self::Integer => &Self::Integer,
            Self::BigInt => &Self::BigInt,
            Self::BigUnsigned => &Self::BigUnsigned,
            Self::Real => &Self::Real,
            Self::Double => &Self::Double,
            Self::Text => &Self::Text,
            Self::Bytes => &Self::Bytes,
            Self::Decimal => &Self::Decimal,
            Self::Date => &Self::Date,
            Self::Time => &Self::Time,
            Self::Timestamp => &Self::Timestamp,
            Self::TimestampTz => &Self::TimestampTz,
            Self::Uuid => &Self::Uuid,
            Self::Json => &Self::Json,
            Self::Enum(_) | Self::Array(_) => return None,
        };
        Some(Self::Array(element))
    }

    /// A value of this type as it was read from a database that may lack the type, in the shape in which a program's own
    /// values of the type travel. Values that are to be equal have to be in the same shape.
    pub fn shape(self, value: Value<'_>) -> Result<Value<'_>> {
        Ok(match (self, value) {
            (SqlType::Bool, Value::Int(number)) => Value::Bool(number != 0),
            (SqlType::Date, Value::Text(text)) => Value::Date(civil::parse_date(&text)?),
            (SqlType::Time, Value::Text(text)) => Value::Time(civil::parse_time(&text)?),
            (SqlType::Timestamp, Value::Text(text)) => Value::Timestamp(civil::parse_timestamp(&text)?),
            (SqlType::TimestampTz, Value::Text(text)) => Value::Timestamp(civil::parse_instant(&text)?),
            (SqlType::Decimal, Value::Text(text)) => {
                Value::Text(decimal::canonical(&text)?.into_owned().into())
            }
            (_, value) => value,
        })
    }
}
