//! `Vec<u8>`: a BYTEA or BLOB.

use super::{DbValue, mismatch};
use crate::{Result, SqlType, Value};

impl DbValue for Vec<u8> {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Bytes;

    fn encode(&self) -> Result<Value<'_>> {
        Ok(Value::Bytes(self.into()))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        match value {
            Value::Bytes(value) => Ok(value.to_vec()),
            other => Err(mismatch("bytes", other)),
        }
    }
}
