//! Foreign keys: what refers to what, and what happens when that goes.

use crate::metadata::{Table, TableName};

/// Columns that hold the key of another table.
#[derive(Clone, Debug)]
pub struct ForeignKey {
    /// The constraint's name.
    pub name: String,
    /// Positions of the columns, in the order of the target's.
    pub columns: Vec<usize>,
    /// The model's field that the columns belong to.
    pub field: FieldPart,
    /// What they refer to.
    pub target: Target,
    /// What happens to a row when the one that it refers to is deleted.
    pub on_delete: Action,
    /// What happens to a row when the key that it refers to changes.
    pub on_update: Action,
    /// It is looked at when the transaction commits, not with each statement.
    pub deferrable: bool,
    /// It is one of several of a field, of which one is always set: it can change for another one, but not be left empty.
    pub required: bool,
}

/// Where a foreign key begins among the columns of a model: a field of several columns can hold several of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPart {
    /// The number of the field.
    pub field: usize,
    /// Which of the field's columns is the first.
    pub part: usize,
}

impl FieldPart {
    /// The first column of a field.
    pub const fn first(field: usize) -> Self {
        Self { field, part: 0 }
    }
}

/// What a foreign key refers to.
#[derive(Clone, Debug)]
pub enum Target {
    /// The primary key of a model's table; a function, because tables may refer to each other and to themselves.
    PrimaryKeyOf(fn() -> &'static Table),
    /// Columns of the table of this name.
    Named {
        /// The table.
        table: TableName,
        /// Its columns.
        columns: Vec<String>,
    },
}

/// What a foreign key does when the row that it refers to goes or changes its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Action {
    /// It refuses, at the end of the statement. What databases do unless told otherwise.
    #[default]
    NoAction,
    /// It refuses at once.
    Restrict,
    /// The row goes, or changes, as well.
    Cascade,
    /// The reference becomes NULL.
    SetNull,
    /// The reference becomes the columns' default.
    SetDefault,
}

impl Action {
    /// As it stands in SQL: `SET NULL`.
    pub fn as_sql(self) -> &'static str {
        match self {
            Self::NoAction => "NO ACTION",
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::SetDefault => "SET DEFAULT",
        }
    }

    /// The one that is written so in SQL.
    pub fn from_sql(sql: &str) -> Option<Self> {
        let all = [Self::NoAction, Self::Restrict, Self::Cascade, Self::SetNull, Self::SetDefault];
        all.into_iter().find(|action| action.as_sql() == sql)
    }
}

impl Target {
    /// The name of the table referred to.
    pub fn table(&self) -> &TableName {
        match self {
            Self::PrimaryKeyOf(table) => table().full_name(),
            Self::Named { table, .. } => table,
        }
    }

    /// The names of the columns referred to.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::PrimaryKeyOf(table) => table().names_of(table().primary_key()),
            Self::Named { columns, .. } => columns.iter().map(String::as_str).collect(),
        }
    }
}

impl ForeignKey {
    /// Whether the reference may be left empty.
    pub fn is_nullable(&self, table: &Table) -> bool {
        !self.required && self.columns.iter().all(|&column| table.columns[column].nullable)
    }

    /// Whether it refers to the table of this model.
    pub fn is_to(&self, table: &Table) -> bool {
        match self.target {
            Target::PrimaryKeyOf(target) => target() == table,
            Target::Named { .. } => false,
        }
    }
}
