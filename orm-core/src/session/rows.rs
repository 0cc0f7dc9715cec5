//! The rows of a step as a driver reads them: straight out of the structs, the columns that are written and then the key.

use crate::driver::{Rows, TakeValue};
use crate::metadata::Table;
use crate::model::{Model, TakeValues};
use crate::session::arena::Head;
use crate::session::paged::Paged;
use crate::session::records::Structs;
use crate::{Result, Value};

/// Which values of which slots.
pub(super) struct Selection<'a> {
    pub(super) slots: &'a [u32],
    /// By whose keys the rows are found, where these are others.
    pub(super) holders: &'a [u32],
    /// In the order of the table.
    pub(super) columns: &'a [usize],
    pub(super) table: &'static Table,
    /// The columns are NULL, whatever the structs say.
    pub(super) clear: bool,
    /// How many parts of the key follow.
    pub(super) key: usize,
    /// The version that each row has to have, behind the key, if that is looked at.
    pub(super) versions: Vec<i64>,
    pub(super) heads: &'a Paged<Head>,
}

/// The selected values of one model's structs. Generic, so that a value is one dynamic call away from its driver.
pub(super) struct ModelRows<'a, M> {
    pub(super) structs: &'a Structs<M>,
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

    fn each_value(&self, row: usize, take: &mut TakeValue<'_>) -> Result<()> {
        let Selection { slots, columns, clear, .. } = &self.selection;
        let written = columns.len();
        match &self.structs[slots[row]] {
            Some(record) if !clear && written > 0 => {
                record.each_value(&mut Chosen { columns, next: 0, given: 0, take })?
            }
            _ => (0..written).try_for_each(|number| take(number, &Value::Null))?,
        }
        (written..self.width()).try_for_each(|number| take(number, &self.value(row, number)?))
    }

    fn value(&self, row: usize, column: usize) -> Result<Value<'_>> {
        let Selection { slots, holders, columns, table, clear, key, versions, heads } = &self.selection;
        let slot = slots[row];
        match columns.get(column) {
            Some(_) if *clear => Ok(Value::Null),
            Some(&position) => match &self.structs[slot] {
                Some(record) => {
                    let column = &table.columns()[position];
                    record.get(column.field, column.part)
                }
                None => Ok(Value::Null),
            },
            None => match column - columns.len() {
                part if part < *key => {
                    let holder = holders.get(row).copied().unwrap_or(slot);
                    Ok(heads[holder].identity.value(part))
                }
                _ => Ok(Value::Int(versions[row])),
            },
        }
    }
}

/// Hands on the values of some columns.
struct Chosen<'a, 't> {
    columns: &'a [usize],
    /// The position of the column that comes next.
    next: usize,
    given: usize,
    take: &'a mut TakeValue<'t>,
}

impl TakeValues for Chosen<'_, '_> {
    #[inline]
    fn wants_next(&mut self) -> bool {
        let position = self.next;
        self.next += 1;
        self.columns.get(self.given) == Some(&position)
    }

    #[inline]
    fn take(&mut self, value: Result<Value<'_>>) -> Result<()> {
        let number = self.given;
        self.given += 1;
        // Looked at where it lies: a value that is moved right after it was written makes the processor wait.
        match &value {
            Ok(value) => (self.take)(number, value),
            Err(error) => Err(error.clone()),
        }
    }
}
