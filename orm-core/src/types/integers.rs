//! `i16`, `i32`, `i64`: read with a range check, never cut off.

use super::{DbValue, mismatch};
use crate::error::{Error, ErrorKind};
use crate::value::Row;
use crate::{Result, SqlType, Value};

macro_rules! integer {
    ($type:ty, $sql:expr, $article:literal) => {
        impl DbValue for $type {
            const TYPE: SqlType = $sql;

            #[inline]
            fn encode(&self) -> Result<Value<'_>> {
                Ok(Value::Int(i64::from(*self)))
            }

            #[inline]
            fn decode(value: &Value<'_>) -> Result<Self> {
                match value {
                    Value::Int(value) => Self::try_from(*value).map_err(|_| {
                        let message = concat!("the database holds an integer that does not fit ", $article);
                        Error::new(ErrorKind::Decode, message)
                    }),
                    other => Err(mismatch(concat!($article, " integer"), other)),
                }
            }

            #[inline]
            fn shortcut(row: &dyn Row, index: usize) -> Option<Self> {
                Self::try_from(row.int(index)?).ok()
            }
        }
    };
}

integer!(i16, SqlType::SmallInt, "an i16");
integer!(i32, SqlType::Integer, "an i32");
integer!(i64, SqlType::BigInt, "an i64");
