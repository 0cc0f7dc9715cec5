//! The statements of a flush: a shape says what is written, a layout how the rows fill its parameters.

use crate::metadata::{Table, TableRef};
use crate::query::{Conflicts, Dialect, Feature, Sql};

/// One INSERT, UPDATE or DELETE by primary key, for any number of rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WriteShape {
    table: TableRef,
    kind: WriteKind,
    /// The columns that are written, then those that find the row, then those that are read with the statement. One list, because
    /// shapes are looked up: to compare empty ones costs more than all else where a processor masks what it reads of them.
    positions: Vec<usize>,
    /// Where those begin that find the row.
    key: usize,
    /// Where those begin that are read.
    fetched: usize,
    /// The key column that the database fills in and hands back.
    generated_key: Option<usize>,
    /// Rows that are there already are left out.
    unless_there: bool,
}

/// What a shape does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteKind {
    /// INSERT of the columns; the database numbers the rows if the key is not among them.
    Insert,
    /// UPDATE of the columns, by primary key.
    Update,
    /// DELETE, by primary key.
    Delete,
}

/// How the rows of a write fill the parameters of its statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// The statement runs once for each row; a parameter is one value.
    PerRow,
    /// The statement runs once; each parameter is an array with one value for each row.
    Arrays,
    /// The statement runs once and takes this many rows; the parameters are their values, row after row.
    Flat(usize),
    /// The rows are keys that are integers, and the statement runs once for each run of neighbours among them; its parameters are the
    /// first and the last one.
    Runs,
    /// The statement is that for one row, and no two rows have the same key: the driver makes statements for many of it.
    ByKey,
    /// The statement is that for one row, and has another one for this many with it, its block: the driver may take that where there are as
    /// many left.
    Blocks(usize),
}

impl WriteShape {
    /// A shape; the columns of a DELETE are empty.
    pub fn new(table: impl Into<TableRef>, kind: WriteKind, columns: Vec<usize>) -> Self {
        let (table, mut positions) = (table.into(), columns);
        let key = positions.len();
        let mut generated_key = None;
        match kind {
            WriteKind::Insert => {
                generated_key = table.auto_key().filter(|auto| !positions.contains(auto));
            }
            WriteKind::Update | WriteKind::Delete => {
                positions.extend(table.primary_key().iter().copied().chain(table.version()));
            }
        }
        let fetched = positions.len();
        Self { table, kind, positions, key, fetched, generated_key, unless_there: false }
    }

    /// The same without the keys that the database makes.
    #[must_use]
    pub(crate) fn without_keys(self) -> Self {
        Self { generated_key: None, ..self }
    }

    /// The same without a look at versions.
    #[must_use]
    pub(crate) fn by_key_alone(self) -> Self {
        let key = self.table.primary_key().to_vec();
        self.found_by(key)
    }

    /// The same for rows that are found by these columns, whatever their key is.
    #[must_use]
    pub(crate) fn found_by(mut self, key: Vec<usize>) -> Self {
        let fetched = self.key + key.len();
        self.positions.splice(self.key..self.fetched, key);
        Self { fetched, ..self }
    }

    /// The same INSERT, which leaves out rows that are there already if this is true.
    #[must_use]
    pub(crate) fn unless_there(self, unless_there: bool) -> Self {
        Self { unless_there, ..self }
    }

    /// The position of the version that a row has to have, if that is looked at.
    pub(crate) fn version(&self) -> Option<usize> {
        self.table.version().filter(|_| self.key().len() > self.table.primary_key().len())
    }

    /// The same with these columns, as the database has made them, handed back for each row: behind the key, by which whoever
    /// runs it knows the rows.
    #[must_use]
    pub fn fetching(mut self, fetched: Vec<usize>) -> Self {
        self.positions.truncate(self.fetched);
        self.positions.extend(fetched);
        self
    }

    /// The positions of the columns that are handed back for each row, if any are.
    pub fn fetched(&self) -> &[usize] {
        &self.positions[self.fetched..]
    }

    /// The table that is written.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The same, to be kept.
    pub(crate) fn table_ref(&self) -> &TableRef {
        &self.table
    }

    /// What is done to it.
    pub fn kind(&self) -> WriteKind {
        self.kind
    }

    /// The positions of the columns that are written.
    pub fn columns(&self) -> &[usize] {
        &self.positions[..self.key]
    }

