//! Puts the answers of a database's catalogue together. Four questions, whatever the number of tables.

use std::collections::HashMap;

use crate::driver::{Row, Statement};
use crate::engine::Lease;
use crate::error::{Error, ErrorKind};
use crate::metadata::{
    Action, CheckInfo, ColumnInfo, ForeignKeyInfo, IndexColumnInfo, IndexInfo, Inspection, TableInfo,
    UniqueInfo,
};
use crate::query::{Catalogue, Dialect};
use crate::{Result, Value};

/// Reads what is in the database.
pub(crate) async fn inspect(lease: &mut Lease, dialect: &dyn Dialect) -> Result<Inspection> {
    let catalogue = dialect.catalogue();
    let mut found = Found::default();
    let questions: [(&str, Taker); 4] = [
        (catalogue.tables(), Found::table),
        (catalogue.columns(), Found::column),
        (catalogue.constraints(), Found::constraint),
        (catalogue.indexes(), Found::index),
    ];
    for (sql, take) in questions {
        let statement = Statement::text(sql, &[]);
        lease.run(&statement, &[], &mut |row: &dyn Row| take(&mut found, row, catalogue)).await?;
    }
    found.finish(catalogue);
    Ok(Inspection { tables: found.tables })
}

type Taker = fn(&mut Found, &dyn Row, &dyn Catalogue) -> Result<()>;

/// What was answered so far.
#[derive(Default)]
struct Found {
    tables: Vec<TableInfo>,
    definitions: Vec<Option<String>>,
    /// Where a table is, by schema and name.
    places: HashMap<(String, String), usize>,
    /// Kind and number of the constraint whose columns are being read.
    constraint: Option<(usize, String, String)>,
}

impl Found {
    fn table(&mut self, row: &dyn Row, _: &dyn Catalogue) -> Result<()> {
        let (schema, name) = (text(row, 0)?, text(row, 1)?);
        self.places.insert((schema.clone(), name.clone()), self.tables.len());
        self.definitions.push(optional(row, 4)?);
        self.tables.push(TableInfo {
            name,
            schema,
            is_default_schema: flag(row, 2)?,
            comment: optional(row, 3)?,
            ..TableInfo::default()
        });
        Ok(())
    }

    /// The table that a row is about; none if it was created after the tables were read.
    fn place(&self, row: &dyn Row) -> Result<Option<usize>> {
        Ok(self.places.get(&(text(row, 0)?, text(row, 1)?)).copied())
    }

    fn column(&mut self, row: &dyn Row, catalogue: &dyn Catalogue) -> Result<()> {
        let Some(place) = self.place(row)? else { return Ok(()) };
        let type_name = text(row, 3)?;
        self.tables[place].columns.push(ColumnInfo {
            name: text(row, 2)?,
            sql_type: catalogue.sql_type(&type_name),
            type_name,
            nullable: flag(row, 4)?,
            auto: flag(row, 5)?,
            default: optional(row, 6)?,
            generated: optional(row, 7)?,
            comment: optional(row, 8)?,
        });
        Ok(())
    }

    fn constraint(&mut self, row: &dyn Row, _: &dyn Catalogue) -> Result<()> {
        let Some(place) = self.place(row)? else { return Ok(()) };
        let (kind, number) = (text(row, 2)?, text(row, 3)?);
        let which = Some((place, kind.clone(), number));
        let is_new = self.constraint != which;
        self.constraint = which;
        let table = &mut self.tables[place];
        let (name, column) = (optional(row, 4)?, optional(row, 5)?);
        match kind.as_str() {
            "primary" => table.primary_key.extend(column),
            "unique" => {
                if is_new {
                    table.uniques.push(UniqueInfo { name, columns: Vec::new() });
                }
                table.uniques.last_mut().into_iter().for_each(|unique| unique.columns.extend(column.clone()));
            }
            "foreign" => {
                if is_new {
                    table.foreign_keys.push(foreign_key(row, name)?);
                }
                let target = optional(row, 8)?;
                if let Some(key) = table.foreign_keys.last_mut() {
                    key.columns.extend(column);
                    key.target_columns.extend(target);
                }
            }
            "check" => table.checks.push(CheckInfo { name, sql: text(row, 11)? }),
            other => return Err(unexpected(&format!("a constraint of the kind {other}"))),
        }
        Ok(())
    }

