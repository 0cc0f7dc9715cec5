//! What an engine tells of its work: each statement and each step of a transaction, in order.

use std::fmt;
use std::time::Duration;

use crate::driver::Rows;
use crate::engine::echo::Echo;
use crate::engine::watch::Asked;
use crate::error::Error;
use crate::{Result, Value};

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
    /// A connection was opened, after so long.
    Connect(Duration),
    /// A statement with one or more sets of parameters, answered or failed.
    Statement(Sent<'a>),
    /// The same statement once more, because it took longer than `slow_statements` allows; it shows no values.
    Slow(Sent<'a>),
    /// A transaction began.
    Begin,
    /// A transaction was committed.
    Commit,
    /// A transaction was rolled back.
    Rollback,
    /// The savepoint with this number was set.
    Savepoint(u32),
    /// A savepoint was given up, and what came after it stays.
    Release(u32),
    /// What came after a savepoint was undone.
    RollbackTo(u32),
    /// Something unexpected that is no error, such as rows to be deleted that were gone already.
    Warning(&'a str),
}

/// A statement that was sent.
#[derive(Clone, Copy)]
pub struct Sent<'a> {
    pub(super) sql: &'a str,
    pub(super) parameters: Option<&'a dyn Rows>,
    pub(super) hidden: bool,
    pub(super) outcome: Result<u64, &'a Error>,
    pub(super) elapsed: Duration,
}

impl Sent<'_> {
    /// Its text, with placeholders.
    pub fn sql(&self) -> &str {
        self.sql
    }

    /// How many sets of parameters went with it.
    pub fn sets(&self) -> usize {
        self.parameters.map_or(1, Rows::len)
    }

    /// How many values a set has.
    pub fn width(&self) -> usize {
        self.parameters.map_or(0, Rows::width)
    }

    /// One parameter of one set; none if the engine hides them.
    pub fn value(&self, set: usize, index: usize) -> Option<Value<'_>> {
        let rows = self.parameters.filter(|_| !self.hidden)?;
        if set < rows.len() && index < rows.width() { rows.value(set, index).ok() } else { None }
    }

    /// How many rows it returned or changed; none if it failed.
    pub fn rows(&self) -> Option<u64> {
        self.outcome.ok()
    }

    /// Why it failed.
    pub fn error(&self) -> Option<&Error> {
        self.outcome.err()
    }

    /// How long the answer took.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

impl Event<'_> {
    /// The event as [`echo`](crate::engine::EngineBuilder::echo) writes it: with parameters, rows and time.
    pub fn echo(&self) -> Echo<'_> {
        Echo(self)
    }
}

/// One line, without values and without times.
impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Connect(_) => f.write_str("CONNECT"),
            Event::Begin => f.write_str("BEGIN"),
            Event::Commit => f.write_str("COMMIT"),
            Event::Rollback => f.write_str("ROLLBACK"),
            Event::Savepoint(number) => write!(f, "SAVEPOINT orm_{number}"),
            Event::Release(number) => write!(f, "RELEASE orm_{number}"),
            Event::RollbackTo(number) => write!(f, "ROLLBACK TO orm_{number}"),
            Event::Warning(message) => write!(f, "WARNING: {message}"),
            Event::Slow(sent) => write!(f, "SLOW: {}", sent.sql),
            Event::Statement(sent) => Asked { sql: sent.sql, parameters: sent.parameters }.fmt(f),
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

    fn value(&self, _row: usize, column: usize) -> Result<Value<'_>> {
        Ok(self.0[column].borrowed())
    }
}
