//! Each column type with values at the ends of its range, in odd times, and of every length.

use chrono::{DateTime as ChronoInstant, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, date, time};
use rust_decimal::Decimal;
use serde_json::json;
use time::macros::{date as date_of, datetime, time as time_of};
use uuid::Uuid;

use super::each_type;

fn decimals() -> Vec<Decimal> {
    let texts = [
        "-79228162514264337593543950335",
        "-100.5",
        "-100.25",
        "-99",
        "-10",
        "-9.5",
        "-0.0000000000000000000000000001",
        "0",
        "0.0000000000000000000000000001",
        "0.09",
        "0.1",
        "9.5",
        "10",
        "10.05",
        "1234567890123456789012345.678",
        "79228162514264337593543950335",
    ];
    texts.map(|text| Decimal::from_str_exact(text).unwrap()).to_vec()
}

fn documents() -> Vec<serde_json::Value> {
    let long: Vec<_> =
        (0..300).map(|number| json!({"number": number, "name": "☃ with 30 bytes of text"})).collect();
    let documents = vec![
        json!({"ключ": {"naïve \"key\"": [1, -2.5, true, null, {}]}, "": []}),
        json!(null),
        json!([]),
        json!("grüße \\ \" \n \u{1} 𝄞"),
        json!(0.1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e16),
        json!(1e300),
        json!(5e-324),
        json!(false),
        json!(long),
    ];
    assert!(documents[11].to_string().len() > 9_000);
    documents
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn chrono_days(days: [(i32, u32, u32); 4]) -> Vec<NaiveDate> {
    days.map(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day).unwrap()).to_vec()
}

fn chrono_times() -> [NaiveTime; 2] {
    [NaiveTime::MIN, NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap()]
}

fn chrono_day(number: usize) -> NaiveDate {
    chrono_days([(0, 1, 1), (1727, 4, 1), (2012, 10, 15), (9999, 12, 31)])[number]
}

fn chrono_moment(number: usize) -> NaiveDateTime {
    chrono_day(number).and_time(chrono_times()[number % 2])
}

fn chrono_instant(number: usize) -> ChronoInstant<Utc> {
    chrono_moment(number).and_utc()
}

each_type! {
    integer_i8, i8, sorted: [i8::MIN, -1, 0, i8::MAX];
    integer_u16, u16, sorted: [0, 1, u16::MAX];
    integer_u32, u32, sorted: [0, 1, u32::MAX];
    integer_u64, u64, sorted: [0, 9, 10, u64::MAX / 2];
    boxed_text, Box<str>, unsorted: ["".into(), "grüße".into(), "'; --".into()];
    static_text, std::borrow::Cow<'static, str>, unsorted: ["".into(), "☃".into(), String::from("owned").into()];
    uuids, Uuid, sorted: [Uuid::nil(), Uuid::from_u128(1), Uuid::from_u128(1 << 127), Uuid::max()];
    decimal_number, Decimal, sorted: [
        decimals()[0], decimals()[1], decimals()[2], decimals()[3], decimals()[4], decimals()[5], decimals()[6], decimals()[7],
        decimals()[8], decimals()[9], decimals()[10], decimals()[11], decimals()[12], decimals()[13], decimals()[14],
        decimals()[15],
    ];
    json_value, serde_json::Value, unsorted: [
        documents()[0].clone(), documents()[1].clone(), documents()[2].clone(), documents()[3].clone(), documents()[4].clone(),
        documents()[5].clone(), documents()[6].clone(), documents()[7].clone(), documents()[8].clone(), documents()[9].clone(),
        documents()[10].clone(), documents()[11].clone(),
    ];
    typed_json, orm::Json<Vec<(u8, Option<String>)>>, unsorted: [
        orm::Json(vec![]), orm::Json(vec![(1, None)]), orm::Json(vec![(255, Some("☃".to_owned())), (0, None)]),
    ];
    jiff_instant, Timestamp, sorted: [
        instant("0000-01-01T00:00:00Z"), instant("1727-04-01T12:00:00.000001Z"), instant("1969-12-31T23:59:59.999999Z"),
        Timestamp::UNIX_EPOCH, instant("2012-10-15T12:57:18.5+02:00"), instant("2012-10-15T12:57:18.5Z"),
        instant("9999-12-30T22:00:00.999999Z"),
    ];
    jiff_date, Date, sorted: [
        date(0, 1, 1), date(1582, 10, 10), date(1727, 4, 1), date(1970, 1, 1), date(2012, 2, 29), date(9999, 12, 31),
    ];
    jiff_time, Time, sorted: [
        Time::midnight(), time(0, 0, 0, 1_000), time(9, 30, 0, 0), time(12, 57, 18, 500_000_000), time(23, 59, 59, 999_999_000),
    ];
    jiff_date_time, DateTime, sorted: [
        date(0, 1, 1).at(0, 0, 0, 0), date(1727, 4, 1).at(23, 59, 59, 999_999_000), date(1727, 4, 2).at(0, 0, 0, 0),
        date(2012, 10, 15).at(12, 57, 18, 0), date(2012, 10, 15).at(12, 57, 18, 1_000),
        date(9999, 12, 31).at(23, 59, 59, 999_999_000),
    ];
    chrono_date, NaiveDate, sorted: [chrono_day(0), chrono_day(1), chrono_day(2), chrono_day(3)];
    chrono_time, NaiveTime, sorted: [chrono_times()[0], chrono_times()[1]];
    chrono_date_time, NaiveDateTime, sorted: [chrono_moment(0), chrono_moment(1), chrono_moment(2), chrono_moment(3)];
    chrono_utc, ChronoInstant<Utc>, sorted: [chrono_instant(0), chrono_instant(1), chrono_instant(2), chrono_instant(3)];
    time_date, time::Date, sorted: [date_of!(0000-01-01), date_of!(1727-04-01), date_of!(2012-10-15), date_of!(9999-12-31)];
    time_time, time::Time, sorted: [time::Time::MIDNIGHT, time_of!(12:57:18.000_001), time_of!(23:59:59.999_999)];
    time_date_time, time::PrimitiveDateTime, sorted: [
        datetime!(0000-01-01 0:00), datetime!(1727-04-01 12:57:18.000_001), datetime!(2012-10-15 0:00),
        datetime!(9999-12-31 23:59:59.999_999),
    ];
    time_instant, time::OffsetDateTime, sorted: [
        datetime!(0000-01-02 0:00 +5:45), datetime!(1727-04-01 12:57:18.000_001 UTC), datetime!(2012-10-15 12:00 +2),
        datetime!(2012-10-15 12:00 -2), datetime!(9999-12-30 23:59:59.999_999 UTC),
    ];
}