    fn index(&mut self, row: &dyn Row, catalogue: &dyn Catalogue) -> Result<()> {
        let Some(place) = self.place(row)? else { return Ok(()) };
        let (indexes, name) = (&mut self.tables[place].indexes, text(row, 2)?);
        if indexes.last().is_none_or(|index| index.name != name) {
            let (unique, filter) = (flag(row, 3)?, optional(row, 4)?);
            indexes.push(IndexInfo { name, columns: Vec::new(), unique, filter });
        }
        let column =
            IndexColumnInfo { name: optional(row, 5)?.unwrap_or_default(), descending: flag(row, 6)? };
        if let Some(index) = indexes.last_mut() {
            index.columns.push(column);
            if let Some(definition) = optional(row, 7)? {
                catalogue.read_index(&definition, index);
            }
        }
        Ok(())
    }

    fn finish(&mut self, catalogue: &dyn Catalogue) {
        for (table, definition) in self.tables.iter_mut().zip(&self.definitions) {
            if let Some(definition) = definition {
                catalogue.read_table(definition, table);
            }
        }
        self.complete_targets();
    }

    /// A key that names no columns refers to the primary key.
    fn complete_targets(&mut self) {
        for index in 0..self.tables.len() {
            let keys = self.tables[index].foreign_keys.iter();
            let columns: Vec<_> = keys.map(|key| self.target_columns(key)).collect();
            for (key, columns) in self.tables[index].foreign_keys.iter_mut().zip(columns) {
                key.target_columns = columns;
            }
        }
    }

    fn target_columns(&self, key: &ForeignKeyInfo) -> Vec<String> {
        if !key.target_columns.is_empty() {
            return key.target_columns.clone();
        }
        let target = self
            .tables
            .iter()
            .find(|table| table.schema == key.target_schema && table.name.eq_ignore_ascii_case(&key.target));
        target.map(|table| table.primary_key.clone()).unwrap_or_default()
    }
}

fn foreign_key(row: &dyn Row, name: Option<String>) -> Result<ForeignKeyInfo> {
    let action = |index| {
        let sql = text(row, index)?;
        Action::from_sql(&sql).ok_or_else(|| unexpected(&format!("the action {sql}")))
    };
    Ok(ForeignKeyInfo {
        name,
        columns: Vec::new(),
        target_schema: text(row, 6)?,
        target: text(row, 7)?,
        target_columns: Vec::new(),
        on_delete: action(9)?,
        on_update: action(10)?,
        deferrable: optional(row, 11)?.is_some(),
    })
}

fn unexpected(what: &str) -> Error {
    Error::new(ErrorKind::Decode, format!("the database's catalogue has {what}, which is not known here"))
}

/// A text that may be missing.
fn optional(row: &dyn Row, index: usize) -> Result<Option<String>> {
    match row.value(index)? {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text.into_owned())),
        Value::Int(number) => Ok(Some(number.to_string())),
        other => Err(unexpected(&format!("{} where text was expected", other.kind()))),
    }
}

pub(super) fn text(row: &dyn Row, index: usize) -> Result<String> {
    optional(row, index)?.ok_or_else(|| unexpected("no value where text was expected"))
}

pub(super) fn flag(row: &dyn Row, index: usize) -> Result<bool> {
    match row.value(index)? {
        Value::Bool(value) => Ok(value),
        Value::Int(value) => Ok(value != 0),
        other => Err(unexpected(&format!("{} where a truth value was expected", other.kind()))),
    }
}
