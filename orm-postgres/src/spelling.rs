//! How PostgreSQL writes the functions that it writes differently: mostly to yield the same type as other databases do.

use orm_core::SqlType;
use orm_core::query::{DatePart, Function};

pub(crate) fn spelling(function: Function, of: SqlType, yields: SqlType) -> &'static str {
    match function {
        // The sum of the largest integers is a numeric.
        Function::Sum if yields == SqlType::BigInt => "CAST(sum({d}{0}){o} AS {t})",
        Function::Sum if of == SqlType::Real => "sum({d}CAST({0} AS double precision)){o}",
        Function::Average if yields == SqlType::Double => "CAST(avg({d}{0}){o} AS {t})",
        Function::Min if of == SqlType::Bool => "bool_and({d}{0}){o}",
        Function::Max if of == SqlType::Bool => "bool_or({d}{0}){o}",
        Function::Power => "power(CAST({0} AS double precision), {1})",
        Function::Sqrt => "sqrt(CAST({0} AS double precision))",
        Function::CurrentTimestamp if yields == SqlType::Timestamp => {
            "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')"
        }
        Function::CurrentDate => "CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS date)",
        Function::Extract(part) if of == SqlType::TimestampTz => extract_in_utc(part),
        Function::Truncate(part) if of == SqlType::TimestampTz => truncate_in_utc(part),
        other => other.standard(),
    }
}

macro_rules! in_utc {
    ($part:literal) => {
        concat!("CAST(extract(", $part, " FROM {0} AT TIME ZONE 'UTC') AS {t})")
    };
}

fn extract_in_utc(part: DatePart) -> &'static str {
    match part {
        DatePart::Year => in_utc!("year"),
        DatePart::Quarter => in_utc!("quarter"),
        DatePart::Month => in_utc!("month"),
        DatePart::Day => in_utc!("day"),
        DatePart::Weekday => in_utc!("isodow"),
        DatePart::DayOfYear => in_utc!("doy"),
        DatePart::Hour => in_utc!("hour"),
        DatePart::Minute => in_utc!("minute"),
        DatePart::Second => "CAST(floor(extract(second FROM {0})) AS {t})",
    }
}

fn truncate_in_utc(part: DatePart) -> &'static str {
    match part {
        DatePart::Year => "date_trunc('year', {0}, 'UTC')",
        DatePart::Quarter => "date_trunc('quarter', {0}, 'UTC')",
        DatePart::Month => "date_trunc('month', {0}, 'UTC')",
        DatePart::Day | DatePart::Weekday | DatePart::DayOfYear => "date_trunc('day', {0}, 'UTC')",
        DatePart::Hour => "date_trunc('hour', {0}, 'UTC')",
        DatePart::Minute => "date_trunc('minute', {0}, 'UTC')",
        DatePart::Second => "date_trunc('second', {0}, 'UTC')",
    }
}
