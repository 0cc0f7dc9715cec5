//! The rows of an insert, and how they travel: apart from their statement, which is the same for all of them.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use crate::error::Error;
use crate::metadata::{Column, FieldPart, Table};
use crate::query::assign::{Assignments, Written, invalid, render_value};
use crate::query::keys::EntityWords;
use crate::query::operand::Bound;
use crate::query::{Dialect, Layout, Sql};
use crate::{Result, SqlType, Value};

/// Structs that rows are made of.
#[doc(hidden)]
pub trait Records: Debug + Send + Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One value.
    fn get(&self, row: usize, column: &Column) -> Result<Value<'_>>;

    /// Whether a field that the database fills in has no value.
    fn is_unset(&self, row: usize, field: usize) -> bool;

    /// The entity whose key is to become a reference's value.
    fn awaited(&self, row: usize, field: FieldPart) -> Option<[u64; 2]>;

    /// An error if they hold what rows of their table cannot.
    fn check(&self) -> Result<()>;
}

/// Rows that were given together.
#[derive(Clone, Debug)]
pub(crate) enum Segment {
    Records(Arc<dyn Records>),
    /// Rows of which all set the same columns.
    Cells(Arc<Vec<Assignments>>),
}

impl Segment {
    fn len(&self) -> usize {
        match self {
            Self::Records(records) => records.len(),
            Self::Cells(rows) => rows.len(),
        }
    }
}

/// All rows of an insert.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowSet(pub(crate) Vec<Segment>);

impl RowSet {
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(Segment::len).sum()
    }

    /// The columns that all rows set.
    pub(crate) fn columns(&self, of: &Written) -> Result<Vec<usize>> {
        let mut columns: Option<Vec<usize>> = None;
        let mut row = 0;
        for segment in &self.0 {
            match segment {
                Segment::Records(records) => {
                    records.check()?;
                    for found in columns_of_records(&**records, of)? {
                        agree(of, &mut columns, found, row)?;
                    }
                    row += records.len();
                }
                Segment::Cells(rows) => {
                    for cells in rows.iter() {
                        cells.check()?;
                        agree(of, &mut columns, cells.columns(), row)?;
                        row += 1;
                    }
                }
            }
        }
        Ok(columns.unwrap_or_default())
    }

    /// Gives those rows their first version that say none.
    pub(crate) fn set_versions(&mut self, table: &Table) {
        let Some(version) = table.version() else { return };
        let sql_type = table.columns()[version].sql_type;
        for segment in &mut self.0 {
            match segment {
                Segment::Records(_) => {}
                Segment::Cells(rows) => {
                    for row in Arc::make_mut(rows).iter_mut().filter(|row| row.get(version).is_none()) {
                        row.push(table, version, Ok(Bound::Value(sql_type, Value::Int(1))));
                    }
                }
            }
        }
    }

    /// Whether all values are known, so that none is an expression.
    fn is_plain(&self) -> bool {
        let is_plain =
            |row: &Assignments| !row.cells.iter().any(|(_, value)| matches!(value, Ok(Bound::Node(_))));
        self.0.iter().all(|segment| match segment {
            Segment::Records(_) => true,
            Segment::Cells(rows) => rows.iter().all(is_plain),
        })
    }

    /// The keys of entities that rows refer to by their handles.
    fn references(&self, of: &Written, sql: &mut Sql<'_>) -> Result<HashMap<(usize, usize), Value<'static>>> {
        let (mut found, mut first) = (HashMap::new(), 0);
        for segment in &self.0 {
            if let Segment::Records(records) = segment {
                for key in of.table.foreign_keys() {
                    for row in 0..records.len() {
                        let Some(entity) = records.awaited(row, key.field) else { continue };
                        let entity: EntityWords = entity;
                        let model = of.model.unwrap_or_default();
                        let values = sql.key_of(entity, model, key.columns.len())?;
                        found.extend(
                            key.columns
                                .iter()
                                .zip(values)
                                .map(|(&column, value)| ((first + row, column), value)),
                        );
                    }
                }
            }
            first += segment.len();
        }
        Ok(found)
    }

    /// The rows as they travel apart from their statement, unless there are expressions in them.
    pub(crate) fn batch(
        &self,
        of: &Written,
        columns: Vec<usize>,
        sql: &mut Sql<'_>,
    ) -> Result<Option<Batch>> {
        if !self.is_plain() {
            return Ok(None);
        }
        let references = self.references(of, sql)?;
        Ok(Some(Batch { references, ..Batch::of_values(self.clone(), of.clone(), columns) }))
    }

    /// Writes ` VALUES (…), (…)`.
    pub(crate) fn render(&self, of: &Written, columns: &[usize], sql: &mut Sql<'_>) -> Result<()> {
        let references = self.references(of, sql)?;
        sql.push(" VALUES ");
        sql.separated(", ", 0..self.len(), |sql, row| {
            sql.push("(");
            sql.separated(", ", columns, |sql, &position| {
                let column = &of.table.columns()[position];
                if let Some(value) = references.get(&(row, position)) {
                    sql.bind(column.sql_type, value.clone());
                    return Ok(());
                }
                match self.find(row) {
                    Some((Segment::Records(records), row)) => {
                        let bound = value_of(&**records, row, &of.table, position).map(|value| match value {
                            Value::Null => Bound::Null,
                            value => Bound::Value(column.sql_type, value.into_owned()),
                        });
                        render_value(of, column, &bound, sql)
                    }
                    Some((Segment::Cells(rows), row)) => match rows[row].get(position) {
                        Some(value) => render_value(of, column, value, sql),
                        None => Ok(()),
                    },
                    None => Ok(()),
                }
            })?;
            sql.push(")");
            Ok(())
        })
    }

    fn find(&self, mut row: usize) -> Option<(&Segment, usize)> {
        for segment in &self.0 {
            let length = segment.len();
            if row < length {
                return Some((segment, row));
            }
            row -= length;
        }
        None
    }
}

