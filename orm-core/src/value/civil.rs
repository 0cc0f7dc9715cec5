//! Dates, times and instants: days and microseconds as the calendar names them, and as text for databases that have
//! no such types. The calendar is the Gregorian one, also before it was introduced, as everywhere in SQL.

use std::fmt::Write as _;

use crate::error::{Error, ErrorKind, Result};

/// Microseconds in a day.
pub const DAY: i64 = 24 * HOUR;
const HOUR: i64 = 60 * MINUTE;
const MINUTE: i64 = 60 * SECOND;
const SECOND: i64 = 1_000_000;

/// The days that text of a fixed width can name: 0000-01-01 to 9999-12-31.
const FIRST_DAY: i64 = -719_528;
const LAST_DAY: i64 = 2_932_896;

/// The days of 400 years.
const ERA: i64 = 146_097;
/// The days from 0000-03-01, with which the eras begin, to 1970-01-01.
const EPOCH: i64 = 719_468;

/// How many days after 1970-01-01 this date is; negative before. A month is 1 to 12, a day 1 to 31.
///
/// Years are counted from March, so that a leap day is the last of its year: the days before a month then follow one formula.
pub fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH
}

/// The year, month and day this many days after 1970-01-01.
pub fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year = (day - day / 1460 + day / 36_524 - day / (ERA - 1)) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * from_march + 2) / 5 + 1)
}

/// The microseconds from the beginning of a day to this time of it.
pub fn micros_of(hour: i64, minute: i64, second: i64, micro: i64) -> i64 {
    hour * HOUR + minute * MINUTE + second * SECOND + micro
}

/// The hour, minute, second and microsecond of a time of day.
pub fn time_of(micros: i64) -> (i64, i64, i64, i64) {
    (micros / HOUR, micros / MINUTE % 60, micros / SECOND % 60, micros % SECOND)
}

/// `2026-11-21`; an error for years that need more than four digits.
pub fn date_text(days: i32) -> Result<String> {
    let mut text = String::with_capacity(32);
    write_date(days.into(), &mut text)?;
    Ok(text)
}

/// `09:30:00.000000`
pub fn time_text(micros: i64) -> Result<String> {
    let mut text = String::with_capacity(15);
    write_time(micros, &mut text)?;
    Ok(text)
}

/// `2026-11-21 09:30:00.000000`; with years 0000 to 9999 text sorts as time does.
pub fn timestamp_text(micros: i64) -> Result<String> {
    let mut text = String::with_capacity(32);
    write_date(micros.div_euclid(DAY), &mut text)?;
    text.push(' ');
    write_time(micros.rem_euclid(DAY), &mut text)?;
    Ok(text)
}

/// `2026-11-21 09:30:00.000000+00:00`
pub fn instant_text(micros: i64) -> Result<String> {
    let mut text = timestamp_text(micros)?;
    text.push_str("+00:00");
    Ok(text)
}

fn write_date(days: i64, text: &mut String) -> Result<()> {
    if !(FIRST_DAY..=LAST_DAY).contains(&days) {
        let message =
            "the year of a date is out of range: this database holds dates as text, for the years 0 to 9999";
        return Err(Error::new(ErrorKind::Encode, message));
    }
    let (year, month, day) = date_of(days);
    // Writing to a String cannot fail.
    let _ = write!(text, "{year:04}-{month:02}-{day:02}");
    Ok(())
}

fn write_time(micros: i64, text: &mut String) -> Result<()> {
    if !(0..DAY).contains(&micros) {
        return Err(Error::new(ErrorKind::Encode, "a time of day is out of range"));
    }
    let (hour, minute, second, micro) = time_of(micros);
    let _ = write!(text, "{hour:02}:{minute:02}:{second:02}.{micro:06}");
    Ok(())
}

/// Reads `2026-11-21`, as days since 1970-01-01.
pub fn parse_date(text: &str) -> Result<i32> {
    let mut rest = Scanner(text);
    let days = rest.date().filter(|_| rest.is_done());
    days.and_then(|days| i32::try_from(days).ok()).ok_or_else(|| unreadable("a date, like 2026-11-21"))
}

/// Reads `09:30:00.5`, as microseconds since midnight; seconds and their fraction may be missing.
pub fn parse_time(text: &str) -> Result<i64> {
    let mut rest = Scanner(text);
    rest.time().filter(|_| rest.is_done()).ok_or_else(|| unreadable("a time, like 09:30:00.000000"))
}

/// Reads `2026-11-21 09:30:00.5`, as microseconds since 1970; there may be a `T` between date and time.
pub fn parse_timestamp(text: &str) -> Result<i64> {
    let mut rest = Scanner(text);
    let micros = rest.timestamp().filter(|_| rest.is_done());
    micros.ok_or_else(|| unreadable("a timestamp without a zone, like 2026-11-21 09:30:00.000000"))
}

/// Reads `2026-11-21 09:30:00.5+01:00`, as microseconds since 1970 in UTC. Without an offset it is UTC, as SQLite's own
/// functions write it.
pub fn parse_instant(text: &str) -> Result<i64> {
    let mut rest = Scanner(text);
    let instant =
        rest.timestamp().and_then(|micros| Some(micros - rest.offset()?)).filter(|_| rest.is_done());
    instant.ok_or_else(|| unreadable("an instant, like 2026-11-21 09:30:00.000000+00:00"))
}

