//! `LIMIT` and `OFFSET`, bound like any other value.

use crate::query::{Select, Sql};
use crate::{SqlType, Value};

#[derive(Clone, Debug, Default)]
pub(crate) struct Limit {
    limit: Option<u32>,
    offset: Option<u32>,
}

impl Limit {
    pub(crate) fn is_empty(&self) -> bool {
        self.limit.is_none() && self.offset.is_none()
    }

    pub(crate) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    pub(crate) fn render(&self, sql: &mut Sql<'_>) {
        match (self.limit, self.offset, sql.dialect().unlimited()) {
            (Some(limit), ..) => {
                sql.push(" LIMIT ").bind(SqlType::BigInt, Value::Int(limit.into()));
                sql.push(sql.dialect().limit_suffix());
            }
            (None, Some(_), Some(unlimited)) => {
                sql.push(unlimited);
            }
            (None, ..) => {}
        }
        if let Some(offset) = self.offset {
            sql.push(" OFFSET ").bind(SqlType::BigInt, Value::Int(offset.into()));
        }
    }
}

impl<S> Select<S> {
    /// At most this many rows.
    pub fn limit(mut self, rows: u32) -> Self {
        self.statement.limit.limit = Some(rows);
        self
    }

    /// Leaves out this many rows at the beginning.
    pub fn offset(mut self, rows: u32) -> Self {
        self.statement.limit.offset = Some(rows);
        self
    }

    /// At most this many rows, and no more than were asked for before.
    pub(crate) fn limit_further(mut self, rows: u32) -> Self {
        let limit = &mut self.statement.limit.limit;
        *limit = Some(limit.map_or(rows, |before| before.min(rows)));
        self
    }
}