/// The columns of structs: all but what the database computes, and a key and others that it is to fill in. One list if all
/// agree, else one for each that is another.
fn columns_of_records(records: &dyn Records, of: &Written) -> Result<Vec<Vec<usize>>> {
    let columns = of.table.columns();
    let written = |unset: &[usize]| -> Vec<usize> {
        let is_written =
            |position: &usize| columns[*position].generated.is_none() && !unset.contains(position);
        (0..columns.len()).filter(is_written).collect()
    };
    let (key, filled) = (of.table.auto_key(), of.table.filled());
    if key.is_none() && filled.is_empty() {
        return Ok(vec![written(&[])]);
    }
    let mut found: Vec<Vec<usize>> = Vec::new();
    let mut unset = Vec::new();
    for row in 0..records.len() {
        unset.clear();
        if let Some(key) = key {
            let value = records.get(row, &columns[key]).map_err(|error| of.blame(&columns[key], error))?;
            unset.extend(matches!(value, Value::Int(0) | Value::Null).then_some(key));
        }
        unset.extend(filled.iter().filter(|&&column| records.is_unset(row, columns[column].field)));
        if !found.contains(&unset) {
            found.push(unset.clone());
        }
    }
    found.sort_unstable_by_key(Vec::len);
    Ok(found.iter().map(|unset| written(unset)).collect())
}

/// One value of a struct. A version that was never set is the first one.
fn value_of<'r>(records: &'r dyn Records, row: usize, table: &Table, position: usize) -> Result<Value<'r>> {
    match records.get(row, &table.columns()[position]) {
        Ok(Value::Int(0)) if table.version() == Some(position) => Ok(Value::Int(1)),
        value => value,
    }
}

/// An error if a row sets other columns than those before it: neither NULL nor a default is made up for what is missing.
fn agree(of: &Written, columns: &mut Option<Vec<usize>>, found: Vec<usize>, row: usize) -> Result<()> {
    match columns {
        None => *columns = Some(found),
        Some(columns) if *columns == found => {}
        Some(columns) => {
            let names = |columns: &[usize]| match columns {
                [] => "none".to_owned(),
                columns => of.table.names_of(columns).join(", "),
            };
            return Err(invalid(format!(
                "the rows of one insert into {} set the same columns: those before row {} set {}, that one sets {}; insert \
                 them by two statements",
                of.table.name(),
                row + 1,
                names(columns),
                names(&found)
            )));
        }
    }
    Ok(())
}

