//! `String`, `Box<str>`, `Cow<'static, str>`: text without NUL, which half of the databases refuse or cut at.

use std::borrow::Cow;

use super::{DbValue, Textual, mismatch};
use crate::error::{Error, ErrorKind};
use crate::value::Row;
use crate::{Result, SqlType, Value};

/// Text as a value; refused when it holds a NUL.
#[inline]
pub(crate) fn encode_text(text: &str) -> Result<Value<'_>> {
    if has_nul(text.as_bytes()) {
        return Err(Error::new(
            ErrorKind::Encode,
            "text with a NUL character cannot be stored by every database",
        ));
    }
    Ok(Value::Text(text.into()))
}

/// Eight bytes at a time: most text is short, and this runs for each value that is written.
#[inline]
fn has_nul(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    let zero_in = |word: u64| word.wrapping_sub(ONES) & !word & HIGH != 0;
    words.iter().any(|word| zero_in(u64::from_ne_bytes(*word))) || rest.contains(&0)
}

impl DbValue for String {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Text;

    #[inline]
    fn encode(&self) -> Result<Value<'_>> {
        encode_text(self)
    }

    #[inline]
    fn decode(value: &Value<'_>) -> Result<Self> {
        match value {
            Value::Text(value) => Ok(value.as_ref().to_owned()),
            other => Err(mismatch("text", other)),
        }
    }

    #[inline]
    fn shortcut(row: &dyn Row, index: usize) -> Option<Self> {
        row.text(index).map(str::to_owned)
    }
}

impl Textual for String {}

macro_rules! text {
    ($type:ty) => {
        impl DbValue for $type {
            type Plain = Self;
            type Nulled<U: DbValue> = U;
            const TYPE: SqlType = SqlType::Text;

            fn encode(&self) -> Result<Value<'_>> {
                encode_text(self)
            }

            fn decode(value: &Value<'_>) -> Result<Self> {
                String::decode(value).map(Self::from)
            }

            fn shortcut(row: &dyn Row, index: usize) -> Option<Self> {
                String::shortcut(row, index).map(Self::from)
            }
        }

        impl Textual for $type {}
    };
}

text!(Box<str>);
text!(Cow<'static, str>);
