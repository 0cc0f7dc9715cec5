//! `Packed`: rows in one piece of memory.

use std::borrow::Cow;

use crate::Value;
use crate::value::Elements;

/// Rows of values packed one after the other into bytes: what a session remembers of rows that were changed, and
/// what travels between a worker thread and its owner. No allocation per value or per row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed {
    bytes: Vec<u8>,
}

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
const TEXT: u8 = 5;
const BYTES: u8 = 6;
const DATE: u8 = 7;
const TIME: u8 = 8;
const TIMESTAMP: u8 = 9;
const ARRAY: u8 = 10;
/// In the place of a value that is not known.
const ABSENT: u8 = 11;
const UINT: u8 = 12;

impl Packed {
    /// Where the next value will start.
    pub(crate) fn end(&self) -> usize {
        self.bytes.len()
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, value: &Value<'_>) {
        match value {
            Value::Null => self.bytes.push(NULL),
            Value::Bool(false) => self.bytes.push(FALSE),
            Value::Bool(true) => self.bytes.push(TRUE),
            Value::Int(value) => self.push_fixed(INT, value.to_le_bytes()),
            Value::UInt(value) => self.push_fixed(UINT, value.to_le_bytes()),
            Value::Float(value) => self.push_fixed(FLOAT, value.to_le_bytes()),
            Value::Text(value) => self.push_slice(TEXT, value.as_bytes()),
            Value::Bytes(value) => self.push_slice(BYTES, value),
            Value::Date(days) => self.push_fixed(DATE, i64::from(*days).to_le_bytes()),
            Value::Time(micros) => self.push_fixed(TIME, micros.to_le_bytes()),
            Value::Timestamp(micros) => self.push_fixed(TIMESTAMP, micros.to_le_bytes()),
            Value::Array(values) => self.push_slice(ARRAY, values.as_bytes()),
        }
    }

    /// Holds the place of a value that is not known.
    pub(crate) fn push_absent(&mut self) {
        self.bytes.push(ABSENT);
    }

    #[inline]
    fn push_fixed(&mut self, tag: u8, bytes: [u8; 8]) {
        let mut packed = [tag; 9];
        packed[1..].copy_from_slice(&bytes);
        self.bytes.extend_from_slice(&packed);
    }

    fn push_slice(&mut self, tag: u8, bytes: &[u8]) {
        self.bytes.reserve(9 + bytes.len());
        self.push_fixed(tag, (bytes.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(bytes);
    }

    /// The values from `start` on.
    pub(crate) fn from(&self, start: usize) -> Unpacked<'_> {
        Unpacked { rest: self.bytes.get(start..).unwrap_or_default() }
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads packed values back, one by one.
#[derive(Clone, Debug)]
pub(crate) struct Unpacked<'a> {
    rest: &'a [u8],
}

impl<'a> Unpacked<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    #[inline]
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    #[inline]
    fn take_fixed(&mut self) -> [u8; 8] {
        self.take(8).try_into().unwrap_or_default()
    }

    #[inline]
    fn take_slice(&mut self) -> &'a [u8] {
        let length = u64::from_le_bytes(self.take_fixed());
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many values there are.
    pub(crate) fn count(mut self) -> usize {
        let mut count = 0;
        while !self.is_done() {
            self.next();
            count += 1;
        }
        count
    }

    /// Whether the next value is this one, as a database column sees it: floats bit by bit, so that NaN equals itself and
    /// 0.0 differs from -0.0. Compared where they lie, without reading the packed one.
    #[inline(always)]
    pub(crate) fn next_is(&mut self, value: &Value<'_>) -> bool {
        // What most columns are, said twice: where the type of a column is known, no more than this is left.
        match (value, self.rest) {
            (Value::Null, [NULL, rest @ ..]) => {
                self.rest = rest;
                true
            }
            (Value::Int(value), [INT, rest @ ..]) => {
                self.rest = rest;
                i64::from_le_bytes(self.take_fixed()) == *value
            }
            (Value::Text(value), [TEXT, rest @ ..]) => {
                self.rest = rest;
                is_same(self.take_slice(), value.as_bytes())
            }
            _ => self.next_is_rarely(value),
        }
    }

    fn next_is_rarely(&mut self, value: &Value<'_>) -> bool {
        let tag = self.take(1).first().copied().unwrap_or(NULL);
        match tag {
            INT => {
                let packed = i64::from_le_bytes(self.take_fixed());
                matches!(value, Value::Int(value) if *value == packed)
            }
            UINT => {
                let packed = u64::from_le_bytes(self.take_fixed());
                matches!(value, Value::UInt(value) if *value == packed)
            }
            FLOAT => {
                let packed = u64::from_le_bytes(self.take_fixed());
                matches!(value, Value::Float(value) if value.to_bits() == packed)
            }
            TEXT => {
                let packed = self.take_slice();
                matches!(value, Value::Text(value) if is_same(packed, value.as_bytes()))
            }
            BYTES => {
                let packed = self.take_slice();
                matches!(value, Value::Bytes(value) if is_same(packed, value))
            }
            DATE => {
                let packed = i64::from_le_bytes(self.take_fixed());
                matches!(value, Value::Date(value) if i64::from(*value) == packed)
            }
            TIME => {
                let packed = i64::from_le_bytes(self.take_fixed());
                matches!(value, Value::Time(value) if *value == packed)
            }
            TIMESTAMP => {
                let packed = i64::from_le_bytes(self.take_fixed());
                matches!(value, Value::Timestamp(value) if *value == packed)
            }
            ARRAY => {
                let packed = self.take_slice();
                matches!(value, Value::Array(values) if values.as_bytes() == packed)
            }
            FALSE | TRUE => matches!(value, Value::Bool(value) if *value == (tag == TRUE)),
            ABSENT => false,
            _ => value.is_null(),
        }
    }

    /// The next value, unless its place is held for one that is not known.
    pub(crate) fn next_known(&mut self) -> Option<Value<'a>> {
        let known = self.rest.first() != Some(&ABSENT);
        let value = self.next();
        known.then_some(value)
    }

