//! Many updates by primary key, each with values of its own.

use std::collections::HashSet;
use std::sync::Arc;

use crate::metadata::Table;
use crate::query::assign::{Assignments, Written, invalid};
use crate::query::batch::{Batch, RowSet, Segment};
use crate::query::operand::Bound;
use crate::query::{Values, WriteKind, WriteShape};
use crate::value::Packed;
use crate::{Result, SqlType, Value};

/// Neighbours that set the same columns.
#[derive(Debug)]
pub(crate) struct UpdateGroup {
    pub(crate) shape: WriteShape,
    pub(crate) rows: Batch,
}

impl UpdateGroup {
    /// The sets of values as groups, in their order.
    pub(crate) fn of<R>(sets: impl IntoIterator<Item = Values<R>>) -> Result<Vec<Self>> {
        let mut groups = Groups::default();
        sets.into_iter().try_for_each(|set| groups.add(set.of, set.row))?;
        groups.end();
        Ok(groups.done)
    }
}

#[derive(Default)]
struct Groups {
    done: Vec<UpdateGroup>,
    of: Option<Written>,
    columns: Vec<usize>,
    rows: Vec<Assignments>,
    keys: HashSet<Box<[u8]>>,
    seen: usize,
}

impl Groups {
    fn add(&mut self, of: Written, set: Assignments) -> Result<()> {
        self.seen += 1;
        set.check()?;
        let key = self.key(&of.table, &set)?;
        let columns = set.columns();
        if columns != self.columns || self.of.as_ref().is_none_or(|last| last.table != of.table) {
            self.end();
            (self.of, self.columns) = (Some(of), columns);
        }
        if !self.keys.insert(key) {
            return Err(self.refuse("has the key of one before it"));
        }
        self.rows.push(set);
        Ok(())
    }

    /// The values of a set's key; an error if they are not all there, or if nothing else is.
    fn key(&self, table: &Table, set: &Assignments) -> Result<Box<[u8]>> {
        let mut key = Packed::default();
        for &position in table.primary_key() {
            match set.get(position) {
                Some(Ok(Bound::Value(_, value))) => key.push(value),
                Some(Err(error)) => return Err(error.clone()),
                Some(Ok(Bound::Null | Bound::Node(_))) | None => {
                    let name = &table.columns()[position].name;
                    return Err(self
                        .refuse(&format!("has no value for {}.{name}, a column of the key", table.name())));
                }
            }
        }
        self.check_version(table, set)?;
        let found_by = table.primary_key().len() + usize::from(table.version().is_some());
        if table.primary_key().is_empty() || set.cells.len() <= found_by {
            return Err(self.refuse("sets nothing but the key"));
        }
        match set.cells.iter().any(|(_, value)| matches!(value, Ok(Bound::Node(_)))) {
            true => Err(self.refuse("holds an expression; update_many takes values, update() takes both")),
            false => Ok(key.as_bytes().into()),
        }
    }

    /// An error unless a set says which version of its row it is about, of which there is a next one.
    fn check_version(&self, table: &Table, set: &Assignments) -> Result<()> {
        let Some(version) = table.version() else { return Ok(()) };
        let column = &table.columns()[version];
        let last = match column.sql_type {
            SqlType::SmallInt => i16::MAX.into(),
            SqlType::Integer => i32::MAX.into(),
            _ => i64::MAX,
        };
        let name = format!("{}.{}", table.name(), column.name);
        match set.get(version) {
            Some(Err(error)) => Err(error.clone()),
            Some(Ok(Bound::Value(_, Value::Int(known)))) if *known < last => Ok(()),
            Some(Ok(Bound::Value(..))) => Err(self.refuse(&format!("has the last {name} that there is"))),
            Some(Ok(Bound::Null | Bound::Node(_))) | None => Err(self.refuse(&format!(
                "does not say which {name} it expects its row to have; the row gets the next one"
            ))),
        }
    }

    fn refuse(&self, problem: &str) -> crate::Error {
        invalid(format!("set {} of update_many {problem}", self.seen))
    }

    fn end(&mut self) {
        let Some(of) = self.of.take() else { return };
        let keys = of.table.primary_key();
        let set: Vec<_> = self.columns.iter().copied().filter(|column| !keys.contains(column)).collect();
        let shape = WriteShape::new(of.table.clone(), WriteKind::Update, set);
        let written = [shape.columns(), shape.key()].concat();
        let rows = RowSet(vec![Segment::Cells(Arc::new(std::mem::take(&mut self.rows)))]);
        self.done.push(UpdateGroup { shape, rows: Batch::of_values(rows, of, written).raising_versions() });
        self.keys.clear();
    }
}
