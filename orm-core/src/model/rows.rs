//! Structs of a model as the rows of an insert.

use std::fmt;

use crate::metadata::{Column, FieldPart};
use crate::model::Model;
use crate::query::{InsertRow, Records, RowsOf};
use crate::{Result, Value};

impl<M: Model> InsertRow<M> for M {
    fn add_to(rows: Vec<Self>, statement: &mut RowsOf<'_>) {
        statement.records(Structs(rows));
    }
}

struct Structs<M>(Vec<M>);

impl<M: Model> Records for Structs<M> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, row: usize, column: &Column) -> Result<Value<'_>> {
        self.0.get(row).map_or(Ok(Value::Null), |record| record.get(column.field, column.part))
    }

    fn is_unset(&self, row: usize, field: usize) -> bool {
        self.0.get(row).is_some_and(|record| record.is_unset(field))
    }

    fn awaited(&self, row: usize, field: FieldPart) -> Option<[u64; 2]> {
        let reference = self.0.get(row)?.reference(field).filter(|found| found.is_waiting())?;
        Some(reference.entity()?.words())
    }
}

/// How many there are; their values may be secrets.
impl<M: Model> fmt::Debug for Structs<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.0.len(), M::NAME)
    }
}
