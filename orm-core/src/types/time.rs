//! The types of `time`: an instant, which comes back in UTC, and dates and times of no zone.

use ::time::{Date, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use super::moments::{self, days, micros, out_of_range, time, whole_micros};
use super::{DbValue, Now, Temporal};
use crate::value::civil;
use crate::{Result, SqlType, Value};

const ROUND: &str = "`value.replace_microsecond(value.microsecond())`";

/// 1970-01-01 in the count that `time` calls Julian.
const EPOCH: i32 = 2_440_588;

impl Temporal for OffsetDateTime {}
impl Temporal for PrimitiveDateTime {}
impl Temporal for Date {}
impl Temporal for Time {}

impl Now for OffsetDateTime {
    fn now() -> Self {
        moments::now(Self::UNIX_EPOCH)
    }
}

impl Now for PrimitiveDateTime {
    fn now() -> Self {
        moments::now(Self::MIN)
    }
}

impl DbValue for OffsetDateTime {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::TimestampTz;

    fn encode(&self) -> Result<Value<'_>> {
        let utc = self.checked_to_offset(UtcOffset::UTC).ok_or_else(|| out_of_range("an instant in UTC"))?;
        timestamp(utc.date(), utc.time())
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        Ok(date_time(micros(Self::TYPE, value)?)?.assume_utc())
    }
}

impl DbValue for PrimitiveDateTime {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Timestamp;

    fn encode(&self) -> Result<Value<'_>> {
        timestamp(self.date(), self.time())
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        date_time(micros(Self::TYPE, value)?)
    }
}

impl DbValue for Date {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Date;

    fn encode(&self) -> Result<Value<'_>> {
        Ok(Value::Date(self.to_julian_day() - EPOCH))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        date_of(days(value)?)
    }
}

impl DbValue for Time {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Time;

    fn encode(&self) -> Result<Value<'_>> {
        micros_of(*self).map(Value::Time)
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        time_of(time(value)?)
    }
}

fn timestamp(date: Date, time: Time) -> Result<Value<'static>> {
    let days = i64::from(date.to_julian_day() - EPOCH);
    Ok(Value::Timestamp(days * civil::DAY + micros_of(time)?))
}

fn date_time(micros: i64) -> Result<PrimitiveDateTime> {
    let days = i32::try_from(micros.div_euclid(civil::DAY)).map_err(|_| out_of_range("a time::Date"))?;
    Ok(PrimitiveDateTime::new(date_of(days)?, time_of(micros.rem_euclid(civil::DAY))?))
}

fn date_of(days: i32) -> Result<Date> {
    let date = days.checked_add(EPOCH).and_then(|day| Date::from_julian_day(day).ok());
    date.ok_or_else(|| out_of_range("a time::Date"))
}

fn micros_of(time: Time) -> Result<i64> {
    let (hour, minute, second, nano) = time.as_hms_nano();
    Ok(civil::micros_of(hour.into(), minute.into(), second.into(), whole_micros(nano.into(), ROUND)?))
}

fn time_of(micros: i64) -> Result<Time> {
    let (hour, minute, second, micro) = civil::time_of(micros);
    let wrong = || out_of_range("a time::Time");
    let (Ok(hour), Ok(minute), Ok(second), Ok(micro)) =
        (hour.try_into(), minute.try_into(), second.try_into(), micro.try_into())
    else {
        return Err(wrong());
    };
    Time::from_hms_micro(hour, minute, second, micro).map_err(|error| wrong().with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn round_trip<T: DbValue + PartialEq + std::fmt::Debug>(value: T) {
        assert_eq!(value.encode().and_then(|encoded| T::decode(&encoded)).ok(), Some(value));
    }

    #[test]
    fn values_go_there_and_back() {
        let days = |date: Date| i64::from(date.to_julian_day() - EPOCH);
        for days in (days(Date::MIN)..days(Date::MAX)).step_by(101) {
            let date = date_of(i32::try_from(days).unwrap_or_default()).unwrap_or(Date::MIN);
            let (year, month, day) = civil::date_of(days);
            assert_eq!(
                (i64::from(date.year()), i64::from(u8::from(date.month())), i64::from(date.day())),
                (year, month, day)
            );
        }
        round_trip(Date::MIN);
        round_trip(Date::MAX);
        round_trip(Time::MIDNIGHT);
        round_trip(PrimitiveDateTime::MIN);
        round_trip(OffsetDateTime::UNIX_EPOCH);
        let east = UtcOffset::from_hms(5, 45, 0).map(|offset| OffsetDateTime::UNIX_EPOCH.to_offset(offset));
        round_trip(east.unwrap_or(OffsetDateTime::UNIX_EPOCH));
    }

    #[test]
    fn what_no_database_holds_is_refused() {
        let message = Time::MAX.encode().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains("replace_microsecond"), "{message}");
        assert!(PrimitiveDateTime::MAX.encode().is_err());
        assert!(Time::decode(&Value::Time(civil::DAY)).is_err());
        assert!(Date::decode(&Value::Date(i32::MAX)).is_err());
        assert!(OffsetDateTime::decode(&Value::Timestamp(i64::MIN)).is_err());
    }
}
