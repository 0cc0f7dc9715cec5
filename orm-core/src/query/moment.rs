//! Dates and times. All is in UTC, whatever the session's zone.

use crate::error::{Error, ErrorKind};
use crate::query::column::Mistake;
use crate::query::expr::{Expr, Expression};
use crate::query::function::{Call, Function};
use crate::types::{DbValue, Temporal};
use crate::{Result, SqlType};

/// A part of a date or of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DatePart {
    /// The year.
    Year,
    /// 1 to 4.
    Quarter,
    /// 1 to 12.
    Month,
    /// The day of the month, 1 to 31.
    Day,
    /// 1 for Monday to 7 for Sunday.
    Weekday,
    /// 1 to 366.
    DayOfYear,
    /// 0 to 23.
    Hour,
    /// 0 to 59.
    Minute,
    /// 0 to 59, without a fraction.
    Second,
}

impl DatePart {
    pub(crate) fn extract_name(self) -> &'static str {
        match self {
            Self::Year => "EXTRACT(YEAR)",
            Self::Quarter => "EXTRACT(QUARTER)",
            Self::Month => "EXTRACT(MONTH)",
            Self::Day => "EXTRACT(DAY)",
            Self::Weekday => "EXTRACT(ISODOW)",
            Self::DayOfYear => "EXTRACT(DOY)",
            Self::Hour => "EXTRACT(HOUR)",
            Self::Minute => "EXTRACT(MINUTE)",
            Self::Second => "EXTRACT(SECOND)",
        }
    }

    pub(crate) fn standard(self) -> &'static str {
        match self {
            Self::Year => "CAST(extract(year FROM {0}) AS {t})",
            Self::Quarter => "CAST(extract(quarter FROM {0}) AS {t})",
            Self::Month => "CAST(extract(month FROM {0}) AS {t})",
            Self::Day => "CAST(extract(day FROM {0}) AS {t})",
            Self::Weekday => "CAST(extract(isodow FROM {0}) AS {t})",
            Self::DayOfYear => "CAST(extract(doy FROM {0}) AS {t})",
            Self::Hour => "CAST(extract(hour FROM {0}) AS {t})",
            Self::Minute => "CAST(extract(minute FROM {0}) AS {t})",
            Self::Second => "CAST(floor(extract(second FROM {0})) AS {t})",
        }
    }

    pub(crate) fn truncation(self) -> &'static str {
        match self {
            Self::Year => "CAST(date_trunc('year', {0}) AS {t})",
            Self::Quarter => "CAST(date_trunc('quarter', {0}) AS {t})",
            Self::Month => "CAST(date_trunc('month', {0}) AS {t})",
            Self::Day | Self::Weekday | Self::DayOfYear => "CAST(date_trunc('day', {0}) AS {t})",
            Self::Hour => "CAST(date_trunc('hour', {0}) AS {t})",
            Self::Minute => "CAST(date_trunc('minute', {0}) AS {t})",
            Self::Second => "CAST(date_trunc('second', {0}) AS {t})",
        }
    }

    fn is_of_time(self) -> bool {
        matches!(self, Self::Hour | Self::Minute | Self::Second)
    }

    /// An error if values of this type have no such part.
    fn check(self, of: SqlType) -> Result<()> {
        let has_it = match of {
            SqlType::Date => !self.is_of_time(),
            SqlType::Time => self.is_of_time(),
            _ => true,
        };
        if has_it {
            return Ok(());
        }
        let message = format!("a value of the type {of:?} has no part {self:?}");
        Err(Error::new(ErrorKind::InvalidQuery, message))
    }
}

/// A part of a date or a time as a number, of an instant in UTC.
pub fn extract<E: Expression>(part: DatePart, moment: E) -> Expr<<E::Type as DbValue>::Nulled<i32>>
where
    <E::Type as DbValue>::Plain: Temporal,
{
    match part.check(<E::Type as DbValue>::TYPE) {
        Ok(()) => Call::of::<_, i32>(Function::Extract(part), moment).expr(),
        Err(error) => Expr::new(Mistake(error)),
    }
}

/// The moment at which its year, month, … began; that of an instant in UTC. It is an error for a time of day and for
/// [`DatePart::Weekday`] and [`DatePart::DayOfYear`], which are numbers of a day.
pub fn date_trunc<E: Expression>(part: DatePart, moment: E) -> Expr<E::Type>
where
    <E::Type as DbValue>::Plain: Temporal,
{
    let of = <E::Type as DbValue>::TYPE;
    let is_number = matches!(part, DatePart::Weekday | DatePart::DayOfYear);
    if is_number || of == SqlType::Time {
        let message = format!("a value of the type {of:?} cannot be cut off at {part:?}");
        return Expr::new(Mistake(Error::new(ErrorKind::InvalidQuery, message)));
    }
    match part.check(of) {
        Ok(()) => Call::of::<_, E::Type>(Function::Truncate(part), moment).expr(),
        Err(error) => Expr::new(Mistake(error)),
    }
}

/// The instant at which the transaction began (PostgreSQL), or the statement (SQLite, to the millisecond); as a timestamp of no zone it is
/// in UTC: `current_timestamp::<jiff::Timestamp>()`.
pub fn current_timestamp<T: Temporal>() -> Expr<T> {
    current(Function::CurrentTimestamp, &[SqlType::Timestamp, SqlType::TimestampTz])
}

/// The same moment's date, in UTC: `current_date::<jiff::civil::Date>()`.
pub fn current_date<T: Temporal>() -> Expr<T> {
    current(Function::CurrentDate, &[SqlType::Date])
}

fn current<T: Temporal>(function: Function, types: &[SqlType]) -> Expr<T> {
    if types.contains(&T::TYPE) {
        return Call::nullary::<T>(function).expr();
    }
    let message = format!("{} is no {:?}", function.name(), T::TYPE);
    Expr::new(Mistake(Error::new(ErrorKind::InvalidQuery, message)))
}
