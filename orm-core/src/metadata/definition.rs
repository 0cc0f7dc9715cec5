//! Tables that a program describes at run time, by the names of their columns. What is wrong with a description is told
//! when it is added to a [`Metadata`](crate::metadata::Metadata).

mod finish;

use crate::SqlType;
use crate::metadata::{Action, Column, Index, RawSql, TableName};
use crate::types::DbValue;

/// A table that is being described; begin with [`Table::new`](crate::metadata::Table::new).
#[derive(Clone, Debug)]
#[must_use]
pub struct TableDef {
    name: TableName,
    comment: Option<String>,
    columns: Vec<ColumnDef>,
    primary_key: Vec<String>,
    foreign_keys: Vec<(Vec<String>, References)>,
    uniques: Vec<(Option<String>, Vec<String>)>,
    checks: Vec<(String, RawSql)>,
    indexes: Vec<IndexDef>,
}

/// A column that is being described; begin with [`of`](Self::of) or [`new`](Self::new).
#[derive(Clone, Debug)]
#[must_use]
pub struct ColumnDef {
    column: Column,
    key: bool,
    unique: bool,
    index: bool,
    check: Option<RawSql>,
    references: Option<References>,
}

/// An index that is being described; begin with [`Index::on`].
#[derive(Clone, Debug)]
#[must_use]
pub struct IndexDef {
    name: Option<String>,
    columns: Vec<(String, bool)>,
    unique: bool,
    filter: Option<RawSql>,
}

/// What a foreign key refers to, and what happens when that goes.
#[derive(Clone, Debug)]
#[must_use]
pub struct References {
    name: Option<String>,
    table: TableName,
    columns: Vec<String>,
    on_delete: Action,
    on_update: Action,
    deferrable: bool,
}

fn strings(names: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    names.into_iter().map(Into::into).collect()
}

impl ColumnDef {
    /// A column that holds this Rust type: NULL is allowed if that is an `Option`.
    pub fn of<T: DbValue>(name: impl Into<String>) -> Self {
        let column = Self::new(name, T::TYPE);
        if T::NULLABLE { column.nullable() } else { column }
    }

    /// A column of this type, without NULL.
    pub fn new(name: impl Into<String>, sql_type: SqlType) -> Self {
        Self {
            column: Column::plain(&name.into(), sql_type, false),
            key: false,
            unique: false,
            index: false,
            check: None,
            references: None,
        }
    }

    /// May hold NULL.
    pub fn nullable(mut self) -> Self {
        self.column.nullable = true;
        self
    }

    /// Is the primary key, or the next part of it.
    pub fn key(mut self) -> Self {
        self.key = true;
        self
    }

    /// Is the primary key, and the database numbers the rows.
    pub fn auto_key(mut self) -> Self {
        self.column.auto = true;
        self.key()
    }

    /// The number of a deleted row is never given to another one. Costs SQLite a second table that it looks into at each
    /// insert; other databases never do it anyway.
    pub fn no_reuse(mut self) -> Self {
        self.column.no_reuse = true;
        self
    }

    /// No two rows have the same value. Costs an index, which each write keeps up.
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Has an index of its own, which each write keeps up.
    pub fn index(mut self) -> Self {
        self.index = true;
        self
    }

    /// What the database stores when a row is inserted without a value.
    pub fn default(mut self, sql: impl Into<RawSql>) -> Self {
        self.column.default = Some(sql.into());
        self
    }

    /// The database computes the value from other columns of the row, and stores it.
    pub fn generated(mut self, sql: impl Into<RawSql>) -> Self {
        self.column.generated = Some(sql.into());
        self
    }

    /// Each row meets this condition. Costs its evaluation at each write.
    pub fn check(mut self, sql: impl Into<RawSql>) -> Self {
        self.check = Some(sql.into());
        self
    }

    /// What it is for. PostgreSQL keeps it; SQLite has no place for it, and it is left out.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.column.comment = Some(comment.into());
        self
    }

    /// Is a foreign key: `references(("users", "id"))`, or [`References`] with what happens on delete. An index on it, which
    /// makes deletes of what it refers to fast, is yours to ask for.
    pub fn references(mut self, target: impl Into<References>) -> Self {
        self.references = Some(target.into());
        self
    }
}