/// The rows of a statement that travel apart from it.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) layout: Layout,
    /// The statement for many of its rows, and the types of its parameters.
    pub(crate) block: Option<(String, Vec<SqlType>)>,
    /// Whether the statement returns rows.
    pub(crate) returns: bool,
    rows: RowSet,
    columns: Vec<usize>,
    /// For each of them its place among those that a row sets.
    places: Vec<usize>,
    references: HashMap<(usize, usize), Value<'static>>,
    /// The place of a version that becomes the next one.
    raised: Option<usize>,
    of: Written,
    /// What follows the values of each row.
    pub(crate) tail: Vec<Value<'static>>,
}

impl Batch {
    /// Rows that set these columns and no others, in whatever order.
    pub(crate) fn of_values(rows: RowSet, of: Written, columns: Vec<usize>) -> Self {
        let mut set = columns.clone();
        set.sort_unstable();
        set.dedup();
        let place = |column: &usize| set.partition_point(|other| other < column);
        let places = columns.iter().map(place).collect();
        let (references, tail, raised) = (HashMap::new(), Vec::new(), None);
        let (layout, block, returns) = (Layout::PerRow, None, false);
        Self { layout, block, returns, rows, columns, places, references, raised, of, tail }
    }

    /// The same, where the first of the columns that is the version is set to the next one.
    pub(crate) fn raising_versions(self) -> Self {
        let version = self.of.table.version();
        let raised = self.columns.iter().position(|&column| Some(column) == version);
        Self { raised, ..self }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn width(&self) -> usize {
        self.columns.len() + self.tail.len()
    }

    pub(crate) fn value(&self, row: usize, place: usize) -> Result<Value<'_>> {
        let Some(&position) = self.columns.get(place) else {
            return Ok(self.tail.get(place - self.columns.len()).map_or(Value::Null, Value::borrowed));
        };
        if !self.references.is_empty()
            && let Some(value) = self.references.get(&(row, position))
        {
            return Ok(value.borrowed());
        }
        match self.rows.find(row) {
            Some((Segment::Records(records), row)) => value_of(&**records, row, &self.of.table, position),
            Some((Segment::Cells(rows), row)) => match &rows[row].cells[self.places[place]].1 {
                Ok(Bound::Value(_, Value::Int(version))) if self.raised == Some(place) => {
                    Ok(Value::Int(version.saturating_add(1)))
                }
                Ok(Bound::Value(_, value)) => Ok(value.borrowed()),
                Ok(Bound::Null | Bound::Node(_)) => Ok(Value::Null),
                Err(error) => Err(error.clone()),
            },
            None => Ok(Value::Null),
        }
    }

    /// The value that a row has in a column; where it sets none, the key that was made for it.
    pub(crate) fn key(&self, row: usize, column: usize, made: &[i64]) -> Result<Value<'_>> {
        match self.columns.iter().position(|&set| set == column) {
            Some(place) => self.value(row, place),
            None => Ok(made.get(row).map_or(Value::Null, |&key| Value::Int(key))),
        }
    }

    /// Says which column an error is about, if it is about a value that the database cannot hold.
    #[cold]
    pub(crate) fn blame(&self, dialect: &dyn Dialect, error: Error) -> Error {
        if error.kind() != crate::ErrorKind::Encode && error.kind() != crate::ErrorKind::NotLoaded {
            return self.of.model.into_iter().fold(error, Error::with_model);
        }
        for (place, &position) in self.columns.iter().enumerate() {
            let column = &self.of.table.columns()[position];
            let holds = |row| self.value(row, place).and_then(|value| dialect.holds(column.sql_type, &value));
            if (0..self.len()).any(|row| holds(row).is_err()) {
                return self.of.blame(column, error);
            }
        }
        error
    }
}
