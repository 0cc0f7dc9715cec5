//! The parameters of a statement.
//!
//! They are encoded into one buffer before the driver sees them: a value that cannot be stored is then found before
//! anything is sent, as the error it is, and the driver only copies bytes.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Range;

use bytes::BytesMut;
use orm_core::driver::Rows;
use orm_core::{Error, ErrorKind, Result, SqlType, Value};
use tokio_postgres::types::{IsNull, ToSql, Type};

use crate::value::{ArrayWriter, encode, too_large};

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
        let mut parameters = Self::with_room(types.len(), 1);
        types.iter().zip(values).try_for_each(|(&sql_type, value)| parameters.push(sql_type, value))?;
        Ok(parameters)
    }

    /// One run for each row.
    pub(crate) fn rows(types: &[SqlType], rows: &dyn Rows) -> Result<Self> {
        check_width(types, rows.width())?;
        let mut parameters = Self::with_room(types.len(), rows.len());
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
            let mut array = ArrayWriter::new(sql_type, rows.len(), &mut parameters.bytes)?;
            for row in 0..rows.len() {
                array.push(&rows.value(row, column)?)?;
            }
            parameters.end(start)?;
        }
        Ok(parameters)
    }

    /// Room for the parameters of so many runs: growing step by step costs more than writing.
    fn with_room(width: usize, runs: usize) -> Self {
        let count = width * runs;
        Self { bytes: Vec::with_capacity(16 * count), ranges: Vec::with_capacity(count), width }
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

/// More than the protocol can count would be read as fewer.
const MAX_PARAMETERS: usize = u16::MAX as usize;

fn check_width(types: &[SqlType], width: usize) -> Result<()> {
    if types.len() > MAX_PARAMETERS {
        let message = format!(
            "PostgreSQL takes at most {MAX_PARAMETERS} parameters with one statement, and this one has {}",
            types.len()
        );
        return Err(Error::new(ErrorKind::InvalidQuery, message));
    }
    if types.len() == width {
        return Ok(());
    }
    let message = format!("the statement has {} parameters, but {width} values came with it", types.len());
    Err(Error::new(ErrorKind::InvalidQuery, message))
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
