//! Structs of a model as the rows of an insert.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::metadata::{Column, FieldPart};
use crate::model::{Collection, Model};
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

    fn check(&self) -> Result<()> {
        for (relation, def) in M::relations().iter().enumerate() {
            let holds = |record: &M| record.collection(relation).is_some_and(Collection::is_to_be_written);
            if self.0.iter().any(holds) {
                let message = format!(
                    "the INSERT writes no other table, and something was put into `{}`; add the struct to a session, which writes both",
                    def.name
                );
                return Err(Error::new(ErrorKind::Misuse, message).with_model(M::NAME));
            }
        }
        Ok(())
    }
}

/// How many there are; their values may be secrets.
impl<M: Model> fmt::Debug for Structs<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.0.len(), M::NAME)
    }
}
