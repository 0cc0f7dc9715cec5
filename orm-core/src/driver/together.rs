//! Writes that are sent together.

use std::fmt;

use crate::Error;
use crate::driver::{RowBuffer, Write, Written};

/// One of several writes that are sent together, with room for its answer.
pub struct Entry<'a> {
    /// What is written.
    pub write: Write<'a>,
    /// Whether the statement returns rows that are wanted; if so, its keys are among them.
    pub returns: bool,
    /// What it did, once it is done.
    pub written: Written,
    /// The rows that it has returned.
    pub rows: RowBuffer,
}

impl<'a> Entry<'a> {
    /// A write that was not sent yet.
    pub fn new(write: Write<'a>, returns: bool) -> Self {
        Self { write, returns, written: Written::default(), rows: RowBuffer::new(false) }
    }
}

/// What stopped writes that were sent together.
#[derive(Debug)]
pub struct Failed {
    /// Which of them it was; as many as there are if it was COMMIT.
    pub at: usize,
    /// Why.
    pub error: Error,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { at: 0, error }
    }
}
