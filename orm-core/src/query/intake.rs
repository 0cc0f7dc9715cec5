//! What is to be done with the rows of a query when they are read, beside what its SQL says.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::query::Select;
use crate::query::with::Loads;

/// How the rows of a statement are taken in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Intake {
    /// Rows that are the same in these columns are one.
    pub(crate) unique_by: Option<Vec<usize>>,
    /// The last row comes first.
    pub(crate) backwards: bool,
    /// Entities that are known take over the values of their rows.
    pub(crate) refill: bool,
    /// Rows are locked, where the database can do no more than to lock itself.
    pub(crate) locks: bool,
    /// What is loaded with its entities.
    pub(crate) loads: Loads,
}

impl Intake {
    /// An error if the rows cannot be taken in one by one, as they come.
    pub(crate) fn check_stream(&self) -> Result<()> {
        let problem = match self {
            Self { unique_by: Some(_), .. } => "unique() would have to remember all of its rows",
            Self { backwards: true, .. } => "the rows before a cursor come in reverse",
            _ => return Ok(()),
        };
        let message = format!("this query cannot be streamed: {problem}; read it by all(…)");
        Err(Error::new(ErrorKind::InvalidQuery, message))
    }
}

/// What a query says of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taking {
    unique: bool,
    populate_existing: bool,
}

impl Taking {
    pub(crate) fn is_unique(&self) -> bool {
        self.unique
    }

    /// An error if it would be lost, as the rows are not read but used by another query.
    pub(crate) fn check_nested(&self) -> Result<()> {
        if !self.unique {
            return Ok(());
        }
        let message = "unique() is done when rows are read, and this query stands inside another one; say it of the outermost one";
        Err(Error::new(ErrorKind::InvalidQuery, message))
    }

    /// That of either.
    pub(crate) fn with(self, other: &Self) -> Self {
        Self { populate_existing: self.populate_existing || other.populate_existing, ..Self::default() }
    }

    pub(crate) fn populates_existing(&self) -> bool {
        self.populate_existing
    }
}

impl<S> Select<S> {
    /// Takes each row once, in the order in which they come first: the same entity once, however often a join brings it. Entities
    /// are told apart by their keys, other columns by their values. It is done in memory when the rows are read, and costs what
    /// remembering them does; `limit` and `offset` count before it. A stream refuses it.
    pub fn unique(mut self) -> Self {
        self.statement.taking.unique = true;
        self
    }

    /// Reads the values of entities that the session has loaded already, too: their columns become what the rows say. Without it
    /// those keep what they have, and only expired ones are filled.
    ///
    /// What was changed and not flushed is written first, as before each query.
    pub fn populate_existing(mut self) -> Self {
        self.statement.taking.populate_existing = true;
        self
    }
}
