//! Tables as data: what a derive describes or a program puts together at run time, what a schema is created from,
//! what the session reads to know keys and foreign keys, and what an inspection finds in a live database.

mod builder;
mod collection;
mod definition;
mod foreign_key;
mod handle;
mod inspection;
mod names;

use std::borrow::Cow;
use std::fmt;

use crate::{Result, SqlType};

pub use builder::{FieldBuilder, FieldOptions, IndexOptions, TableBuilder};
pub use collection::Metadata;
pub use definition::{ColumnDef, IndexDef, References, TableDef};
pub use foreign_key::{Action, FieldPart, ForeignKey, Target};
pub use handle::TableRef;
pub use inspection::{
    CheckInfo, ColumnInfo, ForeignKeyInfo, IndexColumnInfo, IndexInfo, Inspection, TableInfo, UniqueInfo,
};
pub use names::TableName;

/// A table: its columns, its keys, and what other tables it refers to.
pub struct Table {
    name: TableName,
    comment: Option<String>,
    columns: Vec<Column>,
    /// For each field of the model the position of its first column.
    fields: Vec<usize>,
    primary_key: Vec<usize>,
    foreign_keys: Vec<ForeignKey>,
    uniques: Vec<Unique>,
    checks: Vec<Check>,
    indexes: Vec<Index>,
    /// How many columns the database computes.
    generated: usize,
    /// The positions of columns that the database fills in where a new row has no value for them.
    filled: Vec<usize>,
    /// Whether there is a column that is read only when it is asked for.
    has_deferred: bool,
    version: Option<usize>,
    renewed: Vec<usize>,
    related: Option<Related>,
}

/// The relations of a table's model, as far as tables go.
#[derive(Clone, Copy)]
pub struct Related {
    /// The tables that they lead to, with those between.
    pub tables: fn() -> Vec<&'static Table>,
    /// Whether they fit the tables that they lead to.
    pub check: fn() -> Result<()>,
}

/// One column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// The column's name in the database.
    pub name: String,
    /// Its type.
    pub sql_type: SqlType,
    /// Whether it may hold NULL.
    pub nullable: bool,
    /// Whether the database assigns its value when a row is inserted without one.
    pub auto: bool,
    /// Whether the number of a row that was deleted is never given to another one.
    pub no_reuse: bool,
    /// What the database stores when a row is inserted without a value, by whoever.
    pub default: Option<RawSql>,
    /// What the database computes its value from; nobody else writes it.
    pub generated: Option<RawSql>,
    /// What it is for, kept in the database where that can.
    pub comment: Option<String>,
    /// Whether it is read only when it is asked for.
    pub deferred: Option<Deferral>,
    /// The model's field that the column belongs to.
    pub field: usize,
    /// Which of the field's columns it is.
    pub part: usize,
}

/// How a column is read that is not read with its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deferral {
    /// By itself.
    Alone,
    /// Together with the others of the group of this name.
    Group(&'static str),
}

/// Columns of which no two rows may have the same values.
#[derive(Clone, Debug)]
pub struct Unique {
    /// The constraint's name.
    pub name: String,
    /// Positions of the columns.
    pub columns: Vec<usize>,
}

/// A condition that each row must meet.
#[derive(Clone, Debug)]
pub struct Check {
    /// The constraint's name.
    pub name: String,
    /// The condition.
    pub sql: RawSql,
    /// Whether this library has made it, for a reference to one of several models.
    pub made: bool,
}

/// Columns by which rows are found quickly.
#[derive(Clone, Debug)]
pub struct Index {
    /// The index's name.
    pub name: String,
    /// Positions of the columns, and whether each is sorted downwards.
    pub columns: Vec<(usize, bool)>,
    /// Whether no two of its rows may have the same values.
    pub unique: bool,
    /// Which rows are in it, if not all.
    pub filter: Option<RawSql>,
}

/// A piece of SQL that the program wrote: the condition of a check, a default. It is sent as it is.
///
/// It is made of a text in the program's source. SQL that comes from elsewhere says so: [`RawSql::unchecked`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawSql(Cow<'static, str>);

