//! How SQLite writes the functions that it writes differently. What starts with `orm_` is in [`functions`](crate::functions).

use orm_core::SqlType;
use orm_core::query::{DatePart, Function};

/// `None` for what it cannot do exactly.
pub(crate) fn spelling(function: Function, of: SqlType, yields: SqlType) -> Option<&'static str> {
    if of == SqlType::Decimal
        && let Some(spelling) = of_decimal(function)
    {
        return spelling;
    }
    Some(match function {
        Function::Cast => return cast(of, yields),
        Function::Divide => "orm_divide({0}, {1})",
        Function::Remainder => "orm_remainder({0}, {1})",
        Function::ILike => r"orm_lower({0}) LIKE orm_lower({1}) ESCAPE '\'",
        Function::Lower => "orm_lower({0})",
        Function::Upper => "orm_upper({0})",
        // A position before the text counts from its end here.
        Function::SubstringFrom => "substr({0}, max({1}, 1))",
        Function::Substring => "substr({0}, max({1}, 1), max({2} + min({1} - 1, 0), 0))",
        Function::Position => "instr({0}, {1})",
        Function::Round => "orm_round({0})",
        Function::Floor => "orm_floor({0})",
        Function::Ceil => "orm_ceil({0})",
        Function::Power => "orm_power(CAST({0} AS REAL), {1})",
        Function::Sqrt => "orm_sqrt(CAST({0} AS REAL))",
        Function::CurrentTimestamp if yields == SqlType::TimestampTz => {
            "strftime('%Y-%m-%d %H:%M:%f000+00:00', 'now')"
        }
        Function::CurrentTimestamp => "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
        Function::CurrentDate => "date('now')",
        Function::Extract(part) => extract(part, of),
        Function::Truncate(part) => truncate(part, of),
        Function::StringAggregate => "group_concat({d}{0}, {1}{b}){o}",
        Function::StringAggregateDistinct | Function::MatchesIn | Function::MatchRank => return None,
        Function::JsonText => {
            "CASE json_type({0}, {1}) WHEN 'text' THEN {0} ->> {1} WHEN 'null' THEN NULL ELSE {0} -> {1} END"
        }
        Function::JsonInt => {
            "CASE json_type({0}, {1}) WHEN 'integer' THEN {0} ->> {1} WHEN 'real' THEN orm_whole({0} ->> {1}) END"
        }
        Function::JsonFloat => {
            "CASE WHEN json_type({0}, {1}) IN ('integer', 'real') THEN CAST({0} ->> {1} AS REAL) END"
        }
        Function::JsonBool => "CASE json_type({0}, {1}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END",
        Function::Json => "({0} -> {1})",
        Function::Matches => "{0} MATCH {1}",
        other => other.standard(),
    })
}

/// Decimals are text, with which SQLite would calculate as with floats; what is not here is as for any other type.
fn of_decimal(function: Function) -> Option<Option<&'static str>> {
    Some(match function {
        Function::Add => Some("orm_decimal_add({0}, {1})"),
        Function::Subtract => Some("orm_decimal_subtract({0}, {1})"),
        Function::Multiply => Some("orm_decimal_multiply({0}, {1})"),
        Function::Negate => Some("orm_decimal_negate({0})"),
        Function::Abs => Some("orm_decimal_abs({0})"),
        Function::Sum => Some("orm_decimal_sum({d}{0}){o}"),
        Function::Round => Some("orm_decimal_round({0})"),
        Function::Floor => Some("orm_decimal_floor({0})"),
        Function::Ceil => Some("orm_decimal_ceil({0})"),
        Function::Divide | Function::Remainder | Function::Average => None,
        _ => return None,
    })
}

