//! What a column's Rust type has to say about itself. Each type is one file of this folder: what it is in SQL, how
//! it is written, how it is read.

mod array;
mod bool;
mod bytes;
mod floats;
mod integers;
#[cfg(any(feature = "jiff", feature = "chrono", feature = "time"))]
mod moments;
mod now;
mod number;
mod option;
mod text;

#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "decimal")]
mod decimal;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "time")]
mod time;
#[cfg(feature = "uuid")]
mod uuid;

use crate::error::{Error, ErrorKind};
use crate::value::Row;
use crate::{Result, SqlType, Value};

#[cfg(feature = "json")]
pub use json::Json;
pub use now::Now;

/// A Rust type that fills one column.
///
/// | Rust | Feature | PostgreSQL | SQLite | MariaDB, MySQL |
/// |---|---|---|---|---|
/// | `bool` | | `boolean` | `INTEGER`, 0 or 1 | `boolean`, which is `tinyint(1)` |
/// | `i8`, `i16` | | `smallint` | `INTEGER` | `smallint` |
/// | `u16`, `i32` | | `integer` | `INTEGER` | `int` |
/// | `u32`, `i64` | | `bigint` | `INTEGER` | `bigint` |
/// | `u64` | | `bigint`, up to `i64::MAX` | `INTEGER`, up to `i64::MAX` | `bigint unsigned` |
/// | `f32` | | `real` | `REAL` | `float` |
/// | `f64` | | `double precision` | `REAL` | `double` |
/// | `String`, `Box<str>`, `Cow<'static, str>` | | `text` | `TEXT` | `longtext`; in a key `varchar` |
/// | `Vec<u8>` | | `bytea` | `BLOB` | `longblob`; in a key `varbinary` |
/// | `Vec<T>` of any other column type | | `t[]` | `TEXT`, JSON | `longtext`, JSON |
/// | `Option<T>` | | the same, may be NULL | the same, may be NULL | the same, may be NULL |
/// | `jiff::civil::Date`, `chrono::NaiveDate`, `time::Date` | `jiff`, `chrono`, `time` | `date` | `TEXT`, `2026-11-21` | `date` |
/// | `jiff::civil::Time`, `chrono::NaiveTime`, `time::Time` | `jiff`, `chrono`, `time` | `time` | `TEXT`, `09:30:00.000000` | `time(6)` |
/// | `jiff::civil::DateTime`, `chrono::NaiveDateTime`, `time::PrimitiveDateTime` | `jiff`, `chrono`, `time` | `timestamp` | `TEXT`, `2026-11-21 09:30:00.000000` | `datetime(6)` |
/// | `jiff::Timestamp`, `chrono::DateTime<Utc>`, `time::OffsetDateTime` | `jiff`, `chrono`, `time` | `timestamptz` | `TEXT`, in UTC, with `+00:00` | `datetime(6)`, in UTC |
/// | `uuid::Uuid` | `uuid` | `uuid` | `BLOB`, 16 bytes | `binary(16)` |
/// | `rust_decimal::Decimal` | `decimal` | `numeric` | `TEXT`, compared as a number | `decimal(65,30)` |
/// | `serde_json::Value`, `orm::Json<T>` | `json` | `jsonb` | `TEXT` | `json` |
/// | an enum with `#[derive(DbEnum)]` | | `text`, an integer, or a type of its own | `TEXT` or `INTEGER` | text, an integer, or `enum(…)` |
/// | a newtype with `#[derive(DbValue)]` | | that of the inner type | that of the inner type | that of the inner type |
///
/// What cannot be held exactly is refused, never rounded: nanoseconds, NaN, years outside of what the database holds
/// (0 to 9999 but on PostgreSQL), decimals of more than 35 digits before the point or 30 behind it on MariaDB and MySQL. An `OffsetDateTime` is stored as an instant and comes back in UTC. A decimal has no scale of its own:
/// `1.50` comes back as `1.5`, which is equal to it. On SQLite an index on a decimal column is not used for comparisons, because the
/// index is in the order of the texts. JSON is compared as `jsonb` on PostgreSQL and as its text on SQLite.
///
/// Implement it for a type of your own to use that type in a model, in a filter and in a result; for a newtype and for an
/// enum without fields it can be derived.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a column type",
    label = "not a column type",
    note = "columns are bool, integers, floats, String, Vec<u8>, a Vec or an Option of these, types of the features jiff, chrono, time, uuid, decimal and json, what derives or implements `orm::DbValue`, and in a model also BelongsTo<Model> and what derives `orm::Embedded`"
)]
pub trait DbValue: Sized + Send + Sync + 'static {
    /// The type without `Option`: `T` for an `Option<T>`, `Self` for any other.
    type Plain: DbValue;
    /// `Option<U>` for an `Option<T>`, `U` for any other: what is made of a value that may be NULL may be so, too.
    type Nulled<U: DbValue>: DbValue;
    /// The column's type in SQL.
    const TYPE: SqlType;
    /// Whether the column may hold NULL.
    const NULLABLE: bool = false;

    /// The value as it is sent; an error if the database cannot hold it exactly.
    fn encode(&self) -> Result<Value<'_>>;

    /// The value as it was read; an error if it does not fit.
    fn decode(value: &Value<'_>) -> Result<Self>;

    /// The same, straight from a row, where there is a shorter way.
    #[doc(hidden)]
    fn shortcut(row: &dyn Row, index: usize) -> Option<Self> {
        let _ = (row, index);
        None
    }
}

