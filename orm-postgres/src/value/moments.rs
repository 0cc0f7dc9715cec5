//! Dates and times in PostgreSQL's binary format, which counts from 2000 instead of 1970.

use orm_core::{Error, ErrorKind, Result, Value, civil};

use super::{fixed, unreadable};

/// The days from 1970-01-01 to 2000-01-01.
const EPOCH: i32 = 10_957;
const EPOCH_MICROS: i64 = EPOCH as i64 * civil::DAY;

/// From 4714-11-24 BC on, before the years 5874898 and 294277.
const DAYS: std::ops::Range<i32> = -2_451_545..2_145_031_949;
const MICROS: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;

pub(super) fn encode_date(days: i32, out: &mut Vec<u8>) -> Result<()> {
    let days = days.checked_sub(EPOCH).filter(|days| DAYS.contains(days));
    out.extend(days.ok_or_else(|| out_of_range("date"))?.to_be_bytes());
    Ok(())
}

pub(super) fn encode_time(micros: i64, out: &mut Vec<u8>) -> Result<()> {
    if !(0..=civil::DAY).contains(&micros) {
        return Err(out_of_range("time"));
    }
    out.extend(micros.to_be_bytes());
    Ok(())
}

pub(super) fn encode_timestamp(micros: i64, out: &mut Vec<u8>) -> Result<()> {
    let micros = micros.checked_sub(EPOCH_MICROS).filter(|micros| MICROS.contains(micros));
    out.extend(micros.ok_or_else(|| out_of_range("timestamp"))?.to_be_bytes());
    Ok(())
}

fn out_of_range(name: &str) -> Error {
    Error::new(ErrorKind::Encode, format!("a {name} is out of the range that PostgreSQL can hold"))
}

pub(super) fn decode_date(bytes: &[u8]) -> Result<Value<'static>> {
    match i32::from_be_bytes(fixed(bytes)?) {
        i32::MIN | i32::MAX => Err(infinite("date")),
        days => days.checked_add(EPOCH).map(Value::Date).ok_or_else(|| infinite("date")),
    }
}

pub(super) fn decode_time(bytes: &[u8]) -> Result<Value<'static>> {
    Ok(Value::Time(i64::from_be_bytes(fixed(bytes)?)))
}

pub(super) fn decode_timestamp(bytes: &[u8]) -> Result<Value<'static>> {
    match i64::from_be_bytes(fixed(bytes)?) {
        i64::MIN | i64::MAX => Err(infinite("timestamp")),
        micros => micros.checked_add(EPOCH_MICROS).map(Value::Timestamp).ok_or_else(too_late),
    }
}

/// PostgreSQL's last 30 years are beyond what 64 bits of microseconds since 1970 can say.
fn too_late() -> Error {
    unreadable("the database holds a timestamp that is too far in the future".to_owned())
}

fn infinite(name: &str) -> Error {
    unreadable(format!("the database holds a {name} that is infinity, which is no {name} in Rust"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_ranges_are_told() {
        assert_eq!(i64::from(EPOCH), civil::days_of(2000, 1, 1));
        assert_eq!(i64::from(DAYS.start + EPOCH), civil::days_of(-4713, 11, 24));
        assert_eq!(i64::from(DAYS.end) + i64::from(EPOCH), civil::days_of(5_874_898, 1, 1));
        assert_eq!(MICROS.start, i64::from(DAYS.start) * civil::DAY);
        assert_eq!(MICROS.end, (civil::days_of(294_277, 1, 1) - i64::from(EPOCH)) * civil::DAY);
        let mut bytes = Vec::new();
        assert!(encode_date(DAYS.start + EPOCH, &mut bytes).is_ok());
        assert!(encode_date(DAYS.start + EPOCH - 1, &mut bytes).is_err());
        assert!(encode_timestamp(MICROS.start + EPOCH_MICROS - 1, &mut bytes).is_err());
        assert!(encode_time(-1, &mut bytes).is_err());
        for infinity in [i64::MIN, i64::MAX] {
            let error = decode_timestamp(&infinity.to_be_bytes()).expect_err("infinity");
            assert!(error.to_string().contains("infinity"));
        }
        assert!(decode_date(&i32::MIN.to_be_bytes()).is_err());
        assert!(decode_timestamp(&(i64::MAX - 1).to_be_bytes()).is_err());
    }
}