impl RawSql {
    /// SQL that was put together at run time. Nothing guards it: never put a user's input into it.
    pub fn unchecked(sql: impl Into<String>) -> Self {
        Self(Cow::Owned(sql.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for RawSql {
    fn from(sql: &'static str) -> Self {
        Self(Cow::Borrowed(sql))
    }
}

impl Table {
    /// A table of a model without columns yet; a derive fills it through a [`TableBuilder`].
    pub fn build(name: &'static str) -> TableBuilder {
        TableBuilder::new(Self::empty(name.into()))
    }

    /// Describes a table that no model has, for [`Metadata::add`].
    ///
    /// ```
    /// use orm_core::metadata::{Action, ColumnDef, Index, Metadata, References, Table};
    ///
    /// let mut metadata = Metadata::default();
    /// metadata.add(Table::new("users").column(ColumnDef::of::<i64>("id").auto_key()))?;
    /// metadata.add(
    ///     Table::new("audit_log")
    ///         .comment("who did what")
    ///         .column(ColumnDef::of::<i64>("id").auto_key())
    ///         .column(ColumnDef::of::<i64>("user_id").references(References::to("users", ["id"]).on_delete(Action::Cascade)))
    ///         .column(ColumnDef::of::<String>("what").check("length(what) < 100"))
    ///         .column(ColumnDef::of::<Option<String>>("note"))
    ///         .unique(["user_id", "what"])
    ///         .index(Index::on(["user_id"]).desc("id").filter("note IS NOT NULL")),
    /// )?;
    /// # Ok::<(), orm_core::Error>(())
    /// ```
    #[expect(clippy::new_ret_no_self, reason = "what is being described is not a table yet")]
    pub fn new(name: impl Into<TableName>) -> TableDef {
        TableDef::new(name.into())
    }

    fn empty(name: TableName) -> Self {
        Self {
            name,
            comment: None,
            columns: Vec::new(),
            fields: Vec::new(),
            primary_key: Vec::new(),
            foreign_keys: Vec::new(),
            uniques: Vec::new(),
            checks: Vec::new(),
            indexes: Vec::new(),
            generated: 0,
            filled: Vec::new(),
            has_deferred: false,
            version: None,
            renewed: Vec::new(),
            related: None,
        }
    }

    /// The table's name in the database, without its schema.
    pub fn name(&self) -> &str {
        self.name.name()
    }

    /// The table's schema, if one was given: on SQLite the name of an attached database.
    pub fn schema(&self) -> Option<&str> {
        self.name.schema()
    }

    /// Schema and name.
    pub fn full_name(&self) -> &TableName {
        &self.name
    }

    /// What it is for, kept in the database where that can.
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// All columns, in the order of the model's fields.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The positions of the primary key's columns, in their declared order.
    pub fn primary_key(&self) -> &[usize] {
        &self.primary_key
    }

    /// References to other tables.
    pub fn foreign_keys(&self) -> &[ForeignKey] {
        &self.foreign_keys
    }

    /// Columns, or groups of columns, of which no two rows may have the same values.
    pub fn uniques(&self) -> &[Unique] {
        &self.uniques
    }

    /// Conditions that each row must meet.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Columns, or groups of columns, that have an index.
    pub fn indexes(&self) -> &[Index] {
        &self.indexes
    }

    /// How many fields of the model have columns.
    pub fn field_count(&self) -> usize {
        self.fields.len()
    }

    /// The position of a field's column.
    pub fn position(&self, field: usize, part: usize) -> usize {
        self.fields[field] + part
    }

    /// The position of the column that the database numbers by itself, if there is one.
    pub fn auto_key(&self) -> Option<usize> {
        self.columns.iter().position(|column| column.auto)
    }

    /// The positions of the columns beside the key that the database fills in, by their defaults, where a new row's struct has
    /// no value for them.
    pub fn filled(&self) -> &[usize] {
        &self.filled
    }

    /// How many columns the database computes, so that nobody writes them.
    pub fn generated_count(&self) -> usize {
        self.generated
    }

    /// Whether there is a column that is read only when it is asked for.
    pub fn has_deferred(&self) -> bool {
        self.has_deferred
    }

    /// The position of the column that counts the row's changes, so that who knows an older row does not overwrite a newer one.
    pub fn version(&self) -> Option<usize> {
        self.version
    }

    /// The positions of the columns that get a new value from the program with each change of the row.
    pub fn renewed(&self) -> &[usize] {
        &self.renewed
    }

    /// The positions of the columns that are read when the one at this position is asked for: those of its group, or it alone.
    /// None if it is not deferred.
    pub fn deferred_with(&self, position: usize) -> Vec<usize> {
        let together = |&other: &usize| match self.columns[position].deferred {
            Some(Deferral::Alone) => other == position,
            group @ Some(Deferral::Group(_)) => self.columns[other].deferred == group,
            None => false,
        };
        (0..self.columns.len()).filter(together).collect()
    }

    /// The names of the columns at these positions.
    pub fn names_of(&self, positions: &[usize]) -> Vec<&str> {
        positions.iter().map(|&position| self.columns[position].name.as_str()).collect()
    }

    /// The names and types of these columns.
    pub(crate) fn typed(&self, positions: &[usize]) -> Vec<(String, SqlType)> {
        let typed = |&position: &usize| {
            let column = &self.columns[position];
            (column.name.clone(), column.sql_type)
        };
        positions.iter().map(typed).collect()
    }

    /// Whether no two rows can have the same values in these columns, in whatever order.
    pub(crate) fn is_unique(&self, positions: &[usize]) -> bool {
        let sorted = |columns: &mut dyn Iterator<Item = usize>| {
            let mut columns: Vec<_> = columns.collect();
            columns.sort_unstable();
            columns
        };
        let wanted = sorted(&mut positions.iter().copied());
        let whole = self.indexes.iter().filter(|index| index.unique && index.filter.is_none());
        sorted(&mut self.primary_key.iter().copied()) == wanted
            || self.uniques.iter().any(|unique| sorted(&mut unique.columns.iter().copied()) == wanted)
            || whole.into_iter().any(|index| sorted(&mut index.columns.iter().map(|&(c, _)| c)) == wanted)
    }
}

/// The name alone: tables stand in queries, and their columns would bury those.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({})", self.name)
    }
}

/// Two tables are the same if they are the same piece of data; names need not be unique across schemas.
impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Table {}
