//! The parameters of a statement.
//!
//! They are encoded into one buffer before the driver sees them: a value that cannot be stored is then found before
//! anything is sent, as the error it is, and the driver only copies bytes.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Range;

use bytes::BytesMut;
use orm_core::driver::Rows;
use orm_core::query::Layout;
use orm_core::{Error, ErrorKind, Result, SqlType, Value};
use tokio_postgres::types::{IsNull, ToSql, Type};

use crate::value::{encode, wire_type};

/// A little less than the 1 GiB at which the server gives up on a message and on the connection.
const MAX_BYTES: usize = (1 << 30) - (1 << 20);

/// The parameters of one statement, for one or more runs of it.
#[derive(Default)]
pub(crate) struct Parameters {
    bytes: Vec<u8>,
    /// Where each parameter stands; NULL stands nowhere.
    ranges: Vec<Option<Range<usize>>>,
    width: usize,
}

impl Parameters {
    /// One run with these values.
    pub(crate) fn values(types: &[SqlType], values: &[Value<'_>]) -> Result<Self> {
        check_width(types, values.len())?;
        let mut parameters = Self { width: types.len(), ..Self::default() };
        types.iter().zip(values).try_for_each(|(&sql_type, value)| parameters.push(sql_type, value))?;
        Ok(parameters)
    }

    /// One run for each row.
    pub(crate) fn rows(types: &[SqlType], rows: &dyn Rows) -> Result<Self> {
        check_width(types, rows.width())?;
        let mut parameters = Self { width: types.len(), ..Self::default() };
        for row in 0..rows.len() {
            for (column, &sql_type) in types.iter().enumerate() {
                parameters.push(sql_type, &rows.value(row, column)?)?;
            }
        }
        Ok(parameters)
    }

    /// One run whose parameters are the columns of the rows, as arrays.
    pub(crate) fn arrays(types: &[SqlType], rows: &dyn Rows) -> Result<Self> {
        check_width(types, rows.width())?;
        let mut parameters = Self { width: types.len(), ..Self::default() };
        for (column, &sql_type) in types.iter().enumerate() {
            let start = parameters.bytes.len();
            encode_array(sql_type, rows, column, &mut parameters.bytes)?;
            parameters.end(start)?;
        }
        Ok(parameters)
    }

    fn push(&mut self, sql_type: SqlType, value: &Value<'_>) -> Result<()> {
        if value.is_null() {
            self.ranges.push(None);
            return Ok(());
        }
        let start = self.bytes.len();
        encode(sql_type, value, &mut self.bytes)?;
        self.end(start)
    }

    fn end(&mut self, start: usize) -> Result<()> {
        if self.bytes.len() > MAX_BYTES {
            return Err(too_large());
        }
        self.ranges.push(Some(start..self.bytes.len()));
        Ok(())
    }

    /// The parameters of one run.
    pub(crate) fn run(&self, run: usize) -> impl ExactSizeIterator<Item = Parameter<'_>> {
        let ranges = self.ranges.get(run * self.width..(run + 1) * self.width).unwrap_or_default();
        ranges.iter().map(|range| Parameter(range.clone().and_then(|range| self.bytes.get(range))))
    }
}

fn check_width(types: &[SqlType], width: usize) -> Result<()> {
    if types.len() == width {
        return Ok(());
    }
    let message = format!("the statement has {} parameters, but {width} values came with it", types.len());
    Err(Error::new(ErrorKind::InvalidQuery, message))
}

fn too_large() -> Error {
    Error::new(ErrorKind::Encode, "PostgreSQL takes no more than 1 GiB with one statement")
}

/// One parameter, already encoded.
pub(crate) struct Parameter<'a>(Option<&'a [u8]>);

/// Empty, because the driver logs its parameters.
impl fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let Some(bytes) = self.0 else {
            return Ok(IsNull::Yes);
        };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.to_sql(ty, out)
    }
}

/// A one-dimensional array: dimensions, whether there are NULLs, element type, length, first index, then each element
/// behind its length.
fn encode_array(sql_type: SqlType, rows: &dyn Rows, column: usize, out: &mut Vec<u8>) -> Result<()> {
    let length = i32::try_from(rows.len()).map_err(|_| too_large())?;
    let nulls = out.len() + 4..out.len() + 8;
    out.extend([1_i32, 0].map(i32::to_be_bytes).as_flattened());
    out.extend(wire_type(sql_type, Layout::PerRow).oid().to_be_bytes());
    out.extend([length, 1].map(i32::to_be_bytes).as_flattened());
    for row in 0..rows.len() {
        let value = rows.value(row, column)?;
        if value.is_null() {
            out.extend((-1_i32).to_be_bytes());
            out[nulls.clone()].copy_from_slice(&1_i32.to_be_bytes());
        } else {
            encode_element(sql_type, &value, out)?;
        }
    }
    Ok(())
}

fn encode_element(sql_type: SqlType, value: &Value<'_>, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    out.extend([0; 4]);
    encode(sql_type, value, out)?;
    let length = i32::try_from(out.len() - start - 4).map_err(|_| too_large())?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}
