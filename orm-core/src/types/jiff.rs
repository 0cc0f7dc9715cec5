//! The types of `jiff`: an instant, and dates and times of no zone.

use ::jiff::Timestamp;
use ::jiff::civil::{Date, DateTime, Time};

use super::moments::{self, days, micros, out_of_range, time, whole_micros};
use super::{DbValue, Now, Temporal};
use crate::value::civil;
use crate::{Result, SqlType, Value};

const ROUND: &str = "`value.round(jiff::Unit::Microsecond)`";

impl Temporal for Timestamp {}
impl Temporal for Date {}
impl Temporal for Time {}
impl Temporal for DateTime {}

impl Now for Timestamp {
    fn now() -> Self {
        moments::now(Self::UNIX_EPOCH)
    }
}

impl Now for DateTime {
    fn now() -> Self {
        moments::now(Self::MIN)
    }
}

impl DbValue for Timestamp {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::TimestampTz;

    fn encode(&self) -> Result<Value<'_>> {
        whole_micros(self.subsec_nanosecond().into(), ROUND)?;
        Ok(Value::Timestamp(self.as_microsecond()))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        let micros = micros(Self::TYPE, value)?;
        let wrong = || out_of_range("a jiff::Timestamp");
        let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1000).map_err(|_| wrong())?;
        // By its parts: `from_microsecond` refuses the last second that there is.
        Self::new(micros.div_euclid(1_000_000), nanos).map_err(|error| wrong().with_source(error))
    }
}

impl DbValue for Date {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Date;

    fn encode(&self) -> Result<Value<'_>> {
        Ok(Value::Date(days_of(*self)?))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        date_of(days(value)?.into())
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

impl DbValue for DateTime {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Timestamp;

    fn encode(&self) -> Result<Value<'_>> {
        let days = i64::from(days_of(self.date())?);
        Ok(Value::Timestamp(days * civil::DAY + micros_of(self.time())?))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        let micros = micros(Self::TYPE, value)?;
        let date = date_of(micros.div_euclid(civil::DAY))?;
        Ok(Self::from_parts(date, time_of(micros.rem_euclid(civil::DAY))?))
    }
}

fn days_of(date: Date) -> Result<i32> {
    let days = civil::days_of(date.year().into(), date.month().into(), date.day().into());
    i32::try_from(days).map_err(|_| out_of_range("a date"))
}

fn date_of(days: i64) -> Result<Date> {
    let (year, month, day) = civil::date_of(days);
    let wrong = || out_of_range("a jiff::civil::Date");
    let (Ok(year), Ok(month), Ok(day)) = (year.try_into(), month.try_into(), day.try_into()) else {
        return Err(wrong());
    };
    Date::new(year, month, day).map_err(|error| wrong().with_source(error))
}

fn micros_of(time: Time) -> Result<i64> {
    let micros = whole_micros(time.subsec_nanosecond().into(), ROUND)?;
    Ok(civil::micros_of(time.hour().into(), time.minute().into(), time.second().into(), micros))
}

fn time_of(micros: i64) -> Result<Time> {
    let (hour, minute, second, micro) = civil::time_of(micros);
    let wrong = || out_of_range("a jiff::civil::Time");
    let (Ok(hour), Ok(minute), Ok(second), Ok(nano)) =
        (hour.try_into(), minute.try_into(), second.try_into(), (micro * 1000).try_into())
    else {
        return Err(wrong());
    };
    Time::new(hour, minute, second, nano).map_err(|error| wrong().with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The core's own calendar is jiff's.
    #[test]
    fn the_calendars_agree() {
        let (first, last) = (days_of(Date::MIN).unwrap_or_default(), days_of(Date::MAX).unwrap_or_default());
        let mut date = Date::MIN;
        for days in first..=last {
            assert_eq!(days_of(date).ok(), Some(days));
            assert_eq!(date_of(days.into()).ok(), Some(date));
            date = date.tomorrow().unwrap_or(date);
        }
        assert!(date_of(i64::from(last) + 1).is_err());
        let last = Timestamp::MAX.as_second();
        let instants =
            [Some(Timestamp::MIN), Some(Timestamp::UNIX_EPOCH), Timestamp::new(last, 999_999_000).ok()];
        for instant in instants.map(Option::unwrap_or_default) {
            let read = instant.encode().and_then(|value| Timestamp::decode(&value));
            assert_eq!(read.ok(), Some(instant));
        }
    }

    #[test]
    fn what_is_finer_than_a_microsecond_is_refused() {
        let message = Timestamp::MAX.encode().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains("round(jiff::Unit::Microsecond)"), "{message}");
        assert!(Time::MAX.encode().is_err() && DateTime::MAX.encode().is_err());
        assert!(Time::decode(&Value::Time(civil::DAY)).is_err());
        assert!(Timestamp::decode(&Value::Timestamp(i64::MAX)).is_err());
    }
}
