//! `Option<T>`: the same column, and it may hold NULL.

use super::DbValue;
use crate::value::Row;
use crate::{Result, SqlType, Value};

impl<T: DbValue> DbValue for Option<T> {
    type Plain = T::Plain;
    type Nulled<U: DbValue> = Option<U>;
    const TYPE: SqlType = T::TYPE;
    const NULLABLE: bool = true;

    #[inline]
    fn encode(&self) -> Result<Value<'_>> {
        self.as_ref().map_or(Ok(Value::Null), T::encode)
    }

    #[inline]
    fn decode(value: &Value<'_>) -> Result<Self> {
        match value {
            Value::Null => Ok(None),
            value => T::decode(value).map(Some),
        }
    }

    #[inline]
    fn shortcut(row: &dyn Row, index: usize) -> Option<Self> {
        T::shortcut(row, index).map(Some)
    }
}
