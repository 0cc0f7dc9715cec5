//! Arrays as JSON text, for databases that have none.
//!
//! Numbers, truth values and NULL are JSON's own. All else is a string: dates and times as in [`civil`], bytes as hexadecimal digits,
//! JSON as its text, so that a JSON null is not NULL.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::error::{Error, ErrorKind, Result};
use crate::value::{Elements, SqlType, Value, civil};

/// The text of an array whose elements are of this type.
pub fn text(element: SqlType, values: &Elements<'_>) -> Result<String> {
    let mut text = String::from("[");
    for (index, value) in values.iter().enumerate() {
        text.push_str(if index > 0 { "," } else { "" });
        write_element(element, &value, &mut text)?;
    }
    text.push(']');
    Ok(text)
}

fn write_element(element: SqlType, value: &Value<'_>, text: &mut String) -> Result<()> {
    // Writing to a String cannot fail.
    let _ = match (element, value) {
        (_, Value::Null) => write!(text, "null"),
        (_, Value::Bool(value)) => write!(text, "{value}"),
        (_, Value::Int(value)) => write!(text, "{value}"),
        (_, Value::UInt(value)) => write!(text, "{value}"),
        // The shortest digits that are read back as the same float.
        (_, Value::Float(value)) => write!(text, "{value:?}"),
        (_, Value::Bytes(bytes)) => write!(text, "\"{}\"", hex(bytes)),
        (_, Value::Array(_)) => {
            return Err(Error::new(ErrorKind::Unsupported, "an array cannot hold arrays"));
        }
        (element, value) => write_string(&scalar_text(element, value)?.unwrap_or_default(), text),
    };
    Ok(())
}

/// The text of a value that a database without its type holds as text; `None` for a value of another shape.
pub fn scalar_text<'v>(sql_type: SqlType, value: &'v Value<'_>) -> Result<Option<Cow<'v, str>>> {
    Ok(Some(match value {
        Value::Text(text) => Cow::Borrowed(text.as_ref()),
        Value::Date(days) => civil::date_text(*days)?.into(),
        Value::Time(micros) => civil::time_text(*micros)?.into(),
        Value::Timestamp(micros) if sql_type == SqlType::TimestampTz => civil::instant_text(*micros)?.into(),
        Value::Timestamp(micros) => civil::timestamp_text(*micros)?.into(),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::UInt(_)
        | Value::Float(_)
        | Value::Bytes(_)
        | Value::Array(_) => return Ok(None),
    }))
}

fn write_string(value: &str, text: &mut String) -> std::fmt::Result {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => write!(text, "\\{character}")?,
            control if control < ' ' => write!(text, "\\u{:04x}", u32::from(control))?,
            other => text.push(other),
        }
    }
    text.push('"');
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads the text of an array whose elements are of this type.
pub fn parse(element: SqlType, text: &str) -> Result<Vec<Value<'static>>> {
    let wrong =
        || Error::new(ErrorKind::Decode, "expected an array as JSON text; the database holds other text");
    let mut scanner = Scanner(text.trim());
    let mut values = Vec::new();
    if !scanner.skip('[') {
        return Err(wrong());
    }
    while !scanner.skip(']') {
        if !values.is_empty() && !scanner.skip(',') {
            return Err(wrong());
        }
        values.push(element.shape(scanner.element(element).ok_or_else(wrong)?)?);
    }
    if scanner.0.is_empty() { Ok(values) } else { Err(wrong()) }
}

/// Takes text apart from left to right; `None` where it is not what was asked for.
struct Scanner<'a>(&'a str);

