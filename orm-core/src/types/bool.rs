//! `bool`: a BOOLEAN, or 0 and 1 where a database has none.

use super::{DbValue, mismatch};
use crate::{Result, SqlType, Value};

impl DbValue for bool {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Bool;

    fn encode(&self) -> Result<Value<'_>> {
        Ok(Value::Bool(*self))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        match value {
            Value::Bool(value) => Ok(*value),
            Value::Int(0) => Ok(false),
            Value::Int(1) => Ok(true),
            other => Err(mismatch("a bool", other)),
        }
    }
}
