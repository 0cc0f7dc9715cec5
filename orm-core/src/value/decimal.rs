//! Decimal numbers as text: one text for each number, and the order of numbers.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::error::{Error, ErrorKind, Result};

/// The one text of a decimal number: digits, perhaps with a point between them and a minus before them; no exponent, no zeros
/// that say nothing, no `-0`.
pub fn canonical(text: &str) -> Result<Cow<'_, str>> {
    let parts = Parts::of(text).ok_or_else(|| {
        Error::new(ErrorKind::Decode, "expected a decimal number, like -12.5; the database holds other text")
    })?;
    let (minus, whole) = (if parts.is_negative { "-" } else { "" }, parts.whole);
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if parts.fraction.is_empty() { "" } else { "." };
    let canonical = [minus, whole, point, parts.fraction].concat();
    Ok(if canonical == text { Cow::Borrowed(text) } else { Cow::Owned(canonical) })
}

/// The order of two decimal numbers in any notation without an exponent; text that is none comes after all of them.
pub fn compare(a: &str, b: &str) -> Ordering {
    match (Parts::of(a), Parts::of(b)) {
        (Some(a), Some(b)) => a.compare(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// A number without zeros that say nothing.
#[derive(Clone, Copy)]
struct Parts<'a> {
    is_negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits(whole) || !are_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let is_negative = is_negative && !(whole.is_empty() && fraction.is_empty());
        Some(Self { is_negative, whole, fraction })
    }

    fn compare(&self, other: &Self) -> Ordering {
        let size = |a: &Self, b: &Self| {
            let whole = a.whole.len().cmp(&b.whole.len()).then_with(|| a.whole.cmp(b.whole));
            whole.then_with(|| a.fraction.cmp(b.fraction))
        };
        match (self.is_negative, other.is_negative) {
            (false, false) => size(self, other),
            (true, true) => size(other, self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_text() {
        let texts = [
            ("0", "0"),
            ("-0", "0"),
            ("-0.00", "0"),
            ("00012.500", "12.5"),
            ("+.5", "0.5"),
            ("-5.", "-5"),
            ("100", "100"),
            ("-0.05", "-0.05"),
        ];
        for (text, expected) in texts {
            assert_eq!(canonical(text).ok().as_deref(), Some(expected), "{text}");
        }
        for text in ["", "-", ".", "1e5", "NaN", "1.2.3", "--1", "1 "] {
            assert!(canonical(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_in_order() {
        let sorted =
            ["-100", "-10.5", "-10.05", "-9", "-0.1", "0", "0.09", "0.1", "9.5", "10", "10.01", "1000", "no"];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} and {b}");
            }
        }
        assert_eq!(compare("1.50", "01.5"), Ordering::Equal);
    }
}
