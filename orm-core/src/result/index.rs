//! How one column of a row is named.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::query::Column;

/// A column of a result: its position, its name, or a model's column.
pub trait ColumnIndex {
    /// Its position among the columns of the result.
    fn position(&self, columns: &[String]) -> Result<usize>;
}

impl ColumnIndex for usize {
    fn position(&self, columns: &[String]) -> Result<usize> {
        if *self < columns.len() {
            return Ok(*self);
        }
        Err(missing(format!("there is no column {self}"), columns))
    }
}

impl ColumnIndex for str {
    fn position(&self, columns: &[String]) -> Result<usize> {
        let mut found = columns.iter().enumerate().filter(|(_, name)| *name == self);
        match (found.next(), found.next()) {
            (Some((index, _)), None) => Ok(index),
            (None, _) => Err(missing(format!("there is no column {self:?}"), columns)),
            (Some(_), Some(_)) => Err(missing(format!("there is more than one column {self:?}"), columns)),
        }
    }
}

impl<I: ColumnIndex + ?Sized> ColumnIndex for &I {
    fn position(&self, columns: &[String]) -> Result<usize> {
        (**self).position(columns)
    }
}

impl<M, T> ColumnIndex for Column<M, T> {
    fn position(&self, columns: &[String]) -> Result<usize> {
        self.name().position(columns)
    }
}

fn missing(problem: String, columns: &[String]) -> Error {
    Error::new(ErrorKind::InvalidQuery, format!("{problem} in the result, which has {}", columns.join(", ")))
}
