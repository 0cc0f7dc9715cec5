//! `Metadata`: the tables of a program, those of models and those that it describes itself.

use std::ops::Deref;
use std::sync::Arc;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::{ForeignKey, Table, TableDef, TableName, TableRef, Target};

/// The tables of a program. [`Metadata::of`] has those of models; [`add`](Self::add) puts others beside them.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    tables: Vec<TableRef>,
}

impl Metadata {
    /// These tables, all that they refer to, and all that relations of their models lead to.
    pub fn from_tables(tables: impl IntoIterator<Item = &'static Table>) -> Self {
        let mut metadata = Self::default();
        let mut waiting: Vec<_> = tables.into_iter().collect();
        waiting.reverse();
        while let Some(table) = waiting.pop() {
            if metadata.tables.iter().any(|held| **held == *table) {
                continue;
            }
            metadata.tables.push(TableRef::Model(table));
            for key in table.foreign_keys() {
                match key.target {
                    Target::PrimaryKeyOf(target) => waiting.push(target()),
                    Target::Named { .. } => {}
                }
            }
            waiting.extend(table.related.iter().flat_map(|related| (related.tables)()).rev());
        }
        metadata
    }

    /// Adds a table that no model has. What is wrong with it is an error; whether the tables that it refers to are there
    /// is seen when all are ([`check`](Self::check)), so they may be added in any order.
    pub fn add(&mut self, table: TableDef) -> Result<&mut Self> {
        let table = table.finish()?;
        if self.table(table.full_name()).is_some() {
            return Err(twice(&table));
        }
        self.tables.push(TableRef::Own(Arc::new(table)));
        Ok(self)
    }

    /// The tables, each after those that it refers to; where tables refer to each other in a circle, one has to come
    /// before a table that it refers to.
    pub fn tables(&self) -> Vec<&Table> {
        let mut order = Order { metadata: self, seen: vec![false; self.tables.len()], tables: Vec::new() };
        for index in 0..self.tables.len() {
            order.visit(index);
        }
        order.tables
    }

    /// The table of this name.
    pub fn table(&self, name: impl Into<TableName>) -> Option<&Table> {
        let name = name.into();
        self.tables.iter().map(Deref::deref).find(|table| *table.full_name() == name)
    }

    /// The table of this name, to build statements with; it lives on without the metadata.
    pub fn table_ref(&self, name: impl Into<TableName>) -> Option<TableRef> {
        let name = name.into();
        self.tables.iter().find(|table| *table.full_name() == name).cloned()
    }

    /// Whether all fits together: each foreign key finds the columns that it refers to, of the same types and unique, and
    /// no two tables have one name; and each relation of a model says nothing that its foreign keys cannot keep. `create_all` and
    /// `drop_all` ask this before they send anything.
    pub fn check(&self) -> Result<()> {
        self.tables.iter().filter_map(|table| table.related).try_for_each(|related| (related.check)())?;
        for (index, table) in self.tables.iter().enumerate() {
            if self.tables[..index].iter().any(|other| other.full_name() == table.full_name()) {
                return Err(twice(table));
            }
            table.foreign_keys().iter().try_for_each(|key| self.check_target(table, key))?;
        }
        Ok(())
    }

    fn check_target(&self, table: &Table, key: &ForeignKey) -> Result<()> {
        let Target::Named { table: name, columns } = &key.target else {
            return Ok(());
        };
        let own = table.names_of(&key.columns).join(", ");
        let mistake = |what: String| Err(table.mistake(&format!("the foreign key ({own}) {what}")));
        let Some(target) = self.table(name) else {
            return mistake(format!(
                "refers to {name}, which is not in the metadata; add that table as well"
            ));
        };
        let mut positions = Vec::new();
        for column in columns {
            match target.columns().iter().position(|other| other.name == *column) {
                Some(position) => positions.push(position),
                None => return mistake(format!("refers to {name}, which has no column {column}")),
            }
        }
        for (&own, &other) in key.columns.iter().zip(&positions) {
            let (own, other) = (&table.columns()[own], &target.columns()[other]);
            if own.sql_type != other.sql_type {
                let (of, to) = (own.sql_type, other.sql_type);
                return mistake(format!(
                    "has {} of type {of:?}, but {name}.{} is {to:?}",
                    own.name, other.name
                ));
            }
        }
        if target.is_unique(&positions) {
            return Ok(());
        }
        mistake(format!(
            "refers to {name} ({}), which is neither its primary key nor unique",
            columns.join(", ")
        ))
    }

    /// The place of a foreign key's target.
    fn target(&self, key: &ForeignKey) -> Option<usize> {
        match &key.target {
            Target::PrimaryKeyOf(target) => self.tables.iter().position(|held| **held == *target()),
            Target::Named { table, .. } => self.tables.iter().position(|held| held.full_name() == table),
        }
    }
}

fn twice(table: &Table) -> Error {
    let message = format!("two tables are called {}", table.full_name());
    Error::new(ErrorKind::InvalidSchema, message)
}

/// Puts targets first.
struct Order<'a> {
    metadata: &'a Metadata,
    seen: Vec<bool>,
    tables: Vec<&'a Table>,
}

impl Order<'_> {
    fn visit(&mut self, index: usize) {
        if std::mem::replace(&mut self.seen[index], true) {
            return;
        }
        let table: &_ = &self.metadata.tables[index];
        for key in table.foreign_keys() {
            if let Some(target) = self.metadata.target(key) {
                self.visit(target);
            }
        }
        self.tables.push(table);
    }
}
