//! The types of `chrono`: an instant in UTC, and dates and times of no zone.

use ::chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

use super::moments::{self, days, micros, out_of_range, time, whole_micros};
use super::{DbValue, Now, Temporal};
use crate::error::{Error, ErrorKind};
use crate::value::civil;
use crate::{Result, SqlType, Value};

const ROUND: &str = "`value.trunc_subsecs(6)` of chrono::SubsecRound";

/// The day of 1970-01-01 in chrono's count.
const EPOCH: i32 = 719_163;

impl Temporal for DateTime<Utc> {}
impl Temporal for NaiveDateTime {}
impl Temporal for NaiveDate {}
impl Temporal for NaiveTime {}

impl Now for DateTime<Utc> {
    fn now() -> Self {
        moments::now(Self::UNIX_EPOCH)
    }
}

impl Now for NaiveDateTime {
    fn now() -> Self {
        moments::now(Self::MIN)
    }
}

impl DbValue for DateTime<Utc> {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::TimestampTz;

    fn encode(&self) -> Result<Value<'_>> {
        sub_second(self.timestamp_subsec_nanos())?;
        Ok(Value::Timestamp(self.timestamp_micros()))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        Self::from_timestamp_micros(micros(Self::TYPE, value)?)
            .ok_or_else(|| out_of_range("a chrono::DateTime"))
    }
}

impl DbValue for NaiveDateTime {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Timestamp;

    fn encode(&self) -> Result<Value<'_>> {
        sub_second(self.nanosecond())?;
        Ok(Value::Timestamp(self.and_utc().timestamp_micros()))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        let instant = DateTime::from_timestamp_micros(micros(Self::TYPE, value)?);
        instant.map(|instant| instant.naive_utc()).ok_or_else(|| out_of_range("a chrono::NaiveDateTime"))
    }
}

impl DbValue for NaiveDate {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Date;

    fn encode(&self) -> Result<Value<'_>> {
        Ok(Value::Date(self.num_days_from_ce() - EPOCH))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        let date = days(value)?.checked_add(EPOCH).and_then(Self::from_num_days_from_ce_opt);
        date.ok_or_else(|| out_of_range("a chrono::NaiveDate"))
    }
}

impl DbValue for NaiveTime {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Time;

    fn encode(&self) -> Result<Value<'_>> {
        let seconds = i64::from(self.num_seconds_from_midnight());
        Ok(Value::Time(civil::micros_of(0, 0, seconds, sub_second(self.nanosecond())?)))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        let micros = time(value)?;
        let parts = (u32::try_from(micros / 1_000_000), u32::try_from(micros % 1_000_000 * 1000));
        let (Ok(seconds), Ok(nanos)) = parts else { return Err(out_of_range("a chrono::NaiveTime")) };
        Self::from_num_seconds_from_midnight_opt(seconds, nanos)
            .ok_or_else(|| out_of_range("a chrono::NaiveTime"))
    }
}

/// The microseconds of a second, which chrono lets be two seconds long to hold a leap second.
fn sub_second(nanos: u32) -> Result<i64> {
    if nanos >= 1_000_000_000 {
        return Err(Error::new(ErrorKind::Encode, "databases know no leap seconds"));
    }
    whole_micros(nanos.into(), ROUND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn round_trip<T: DbValue + PartialEq + std::fmt::Debug>(value: T) {
        assert_eq!(value.encode().and_then(|encoded| T::decode(&encoded)).ok(), Some(value));
    }

    /// The core's own calendar is chrono's.
    #[test]
    fn the_calendars_agree() {
        for days in (-90_000_000..90_000_000).step_by(1009) {
            let Ok(date) = NaiveDate::decode(&Value::Date(days)) else { continue };
            let (year, month, day) = civil::date_of(days.into());
            assert_eq!(
                (i64::from(date.year()), i64::from(date.month()), i64::from(date.day())),
                (year, month, day)
            );
            round_trip(date);
        }
        round_trip(NaiveDate::MIN);
        round_trip(NaiveDate::MAX);
        round_trip(NaiveTime::MIN);
        round_trip(DateTime::UNIX_EPOCH);
        round_trip(DateTime::<Utc>::MIN_UTC);
    }

    #[test]
    fn what_no_database_holds_is_refused() {
        let message =
            |result: Result<Value<'_>>| result.err().map(|error| error.to_string()).unwrap_or_default();
        let leap = NaiveTime::from_hms_micro_opt(23, 59, 59, 1_000_000).unwrap_or_default();
        assert!(message(leap.encode()).contains("leap seconds"));
        assert!(message(DateTime::<Utc>::MAX_UTC.encode()).contains("trunc_subsecs(6)"));
        assert!(NaiveTime::decode(&Value::Time(civil::DAY)).is_err());
        assert!(NaiveDate::decode(&Value::Date(i32::MAX)).is_err());
        assert!(NaiveDateTime::decode(&Value::Timestamp(i64::MAX)).is_err());
    }
}
