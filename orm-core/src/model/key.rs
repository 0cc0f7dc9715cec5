//! Primary keys: one column, or a tuple of up to four.

use std::fmt::Debug;

use crate::error::{Error, ErrorKind};
use crate::result::RowReader;
use crate::types::DbValue;
use crate::{Result, SqlType, Value};

/// What rows are told apart by.
pub trait Key: Clone + PartialEq + Debug + Send + Sync + 'static {
    /// The types of its columns.
    const TYPES: &'static [SqlType];

    /// The value of one of its columns.
    fn get(&self, part: usize) -> Result<Value<'_>>;

    /// A key from the values of its columns.
    fn from_values(values: &[Value<'_>]) -> Result<Self>;

    /// Takes a key from a row.
    #[doc(hidden)]
    fn read(row: &mut RowReader<'_>) -> Result<Self>;

    /// Takes a key from a row, or nothing if a part of it is NULL.
    #[doc(hidden)]
    fn read_if_there(row: &mut RowReader<'_>) -> Result<Option<Self>>;
}

/// The error for a key of another width; only an inconsistent derive could cause it.
fn width() -> Error {
    Error::new(ErrorKind::Misuse, "a key has another number of columns than its model")
}

impl<T: DbValue + Clone + PartialEq + Debug> Key for T {
    const TYPES: &'static [SqlType] = &[T::TYPE];

    fn get(&self, _part: usize) -> Result<Value<'_>> {
        self.encode()
    }

    fn from_values(values: &[Value<'_>]) -> Result<Self> {
        T::decode(values.first().ok_or_else(width)?)
    }

    #[inline]
    fn read(row: &mut RowReader<'_>) -> Result<Self> {
        row.field()
    }

    #[inline]
    fn read_if_there(row: &mut RowReader<'_>) -> Result<Option<Self>> {
        match &row.next()? {
            Value::Null => Ok(None),
            value => T::decode(value).map(Some),
        }
    }
}

macro_rules! tuple_key {
    ($($part:tt $type:ident),+) => {
        impl<$($type: DbValue + Clone + PartialEq + Debug),+> Key for ($($type,)+) {
            const TYPES: &'static [SqlType] = &[$($type::TYPE),+];

            fn get(&self, part: usize) -> Result<Value<'_>> {
                match part {
                    $($part => self.$part.encode(),)+
                    _ => Err(width()),
                }
            }

            fn from_values(values: &[Value<'_>]) -> Result<Self> {
                Ok(($($type::decode(values.get($part).ok_or_else(width)?)?,)+))
            }

            fn read(row: &mut RowReader<'_>) -> Result<Self> {
                Ok(($(row.field::<$type>()?,)+))
            }

            fn read_if_there(row: &mut RowReader<'_>) -> Result<Option<Self>> {
                let values = [$({ let _: usize = $part; row.next()? }),+];
                if values.iter().any(Value::is_null) { Ok(None) } else { Self::from_values(&values).map(Some) }
            }
        }
    };
}

tuple_key!(0 A, 1 B);
tuple_key!(0 A, 1 B, 2 C);
tuple_key!(0 A, 1 B, 2 C, 3 D);