/// SQLite makes 0 of text that is no number, and cuts fractions off.
fn cast(of: SqlType, yields: SqlType) -> Option<&'static str> {
    use SqlType::{BigInt, Bool, Date, Decimal, Double, Enum, Integer, Real, SmallInt, Text};
    let standard = Function::Cast.standard();
    // There is one integer type.
    let stored = |sql_type| if sql_type == SqlType::BigUnsigned { BigInt } else { sql_type };
    Some(match (stored(of), stored(yields)) {
        (of, yields) if of == yields => standard,
        (Bool | SmallInt | Integer | BigInt, SmallInt | Integer | BigInt) => standard,
        (Real | Double | Decimal | Text, SmallInt | Integer | BigInt) => "orm_integer({0})",
        (Integer, Bool) => "({0} <> 0)",
        (SmallInt | Integer | BigInt | Decimal, Real | Double) | (Real, Double) => standard,
        (Text, Double) => "orm_float({0})",
        (SmallInt | Integer | BigInt, Decimal) => standard,
        (Text, Decimal) => "orm_decimal_of({0})",
        (SmallInt | Integer | BigInt | Decimal | Enum(_) | Date, Text) => standard,
        (Bool, Text) => "CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END",
        _ => return None,
    })
}

/// Cut out of the text, because SQLite's own functions round to milliseconds.
fn extract(part: DatePart, of: SqlType) -> &'static str {
    match part {
        DatePart::Year => "CAST(substr({0}, 1, 4) AS INTEGER)",
        DatePart::Quarter => "((CAST(substr({0}, 6, 2) AS INTEGER) + 2) / 3)",
        DatePart::Month => "CAST(substr({0}, 6, 2) AS INTEGER)",
        DatePart::Day => "CAST(substr({0}, 9, 2) AS INTEGER)",
        DatePart::Weekday => "((strftime('%w', substr({0}, 1, 10)) + 6) % 7 + 1)",
        DatePart::DayOfYear => "CAST(strftime('%j', substr({0}, 1, 10)) AS INTEGER)",
        DatePart::Hour if of == SqlType::Time => "CAST(substr({0}, 1, 2) AS INTEGER)",
        DatePart::Minute if of == SqlType::Time => "CAST(substr({0}, 4, 2) AS INTEGER)",
        DatePart::Second if of == SqlType::Time => "CAST(substr({0}, 7, 2) AS INTEGER)",
        DatePart::Hour => "CAST(substr({0}, 12, 2) AS INTEGER)",
        DatePart::Minute => "CAST(substr({0}, 15, 2) AS INTEGER)",
        DatePart::Second => "CAST(substr({0}, 18, 2) AS INTEGER)",
    }
}

macro_rules! truncated {
    ($date:literal, $rest:literal, $of:ident) => {
        match $of {
            SqlType::Date => concat!("(", $date, ")"),
            SqlType::TimestampTz => concat!("(", $date, $rest, " || '+00:00')"),
            _ => concat!("(", $date, $rest, ")"),
        }
    };
}

fn truncate(part: DatePart, of: SqlType) -> &'static str {
    match part {
        DatePart::Year => truncated!("substr({0}, 1, 4) || '-01-01'", " || ' 00:00:00.000000'", of),
        DatePart::Quarter => truncated!(
            "substr({0}, 1, 5) || printf('%02d', (substr({0}, 6, 2) - 1) / 3 * 3 + 1) || '-01'",
            " || ' 00:00:00.000000'",
            of
        ),
        DatePart::Month => truncated!("substr({0}, 1, 7) || '-01'", " || ' 00:00:00.000000'", of),
        DatePart::Day | DatePart::Weekday | DatePart::DayOfYear => {
            truncated!("substr({0}, 1, 10)", " || ' 00:00:00.000000'", of)
        }
        DatePart::Hour => truncated!("substr({0}, 1, 13)", " || ':00:00.000000'", of),
        DatePart::Minute => truncated!("substr({0}, 1, 16)", " || ':00.000000'", of),
        DatePart::Second => truncated!("substr({0}, 1, 19)", " || '.000000'", of),
    }
}
