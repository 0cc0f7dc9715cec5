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
    /// `MATERIALIZED` and `NOT MATERIALIZED`. Where they are missing, the word is left out.
    MaterializedCte,
    /// A configuration for text search, named in the query.
    SearchConfiguration,
    /// `SELECT DISTINCT ON (…)`
    DistinctOn,
    /// `SELECT … FOR UPDATE`. Where it is missing, the clause is left out instead of refused.
    RowLocks,
    /// `DELETE … USING`
    DeleteUsing,
    /// A subquery of a DELETE that reads from the same table. Where it is missing, it stands inside of another one.
    DeleteReading,
    /// `RETURNING` of columns of what an update reads from besides its table.
    ReturningOthers,
    /// `ON CONFLICT ON CONSTRAINT`
    ConflictConstraint,
    /// Foreign keys that are looked at when the transaction commits.
    DeferrableKeys,
    /// `ON CONFLICT DO UPDATE … WHERE`
    ConflictFilter,
    /// Deletion of a row that refers to itself. Where it is missing, a session sets such a reference to NULL before.
    SelfReferences,
    /// `NULLS FIRST` and `NULLS LAST`. Where they are missing, another key is sorted by before.
    NullsOrder,
    /// `FILTER` behind an aggregate. Where it is missing, a CASE inside leaves rows out.
    AggregateFilter,
    /// `FOR UPDATE OF`
    LockOf,
    /// `RETURNING` of rows that were inserted or deleted.
    ReturningRows,
    /// `RETURNING` of rows that were updated. Where it is missing, a session asks for what it needs in other statements.
    ReturningUpdated,
    /// Two columns of the same name in a query that is read from.
    RepeatedNames,
    /// `VALUES` as a query. Where it is missing, SELECTs are put together.
    ValueLists,
    /// Checks of columns that an action of a foreign key sets. Where they are missing, those that this library makes are left out.
    CheckedActions,
    /// Parameters in the frame of a window. Where they are missing, its numbers are a part of the text.
    FrameParameters,
    /// `UPDATE … FROM`. Where it is missing, the tables stand beside the one that is updated.
    UpdateFrom,
    /// `IN (SELECT … LIMIT …)`. Where it is missing, such a query stands inside of another one.
    LimitCompared,
    /// `GROUPS` and `EXCLUDE` in the frame of a window.
    FrameGroups,
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
            Self::DeleteReading => "DELETE of rows that a query of the same table finds",
            Self::ReturningOthers => "RETURNING of tables other than the one that is written",
            Self::ConflictConstraint => "ON CONFLICT ON CONSTRAINT; name the constraint's columns instead",
            Self::DeferrableKeys => "foreign keys that are looked at when the transaction commits",
            Self::ConflictFilter => "filter of what is done about a row that is there",
            Self::SelfReferences => "deletion of rows that refer to themselves",
            Self::NullsOrder => "NULLS FIRST and NULLS LAST",
            Self::AggregateFilter => "FILTER of aggregates",
            Self::ReturningRows => "RETURNING",
            Self::ReturningUpdated => "RETURNING of rows that were updated",
            Self::RepeatedNames => "two columns of the same name in a query that is read from",
            Self::ValueLists => "VALUES as a query",
            Self::CheckedActions => "checks of columns that an action of a foreign key sets",
            Self::FrameParameters => "parameters in the frame of a window",
            Self::LimitCompared => "IN of a query with a limit",
            Self::FrameGroups => "GROUPS and EXCLUDE in the frame of a window",
            Self::UpdateFrom => "UPDATE … FROM",
            Self::LockOf => "locks on the rows of some of the tables",
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
