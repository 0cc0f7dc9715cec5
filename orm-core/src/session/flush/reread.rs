//! What the database has made of rows, where the statement that wrote them could not hand it back: they are read again by their
//! keys, in the same transaction.

use crate::driver::{RowBuffer, Rows, Written};
use crate::engine::{EngineCore, Lease};
use crate::metadata::TableRef;
use crate::query::{Projection, RowsByKey, WriteShape, rendered_to_run};
use crate::{Result, Value};

/// Reads the key and these columns of the rows with these keys.
pub(in crate::session) async fn reread(
    engine: &EngineCore,
    lease: &mut Lease,
    table: &TableRef,
    columns: &[usize],
    first: Option<&Projection>,
    keys: &[Vec<Value<'static>>],
) -> Result<RowBuffer> {
    let mut found = RowBuffer::new(true);
    for keys in keys.chunks(RowsByKey::MOST) {
        let mut keys = keys.to_vec();
        // Few sizes, so that each is prepared once and then found again.
        let last = keys.last().cloned().unwrap_or_default();
        keys.resize(keys.len().next_power_of_two(), last);
        let query =
            RowsByKey { table: table.clone(), columns: columns.to_vec(), first: first.cloned(), keys };
        let rendered = rendered_to_run(&query, engine.backend().dialect(), None)?;
        let statement = engine.statements().query(&rendered);
        lease.run(&statement, &rendered.values, &mut found).await?;
    }
    Ok(found)
}

/// The keys that rows have once they are written.
pub(super) fn keys_of(
    shape: &WriteShape,
    rows: &dyn Rows,
    written: &Written,
) -> Result<Vec<Vec<Value<'static>>>> {
    let (keys, columns) = (shape.table().primary_key(), shape.columns());
    let value = |row: usize, key: usize| {
        let set = columns.iter().position(|&column| column == key);
        let found_by =
            || shape.key().iter().position(|&column| column == key).map(|place| columns.len() + place);
        match set.or_else(found_by) {
            Some(place) => Ok(rows.value(row, place)?.into_owned()),
            None => Ok(written.keys.get(row).map_or(Value::Null, |&key| Value::Int(key))),
        }
    };
    (0..rows.len()).map(|row| keys.iter().map(|&key| value(row, key)).collect()).collect()
}