fn unreadable(wanted: &str) -> Error {
    Error::new(ErrorKind::Decode, format!("expected {wanted}; the database holds other text"))
}

/// Takes text apart from left to right; `None` where it is not what was asked for.
struct Scanner<'a>(&'a str);

impl Scanner<'_> {
    fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    fn skip(&mut self, characters: &[char]) -> bool {
        let rest = self.0.strip_prefix(characters);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// A number of so many digits, not above a limit.
    fn number(&mut self, digits: usize, limit: i64) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        let number = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())??;
        self.0 = rest;
        (number <= limit).then_some(number)
    }

    fn date(&mut self) -> Option<i64> {
        let year = self.number(4, 9999)?;
        let month = self.skip(&['-']).then(|| self.number(2, 12))??;
        let day = self.skip(&['-']).then(|| self.number(2, 31))??;
        let days = days_of(year, month, day);
        // 2026-02-31 would be a day of March.
        (date_of(days) == (year, month, day)).then_some(days)
    }

    fn time(&mut self) -> Option<i64> {
        let hour = self.number(2, 23)?;
        let minute = self.skip(&[':']).then(|| self.number(2, 59))??;
        if !self.skip(&[':']) {
            return Some(micros_of(hour, minute, 0, 0));
        }
        let second = self.number(2, 59)?;
        let micro = if self.skip(&['.']) { self.fraction()? } else { 0 };
        Some(micros_of(hour, minute, second, micro))
    }

    /// The microseconds; digits behind the sixth must be zeros.
    fn fraction(&mut self) -> Option<i64> {
        let end = self.0.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        let (micros, finer) = digits.split_at_checked(6).unwrap_or((digits, ""));
        if digits.is_empty() || finer.bytes().any(|digit| digit != b'0') {
            return None;
        }
        self.0 = rest;
        format!("{micros:0<6}").parse().ok()
    }

    fn timestamp(&mut self) -> Option<i64> {
        let days = self.date()?;
        if !self.skip(&[' ', 'T']) {
            return self.is_done().then_some(days * DAY);
        }
        Some(days * DAY + self.time()?)
    }

    fn offset(&mut self) -> Option<i64> {
        if self.is_done() || self.skip(&['Z', 'z']) {
            return Some(0);
        }
        let sign = match (self.skip(&['+']), self.skip(&['-'])) {
            (true, _) => 1,
            (_, true) => -1,
            (false, false) => return None,
        };
        let hours = self.number(2, 23)?;
        let has_minutes = self.skip(&[':']) || !self.is_done();
        let minutes = if has_minutes { self.number(2, 59)? } else { 0 };
        Some(sign * micros_of(hours, minutes, 0, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_go_there_and_back() {
        assert_eq!(days_of(1970, 1, 1), 0);
        assert_eq!(days_of(2000, 2, 29), 11_016);
        assert_eq!((days_of(0, 1, 1), days_of(9999, 12, 31)), (FIRST_DAY, LAST_DAY));
        for days in (-6_000_000..6_000_000).step_by(97) {
            let (year, month, day) = date_of(days);
            assert_eq!(days_of(year, month, day), days);
        }
    }

    #[test]
    fn text_has_a_fixed_width_and_is_read_back() {
        let texts = [
            (i64::from(i32::MIN) * SECOND, "1901-12-13 20:45:52.000000"),
            (0, "1970-01-01 00:00:00.000000"),
            (-1, "1969-12-31 23:59:59.999999"),
            (FIRST_DAY * DAY, "0000-01-01 00:00:00.000000"),
            (LAST_DAY * DAY + DAY - 1, "9999-12-31 23:59:59.999999"),
        ];
        for (micros, text) in texts {
            assert_eq!(timestamp_text(micros).ok().as_deref(), Some(text));
            assert_eq!(parse_timestamp(text).ok(), Some(micros));
            let instant = instant_text(micros).unwrap_or_default();
            assert_eq!(
                (instant.as_str(), parse_instant(&instant).ok()),
                (&*format!("{text}+00:00"), Some(micros))
            );
        }
        assert!(
            date_text(3_000_000).is_err() && timestamp_text(i64::MIN).is_err() && time_text(DAY).is_err()
        );
    }

    #[test]
    fn what_others_have_written_is_read() {
        let noon = Some(micros_of(12, 0, 0, 0));
        for text in [
            "1970-01-01 12:00",
            "1970-01-01T12:00:00",
            "1970-01-01 12:00:00.0",
            "1970-01-01 12:00:00.000000000",
        ] {
            assert_eq!((parse_timestamp(text).ok(), parse_instant(text).ok()), (noon, noon), "{text}");
        }
        for text in [
            "1970-01-01T12:00:00Z",
            "1970-01-01 13:30:00+01:30",
            "1970-01-01 10:00:00.0-02",
            "1970-01-01 13:30+0130",
        ] {
            assert_eq!((parse_timestamp(text).ok(), parse_instant(text).ok()), (None, noon), "{text}");
        }
        assert_eq!(parse_timestamp("1970-01-02").ok(), Some(DAY));
        for text in [
            "",
            "2026-02-29",
            "2026-13-01",
            "2026-1-1",
            "x026-01-01",
            "2026-01-01x",
            "+026-01-01",
            "2026-01-0é",
        ] {
            assert!(parse_date(text).is_err(), "{text}");
        }
        for text in ["24:00:00", "12:60", "12:00:60", "12:00:00.", "12:00:00.0000001", "12"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }
}
