//! A result that is read batch by batch.

use std::fmt;
use std::sync::Arc;

use super::{AsyncConnection, Connection, Face};
use crate::Result;
use crate::driver::{RowBuffer, Statement};
use crate::engine::wait;
use crate::error::Error;
use crate::result::{FromRow, ResultSet};

/// How many rows are asked for at a time.
pub(super) const BATCH: u32 = 500;

/// The rows of a query that are still coming. Dropped before the end, it frees its connection for the next statement.
#[must_use = "a stream gives rows only when it is read"]
pub struct RowStream<'c, C: Face = Connection> {
    connection: &'c mut C,
    set: ResultSet,
    more: bool,
    /// Why there are no more; said again whenever it is asked.
    failed: Option<Error>,
}

impl<'c, C: Face> RowStream<'c, C> {
    pub(super) fn new(connection: &'c mut C, statement: Arc<Statement>) -> Self {
        let set = ResultSet::new(RowBuffer::new(true), 0, statement);
        Self { connection, set, more: true, failed: None }
    }

    /// The names of the columns; there are none before the first row was asked for.
    pub fn columns(&self) -> &[String] {
        self.set.columns()
    }

    /// Whether the next batch has to be fetched.
    fn is_dry(&self) -> bool {
        self.more && self.failed.is_none() && self.set.is_empty()
    }

    fn fetched(&mut self, more: Result<bool>) {
        match more {
            Ok(more) => self.more = more,
            Err(error) => self.failed = Some(error),
        }
    }

    fn read<T: FromRow>(&mut self) -> Result<Option<T>> {
        match &self.failed {
            Some(error) => Err(error.clone()),
            None => self.set.next(),
        }
    }
}

impl RowStream<'_, Connection> {
    /// The next row, or `None` after the last one.
    #[expect(clippy::should_implement_trait, reason = "the type to read into is chosen at each call")]
    pub fn next<T: FromRow>(&mut self) -> Result<Option<T>> {
        while self.is_dry() {
            let more = wait(self.connection.channel.fetch(&mut self.set));
            self.fetched(more);
        }
        self.read()
    }

    /// The next rows, this many or as many as are left; none after the last one.
    pub fn partition<T: FromRow>(&mut self, rows: usize) -> Result<Vec<T>> {
        let mut partition = Vec::new();
        while partition.len() < rows
            && let Some(row) = self.next()?
        {
            partition.push(row);
        }
        Ok(partition)
    }
}

impl RowStream<'_, AsyncConnection> {
    /// The next row, or `None` after the last one.
    pub async fn next<T: FromRow>(&mut self) -> Result<Option<T>> {
        while self.is_dry() {
            let more = self.connection.channel.fetch(&mut self.set).await;
            self.fetched(more);
        }
        self.read()
    }

    /// The next rows, this many or as many as are left; none after the last one.
    pub async fn partition<T: FromRow>(&mut self, rows: usize) -> Result<Vec<T>> {
        let mut partition = Vec::new();
        while partition.len() < rows
            && let Some(row) = self.next().await?
        {
            partition.push(row);
        }
        Ok(partition)
    }
}

impl<C: Face> Drop for RowStream<'_, C> {
    fn drop(&mut self) {
        self.connection.channel().abandon_cursor();
    }
}

impl<C: Face> fmt::Debug for RowStream<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowStream({})", self.columns().join(", "))
    }
}