pub use number::{Fractional, Number, Whole};
pub(crate) use text::encode_text;

/// A column type that is text: it can be compared with a `&str`, and searched.
#[diagnostic::on_unimplemented(
    message = "a column or expression of type `{Self}` cannot be compared with text",
    label = "expected `{Self}`, or a column or expression of that type"
)]
pub trait Textual: DbValue {}

/// A column type that is a date, a time, or both, of which a part can be taken.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a date or a time",
    label = "not a date, a time of day, a timestamp or an instant"
)]
pub trait Temporal: DbValue {}

/// A column type that is JSON, into which a path leads.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not JSON",
    label = "not a `serde_json::Value` or a `Json<T>`"
)]
pub trait Structured: DbValue {}

/// The error for a stored value that is none of an enum's.
#[doc(hidden)]
pub fn unknown_variant(name: &str, variants: &[&str]) -> Error {
    let variants = variants.join(", ");
    Error::new(
        ErrorKind::Decode,
        format!("the database holds a value that {name} does not have; it has {variants}"),
    )
}

/// The error for a stored value of a shape that an enum cannot be read from.
#[doc(hidden)]
pub fn not_a_variant(name: &str, found: &Value<'_>) -> Error {
    mismatch(name, found)
}

/// The error for a value of another kind than the type can hold.
fn mismatch(wanted: &str, found: &Value<'_>) -> Error {
    let advice = if found.is_null() {
        "; make the field an Option to allow it, or select it as .optional()"
    } else {
        ""
    };
    Error::new(ErrorKind::Decode, format!("expected {wanted}, the database holds {}{advice}", found.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn round_trip<T: DbValue + PartialEq + std::fmt::Debug>(value: T) {
        let encoded = value.encode().map(Value::into_owned);
        assert_eq!(encoded.and_then(|value| T::decode(&value)).ok(), Some(value));
    }

    #[test]
    fn every_type_comes_back_as_it_was() {
        round_trip(true);
        round_trip(i8::MIN);
        round_trip(u16::MAX);
        round_trip(u32::MAX);
        round_trip(u64::MAX / 2);
        round_trip(Box::<str>::from("boxed"));
        round_trip(std::borrow::Cow::Borrowed("borrowed"));
        round_trip(vec![Some(1i16), None]);
        round_trip(vec![vec![0u8], vec![]]);
        round_trip(i16::MIN);
        round_trip(i32::MAX);
        round_trip(i64::MIN);
        round_trip(f32::MIN_POSITIVE);
        round_trip(f64::MAX);
        round_trip(String::from("naïve ☃"));
        round_trip(vec![0u8, 1, 255]);
        round_trip(None::<i32>);
        round_trip(Some(String::new()));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let message = |error: Option<Error>| error.map(|error| error.to_string()).unwrap_or_default();
        assert!(message(i32::decode(&Value::Int(1 << 40)).err()).contains("does not fit an i32"));
        assert!(message(u64::decode(&Value::Int(-1)).err()).contains("does not fit a u64"));
        assert!(message(i64::decode(&Value::UInt(u64::MAX)).err()).contains("above i64::MAX"));
        assert_eq!(u64::MAX.encode().ok(), Some(Value::UInt(u64::MAX)));
        assert!(message(Vec::<i32>::decode(&Value::Text("1".into())).err()).contains("JSON"));
        assert!(message(i64::decode(&Value::Null).err()).contains("make the field an Option"));
        assert!(message(i64::decode(&Value::Text("12x".into())).err()).contains("the database holds text"));
        assert!(message(f32::decode(&Value::Float(1e300)).err()).contains("f32"));
        assert!(message(f64::NAN.encode().err()).contains("NaN"));
        assert!(message("a\0b".to_owned().encode().err()).contains("NUL"));
        assert!(message(bool::decode(&Value::Int(2)).err()).contains("bool"));
    }
}
