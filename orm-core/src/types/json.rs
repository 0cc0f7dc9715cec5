//! `serde_json::Value` and `Json<T>`: JSON.

use std::io;
use std::ops::{Deref, DerefMut};

use ::serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};
use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

use super::{DbValue, Structured, mismatch};
use crate::error::{Error, ErrorKind};
use crate::{Result, SqlType, Value};

/// Anything that serde can write, as a column of JSON.
///
/// It counts as changed when its text does, and that is written anew for each comparison: a value that is read often and
/// changed seldom costs nothing, one that is touched costs its serialization at the next flush.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Json<T>(pub T);

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> DbValue for Json<T> {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Json;

    fn encode(&self) -> Result<Value<'_>> {
        write(&self.0)
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        read(value).map(Self)
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Structured for Json<T> {}

impl Structured for ::serde_json::Value {}

impl DbValue for ::serde_json::Value {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Json;

    fn encode(&self) -> Result<Value<'_>> {
        write(self)
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        read(value)
    }
}

fn write(value: &impl Serialize) -> Result<Value<'static>> {
    let mut text = Vec::new();
    let written = value.serialize(&mut Serializer::with_formatter(&mut text, Exact));
    let text = written
        .map_err(|error| error.to_string())
        .and_then(|()| String::from_utf8(text).map_err(|error| error.to_string()));
    // The message of a failed serialization is not shown: it may have a value in it.
    match text {
        Ok(text) => Ok(Value::Text(text.into())),
        Err(message) if message == NUL => Err(Error::new(ErrorKind::Encode, NUL)),
        Err(_) => Err(Error::new(ErrorKind::Encode, "the value cannot be written as JSON")),
    }
}

fn read<T: DeserializeOwned>(value: &Value<'_>) -> Result<T> {
    let Value::Text(text) = value else { return Err(mismatch("JSON", value)) };
    ::serde_json::from_str(text).map_err(|error| {
        let message = format!(
            "the database holds JSON that does not fit the field, at line {} column {} of it",
            error.line(),
            error.column()
        );
        Error::new(ErrorKind::Decode, message)
    })
}

const NUL: &str = "JSON text with a NUL character cannot be stored by every database";

/// JSON of which nothing is lost in a database that takes it apart, as PostgreSQL's `jsonb` does: floats without a fraction
/// keep their point, because a number without one comes back as an integer.
struct Exact;

impl Formatter for Exact {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        if value.fract() == 0.0 {
            write!(writer, "{value:.1}")
        } else {
            CompactFormatter.write_f64(writer, value)
        }
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        if value.fract() == 0.0 {
            write!(writer, "{value:.1}")
        } else {
            CompactFormatter.write_f32(writer, value)
        }
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        match escape {
            CharEscape::AsciiControl(0) => Err(io::Error::other(NUL)),
            escape => CompactFormatter.write_char_escape(writer, escape),
        }
    }
}

#[cfg(test)]
mod tests {
    use ::serde_json::json;

    use super::*;

    #[test]
    fn json_goes_there_and_back() {
        let values = [
            json!(null),
            json!(true),
            json!("☃ \n\"\\\u{1}"),
            json!([]),
            json!({"ключ": {"a": [1, -2, 0.5]}}),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(1e16),
            json!(1e300),
            json!(-0.0),
            json!(5e-324),
            json!(0.1),
        ];
        for value in values {
            let read = value.encode().and_then(|text| ::serde_json::Value::decode(&text));
            assert_eq!(read.ok(), Some(value));
        }
        let typed = Json(vec![(1u8, Some(1.5f32)), (2, None)]);
        assert_eq!(typed.encode().and_then(|text| Json::decode(&text)).ok(), Some(typed));
    }

    #[test]
    fn floats_stay_floats() {
        let text = |value: f64| json!(value).encode().map(|value| format!("{value:?}")).unwrap_or_default();
        assert!(text(1e16).contains("10000000000000000.0"), "{}", text(1e16));
        assert!(text(2.0).contains("2.0"));
    }

    #[test]
    fn what_is_refused_shows_no_value() {
        let message = |error: Option<Error>| error.map(|error| error.to_string()).unwrap_or_default();
        assert!(message(json!({"a\0secret": 1}).encode().err()).contains("NUL"));
        let unwritable = std::collections::HashMap::from([(vec![1u8], "secret".to_owned())]);
        let error = message(write(&unwritable).err());
        assert!(error.contains("cannot be written as JSON"), "{error}");
        let error = message(Json::<bool>::decode(&Value::Text("\"secret\"".into())).err());
        assert!(error.contains("line 1") && !error.contains("secret"), "{error}");
        assert!(message(Json::<bool>::decode(&Value::Int(1)).err()).contains("expected JSON"));
    }
}
