//! From the names of a description to the positions of a table, or to what is wrong with it.

use std::sync::Arc;

use super::{ColumnDef, IndexDef, References, TableDef};
use crate::error::{Error, ErrorKind};
use crate::metadata::{Action, Column, FieldPart, ForeignKey, RawSql, Table, TableRef, Target};
use crate::{Result, SqlType};

impl TableDef {
    /// The table by itself, to build statements with; or what is wrong with it. [`Metadata::add`](crate::metadata::Metadata::add)
    /// takes the definition instead, and hands the table out by [`table_ref`](crate::metadata::Metadata::table_ref).
    pub fn build(self) -> Result<TableRef> {
        self.finish().map(|table| TableRef::Own(Arc::new(table)))
    }

    /// The table, or what is wrong with it.
    pub(in crate::metadata) fn finish(self) -> Result<Table> {
        let mut table = Table::empty(self.name);
        table.comment = self.comment;
        for column in &self.columns {
            table.define_column(&column.column)?;
        }
        table.primary_key = primary_key(&table, &self.columns, &self.primary_key)?;
        for (columns, references) in self.foreign_keys {
            let columns = table.find_all("a foreign key", &columns)?;
            table.define_foreign_key(columns, references)?;
        }
        for (name, columns) in self.uniques {
            let columns = table.find_all("a unique constraint", &columns)?;
            let name = table.new_name(name)?;
            table.add_unique(name.as_deref(), columns);
        }
        for (name, sql) in self.checks {
            let name = table.new_name(Some(name))?;
            table.add_check(name.as_deref(), &[], sql);
        }
        for (position, column) in self.columns.into_iter().enumerate() {
            table.define_constraints(position, column)?;
        }
        for index in self.indexes {
            table.define_index(index)?;
        }
        table.check_auto_key()?;
        table.check_texts()?;
        match table.columns() {
            [] => Err(table.mistake("it has no columns")),
            _ => Ok(table),
        }
    }
}

/// The key as it was given at the end, or as the columns say.
fn primary_key(table: &Table, columns: &[ColumnDef], given: &[String]) -> Result<Vec<usize>> {
    let marked: Vec<_> = (0..columns.len()).filter(|&position| columns[position].key).collect();
    if given.is_empty() {
        return Ok(marked);
    }
    let key = table.find_all("the primary key", given)?;
    match marked.iter().find(|position| !key.contains(position)) {
        Some(&other) => Err(table.mistake(&format!(
            "column {} is marked as key, but the primary key is ({})",
            columns[other].column.name,
            given.join(", ")
        ))),
        None => Ok(key),
    }
}

impl Table {
    pub(in crate::metadata) fn mistake(&self, what: &str) -> Error {
        Error::new(ErrorKind::InvalidSchema, format!("table {}: {what}", self.full_name()))
    }

    fn define_column(&mut self, column: &Column) -> Result<()> {
        // SQLite takes `Name` and `name` for the same column.
        if let Some(other) = self.columns.iter().find(|other| other.name.eq_ignore_ascii_case(&column.name)) {
            return Err(self.mistake(&format!(
                "there are two columns {} and {}, whose names differ in case at the most",
                other.name, column.name
            )));
        }
        if column.generated.is_some() && (column.default.is_some() || column.auto) {
            let what =
                format!("column {} is computed by the database and can have no default as well", column.name);
            return Err(self.mistake(&what));
        }
        if column.no_reuse && !column.auto {
            return Err(
                self.mistake(&format!("column {} is not numbered: no_reuse needs auto_key", column.name))
            );
        }
        let field = self.columns.len();
        self.fields.push(field);
        self.generated += usize::from(column.generated.is_some());
        self.columns.push(Column { field, ..column.clone() });
        Ok(())
    }

    fn define_constraints(&mut self, position: usize, column: ColumnDef) -> Result<()> {
        if let Some(references) = column.references {
            self.define_foreign_key(vec![position], references)?;
        }
        if column.unique {
            self.add_unique(None, vec![position]);
        }
        if let Some(sql) = column.check {
            self.add_check(None, &[position], sql);
        }
        if column.index {
            self.add_index(None, vec![(position, false)], false, None);
        }
        Ok(())
    }

