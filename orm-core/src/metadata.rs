//! Tables as data: what a derive describes, what a schema is created from, what the session reads to know keys and
//! foreign keys.

use std::fmt;

use crate::SqlType;

/// A table: its columns, its keys, and what other tables it refers to.
pub struct Table {
    name: &'static str,
    columns: Vec<Column>,
    /// For each field of the model the position of its first column.
    fields: Vec<usize>,
    primary_key: Vec<usize>,
    foreign_keys: Vec<ForeignKey>,
    uniques: Vec<Vec<usize>>,
    indexes: Vec<Vec<usize>>,
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
    /// The model's field that the column belongs to.
    pub field: usize,
    /// Which of the field's columns it is.
    pub part: usize,
}

/// Columns that hold the primary key of another table.
#[derive(Clone, Debug)]
pub struct ForeignKey {
    /// Positions of the columns, in the order of the target's primary key.
    pub columns: Vec<usize>,
    /// The model's field that the columns belong to.
    pub field: usize,
    /// The table referred to; a function, because tables may refer to each other and to themselves.
    pub target: fn() -> &'static Table,
}

impl ForeignKey {
    /// Whether the reference may be left empty.
    pub fn is_nullable(&self, table: &Table) -> bool {
        self.columns.iter().all(|&column| table.columns[column].nullable)
    }
}

impl Table {
    /// A table without columns yet; a derive fills it through a [`TableBuilder`].
    pub fn build(name: &'static str) -> TableBuilder {
        TableBuilder {
            table: Self {
                name,
                columns: Vec::new(),
                fields: Vec::new(),
                primary_key: Vec::new(),
                foreign_keys: Vec::new(),
                uniques: Vec::new(),
                indexes: Vec::new(),
            },
        }
    }

    /// The table's name in the database.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// All columns, in the order of the model's fields.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The positions of the primary key's columns.
    pub fn primary_key(&self) -> &[usize] {
        &self.primary_key
    }

    /// References to other tables.
    pub fn foreign_keys(&self) -> &[ForeignKey] {
        &self.foreign_keys
    }

    /// Columns, or groups of columns, of which no two rows may have the same values.
    pub fn uniques(&self) -> &[Vec<usize>] {
        &self.uniques
    }

    /// Columns, or groups of columns, that have an index.
    pub fn indexes(&self) -> &[Vec<usize>] {
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

/// What the attributes of one field say about its columns.
#[derive(Clone, Copy, Debug, Default)]
pub struct FieldOptions {
    /// Part of the primary key.
    pub key: bool,
    /// Numbered by the database.
    pub auto: bool,
    /// No two rows alike.
    pub unique: bool,
    /// Indexed.
    pub index: bool,
}

/// Builds a [`Table`], field by field.
#[derive(Debug)]
pub struct TableBuilder {
    table: Table,
}

impl TableBuilder {
    /// Begins the next field of the model; its columns follow.
    pub fn field(&mut self, options: FieldOptions) -> FieldBuilder<'_> {
        self.table.fields.push(self.table.columns.len());
        let Table { uniques, indexes, .. } = &mut self.table;
        for (is_wanted, groups) in [(options.unique, uniques), (options.index, indexes)] {
            groups.extend(is_wanted.then(Vec::new));
        }
        FieldBuilder { table: &mut self.table, options }
    }

    /// The finished table.
    pub fn finish(self) -> Table {
        self.table
    }
}

/// Adds the columns of one field to a table.
#[derive(Debug)]
pub struct FieldBuilder<'a> {
    table: &'a mut Table,
    options: FieldOptions,
}

impl FieldBuilder<'_> {
    /// Adds one column.
    pub fn column(&mut self, name: &str, sql_type: SqlType, nullable: bool) {
        let field = self.table.fields.len() - 1;
        let position = self.table.columns.len();
        let Table { primary_key, uniques, indexes, .. } = &mut *self.table;
        if self.options.key {
            primary_key.push(position);
        }
        for (is_wanted, groups) in [(self.options.unique, uniques), (self.options.index, indexes)] {
            // The group of this field is the last one.
            groups.last_mut().filter(|_| is_wanted).into_iter().for_each(|group| group.push(position));
        }
        self.table.columns.push(Column {
            name: name.to_owned(),
            sql_type,
            nullable,
            auto: self.options.auto,
            field,
            part: position - self.table.fields[field],
        });
    }

    /// Makes all columns of this field a reference to another table.
    pub fn references(&mut self, target: fn() -> &'static Table) {
        let field = self.table.fields.len() - 1;
        let columns = (self.table.fields[field]..self.table.columns.len()).collect();
        self.table.foreign_keys.push(ForeignKey { columns, field, target });
    }
}

/// The tables of a program, each after those that it refers to.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    tables: Vec<&'static Table>,
}

impl Metadata {
    /// These tables and all that they refer to.
    pub fn from_tables(tables: impl IntoIterator<Item = &'static Table>) -> Self {
        let mut metadata = Self::default();
        for table in tables {
            metadata.include(table, &mut Vec::new());
        }
        metadata
    }

    fn include(&mut self, table: &'static Table, visiting: &mut Vec<&'static Table>) {
        if self.tables.contains(&table) || visiting.contains(&table) {
            return;
        }
        visiting.push(table);
        for key in table.foreign_keys() {
            self.include((key.target)(), visiting);
        }
        visiting.pop();
        self.tables.push(table);
    }

    /// The tables, each after those that it refers to; where tables refer to each other in a circle, one has to come
    /// before a table that it refers to.
    pub fn tables(&self) -> &[&'static Table] {
        &self.tables
    }
}
