//! Integers: read with a range check, never cut off. What a database has no type for takes the next wider one.

use super::{DbValue, mismatch};
use crate::error::{Error, ErrorKind};
use crate::value::Row;
use crate::{Result, SqlType, Value};

macro_rules! integer {
    ($type:ty, $sql:expr, $article:literal) => {
        super::number::whole!($type);

        impl DbValue for $type {
            type Plain = Self;
            type Nulled<U: DbValue> = U;
            const TYPE: SqlType = $sql;

            #[inline]
            fn encode(&self) -> Result<Value<'_>> {
                Ok(Value::Int(i64::from(*self)))
            }

            #[inline]
            fn decode(value: &Value<'_>) -> Result<Self> {
                match value {
                    Value::Int(value) => Self::try_from(*value).map_err(|_| does_not_fit($article)),
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

integer!(i8, SqlType::SmallInt, "an i8");
integer!(i16, SqlType::SmallInt, "an i16");
integer!(i32, SqlType::Integer, "an i32");
integer!(i64, SqlType::BigInt, "an i64");
integer!(u16, SqlType::Integer, "a u16");
integer!(u32, SqlType::BigInt, "a u32");

super::number::whole!(u64);

impl DbValue for u64 {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::BigUnsigned;

    fn encode(&self) -> Result<Value<'_>> {
        Ok(Value::of_unsigned(*self))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        match value {
            Value::Int(value) => Self::try_from(*value).map_err(|_| does_not_fit("a u64")),
            Value::UInt(value) => Ok(*value),
            other => Err(mismatch("a u64 integer", other)),
        }
    }

    fn shortcut(row: &dyn Row, index: usize) -> Option<Self> {
        Self::try_from(row.int(index)?).ok()
    }
}

fn does_not_fit(wanted: &str) -> Error {
    Error::new(ErrorKind::Decode, format!("the database holds an integer that does not fit {wanted}"))
}
