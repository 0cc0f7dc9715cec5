//! PostgreSQL's binary `numeric`: digits to the base of 10,000, to and from the canonical text of a decimal number.

use std::fmt::Write as _;

use orm_core::{Error, ErrorKind, Result, decimal};

use super::unreadable;

const NEGATIVE: u16 = 0x4000;
const POSITIVE: u16 = 0;

/// The most decimal digits that PostgreSQL keeps before and behind the point.
const MAX_WHOLE: usize = 131_072;
const MAX_FRACTION: usize = 16_383;

/// Appends a decimal number: how many digits follow, the power of 10,000 that the first one stands for, the sign, how many
/// decimal digits there are behind the point, and the digits.
pub(super) fn encode(text: &str, out: &mut Vec<u8>) -> Result<()> {
    let text = decimal::canonical(text).map_err(|error| Error::new(ErrorKind::Encode, error.to_string()))?;
    let (sign, number) = text.strip_prefix('-').map_or((POSITIVE, &*text), |number| (NEGATIVE, number));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() > MAX_WHOLE || fraction.len() > MAX_FRACTION {
        return Err(too_long());
    }
    let before = whole.len().div_ceil(4);
    // Full groups of four on both sides of the point.
    let (zeros_before, zeros_after) =
        (before * 4 - whole.len(), fraction.len().div_ceil(4) * 4 - fraction.len());
    let padded = ["0".repeat(zeros_before).as_str(), whole, fraction, &"0".repeat(zeros_after)].concat();
    let mut groups: Vec<u16> = padded.as_bytes().chunks(4).map(group).collect();
    let leading = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..leading);
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let [before, leading] = [short(before)?, short(leading)?].map(i32::from);
    let weight = if groups.is_empty() { 0 } else { before - leading - 1 };
    out.extend(short(groups.len())?.to_be_bytes());
    out.extend(i16::try_from(weight).map_err(|_| too_long())?.to_be_bytes());
    out.extend(sign.to_be_bytes());
    out.extend(short(fraction.len())?.to_be_bytes());
    groups.iter().for_each(|group| out.extend(group.to_be_bytes()));
    Ok(())
}

fn too_long() -> Error {
    let message =
        "PostgreSQL holds decimal numbers of up to 131072 digits before the point and 16383 behind it";
    Error::new(ErrorKind::Encode, message)
}

fn group(digits: &[u8]) -> u16 {
    digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit.wrapping_sub(b'0')))
}

fn short(number: usize) -> Result<u16> {
    u16::try_from(number).map_err(|_| too_long())
}

/// Reads a decimal number as its canonical text.
pub(super) fn decode(bytes: &[u8]) -> Result<String> {
    let (head, digits) = bytes.split_first_chunk::<8>().ok_or_else(cut_off)?;
    let [_, weight, sign, _] = [0, 2, 4, 6].map(|at| u16::from_be_bytes([head[at], head[at + 1]]));
    let weight = i64::from(i16::from_be_bytes(weight.to_be_bytes()));
    let minus = match sign {
        POSITIVE => "",
        NEGATIVE => "-",
        _ => return Err(unreadable("the database holds a numeric that is NaN or infinite".to_owned())),
    };
    let (groups, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(cut_off());
    }
    // Zeros that no digit was sent for stand behind the last one, or between the point and the first one.
    let group = |place: i64| {
        let index = usize::try_from(weight - place).ok();
        index.and_then(|index| groups.get(index)).map_or(0, |group| u16::from_be_bytes(*group))
    };
    let last = weight - i64::try_from(groups.len()).unwrap_or_default() + 1;
    let mut text = String::from(minus);
    for place in (last.min(0)..=weight.max(0)).rev() {
        text.push_str(if place == -1 { "." } else { "" });
        // Writing to a String cannot fail.
        let _ = write!(text, "{:04}", group(place));
    }
    Ok(decimal::canonical(&text)?.into_owned())
}

fn cut_off() -> Error {
    unreadable("a numeric is cut off".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[i16]) {
        let mut bytes = Vec::new();
        encode(text, &mut bytes).expect("an encoded number");
        assert_eq!(
            bytes,
            expected.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>(),
            "{text}"
        );
        assert_eq!(decode(&bytes).expect("a number"), text);
    }

    #[test]
    fn numbers_are_groups_of_four_digits() {
        check("0", &[0, 0, 0, 0]);
        check("1", &[1, 0, 0, 0, 1]);
        check("-10000", &[1, 1, 0x4000, 0, 1]);
        check("12345.678", &[3, 1, 0, 3, 1, 2345, 6780]);
        check("0.1", &[1, -1, 0, 1, 1000]);
        check("-0.00001", &[1, -2, 0x4000, 5, 1000]);
        check("100000000", &[1, 2, 0, 0, 1]);
    }

    #[test]
    fn long_numbers_go_there_and_back() {
        for digits in 1..60 {
            for point in 0..=digits {
                let number: String = (0..digits).map(|digit| char::from(b'1' + digit % 9)).collect();
                let (whole, fraction) = number.split_at(usize::from(point));
                let text =
                    decimal::canonical(&format!("-{whole}.{fraction}")).expect("a number").into_owned();
                let mut bytes = Vec::new();
                encode(&text, &mut bytes).expect("an encoded number");
                assert_eq!(decode(&bytes).expect("a number"), text);
            }
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for sign in [0xc000_u16, 0xd000, 0xf000] {
            let bytes = [[0; 2], [0; 2], sign.to_be_bytes(), [0; 2]].concat();
            assert!(decode(&bytes).expect_err("no number").to_string().contains("NaN"));
        }
        assert!(decode(&[0; 7]).is_err() && decode(&[0; 9]).is_err());
        assert!(encode("NaN", &mut Vec::new()).is_err());
        assert!(encode(&"9".repeat(131_073), &mut Vec::new()).is_err());
        assert!(encode(&format!("0.{}", "1".repeat(16_384)), &mut Vec::new()).is_err());
        let mut bytes = Vec::new();
        let longest = format!("{}.{}", "9".repeat(131_072), "1".repeat(16_383));
        encode(&longest, &mut bytes).expect("an encoded number");
        assert_eq!(decode(&bytes).expect("a number"), longest);
    }
}
