//! What a derive calls to describe a model's table, field by field.

use crate::SqlType;
use crate::metadata::{
    Action, Check, Column, Deferral, FieldPart, ForeignKey, Index, RawSql, Related, Table, Target, Unique,
};

/// What the attributes of one field say about its columns.
#[derive(Clone, Copy, Debug, Default)]
pub struct FieldOptions {
    /// Part of the primary key.
    pub key: bool,
    /// Numbered by the database, if it is a key; else filled in by its default there.
    pub auto: bool,
    /// The number of a deleted row is not given again.
    pub no_reuse: bool,
    /// No two rows alike.
    pub unique: bool,
    /// Indexed.
    pub index: bool,
    /// The index is sorted downwards.
    pub descending: bool,
    /// Counts the row's changes.
    pub version: bool,
    /// Gets a new value from the program with each change of the row.
    pub renewed: bool,
    /// What the database stores for an insert without a value.
    pub server_default: Option<&'static str>,
    /// What the database computes the value from.
    pub generated: Option<&'static str>,
    /// A condition that each row must meet.
    pub check: Option<&'static str>,
    /// What it is for.
    pub comment: Option<&'static str>,
    /// The group that a deferred column is read with.
    pub deferred: Option<&'static str>,
    /// For a reference, what happens when the row referred to is deleted.
    pub on_delete: Action,
    /// For a reference, what happens when the key referred to changes.
    pub on_update: Action,
    /// For a reference, it is looked at when the transaction commits.
    pub deferrable: bool,
}

/// An index as a derive describes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct IndexOptions {
    /// Its name, if one was given.
    pub name: Option<&'static str>,
    /// The model's fields, and whether each is sorted downwards.
    pub fields: &'static [(usize, bool)],
    /// No two of its rows alike.
    pub unique: bool,
    /// Which rows are in it, if not all.
    pub filter: Option<&'static str>,
}

/// Builds a [`Table`], field by field.
#[derive(Debug)]
pub struct TableBuilder {
    table: Table,
    /// What the fields say, for when their columns are known.
    options: Vec<FieldOptions>,
}

impl TableBuilder {
    pub(super) fn new(table: Table) -> Self {
        Self { table, options: Vec::new() }
    }

    /// Puts the table into a schema.
    pub fn schema(&mut self, schema: &str) {
        self.table.name.schema = Some(schema.to_owned());
    }

    /// Says what the table is for.
    pub fn comment(&mut self, comment: &str) {
        self.table.comment = Some(comment.to_owned());
    }

