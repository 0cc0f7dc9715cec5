//! The rows of a step as a driver reads them: straight out of the structs, the columns that are written and then the key.

use crate::driver::Rows;
use crate::metadata::{Column, Table};
use crate::model::Model;
use crate::session::arena::Head;
use crate::{Result, Value};

/// Which values of which slots.
pub(super) struct Selection<'a> {
    pub(super) slots: &'a [u32],
    /// By whose keys the rows are found, where these are others.
    pub(super) holders: &'a [u32],
    pub(super) columns: Vec<&'static Column>,
    /// The columns are NULL, whatever the structs say.
    pub(super) clear: bool,
    /// How many parts of the key follow.
    pub(super) key: usize,
    /// The version that each row has to have, behind the key, if that is looked at.
    pub(super) versions: Vec<i64>,
    pub(super) heads: &'a [Head],
}

impl Selection<'_> {
    /// The columns at these positions of a table.
    pub(super) fn columns_of(table: &'static Table, positions: &[usize]) -> Vec<&'static Column> {
        positions.iter().map(|&position| &table.columns()[position]).collect()
    }
}

/// The selected values of one model's structs. Generic, so that a value is one dynamic call away from its driver.
pub(super) struct ModelRows<'a, M> {
    pub(super) structs: &'a [Option<M>],
    pub(super) selection: Selection<'a>,
}

impl<M: Model> Rows for ModelRows<'_, M> {
    fn len(&self) -> usize {
        self.selection.slots.len()
    }

    fn width(&self) -> usize {
        let Selection { columns, key, versions, .. } = &self.selection;
        columns.len() + key + usize::from(!versions.is_empty())
    }

    fn value(&self, row: usize, column: usize) -> Result<Value<'_>> {
        let Selection { slots, holders, columns, clear, key, versions, heads } = &self.selection;
        let slot = slots[row] as usize;
        match (columns.get(column), &self.structs[slot]) {
            (Some(_), _) if *clear => Ok(Value::Null),
            (Some(column), Some(record)) => record.get(column.field, column.part),
            (Some(_), None) => Ok(Value::Null),
            (None, _) => match column - columns.len() {
                part if part < *key => {
                    let holder = holders.get(row).map_or(slot, |&holder| holder as usize);
                    Ok(heads[holder].identity.value(part))
                }
                _ => Ok(Value::Int(versions[row])),
            },
        }
    }
}
