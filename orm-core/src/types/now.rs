//! The present moment, as a column's value.

use super::DbValue;

/// A column type that can say what time it is, for `#[model(created_at)]` and `#[model(updated_at)]`: the instants and
/// timestamps of `jiff`, `chrono` and `time`, those without a zone in UTC, to the microsecond, which is what databases hold.
/// Implement it for a type of your own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the present moment",
    label = "not a timestamp",
    note = "`created_at` and `updated_at` fill fields of the types `jiff::Timestamp`, `jiff::civil::DateTime`, `chrono::DateTime<Utc>`, `chrono::NaiveDateTime`, `time::OffsetDateTime` and `time::PrimitiveDateTime`, each a feature of `orm`, of an `Option` of these, and of what implements `orm::Now`"
)]
pub trait Now: DbValue {
    /// The present moment.
    fn now() -> Self;
}

impl<T: Now> Now for Option<T> {
    fn now() -> Self {
        Some(T::now())
    }
}
