//! Updates by primary key, group by group.

use crate::Result;
use crate::driver::Write;
use crate::engine::{EngineCore, Lease};
use crate::error::{Error, ErrorKind};
use crate::query::UpdateGroup;

/// Carries them out; how many rows were updated. As in a flush, a row that is not there is an error.
pub(crate) async fn update_many(
    engine: &EngineCore,
    lease: &mut Lease,
    groups: &[UpdateGroup],
) -> Result<u64> {
    let dialect = engine.backend().dialect();
    let mut updated = 0;
    for UpdateGroup { shape, rows } in groups {
        let layout = dialect.layout(shape, rows.len());
        let statement = engine.statements().write(dialect, shape, layout)?;
        let written = lease.write(Write { statement: &statement, layout, rows, keys: false }).await;
        let written = written.map_err(|error| rows.blame(dialect, error))?;
        if written.affected != rows.len() as u64 {
            let reason = match shape.table().version() {
                Some(_) => "a row is not there, or has another version",
                None => "a row is not there",
            };
            let (table, counts) = (shape.table().name(), counts("updated", rows.len(), written.affected));
            let message = format!("table {table}: {counts}; {reason}");
            return Err(Error::new(ErrorKind::StaleData, message));
        }
        updated += written.affected;
    }
    Ok(updated)
}

/// How many rows a statement was to write, and how many it did, in words.
pub(crate) fn counts(verb: &str, expected: usize, affected: u64) -> String {
    let (rows, were) =
        (if expected == 1 { "row was" } else { "rows were" }, if affected == 1 { "was" } else { "were" });
    format!("{expected} {rows} to be {verb} and {affected} {were}")
}
