//! What a column's Rust type has to say about itself. Each type is one file of this folder: what it is in SQL, how
//! it is written, how it is read.

mod bool;
mod bytes;
mod floats;
mod integers;
mod option;
mod text;

use crate::error::{Error, ErrorKind};
use crate::value::Row;
use crate::{Result, SqlType, Value};

/// A Rust type that fills one column.
///
/// Implement it for a type of your own to use that type in a model, in a filter and in a result.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a column type",
    label = "not a column type",
    note = "columns are bool, i16, i32, i64, f32, f64, String, Vec<u8>, an Option of these, BelongsTo<Model>, or any type that implements `orm::DbValue`"
)]
pub trait DbValue: Sized + Send + Sync + 'static {
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

/// The error for a value of another kind than the type can hold.
fn mismatch(wanted: &str, found: &Value<'_>) -> Error {
    let advice = if found.is_null() { "; make the field an Option to allow it" } else { "" };
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
        assert!(message(i64::decode(&Value::Null).err()).contains("make the field an Option"));
        assert!(message(i64::decode(&Value::Text("12x".into())).err()).contains("the database holds text"));
        assert!(message(f32::decode(&Value::Float(1e300)).err()).contains("f32"));
        assert!(message(f64::NAN.encode().err()).contains("NaN"));
        assert!(message("a\0b".to_owned().encode().err()).contains("NUL"));
        assert!(message(bool::decode(&Value::Int(2)).err()).contains("bool"));
    }
}
