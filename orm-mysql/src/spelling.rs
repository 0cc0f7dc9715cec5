//! How MySQL and MariaDB write the functions that they write differently, mostly to yield the same as other databases do.

use orm_core::SqlType;
use orm_core::query::{DatePart, Function};

/// `None` for what they cannot do exactly.
pub(crate) fn spelling(function: Function, of: SqlType, yields: SqlType) -> Option<&'static str> {
    Some(match function {
        Function::Cast => return cast(of, yields),
        Function::Divide if is_whole(of) => "{0} DIV {1}",
        Function::IsDistinctFrom => "NOT ({0} <=> {1})",
        Function::IsNotDistinctFrom => "{0} <=> {1}",
        Function::ILike => r"lower({0}) LIKE lower({1}) ESCAPE '\'",
        Function::Length => "char_length({0})",
        // A position before the text counts from its end here.
        Function::SubstringFrom => "substr({0}, greatest({1}, 1))",
        Function::Substring => "substr({0}, greatest({1}, 1), greatest({2} + least({1} - 1, 0), 0))",
        Function::Position => "instr({0}, {1})",
        Function::CurrentTimestamp => "CURRENT_TIMESTAMP(6)",
        Function::Extract(part) => extract(part),
        Function::Truncate(part) => truncate(part, of),
        // The sum of integers is a decimal; so it is an integer, or an error.
        Function::Sum if yields == SqlType::BigInt => "(sum({d}{0}){o} DIV 1)",
        Function::Average if yields == SqlType::Double => "avg({d}CAST({0} AS double)){o}",
        Function::StringAggregate | Function::StringAggregateDistinct => {
            "group_concat({d}{0}{b} SEPARATOR {l1}){o}"
        }
        Function::JsonText => {
            "CASE WHEN CAST(json_type(json_extract({0}, {1})) AS char) <> 'NULL' THEN CAST(json_unquote(json_extract({0}, {1})) AS char) END"
        }
        Function::JsonInt => {
            "CASE WHEN CAST(json_type(json_extract({0}, {1})) AS char) IN ('INTEGER', 'UNSIGNED INTEGER', 'DOUBLE', 'DECIMAL') \
             AND CAST(json_extract({0}, {1}) AS decimal(65,30)) % 1 = 0 \
             THEN CAST(json_extract({0}, {1}) AS decimal(65,30)) DIV 1 END"
        }
        Function::JsonFloat => {
            "CASE WHEN CAST(json_type(json_extract({0}, {1})) AS char) IN ('INTEGER', 'UNSIGNED INTEGER', 'DOUBLE', 'DECIMAL') \
             THEN CAST(json_extract({0}, {1}) AS double) END"
        }
        Function::JsonBool => {
            "CASE WHEN CAST(json_type(json_extract({0}, {1})) AS char) = 'BOOLEAN' THEN CAST(json_extract({0}, {1}) AS char) = 'true' END"
        }
        // Cut off after ten digits otherwise.
        Function::PercentRank => "(percent_rank(){o} * 1e0)",
        Function::CumeDist => "(cume_dist(){o} * 1e0)",
        // The 1 is missing where the row is.
        Function::LagOr => "CASE WHEN lag(1, {1}){o} = 1 THEN lag({0}, {1}){o} ELSE {2} END",
        Function::LeadOr => "CASE WHEN lead(1, {1}){o} = 1 THEN lead({0}, {1}){o} ELSE {2} END",
        Function::Json => "json_extract({0}, {1})",
        Function::Matches => "MATCH ({0}) AGAINST ({1} IN BOOLEAN MODE)",
        Function::MatchesIn | Function::MatchRank => return None,
        other => other.standard(),
    })
}

fn is_whole(of: SqlType) -> bool {
    matches!(of, SqlType::SmallInt | SqlType::Integer | SqlType::BigInt | SqlType::BigUnsigned)
}

/// Text that is no number would become 0, or what it begins with.
fn cast(of: SqlType, yields: SqlType) -> Option<&'static str> {
    use SqlType::{BigInt, BigUnsigned, Bool, Date, Decimal, Double, Enum, Integer, Real, SmallInt, Text};
    let standard = Function::Cast.standard();
    Some(match (of, yields) {
        (of, yields) if of == yields => "{0}",
        (Bool | SmallInt | Integer | BigInt, SmallInt | Integer | BigInt) => standard,
        // CAST would make a negative number of one that is too large; this stays what it is, and does not fit when it is read.
        (BigUnsigned, SmallInt | Integer | BigInt) => "(CAST({0} AS decimal(20)) DIV 1)",
        (Bool | SmallInt | Integer | BigInt, BigUnsigned) => standard,
        (Real | Double | Decimal, SmallInt | Integer | BigInt | BigUnsigned) => "(round({0}) DIV 1)",
        (Integer, Bool) => "({0} <> 0)",
        (SmallInt | Integer | BigInt | BigUnsigned | Decimal, Real | Double) | (Real, Double) => standard,
        (SmallInt | Integer | BigInt | BigUnsigned, Decimal) => standard,
        (SmallInt | Integer | BigInt | BigUnsigned | Decimal | Enum(_) | Date, Text) => standard,
        (Bool, Text) => "CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END",
        _ => return None,
    })
}

fn extract(part: DatePart) -> &'static str {
    match part {
        DatePart::Year => "year({0})",
        DatePart::Quarter => "quarter({0})",
        DatePart::Month => "month({0})",
        DatePart::Day => "dayofmonth({0})",
        DatePart::Weekday => "(weekday({0}) + 1)",
        DatePart::DayOfYear => "dayofyear({0})",
        DatePart::Hour => "hour({0})",
        DatePart::Minute => "minute({0})",
        DatePart::Second => "second({0})",
    }
}

macro_rules! truncated {
    ($format:literal, $of:ident) => {
        match $of {
            SqlType::Date => concat!("CAST(date_format({0}, '", $format, "') AS date)"),
            _ => concat!("CAST(date_format({0}, '", $format, "') AS datetime(6))"),
        }
    };
}

fn truncate(part: DatePart, of: SqlType) -> &'static str {
    match part {
        DatePart::Year => truncated!("%Y-01-01", of),
        DatePart::Quarter if of == SqlType::Date => {
            "(makedate(year({0}), 1) + INTERVAL quarter({0}) - 1 QUARTER)"
        }
        DatePart::Quarter => {
            "CAST(makedate(year({0}), 1) + INTERVAL quarter({0}) - 1 QUARTER AS datetime(6))"
        }
        DatePart::Month => truncated!("%Y-%m-01", of),
        DatePart::Day | DatePart::Weekday | DatePart::DayOfYear => truncated!("%Y-%m-%d", of),
        DatePart::Hour => truncated!("%Y-%m-%d %H:00:00", of),
        DatePart::Minute => truncated!("%Y-%m-%d %H:%i:00", of),
        DatePart::Second => truncated!("%Y-%m-%d %H:%i:%s", of),
    }
}
