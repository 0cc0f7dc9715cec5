//! `f32`, `f64`: finite numbers only, because not every database can hold the others and compare them alike.

use super::{DbValue, mismatch};
use crate::error::{Error, ErrorKind};
use crate::{Result, SqlType, Value};

fn finite(value: f64) -> Result<Value<'static>> {
    if value.is_finite() {
        Ok(Value::Float(value))
    } else {
        Err(Error::new(ErrorKind::Encode, "NaN and infinities cannot be stored alike by every database"))
    }
}

super::number::fractional!(f64, f64);
super::number::fractional!(f32, f64);

impl DbValue for f64 {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Double;

    fn encode(&self) -> Result<Value<'_>> {
        finite(*self)
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        match value {
            Value::Float(value) => Ok(*value),
            other => Err(mismatch("an f64", other)),
        }
    }
}

impl DbValue for f32 {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Real;

    fn encode(&self) -> Result<Value<'_>> {
        finite(f64::from(*self))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        match value {
            #[expect(clippy::cast_possible_truncation, reason = "compared with the original right after")]
            Value::Float(value) if f64::from(*value as f32).to_bits() == value.to_bits() => Ok(*value as f32),
            Value::Float(_) => Err(Error::new(
                ErrorKind::Decode,
                "the database holds a float that does not fit an f32 exactly",
            )),
            other => Err(mismatch("an f32", other)),
        }
    }
}
