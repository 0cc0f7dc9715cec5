//! What became of rows that were there already: which of them count, and what else INSERT IGNORE has ignored.

use mysql_async::prelude::Queryable;
use mysql_async::{Row, ServerError};
use orm_core::Result;
use orm_core::driver::{Sink, Statement};

use super::{MysqlConnection, Wire};
use crate::error;

/// The error of a row that is there already.
const DUPLICATE: u16 = 1062;

/// How the outcome of a statement is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Plain,
    /// A row that was updated counts as two.
    Upserted,
    /// Any error about a row is a warning.
    Ignored,
}

pub(super) fn of(sql: &str) -> Outcome {
    match sql.starts_with("INSERT") {
        true if sql.starts_with("INSERT IGNORE") => Outcome::Ignored,
        true if sql.contains(" ON DUPLICATE KEY UPDATE ") => Outcome::Upserted,
        _ => Outcome::Plain,
    }
}

/// How many rows were inserted or updated, of which the server says `Records: 3  Duplicates: 1  Warnings: 0` if there may be
/// several.
pub(super) fn upserted(info: &str, affected: u64) -> u64 {
    let records = info.strip_prefix("Records: ").and_then(|rest| rest.split(' ').next());
    records.and_then(|records| records.parse().ok()).unwrap_or(affected.min(1))
}

impl MysqlConnection {
    /// Runs an INSERT IGNORE, which is to ignore rows that are there already and nothing else. What else it has ignored is an
    /// error, and what it has done then is not to be stored.
    pub(super) async fn run_ignoring(
        &mut self,
        statement: &Statement,
        parameters: Vec<Wire>,
        sink: &mut dyn Sink,
    ) -> Result<u64> {
        let alone = self.begin_alone();
        let result = match self.execute(statement, parameters).await {
            Ok(()) => self.read(sink).await,
            Err(error) => Err(error),
        };
        let result = match result {
            Ok(affected) => self.check_ignored().await.map(|()| affected),
            Err(error) => Err(error),
        };
        self.end_alone(alone, result).await
    }

    async fn check_ignored(&mut self) -> Result<()> {
        if self.link.here().is_none_or(|conn| conn.get_warnings() == 0) {
            return Ok(());
        }
        let warnings = match self.link.get() {
            Ok(conn) => conn.query::<Row, _>("SHOW WARNINGS").await,
            Err(error) => Err(error),
        };
        let warnings = warnings.map_err(|error| self.failed(error))?;
        match warnings.iter().find_map(ignored_error) {
            None => Ok(()),
            Some(ignored) => {
                self.spoil();
                Err(error::from(mysql_async::Error::Server(ignored)))
            }
        }
    }
}

fn ignored_error(row: &Row) -> Option<ServerError> {
    let text = |index: usize| row.get_opt::<String, _>(index)?.ok();
    let code = row.get_opt::<u16, _>(1)?.ok()?;
    let is_error = code != DUPLICATE && text(0)? != "Note";
    is_error.then_some(ServerError { code, message: text(2).unwrap_or_default(), state: "HY000".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_were_updated_count_once() {
        assert_eq!(upserted("Records: 3  Duplicates: 1  Warnings: 0", 4), 3);
        assert_eq!(upserted("", 2), 1);
        assert_eq!(upserted("", 1), 1);
    }
}
