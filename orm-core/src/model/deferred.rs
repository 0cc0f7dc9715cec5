//! `Deferred<T>`: a column that is read only when it is asked for.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::metadata::FieldBuilder;
use crate::model::Field;
use crate::result::RowReader;
use crate::types::DbValue;
use crate::{Result, Value};

/// A column that queries for entities leave out, because it is large and seldom wanted.
///
/// `session.load_deferred(doc, Doc::BODY)` reads it, `.undefer(Doc::BODY)` has a query read it at once. A new struct has its
/// value, which is inserted with the others; later it is written only if it was set: `session[doc].body = "…".into()`. It costs
/// a statement for whoever wants it, and nothing for whoever does not.
///
/// Columns that are wanted together are a group, `#[model(deferred = "scans")]`, which is read as a whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Deferred<T>(Option<T>);

impl<T> Deferred<T> {
    /// One with a value.
    pub fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// One without: a flush leaves the column as it is. A struct that has one cannot be added as a new row.
    pub fn not_loaded() -> Self {
        Self(None)
    }

    /// Whether it has its value.
    pub fn is_loaded(&self) -> bool {
        self.0.is_some()
    }

    /// The value, if it was loaded or set.
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// The value, or an error if it was not loaded.
    pub fn try_get(&self) -> Result<&T> {
        self.0.as_ref().ok_or_else(not_loaded)
    }

    /// Sets the value, whether the one before was loaded or not; the next flush writes it.
    pub fn set(&mut self, value: impl Into<T>) {
        self.0 = Some(value.into());
    }

    /// The value, if it was loaded or set.
    pub fn into_inner(self) -> Option<T> {
        self.0
    }
}

#[cold]
fn not_loaded() -> Error {
    let message = "it is deferred; read it with session.load_deferred(entity, column), or with .undefer(column) in the query";
    Error::new(ErrorKind::NotLoaded, message)
}

impl<T> From<T> for Deferred<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Deferred<String> {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

/// Loaded, with the default value.
impl<T: Default> Default for Deferred<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Deferred<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("(not loaded)"),
        }
    }
}

impl<T: DbValue> Field for Deferred<T> {
    type Column = T;

    const WIDTH: usize = 1;

    fn describe(name: &str, columns: &mut FieldBuilder<'_>) {
        columns.deferred_column(name, T::TYPE, T::NULLABLE);
    }

    fn read(row: &mut RowReader<'_>) -> Result<Self> {
        if row.skip_absent() { Ok(Self::not_loaded()) } else { row.field().map(Self::new) }
    }

    fn get(&self, _part: usize) -> Result<Value<'_>> {
        self.try_get()?.encode()
    }
}