    fn define_foreign_key(&mut self, columns: Vec<usize>, references: References) -> Result<()> {
        let References { name, table, columns: targets, on_delete, on_update, deferrable } = references;
        if columns.len() != targets.len() {
            let (own, other) = (self.names_of(&columns).join(", "), targets.join(", "));
            let what = format!(
                "the foreign key ({own}) refers to {table} ({other}), which is another number of columns"
            );
            return Err(self.mistake(&what));
        }
        let nulled = [on_delete, on_update].contains(&Action::SetNull);
        if let Some(&column) = columns.iter().find(|&&column| nulled && !self.columns[column].nullable) {
            let name = &self.columns[column].name;
            return Err(self.mistake(&format!("column {name} may not be NULL, which SET NULL would make it")));
        }
        let name = self.new_name(name)?.unwrap_or_else(|| self.name_for(&columns, "fkey"));
        let target = Target::Named { table, columns: targets };
        let key = ForeignKey {
            name,
            columns,
            field: FieldPart::first(0),
            target,
            on_delete,
            on_update,
            deferrable,
            required: false,
        };
        self.foreign_keys.push(key);
        Ok(())
    }

    fn define_index(&mut self, index: IndexDef) -> Result<()> {
        let (names, directions): (Vec<_>, Vec<_>) = index.columns.into_iter().unzip();
        let columns = self.find_all("an index", &names)?.into_iter().zip(directions).collect();
        let name = self.new_name(index.name)?;
        self.add_index(name.as_deref(), columns, index.unique, index.filter);
        Ok(())
    }

    /// The positions of these columns.
    fn find_all(&self, what: &str, names: &[String]) -> Result<Vec<usize>> {
        if names.is_empty() {
            return Err(self.mistake(&format!("{what} needs a column")));
        }
        let mut found = Vec::new();
        for name in names {
            let position = self.columns.iter().position(|column| column.name == *name);
            let position = position
                .ok_or_else(|| self.mistake(&format!("{what} names {name}, which is no column of it")))?;
            if found.contains(&position) {
                return Err(self.mistake(&format!("{what} names the column {name} twice")));
            }
            found.push(position);
        }
        Ok(found)
    }

    /// A given name, unless it is taken.
    fn new_name(&self, name: Option<String>) -> Result<Option<String>> {
        match name {
            Some(name) if self.has_named(&name) => {
                Err(self.mistake(&format!("two of its constraints and indexes are called {name}")))
            }
            name => Ok(name),
        }
    }

    fn check_auto_key(&self) -> Result<()> {
        let Some(auto) = self.auto_key() else { return Ok(()) };
        let column = &self.columns[auto];
        if self.primary_key != [auto] {
            let what =
                format!("column {} is numbered by the database, so it must be the whole key", column.name);
            return Err(self.mistake(&what));
        }
        let is_integer = matches!(
            column.sql_type,
            SqlType::SmallInt | SqlType::Integer | SqlType::BigInt | SqlType::BigUnsigned
        );
        if is_integer && !column.nullable {
            return Ok(());
        }
        let what = format!(
            "column {} is numbered by the database, so it must be an integer without NULL",
            column.name
        );
        Err(self.mistake(&what))
    }

    /// No name is empty, and no text has a NUL in it, at which databases stop reading.
    fn check_texts(&self) -> Result<()> {
        let constraints = self.foreign_keys.iter().map(|key| &key.name);
        let constraints = constraints.chain(self.uniques.iter().map(|unique| &unique.name));
        let constraints = constraints.chain(self.checks.iter().map(|check| &check.name));
        let constraints = constraints.chain(self.indexes.iter().map(|index| &index.name));
        let columns = self.columns.iter().map(|column| &column.name);
        for name in self.name.schema.iter().chain([&self.name.name]).chain(columns).chain(constraints) {
            if name.is_empty() || name.contains('\0') {
                return Err(self.mistake(&format!("a name is empty or has a NUL in it: {name:?}")));
            }
        }
        let of_columns = self.columns.iter().flat_map(|column| [&column.default, &column.generated]);
        let of_indexes = self.indexes.iter().map(|index| &index.filter);
        let pieces = of_columns.chain(of_indexes).flatten().chain(self.checks.iter().map(|check| &check.sql));
        let comments = self.columns.iter().map(|column| &column.comment).chain([&self.comment]).flatten();
        for text in pieces.map(RawSql::as_str).chain(comments.map(String::as_str)) {
            if text.contains('\0') {
                return Err(self.mistake(&format!("a text has a NUL in it: {text:?}")));
            }
        }
        Ok(())
    }
}
