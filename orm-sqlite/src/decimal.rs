//! Exact calculation with decimal numbers of any length.

use std::cmp::Ordering;

use orm_core::{Result, decimal};

/// A decimal number, digit by digit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exact {
    is_negative: bool,
    /// The last digit first.
    digits: Vec<u8>,
    /// How many of them stand behind the point.
    scale: usize,
}

impl Exact {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let text = decimal::canonical(text)?;
        let (is_negative, number) = text.strip_prefix('-').map_or((false, &*text), |number| (true, number));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = whole.bytes().chain(fraction.bytes()).rev().map(|digit| digit.wrapping_sub(b'0'));
        Ok(Self { is_negative, digits: digits.collect(), scale: fraction.len() })
    }

    /// Its canonical text.
    pub(crate) fn text(&self) -> Result<String> {
        let digit = |digit: &u8| char::from(b'0' + digit);
        let whole = self.digits.iter().skip(self.scale).rev().map(digit);
        let mut text: String = if self.is_negative { "-".to_owned() } else { String::new() };
        text.extend(whole);
        text.push('.');
        text.extend(self.digits.iter().take(self.scale).rev().map(digit));
        Ok(if text.len() > 1 { decimal::canonical(&text)?.into_owned() } else { "0".to_owned() })
    }

    pub(crate) fn negate(self) -> Self {
        Self { is_negative: !self.is_negative, ..self }
    }

    pub(crate) fn abs(self) -> Self {
        Self { is_negative: false, ..self }
    }

    pub(crate) fn add(mut self, mut other: Self) -> Self {
        let scale = self.scale.max(other.scale);
        self.rescale(scale);
        other.rescale(scale);
        let length = self.digits.len().max(other.digits.len());
        self.digits.resize(length, 0);
        other.digits.resize(length, 0);
        if self.is_negative == other.is_negative {
            self.add_digits(&other);
            return self;
        }
        if self.digits.iter().rev().cmp(other.digits.iter().rev()) == Ordering::Less {
            std::mem::swap(&mut self, &mut other);
        }
        self.subtract_digits(&other);
        self
    }

    pub(crate) fn multiply(self, other: &Self) -> Self {
        let mut sums = vec![0u32; self.digits.len() + other.digits.len()];
        for (i, a) in self.digits.iter().enumerate() {
            let mut carry = 0;
            for (j, b) in other.digits.iter().enumerate() {
                let sum = sums[i + j] + u32::from(*a) * u32::from(*b) + carry;
                (sums[i + j], carry) = (sum % 10, sum / 10);
            }
            sums[i + other.digits.len()] += carry;
        }
        let digits = sums.into_iter().map(|digit| u8::try_from(digit).unwrap_or_default()).collect();
        Self { is_negative: self.is_negative != other.is_negative, digits, scale: self.scale + other.scale }
    }

    /// The largest whole number that is not above it.
    pub(crate) fn floor(mut self) -> Self {
        let has_fraction = self.cut().is_some_and(|fraction| fraction.iter().any(|digit| *digit > 0));
        if self.is_negative && has_fraction { self.add(Self::one().negate()) } else { self }
    }

    /// The nearest whole number, halves away from zero.
    pub(crate) fn round(mut self) -> Self {
        let is_up = self.cut().and_then(|fraction| fraction.last().copied()).is_some_and(|tenth| tenth >= 5);
        let step = Self { is_negative: self.is_negative, ..Self::one() };
        if is_up { self.add(step) } else { self }
    }

    fn one() -> Self {
        Self { is_negative: false, digits: vec![1], scale: 0 }
    }

    /// Cuts its fraction off.
    fn cut(&mut self) -> Option<Vec<u8>> {
        let scale = std::mem::take(&mut self.scale);
        let whole = self.digits.split_off(scale.min(self.digits.len()));
        Some(std::mem::replace(&mut self.digits, whole)).filter(|fraction| !fraction.is_empty())
    }

    fn rescale(&mut self, scale: usize) {
        let zeros = scale - self.scale;
        self.digits.splice(..0, std::iter::repeat_n(0, zeros));
        self.scale = scale;
    }

    /// Both have the same length and the same scale.
    fn add_digits(&mut self, other: &Self) {
        let mut carry = 0;
        for (own, other) in self.digits.iter_mut().zip(&other.digits) {
            let sum = *own + other + carry;
            (*own, carry) = (sum % 10, sum / 10);
        }
        if carry > 0 {
            self.digits.push(carry);
        }
    }

    /// The same, and this is not the smaller one.
    fn subtract_digits(&mut self, other: &Self) {
        let mut borrowed = 0;
        for (own, other) in self.digits.iter_mut().zip(&other.digits) {
            let difference = 10 + *own - other - borrowed;
            (*own, borrowed) = (difference % 10, u8::from(difference < 10));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str) -> Exact {
        Exact::parse(text).expect("a number")
    }

    #[track_caller]
    fn check(found: &Exact, expected: &str) {
        assert_eq!(found.text().expect("a text"), expected);
    }

    #[test]
    fn nothing_is_lost() {
        check(&exact("0.1").add(exact("0.2")), "0.3");
        check(&exact("-0.1").add(exact("0.1")), "0");
        check(&exact("99.99").add(exact("0.01")), "100");
        check(&exact("5").add(exact("-7.25")), "-2.25");
        check(&exact("-7.25").add(exact("5")), "-2.25");
        check(&exact("12345678901234567890.5").multiply(&exact("-2")), "-24691357802469135781");
        check(&exact("0.05").multiply(&exact("0.5")), "0.025");
        check(&exact("999").multiply(&exact("999")), "998001");
        check(&Exact::default(), "0");
        check(&exact("0").multiply(&exact("-5")), "0");
    }

    #[test]
    fn whole_numbers() {
        for (text, floor, round) in [
            ("2.5", "2", "3"),
            ("-2.5", "-3", "-3"),
            ("2.4999", "2", "2"),
            ("-0.4", "-1", "0"),
            ("0.5", "0", "1"),
            ("7", "7", "7"),
            ("99.5", "99", "100"),
        ] {
            check(&exact(text).floor(), floor);
            check(&exact(text).round(), round);
            check(&exact(text).negate().floor().negate(), &ceil(floor, text));
        }
    }

    fn ceil(floor: &str, text: &str) -> String {
        let has_fraction = text.contains('.');
        let floor: i64 = floor.parse().expect("a number");
        (floor + i64::from(has_fraction)).to_string()
    }

    #[test]
    fn all_of_small_numbers() {
        for a in -120..120 {
            for b in -35..35 {
                let parsed = |n: i32| {
                    exact(&format!("{}{}.{}", if n < 0 { "-" } else { "" }, n.abs() / 10, n.abs() % 10))
                };
                let expected = |n: i32, scale: u32| {
                    let size = 10i32.pow(scale);
                    let sign = if n < 0 { "-" } else { "" };
                    let text = format!(
                        "{sign}{}.{:0width$}",
                        n.abs() / size,
                        n.abs() % size,
                        width = scale as usize
                    );
                    decimal::canonical(&text).expect("a number").into_owned()
                };
                check(&parsed(a).add(parsed(b)), &expected(a + b, 1));
                check(&parsed(a).multiply(&parsed(b)), &expected(a * b, 2));
            }
        }
    }
}