    /// Begins the next field of the model; its columns follow.
    pub fn field(&mut self, options: FieldOptions) -> FieldBuilder<'_> {
        self.table.fields.push(self.table.columns.len());
        self.options.push(options);
        FieldBuilder { table: &mut self.table, options }
    }

    /// No two rows have the same values in these fields. Constraints follow all fields.
    pub fn unique(&mut self, name: Option<&str>, fields: &[usize]) {
        let columns = fields.iter().flat_map(|&field| self.columns_of(field)).collect();
        self.table.add_unique(name, columns);
    }

    /// Each row meets this condition.
    pub fn check(&mut self, name: Option<&str>, sql: &'static str) {
        self.table.add_check(name, &[], sql.into());
    }

    /// An index.
    pub fn index(&mut self, options: IndexOptions) {
        let columns = options
            .fields
            .iter()
            .flat_map(|&(field, descending)| self.columns_of(field).map(move |column| (column, descending)));
        let columns = columns.collect();
        self.table.add_index(options.name, columns, options.unique, options.filter.map(RawSql::from));
    }

    /// The model has relations.
    pub fn related(&mut self, related: Related) {
        self.table.related = Some(related);
    }

    /// The positions of a field's columns.
    fn columns_of(&self, field: usize) -> std::ops::Range<usize> {
        let end = self.table.fields.get(field + 1).copied().unwrap_or(self.table.columns.len());
        self.table.fields[field]..end
    }

    /// The finished table.
    pub fn finish(mut self) -> Table {
        for (field, options) in std::mem::take(&mut self.options).into_iter().enumerate() {
            let columns = self.columns_of(field);
            // What holds several references is unique and indexed by each of them.
            let keys = self.table.foreign_keys.iter().filter(|key| key.field.field == field);
            let mut apart: Vec<_> = keys.map(|key| key.columns.clone()).collect();
            if apart.is_empty() {
                apart.push(columns.clone().collect());
            }
            if options.unique {
                apart.iter().for_each(|columns| self.table.add_unique(None, columns.clone()));
            }
            if let Some(sql) = options.check {
                self.table.add_check(None, &columns.clone().collect::<Vec<_>>(), sql.into());
            }
            if options.index {
                for columns in apart {
                    let columns = columns.into_iter().map(|column| (column, options.descending)).collect();
                    self.table.add_index(None, columns, false, None);
                }
            }
            let columns = self.columns_of(field);
            if columns.len() > 1 {
                // A part of an embedded struct comes with the other parts.
                self.table.columns[columns].iter_mut().for_each(|column| column.deferred = None);
            }
        }
        self.table.has_deferred = self.table.columns.iter().any(|column| column.deferred.is_some());
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
        let (field, options) = (self.table.fields.len() - 1, self.options);
        let position = self.table.columns.len();
        if options.key {
            self.table.primary_key.push(position);
        }
        if options.version {
            self.table.version = Some(position);
        }
        if options.renewed {
            self.table.renewed.push(position);
        }
        if options.auto && !options.key {
            self.table.filled.push(position);
        }
        self.table.generated += usize::from(options.generated.is_some());
        self.table.columns.push(Column {
            auto: options.auto && options.key,
            no_reuse: options.no_reuse,
            default: options.server_default.map(RawSql::from),
            generated: options.generated.map(RawSql::from),
            comment: options.comment.map(str::to_owned),
            field,
            part: position - self.table.fields[field],
            ..Column::plain(name, sql_type, nullable)
        });
    }

    /// Adds one column that is read only when it is asked for. A key is always read.
    pub fn deferred_column(&mut self, name: &str, sql_type: SqlType, nullable: bool) {
        self.column(name, sql_type, nullable);
        let deferral = self.options.deferred.map_or(Deferral::Alone, Deferral::Group);
        if let Some(column) = self.table.columns.last_mut().filter(|_| !self.options.key) {
            column.deferred = Some(deferral);
        }
    }

    /// Makes the columns of this field, those that do not refer to anything yet, a reference to another table.
    pub fn references(&mut self, target: fn() -> &'static Table) {
        let field = self.table.fields.len() - 1;
        let start = self.table.fields[field];
        let before = self.table.foreign_keys.last().filter(|key| key.field.field == field);
        let start = before.and_then(|key| key.columns.last()).map_or(start, |last| last + 1);
        let columns: Vec<_> = (start..self.table.columns.len()).collect();
        let field = FieldPart { field, part: start - self.table.fields[field] };
        let name = self.table.name_for(&columns, "fkey");
        let FieldOptions { on_delete, on_update, deferrable, .. } = self.options;
        let target = Target::PrimaryKeyOf(target);
        let key =
            ForeignKey { name, columns, field, target, on_delete, on_update, deferrable, required: false };
        self.table.foreign_keys.push(key);
    }

    /// Of the foreign keys of this field one is set, or one at the most if it is not required.
    pub fn one_of(&mut self, name: &str, required: bool) {
        let field = self.table.fields.len() - 1;
        let mut parts = Vec::new();
        for number in 0..self.table.foreign_keys.len() {
            if self.table.foreign_keys[number].field.field == field {
                self.table.foreign_keys[number].required = required;
                parts.push(is_set(&self.table.names_of(&self.table.foreign_keys[number].columns)));
            }
        }
        let comparison = if required { "=" } else { "<=" };
        let sql = RawSql::unchecked(format!("{} {comparison} 1", parts.join(" + ")));
        let name = format!("{}_{name}_check", self.table.name());
        self.table.add_check(Some(&name), &[], sql);
        self.table.checks.last_mut().into_iter().for_each(|check| check.made = true);
    }
}

/// SQL that is 1 where a foreign key is set, 0 where it is not, and more where only a part of it is.
fn is_set(columns: &[&str]) -> String {
    let all = |what: &str| {
        columns.iter().map(|name| format!("{} {what}", quoted(name))).collect::<Vec<_>>().join(" AND ")
    };
    match columns {
        [_] => format!("CASE WHEN {} THEN 0 ELSE 1 END", all("IS NULL")),
        _ => format!("CASE WHEN {} THEN 0 WHEN {} THEN 1 ELSE 2 END", all("IS NULL"), all("IS NOT NULL")),
    }
}

/// A plain name needs no quotes, which databases write differently.
fn quoted(name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let is_plain = name.chars().all(is_plain) && !name.starts_with(|letter: char| letter.is_ascii_digit());
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

impl Column {
    /// A column of which nothing more is said.
    pub(super) fn plain(name: &str, sql_type: SqlType, nullable: bool) -> Self {
        Self {
            name: name.to_owned(),
            sql_type,
            nullable,
            auto: false,
            no_reuse: false,
            default: None,
            generated: None,
            comment: None,
            deferred: None,
            field: 0,
            part: 0,
        }
    }
}

/// What both ways to a table have in common: constraints without a name get one.
impl Table {
    pub(super) fn add_unique(&mut self, name: Option<&str>, columns: Vec<usize>) {
        let name = name.map_or_else(|| self.name_for(&columns, "key"), str::to_owned);
        self.uniques.push(Unique { name, columns });
    }

    pub(super) fn add_check(&mut self, name: Option<&str>, columns: &[usize], sql: RawSql) {
        let name = name.map_or_else(|| self.name_for(columns, "check"), str::to_owned);
        self.checks.push(Check { name, sql, made: false });
    }

    pub(super) fn add_index(
        &mut self,
        name: Option<&str>,
        columns: Vec<(usize, bool)>,
        unique: bool,
        filter: Option<RawSql>,
    ) {
        let positions: Vec<_> = columns.iter().map(|&(position, _)| position).collect();
        let name = name.map_or_else(|| self.name_for(&positions, "idx"), str::to_owned);
        self.indexes.push(Index { name, columns, unique, filter });
    }
}
