//! `Vec<T>`: an array, or JSON text where a database has none. A `Vec<u8>` is not among them: it is bytes.
//!
//! No database has a column of arrays of arrays:
//!
//! ```compile_fail
//! let matrix = <Vec<Vec<i32>> as orm_core::DbValue>::TYPE;
//! ```

use super::{DbValue, mismatch};
use crate::value::list;
use crate::{Result, SqlType, Value};

impl<T: DbValue> DbValue for Vec<T> {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = {
        assert!(
            !matches!(T::TYPE, SqlType::Array(_)),
            "an array cannot hold arrays: no database can have such a column"
        );
        SqlType::Array(&T::TYPE)
    };

    fn encode(&self) -> Result<Value<'_>> {
        self.iter().map(T::encode).collect::<Result<_>>().map(Value::Array)
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        match value {
            Value::Array(values) => values.iter().map(|value| T::decode(&value)).collect(),
            Value::Text(text) => list::parse(T::TYPE, text)?.iter().map(T::decode).collect(),
            other => Err(mismatch("an array", other)),
        }
    }
}
