//! What not every database can do. A statement that needs one of these asks for it, and is refused before it is sent where
//! the database has no such thing.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::query::Sql;

/// A part of SQL that not every database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// `FULL JOIN`
    FullJoin,
    /// `EXPLAIN ANALYZE`
    ExplainAnalyze,
    /// `LATERAL`
    Lateral,
    /// `= ANY (SELECT …)` and `= ALL (SELECT …)`
    Quantifiers,
    /// `INTERSECT ALL`
    IntersectAll,
    /// `EXCEPT ALL`
    ExceptAll,
    /// A common table expression that writes.
    WritingCte,
    /// `MATERIALIZED` and `NOT MATERIALIZED`
    MaterializedCte,
    /// A configuration for text search, named in the query.
    SearchConfiguration,
    /// `SELECT DISTINCT ON (…)`
    DistinctOn,
    /// `SELECT … FOR UPDATE`. Where it is missing, the clause is left out instead of refused.
    RowLocks,
    /// `DELETE … USING`
    DeleteUsing,
    /// `RETURNING` of columns of what an update reads from besides its table.
    ReturningOthers,
    /// `ON CONFLICT ON CONSTRAINT`
    ConflictConstraint,
    /// Foreign keys that are looked at when the transaction commits.
    DeferrableKeys,
}

impl Feature {
    /// As it is called in a message.
    pub fn name(self) -> &'static str {
        match self {
            Self::FullJoin => "FULL JOIN",
            Self::ExplainAnalyze => "EXPLAIN ANALYZE",
            Self::Lateral => "LATERAL",
            Self::Quantifiers => "ANY and ALL of a query",
            Self::IntersectAll => "INTERSECT ALL",
            Self::ExceptAll => "EXCEPT ALL",
            Self::WritingCte => "common table expressions that write",
            Self::MaterializedCte => "MATERIALIZED",
            Self::SearchConfiguration => "configurations for text search",
            Self::DistinctOn => "DISTINCT ON",
            Self::RowLocks => "row locks",
            Self::DeleteUsing => "DELETE … USING",
            Self::ReturningOthers => "RETURNING of tables other than the one that is written",
            Self::ConflictConstraint => "ON CONFLICT ON CONSTRAINT; name the constraint's columns instead",
            Self::DeferrableKeys => "foreign keys that are looked at when the transaction commits",
        }
    }
}

impl Sql<'_> {
    /// An error if the database has no such thing.
    pub fn require(&self, feature: Feature) -> Result<()> {
        if self.dialect().supports(feature) {
            return Ok(());
        }
        let message = format!("{} has no {}", self.dialect().name(), feature.name());
        Err(Error::new(ErrorKind::Unsupported, message))
    }
}