impl References {
    /// These columns of this table, which are its primary key or unique.
    pub fn to(table: impl Into<TableName>, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            name: None,
            table: table.into(),
            columns: strings(columns),
            on_delete: Action::NoAction,
            on_update: Action::NoAction,
            deferrable: false,
        }
    }

    /// What happens to a row when the one that it refers to is deleted.
    pub fn on_delete(mut self, action: Action) -> Self {
        self.on_delete = action;
        self
    }

    /// What happens to a row when the key that it refers to changes.
    pub fn on_update(mut self, action: Action) -> Self {
        self.on_update = action;
        self
    }

    /// It is looked at when the transaction commits, not with each statement: rows may come and change before what they refer to does. A
    /// violation is told by the commit then.
    pub fn deferrable(mut self) -> Self {
        self.deferrable = true;
        self
    }

    /// The constraint's name. Without it, one is made of the table's and the columns' names.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

impl From<(&str, &str)> for References {
    fn from((table, column): (&str, &str)) -> Self {
        Self::to(table, [column])
    }
}

impl Index {
    /// An index on these columns, in this order.
    pub fn on(columns: impl IntoIterator<Item = impl Into<String>>) -> IndexDef {
        let columns = columns.into_iter().map(|column| (column.into(), false)).collect();
        IndexDef { name: None, columns, unique: false, filter: None }
    }
}

impl IndexDef {
    /// Sorts this column downwards; it is added if it is not among the index's columns yet.
    pub fn desc(mut self, column: impl Into<String>) -> Self {
        let column = column.into();
        match self.columns.iter_mut().find(|(name, _)| *name == column) {
            Some((_, descending)) => *descending = true,
            None => self.columns.push((column, true)),
        }
        self
    }

    /// No two rows of the index have the same values.
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Only rows that meet this condition are in it.
    pub fn filter(mut self, sql: impl Into<RawSql>) -> Self {
        self.filter = Some(sql.into());
        self
    }

    /// Its name. Without it, one is made of the table's and the columns' names.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

impl TableDef {
    pub(super) fn new(name: TableName) -> Self {
        Self {
            name,
            comment: None,
            columns: Vec::new(),
            primary_key: Vec::new(),
            foreign_keys: Vec::new(),
            uniques: Vec::new(),
            checks: Vec::new(),
            indexes: Vec::new(),
        }
    }

    /// The schema that it is in, which must exist; on SQLite, the name of an attached database.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.name.schema = Some(schema.into());
        self
    }

    /// What it is for. PostgreSQL keeps it; SQLite has no place for it, and it is left out.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// The next column.
    pub fn column(mut self, column: ColumnDef) -> Self {
        self.columns.push(column);
        self
    }

    /// The primary key in this order, instead of in that of the columns.
    pub fn primary_key(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.primary_key = strings(columns);
        self
    }

    /// A foreign key of several columns; one column has [`ColumnDef::references`].
    pub fn foreign_key(
        mut self,
        columns: impl IntoIterator<Item = impl Into<String>>,
        target: impl Into<References>,
    ) -> Self {
        self.foreign_keys.push((strings(columns), target.into()));
        self
    }

    /// No two rows have the same values in these columns. Costs an index, which each write keeps up.
    pub fn unique(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.uniques.push((None, strings(columns)));
        self
    }

    /// The same, with a name for the constraint.
    pub fn unique_named(
        mut self,
        name: impl Into<String>,
        columns: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.uniques.push((Some(name.into()), strings(columns)));
        self
    }

    /// Each row meets this condition. Costs its evaluation at each write.
    pub fn check(mut self, name: impl Into<String>, sql: impl Into<RawSql>) -> Self {
        self.checks.push((name.into(), sql.into()));
        self
    }

    /// An index, which each write keeps up.
    pub fn index(mut self, index: IndexDef) -> Self {
        self.indexes.push(index);
        self
    }
}

#[cfg(test)]
mod tests;
