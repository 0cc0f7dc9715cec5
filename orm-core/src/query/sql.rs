//! The one place where SQL text and its parameters are put together.

use crate::error::{Error, ErrorKind};
use crate::metadata::{Column, Table, TableName};
use crate::query::Dialect;
use crate::{Result, SqlType, Value};

/// A statement being written for one dialect: text, parameters and the tables whose columns may be named.
#[derive(Debug)]
pub struct Sql<'d> {
    dialect: &'d dyn Dialect,
    text: String,
    types: Vec<SqlType>,
    values: Vec<Value<'static>>,
    tables: Vec<&'static Table>,
}

/// A finished statement with its parameters.
#[doc(hidden)]
#[derive(Debug)]
pub struct Rendered {
    pub(crate) text: String,
    pub(crate) types: Vec<SqlType>,
    pub(crate) values: Vec<Value<'static>>,
    /// Whether it may write.
    pub(crate) writes: bool,
}

impl Rendered {
    pub(crate) fn with_writes(self, writes: bool) -> Self {
        Self { writes, ..self }
    }
}

impl<'d> Sql<'d> {
    /// An empty statement.
    pub fn new(dialect: &'d dyn Dialect) -> Self {
        Self { dialect, text: String::new(), types: Vec::new(), values: Vec::new(), tables: Vec::new() }
    }

    /// The dialect that is written.
    pub fn dialect(&self) -> &'d dyn Dialect {
        self.dialect
    }

    /// Adds SQL that this library wrote; never a user's text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a name, quoted.
    pub fn name(&mut self, name: &str) -> &mut Self {
        self.dialect.quote(name, &mut self.text);
        self
    }

    /// Adds the name of a table, with its schema if it has one.
    pub fn table(&mut self, table: &Table) -> &mut Self {
        self.full_name(table.full_name())
    }

    /// Adds a schema and a name, quoted.
    pub fn full_name(&mut self, name: &TableName) -> &mut Self {
        if let Some(schema) = name.schema() {
            self.name(schema).push(".");
        }
        self.name(name.name())
    }

    /// Adds a text as a literal, for statements that take no parameters: comments and enum types.
    pub(crate) fn literal(&mut self, text: &str) -> &mut Self {
        self.dialect.literal(text, &mut self.text);
        self
    }

    /// Adds each item, with `, ` between.
    pub fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (index, item) in items.into_iter().enumerate() {
            self.push(if index > 0 { ", " } else { "" });
            each(self, item);
        }
        self
    }

    /// Adds each item, with a separator between.
    pub fn separated<T>(
        &mut self,
        separator: &str,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T) -> Result<()>,
    ) -> Result<()> {
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.push(separator);
            }
            each(self, item)?;
        }
        Ok(())
    }

    /// Adds the name of a column type.
    pub fn push_type(&mut self, sql_type: SqlType) -> &mut Self {
        let name = self.dialect.type_name(sql_type);
        self.push(&name)
    }

    /// Adds the placeholder of a parameter whose value comes when the statement runs.
    pub fn parameter(&mut self, sql_type: SqlType) -> &mut Self {
        self.bare_parameter(sql_type);
        self.dialect.cast(sql_type, &mut self.text);
        self
    }

    /// The same without what tells the database its type.
    pub fn bare_parameter(&mut self, sql_type: SqlType) -> &mut Self {
        self.types.push(sql_type);
        self.dialect.placeholder(self.types.len(), &mut self.text);
        self
    }

    /// Adds a value as a parameter.
    pub fn bind(&mut self, sql_type: SqlType, value: Value<'static>) -> &mut Self {
        self.values.push(value);
        self.parameter(sql_type)
    }

    /// Adds ` WHERE key = ?`, for each column of the key.
    pub fn where_key(&mut self, table: &Table) -> &mut Self {
        for (index, &key) in table.primary_key().iter().enumerate() {
            let column = &table.columns()[key];
            self.push(if index > 0 { " AND " } else { " WHERE " });
            self.name(&column.name).push(" = ").parameter(column.sql_type);
        }
        self
    }

    /// Lets columns of this table be named from here on.
    pub fn enter(&mut self, table: &'static Table) {
        self.tables.push(table);
    }

    /// Adds a column of one of the statement's tables.
    pub fn column(&mut self, table: &'static Table, position: usize) -> Result<()> {
        let Column { name: column, sql_type, .. } = &table.columns()[position];
        if !self.tables.contains(&table) {
            let (wanted, present) =
                (table.name(), self.tables.iter().map(|table| table.name()).collect::<Vec<_>>());
            let message = format!(
                "column {wanted}.{column} is used, but {wanted} is not in the query, which reads from {}; join {wanted} first",
                present.join(", ")
            );
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        if self.tables.len() > 1 {
            self.table(table).push(".");
        }
        self.name(column);
        if let Some(collation) = self.dialect.collation(*sql_type) {
            self.push(" COLLATE ").push(collation);
        }
        Ok(())
    }

    /// The text alone.
    pub fn into_text(self) -> String {
        self.text
    }

    pub(crate) fn finish(self) -> Rendered {
        Rendered { text: self.text, types: self.types, values: self.values, writes: false }
    }
}