    /// The next value; NULL when there are no more.
    pub(crate) fn next(&mut self) -> Value<'a> {
        match self.take(1).first().copied().unwrap_or(NULL) {
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            INT => Value::Int(i64::from_le_bytes(self.take_fixed())),
            UINT => Value::UInt(u64::from_le_bytes(self.take_fixed())),
            FLOAT => Value::Float(f64::from_le_bytes(self.take_fixed())),
            TEXT => Value::Text(String::from_utf8_lossy(self.take_slice())),
            BYTES => Value::Bytes(Cow::Borrowed(self.take_slice())),
            DATE => Value::Date(i32::try_from(i64::from_le_bytes(self.take_fixed())).unwrap_or_default()),
            TIME => Value::Time(i64::from_le_bytes(self.take_fixed())),
            TIMESTAMP => Value::Timestamp(i64::from_le_bytes(self.take_fixed())),
            ARRAY => Value::Array(Elements::packed(self.take_slice())),
            _ => Value::Null,
        }
    }
}

/// Whether these are the same bytes. Empty ones may lie nowhere, and to compare them there takes a processor with AVX-512 a hundred
/// nanoseconds.
#[inline]
fn is_same(packed: &[u8], value: &[u8]) -> bool {
    packed.len() == value.len() && (value.is_empty() || packed == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_values_come_back_as_they_were() {
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Bool(false),
            Value::Int(i64::MIN),
            Value::UInt(u64::MAX),
            Value::Float(f64::NAN),
            Value::Text("grüße".into()),
            Value::Text("".into()),
            Value::Bytes(vec![0, 255].into()),
            Value::Date(-1),
            Value::Time(i64::MIN),
            Value::Timestamp(i64::MIN),
            Value::Array(Elements::default()),
            Value::Array([Value::Null].into_iter().collect()),
            Value::Array([Value::Text("a".into()), Value::Null, Value::Int(1)].into_iter().collect()),
        ];
        let mut packed = Packed::default();
        for value in &values {
            packed.push(value);
        }
        let (mut unpacked, mut compared) = (packed.from(0), packed.from(0));
        for value in &values {
            let text = format!("{value:?}");
            assert_eq!(format!("{:?}", unpacked.next()), text);
            assert!(compared.next_is(value), "{text}");
        }
        assert!(unpacked.next().is_null());
        packed.push_absent();
        packed.push(&Value::Null);
        let end = packed.end() - 2;
        assert!(!packed.from(end).next_is(&Value::Null));
        let mut rest = packed.from(end);
        assert_eq!((rest.next_known(), rest.next_known()), (None, Some(Value::Null)));
        for other in &values {
            for value in &values {
                let mut packed = Packed::default();
                packed.push(value);
                assert_eq!(packed.from(0).next_is(other), format!("{value:?}") == format!("{other:?}"));
            }
        }
    }
}
