//! What an inspection finds in a live database, as data of its own: whatever is there, also what this library would not
//! have made.

use crate::SqlType;
use crate::metadata::{Action, TableName};

/// The tables of a live database as they were when `engine.inspect()` asked.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    pub(crate) tables: Vec<TableInfo>,
}

/// One table as it is in the database.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableInfo {
    /// Its name.
    pub name: String,
    /// Its schema; on SQLite `main`, or the name of an attached database.
    pub schema: String,
    /// Whether its name alone is enough: the schema is the one in which tables are created.
    pub is_default_schema: bool,
    /// Its columns in order.
    pub columns: Vec<ColumnInfo>,
    /// The primary key's columns in their declared order.
    pub primary_key: Vec<String>,
    /// Its references to other tables.
    pub foreign_keys: Vec<ForeignKeyInfo>,
    /// Columns of which no two rows have the same values.
    pub uniques: Vec<UniqueInfo>,
    /// Conditions that each row meets.
    pub checks: Vec<CheckInfo>,
    /// Its indexes, but for those that stand behind a key or a unique constraint.
    pub indexes: Vec<IndexInfo>,
    /// Its comment. Always none on SQLite.
    pub comment: Option<String>,
}

/// One column as it is in the database.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// Its type in the database's own words: `character varying(20)`.
    pub type_name: String,
    /// The same as a type of this library, if it is one. SQLite keeps only four: each integer is a `BigInt`.
    pub sql_type: Option<SqlType>,
    /// Whether it may hold NULL.
    pub nullable: bool,
    /// Whether the database numbers it.
    pub auto: bool,
    /// The expression of its default, in the database's own words.
    pub default: Option<String>,
    /// The expression that it is computed from, in the database's own words.
    pub generated: Option<String>,
    /// Its comment. Always none on SQLite.
    pub comment: Option<String>,
}

/// One foreign key as it is in the database.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignKeyInfo {
    /// The constraint's name, if it has one.
    pub name: Option<String>,
    /// Its columns.
    pub columns: Vec<String>,
    /// The schema of the table referred to.
    pub target_schema: String,
    /// The table referred to.
    pub target: String,
    /// The columns referred to, in the order of its own.
    pub target_columns: Vec<String>,
    /// What happens when the row referred to is deleted.
    pub on_delete: Action,
    /// What happens when the key referred to changes.
    pub on_update: Action,
    /// It is looked at when the transaction commits, not with each statement.
    pub deferrable: bool,
}

/// One unique constraint as it is in the database.
#[derive(Clone, Debug, PartialEq)]
pub struct UniqueInfo {
    /// The constraint's name, if it has one.
    pub name: Option<String>,
    /// Its columns.
    pub columns: Vec<String>,
}

/// One check constraint as it is in the database.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckInfo {
    /// The constraint's name, if it has one.
    pub name: Option<String>,
    /// The condition, in the database's own words.
    pub sql: String,
}

/// One index as it is in the database.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexInfo {
    /// Its name.
    pub name: String,
    /// What it is sorted by.
    pub columns: Vec<IndexColumnInfo>,
    /// Whether no two of its rows have the same values.
    pub unique: bool,
    /// Which rows are in it, if not all, in the database's own words.
    pub filter: Option<String>,
}

/// One column of an index as it is in the database.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexColumnInfo {
    /// The column's name, or an expression in the database's own words.
    pub name: String,
    /// Whether it is sorted downwards.
    pub descending: bool,
}

impl Inspection {
    /// All tables but the database's own, by schema and name.
    pub fn tables(&self) -> &[TableInfo] {
        &self.tables
    }

    /// The table of this name; without a schema, in the one where tables are created.
    pub fn table(&self, name: impl Into<TableName>) -> Option<&TableInfo> {
        let name = name.into();
        self.tables.iter().find(|table| {
            let in_schema = name.schema().map_or(table.is_default_schema, |schema| table.schema == schema);
            in_schema && table.name == name.name()
        })
    }

    /// Whether there is a table of this name.
    pub fn has_table(&self, name: impl Into<TableName>) -> bool {
        self.table(name).is_some()
    }
}

impl TableInfo {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&ColumnInfo> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The index of this name.
    pub fn index(&self, name: &str) -> Option<&IndexInfo> {
        self.indexes.iter().find(|index| index.name == name)
    }
}
