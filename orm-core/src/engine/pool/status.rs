//! What a pool says of itself.

use std::fmt;
use std::time::Duration;

use super::ledger::Count;

/// How many connections an engine has, and who has them, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatus {
    /// How many idle connections are kept: the option `pool_size`.
    pub size: usize,
    /// Open connections that nobody uses.
    pub idle: usize,
    /// How many connections there are beyond `size`.
    pub overflow: usize,
    /// Connections that are in use, or being opened.
    pub borrowed: usize,
    /// Those in use since before the last `dispose`; they are closed when they come back, and do not count otherwise.
    pub retired: usize,
    /// Users who wait for a connection.
    pub waiting: usize,
    /// For how long the longest user has had its connection.
    pub longest: Option<Duration>,
}

impl PoolStatus {
    pub(super) fn new(size: usize, count: &Count) -> Self {
        let &Count { idle, lent, retired, waiting, longest } = count;
        let overflow = (idle + lent).saturating_sub(size);
        let longest = longest.map(|began| began.elapsed());
        Self { size, idle, overflow, borrowed: lent, retired, waiting, longest }
    }
}

/// As a clause of a sentence: `3 in use, the longest for 1.5 s, 0 idle, 2 waiting`.
impl fmt::Display for PoolStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size: _, idle, overflow: _, borrowed, retired, waiting, longest } = self;
        write!(f, "{borrowed} in use")?;
        if let Some(longest) = longest {
            write!(f, ", the longest for {:.1} s", longest.as_secs_f64())?;
        }
        write!(f, ", {idle} idle, {waiting} waiting")?;
        if *retired > 0 {
            write!(f, ", {retired} still in use since before dispose")?;
        }
        Ok(())
    }
}
