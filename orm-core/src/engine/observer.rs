//! What an engine tells of its work: each statement and each step of a transaction, in order.

use std::fmt;

use crate::Value;
use crate::driver::Rows;

/// Hears of everything an engine sends. A closure is one.
pub trait Observer: Send + Sync + 'static {
    /// Called when the answer has come, or the error.
    fn event(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Observer for F {
    fn event(&self, event: &Event<'_>) {
        self(event);
    }
}

/// Something that an engine sent.
#[non_exhaustive]
pub enum Event<'a> {
    /// A statement with one or more sets of parameters.
    Statement(Sent<'a>),
    /// A transaction began.
    Begin,
    /// A transaction was committed.
    Commit,
    /// A transaction was rolled back.
    Rollback,
    /// A savepoint was set.
    Savepoint(u32),
    /// A savepoint was let go, and what was done since it kept.
    Release(u32),
    /// What was done since a savepoint was undone.
    RollbackTo(u32),
    /// Something unexpected that is no error, such as rows to be deleted that were gone already.
    Warning(&'a str),
}

/// A statement that was sent.
pub struct Sent<'a> {
    pub(crate) sql: &'a str,
    pub(crate) rows: Option<&'a dyn Rows>,
}

impl Sent<'_> {
    /// Its text, with placeholders.
    pub fn sql(&self) -> &str {
        self.sql
    }

    /// How many sets of parameters went with it.
    pub fn sets(&self) -> usize {
        self.rows.map_or(1, Rows::len)
    }

    /// How many values a set has.
    pub fn width(&self) -> usize {
        self.rows.map_or(0, Rows::width)
    }

    /// One parameter of one set.
    pub fn value(&self, set: usize, index: usize) -> Option<Value<'_>> {
        let rows = self.rows?;
        if set < rows.len() && index < rows.width() { rows.value(set, index).ok() } else { None }
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Begin => f.write_str("BEGIN"),
            Event::Commit => f.write_str("COMMIT"),
            Event::Rollback => f.write_str("ROLLBACK"),
            Event::Savepoint(number) => write!(f, "SAVEPOINT orm_{number}"),
            Event::Release(number) => write!(f, "RELEASE orm_{number}"),
            Event::RollbackTo(number) => write!(f, "ROLLBACK TO orm_{number}"),
            Event::Warning(message) => write!(f, "WARNING: {message}"),
            Event::Statement(sent) if sent.sets() == 1 => f.write_str(sent.sql),
            Event::Statement(sent) => write!(f, "{} -- {} rows", sent.sql, sent.sets()),
        }
    }
}

/// The parameters of a statement that runs once.
pub(super) struct OneSet<'a>(pub(super) &'a [Value<'a>]);

impl Rows for OneSet<'_> {
    fn len(&self) -> usize {
        1
    }

    fn width(&self) -> usize {
        self.0.len()
    }

    fn value(&self, _row: usize, column: usize) -> crate::Result<Value<'_>> {
        Ok(self.0[column].borrowed())
    }
}