impl Scanner<'_> {
    /// Skips white space, and then this character if it is next.
    fn skip(&mut self, character: char) -> bool {
        self.0 = self.0.trim_start();
        let rest = self.0.strip_prefix(character);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn element(&mut self, element: SqlType) -> Option<Value<'static>> {
        if self.skip('"') {
            let text = self.string()?;
            return match element {
                SqlType::Bytes | SqlType::Uuid => {
                    unhex(&text.replace('-', "")).map(|bytes| Value::Bytes(bytes.into()))
                }
                _ => Some(Value::Text(text.into())),
            };
        }
        let end = self.0.find([',', ']']).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        match (word.trim_end(), element) {
            ("null", _) => Some(Value::Null),
            ("true", _) => Some(Value::Bool(true)),
            ("false", _) => Some(Value::Bool(false)),
            (number, SqlType::Real | SqlType::Double) => number.parse().ok().map(Value::Float),
            (number, SqlType::BigUnsigned) => number.parse().ok().map(Value::of_unsigned),
            (number, _) => number.parse().ok().map(Value::Int),
        }
    }

    /// The rest of a string behind its first quote.
    fn string(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            let end = self.0.find(['"', '\\'])?;
            let (plain, rest) = self.0.split_at(end);
            text.push_str(plain);
            if let Some(rest) = rest.strip_prefix('"') {
                self.0 = rest;
                return Some(text);
            }
            let mut letters = rest.get(1..)?.chars();
            let escaped = letters.next()?;
            self.0 = letters.as_str();
            text.push(match escaped {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'u' => self.unicode()?,
                '"' | '\\' | '/' => escaped,
                _ => return None,
            });
        }
    }

    /// The four digits of an escape, and those of the second half if it is the first of a pair.
    fn unicode(&mut self) -> Option<char> {
        let mut units = vec![self.unit()?];
        if (0xd800..0xdc00).contains(&units[0]) {
            self.0 = self.0.strip_prefix("\\u")?;
            units.push(self.unit()?);
        }
        char::decode_utf16(units).next()?.ok()
    }

    fn unit(&mut self) -> Option<u16> {
        let (digits, rest) = self.0.split_at_checked(4)?;
        self.0 = rest;
        u16::from_str_radix(digits, 16).ok()
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?));
    if rest.is_empty() { bytes.collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(element: SqlType, values: Vec<Value<'static>>, expected: &str) {
        let elements = values.iter().map(Value::borrowed).collect();
        assert_eq!(text(element, &elements).ok().as_deref(), Some(expected));
        assert_eq!(parse(element, expected).ok(), Some(values));
    }

    #[test]
    fn arrays_go_there_and_back() {
        check(SqlType::Integer, vec![], "[]");
        check(
            SqlType::BigInt,
            vec![Value::Int(i64::MIN), Value::Null, Value::Int(7)],
            "[-9223372036854775808,null,7]",
        );
        check(SqlType::BigUnsigned, vec![Value::UInt(u64::MAX), Value::Int(0)], "[18446744073709551615,0]");
        check(SqlType::Bool, vec![Value::Bool(true), Value::Bool(false)], "[true,false]");
        check(SqlType::Double, vec![Value::Float(1.0), Value::Float(-1e300)], "[1.0,-1e300]");
        check(
            SqlType::Text,
            ["", "a\"b\\c,]", "\n\u{1}", "𝄞 null"].map(|text| Value::Text(text.into())).to_vec(),
            r#"["","a\"b\\c,]","\u000a\u0001","𝄞 null"]"#,
        );
        check(
            SqlType::Bytes,
            vec![Value::Bytes(vec![0, 255].into()), Value::Bytes(vec![].into())],
            r#"["00ff",""]"#,
        );
        check(SqlType::Date, vec![Value::Date(0)], r#"["1970-01-01"]"#);
        check(SqlType::TimestampTz, vec![Value::Timestamp(0)], r#"["1970-01-01 00:00:00.000000+00:00"]"#);
    }

    #[test]
    fn others_may_write_it_otherwise() {
        let texts = parse(SqlType::Text, " [ \"\\ud834\\udd1e\\t\\/\" , null ] ").ok();
        assert_eq!(texts, Some(vec![Value::Text("𝄞\t/".into()), Value::Null]));
        for text in
            ["", "[", "[1", "[1,]", "[1 2]", "[\"", "[\"\\x\"]", "[\"\\ud834\"]", "{}", "[1]x", "[[1]]"]
        {
            assert!(parse(SqlType::Integer, text).is_err(), "{text}");
        }
    }

    #[test]
    fn arrays_hold_no_arrays() {
        let arrays = [Value::Array(Elements::default())].into_iter().collect();
        assert!(text(SqlType::Integer, &arrays).is_err());
    }
}