    /// The positions of the columns that find the row: those of its key, and then its version if it has one, which says that
    /// nobody has changed it. None for an INSERT.
    pub fn key(&self) -> &[usize] {
        &self.positions[self.key..self.fetched]
    }

    /// How many values a row has: the columns written, then the key.
    pub fn width(&self) -> usize {
        self.fetched
    }

    /// The key column that the database fills in and hands back.
    pub fn generated_key(&self) -> Option<usize> {
        self.generated_key
    }

    /// Adds a quoted column name.
    pub fn name(&self, sql: &mut Sql<'_>, column: usize) {
        sql.name(&self.table().columns()[column].name);
    }

    /// Adds the placeholder for one value of a column.
    pub fn parameter(&self, sql: &mut Sql<'_>, column: usize) {
        sql.parameter(self.table().columns()[column].sql_type);
    }

    /// The same where the statement itself says what type the parameter has.
    pub fn bare_parameter(&self, sql: &mut Sql<'_>, column: usize) {
        sql.bare_parameter(self.table().columns()[column].sql_type);
    }

    /// Adds the words that an INSERT begins with, and its table.
    pub fn write_head(&self, sql: &mut Sql<'_>) {
        write_head(&self.table, self.unless_there, sql);
    }

    /// Adds what an INSERT does about rows that are there already, if it is to do anything and its head does not say so.
    pub fn write_conflict(&self, sql: &mut Sql<'_>) {
        if self.unless_there && sql.dialect().conflicts() == Conflicts::OnConflict {
            sql.push(" ON CONFLICT DO NOTHING");
        }
    }

    /// Whether what is handed back comes with the statement; else the rows have to be read after it.
    pub(crate) fn returns(&self, dialect: &dyn Dialect) -> bool {
        dialect.supports(match self.kind {
            WriteKind::Insert | WriteKind::Delete => Feature::ReturningRows,
            WriteKind::Update => Feature::ReturningUpdated,
        })
    }

    /// Adds `RETURNING …` for what comes back that way; this stands before each name.
    pub fn write_returning(&self, sql: &mut Sql<'_>, before: &str) {
        if !self.returns(sql.dialect()) {
            return;
        }
        let made = self.generated_key().filter(|_| sql.dialect().returns_keys());
        let columns = match (self.fetched(), made) {
            ([], made) => made.into_iter().collect(),
            (fetched, _) => [self.table().primary_key(), fetched].concat(),
        };
        if !columns.is_empty() {
            sql.push(" RETURNING ").list(&columns, |sql, &column| {
                sql.push(before);
                self.name(sql, column);
            });
        }
    }

    /// Adds the statement for one row, as standard SQL has it.
    pub fn write_standard(&self, sql: &mut Sql<'_>) {
        match self.kind {
            WriteKind::Insert => {
                self.write_head(sql);
                if self.columns().is_empty() {
                    sql.push(sql.dialect().default_row());
                } else {
                    sql.push(" (")
                        .list(self.columns(), |sql, &column| self.name(sql, column))
                        .push(") VALUES (");
                    sql.list(self.columns(), |sql, &column| self.parameter(sql, column)).push(")");
                }
                self.write_conflict(sql);
                self.write_returning(sql, "");
            }
            WriteKind::Update => {
                sql.push("UPDATE ").table(self.table()).push(" SET ");
                sql.list(self.columns(), |sql, &column| {
                    self.name(sql, column);
                    sql.push(" = ");
                    self.parameter(sql, column);
                });
                self.write_condition(sql);
                self.write_returning(sql, "");
            }
            WriteKind::Delete => {
                sql.push("DELETE FROM ").table(self.table());
                self.write_condition(sql);
            }
        }
    }

    fn write_condition(&self, sql: &mut Sql<'_>) {
        for (number, &column) in self.key().iter().enumerate() {
            sql.push(if number > 0 { " AND " } else { " WHERE " });
            self.name(sql, column);
            sql.push(" = ");
            self.parameter(sql, column);
        }
    }
}

/// Writes the words that an INSERT begins with, and its table.
pub(crate) fn write_head(table: &Table, unless_there: bool, sql: &mut Sql<'_>) {
    let ignores = unless_there && sql.dialect().conflicts() != Conflicts::OnConflict;
    sql.push(if ignores { "INSERT IGNORE INTO " } else { "INSERT INTO " }).table(table);
}
