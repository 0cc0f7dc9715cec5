//! A statement's SQL with its parameters, to be looked at without a database.

use std::fmt;
use std::ops::Deref;

use crate::query::Rendered;
use crate::{SqlType, Value};

/// The SQL of a statement for one dialect, with the values of its parameters; made by
/// [`Executable::to_sql`](crate::query::Executable::to_sql).
///
/// It can be used as its text: it displays as it, dereferences to it, and compares with it. `Debug` shows the parameters as well.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlText {
    sql: String,
    types: Vec<SqlType>,
    parameters: Vec<Value<'static>>,
}

impl SqlText {
    pub(crate) fn new(rendered: Rendered) -> Self {
        let Rendered {
            text,
            types,
            values,
            writes: _,
            plain_read: _,
            intake: _,
            waits: _,
            batch: _,
            effect: _,
        } = rendered;
        Self { sql: text, types, parameters: values }
    }

    /// The text, with placeholders for the parameters.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The values of the parameters, in the order of their numbers.
    pub fn parameters(&self) -> &[Value<'static>] {
        &self.parameters
    }

    /// The types of the parameters, in the same order: integers of any width are one kind of value.
    pub fn types(&self) -> &[SqlType] {
        &self.types
    }
}

impl fmt::Display for SqlText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

impl Deref for SqlText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.sql
    }
}

impl AsRef<str> for SqlText {
    fn as_ref(&self) -> &str {
        &self.sql
    }
}

impl From<SqlText> for String {
    fn from(text: SqlText) -> Self {
        text.sql
    }
}

impl PartialEq<str> for SqlText {
    fn eq(&self, other: &str) -> bool {
        self.sql == other
    }
}

impl PartialEq<&str> for SqlText {
    fn eq(&self, other: &&str) -> bool {
        self.sql == *other
    }
}

impl PartialEq<String> for SqlText {
    fn eq(&self, other: &String) -> bool {
        self.sql == *other
    }
}
