//! Arrays of one dimension in PostgreSQL's binary format: the number of dimensions, whether there are NULLs, the type of the
//! elements, their number, the first index, and then each element behind its length.

use orm_core::query::Layout;
use orm_core::{Elements, Error, ErrorKind, Result, SqlType, Value};
use tokio_postgres::types::Type;

use super::{decode, encode, fixed, unreadable, wire_type};

/// Writes an array, one element after the other.
pub(crate) struct ArrayWriter<'a> {
    element: SqlType,
    /// Where the array begins.
    start: usize,
    out: &'a mut Vec<u8>,
}

impl<'a> ArrayWriter<'a> {
    pub(crate) fn new(element: SqlType, length: usize, out: &'a mut Vec<u8>) -> Result<Self> {
        let start = out.len();
        let length = i32::try_from(length).map_err(|_| too_large())?;
        out.extend([1_i32, 0].map(i32::to_be_bytes).as_flattened());
        out.extend(wire_type(element, Layout::PerRow).oid().to_be_bytes());
        out.extend([length, 1].map(i32::to_be_bytes).as_flattened());
        Ok(Self { element, start, out })
    }

    pub(crate) fn push(&mut self, value: &Value<'_>) -> Result<()> {
        if value.is_null() {
            self.out.extend((-1_i32).to_be_bytes());
            self.out[self.start + 4..self.start + 8].copy_from_slice(&1_i32.to_be_bytes());
            return Ok(());
        }
        let start = self.out.len();
        self.out.extend([0; 4]);
        encode(self.element, value, self.out)?;
        let length = i32::try_from(self.out.len() - start - 4).map_err(|_| too_large())?;
        self.out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }
}

pub(crate) fn too_large() -> Error {
    Error::new(ErrorKind::Encode, "PostgreSQL takes no more than 1 GiB with one statement")
}

pub(super) fn encode_array(element: SqlType, values: &Elements<'_>, out: &mut Vec<u8>) -> Result<()> {
    let mut array = ArrayWriter::new(element, values.len(), out)?;
    values.iter().try_for_each(|value| array.push(&value))
}

pub(super) fn decode_array<'a>(element: &Type, mut bytes: &'a [u8]) -> Result<Value<'a>> {
    let dimensions = take_number(&mut bytes)?;
    if dimensions == 0 {
        return Ok(Value::Array(Elements::default()));
    }
    if dimensions != 1 {
        return Err(unreadable(format!("an array of {dimensions} dimensions cannot be read")));
    }
    let (_nulls, _type) = (take_number(&mut bytes)?, take_number(&mut bytes)?);
    let (length, _first) = (take_number(&mut bytes)?, take_number(&mut bytes)?);
    let elements = (0..length).map(|_| match usize::try_from(take_number(&mut bytes)?) {
        Ok(length) => decode(element, take(&mut bytes, length)?),
        Err(_) => Ok(Value::Null),
    });
    elements.collect::<Result<_>>().map(Value::Array)
}

fn take_number(bytes: &mut &[u8]) -> Result<i32> {
    fixed(take(bytes, 4)?).map(i32::from_be_bytes)
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8]> {
    let taken = bytes.split_at_checked(length);
    let (taken, rest) = taken.ok_or_else(|| unreadable("an array is cut off".to_owned()))?;
    *bytes = rest;
    Ok(taken)
}
