//! The statements that create and drop tables. Names and comments come from tables; conditions and defaults are SQL that
//! the program wrote.

mod index;

use std::collections::HashSet;

use crate::error::{Error, ErrorKind};
use crate::metadata::{Action, Column, ForeignKey, Metadata, Table, TableName};
use crate::query::{Comments, Dialect, Feature, Sql, check_name};
use crate::value::EnumType;
use crate::{Result, SqlType};

use index::create_index;

impl Metadata {
    /// The statements by which `create_all` creates these tables in an empty database, for a look at them or for a file.
    pub fn create_sql(&self, dialect: &dyn Dialect) -> Result<Vec<String>> {
        let tables = creations(dialect, self, |_| false)?;
        let enums = enums(self).into_iter().filter(|_| dialect.enum_names().is_some());
        Ok(enums.map(|found| create_enum(dialect, found)).chain(tables).collect())
    }
}

/// The enum types of all columns, each once.
pub(crate) fn enums(metadata: &Metadata) -> Vec<&'static EnumType> {
    let mut seen = HashSet::new();
    let columns = metadata.tables().into_iter().flat_map(Table::columns);
    columns.filter_map(enum_of).filter(|found| seen.insert(found.name)).collect()
}

fn enum_of(column: &Column) -> Option<&'static EnumType> {
    match column.sql_type {
        SqlType::Enum(found) => Some(found),
        SqlType::Array(SqlType::Enum(found)) => Some(*found),
        _ => None,
    }
}

/// The words of an enum cannot be parameters.
pub(crate) fn create_enum(dialect: &dyn Dialect, found: &EnumType) -> String {
    let mut sql = Sql::new(dialect);
    sql.push("CREATE TYPE ").name(found.name).push(" AS ENUM (");
    sql.list(found.variants, |sql, word| {
        sql.literal(word);
    });
    sql.push(")");
    sql.into_text()
}

/// The statements that create what does not exist. A table that refers to one that comes later (they refer to each other
/// in a circle) gets its foreign key at the end, where the database can add one.
pub(crate) fn creations(
    dialect: &dyn Dialect,
    metadata: &Metadata,
    exists: impl Fn(&TableName) -> bool,
) -> Result<Vec<String>> {
    metadata.check()?;
    let tables = metadata.tables();
    let missing: Vec<_> = tables.into_iter().filter(|table| !exists(table.full_name())).collect();
    let (mut statements, mut later, mut created) = (Vec::new(), Vec::new(), HashSet::new());
    for table in missing {
        check_names(dialect, table)?;
        created.insert(table.full_name());
        let is_there = |name: &TableName| created.contains(name) || exists(name);
        let forward = |key: &&ForeignKey| dialect.alters_foreign_keys() && !is_there(key.target.table());
        let (after, inline): (Vec<_>, Vec<_>) = table.foreign_keys().iter().partition(forward);
        statements.push(create_table(dialect, table, &inline)?);
        for index in table.indexes() {
            statements.push(create_index(dialect, table, index));
        }
        if dialect.comments() == Comments::Statements {
            comments(dialect, table, &mut statements);
        }
        for key in after {
            later.push(add_foreign_key(dialect, table, key)?);
        }
    }
    statements.append(&mut later);
    Ok(statements)
}

/// The statements that drop what exists. A table that still refers to the one that is dropped lets go of it first.
pub(crate) fn removals(
    dialect: &dyn Dialect,
    metadata: &Metadata,
    exists: impl Fn(&TableName) -> bool,
) -> Result<Vec<String>> {
    metadata.check()?;
    let tables = metadata.tables().into_iter().rev();
    let tables: Vec<_> = tables.filter(|table| exists(table.full_name())).collect();
    let mut statements = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        for holder in &tables[number + 1..] {
            let keys = holder.foreign_keys().iter().filter(|key| key.target.table() == table.full_name());
            let keys = keys.filter(|_| dialect.alters_foreign_keys());
            statements.extend(keys.map(|key| drop_foreign_key(dialect, holder, key)));
        }
        let mut sql = Sql::new(dialect);
        sql.push("DROP TABLE ").table(table);
        statements.push(sql.into_text());
    }
    Ok(statements)
}

/// Refuses names that the database could not take as they are.
fn check_names(dialect: &dyn Dialect, table: &Table) -> Result<()> {
    let mut names = vec![("table", table.name())];
    names.extend(table.schema().map(|name| ("schema", name)));
    names.extend(table.columns().iter().map(|column| ("column", column.name.as_str())));
    names.extend(table.foreign_keys().iter().map(|key| ("foreign key", key.name.as_str())));
    names.extend(table.uniques().iter().map(|unique| ("unique constraint", unique.name.as_str())));
    names.extend(table.checks().iter().map(|check| ("check", check.name.as_str())));
    names.extend(table.indexes().iter().map(|index| ("index", index.name.as_str())));
    if dialect.enum_names().is_some() {
        names.extend(table.columns().iter().filter_map(enum_of).map(|found| ("enum type", found.name)));
    }
    for (what, name) in names {
        check_name(dialect, name).map_err(|problem| {
            let message = format!("table {}: {what}: {problem}", table.name());
            Error::new(ErrorKind::InvalidSchema, message)
        })?;
    }
    Ok(())
}

fn create_table(dialect: &dyn Dialect, table: &Table, foreign_keys: &[&ForeignKey]) -> Result<String> {
    let mut sql = Sql::new(dialect);
    sql.push("CREATE TABLE ").table(table).push(" (");
    sql.list(table.columns().iter().enumerate(), |sql, (position, column)| {
        sql.name(&column.name).push(" ");
        define_column(sql, table, position);
        inline_comment(sql, column.comment.as_deref());
    });
    for unique in table.uniques() {
        sql.push(", CONSTRAINT ").name(&unique.name).push(" UNIQUE (");
        names(&mut sql, &table.names_of(&unique.columns)).push(")");
    }
    let acts = |key: &ForeignKey| {
        let sets = |action| matches!(action, Action::SetNull | Action::SetDefault);
        sets(key.on_delete) || sets(key.on_update) || key.on_update == Action::Cascade
    };
    let unchecked = !dialect.supports(Feature::CheckedActions) && table.foreign_keys().iter().any(acts);
    for check in table.checks().iter().filter(|check| !(check.made && unchecked)) {
        sql.push(", CONSTRAINT ").name(&check.name);
        sql.push(" CHECK (").push(check.sql.as_str()).push(")");
    }
    if table.auto_key().is_none() && !table.primary_key().is_empty() {
        sql.push(", PRIMARY KEY (");
        names(&mut sql, &table.names_of(table.primary_key())).push(")");
    }
    for key in foreign_keys {
        sql.push(", ");
        foreign_key(&mut sql, table, key)?;
    }
    sql.push(")").push(dialect.table_suffix());
    inline_comment(&mut sql, table.comment());
    Ok(sql.into_text())
}

fn inline_comment(sql: &mut Sql<'_>, comment: Option<&str>) {
    if let (Comments::Inline, Some(comment)) = (sql.dialect().comments(), comment) {
        sql.push(" COMMENT ").literal(comment);
    }
}

fn define_column(sql: &mut Sql<'_>, table: &Table, position: usize) {
    let column = &table.columns()[position];
    if column.auto {
        let definition = sql.dialect().auto_key(column);
        sql.push(&definition);
        return;
    }
    let type_name = sql.dialect().column_type(table, position);
    let is_bare = column.nullable || (column.generated.is_some() && !sql.dialect().constrains_generated());
    sql.push(&type_name);
    if let Some(generated) = &column.generated {
        sql.push(" GENERATED ALWAYS AS (").push(generated.as_str()).push(") STORED");
    }
    sql.push(if is_bare { "" } else { " NOT NULL" });
    if let Some(default) = &column.default {
        sql.push(" DEFAULT (").push(default.as_str()).push(")");
    }
}

fn names<'s, 'd>(sql: &'s mut Sql<'d>, names: &[&str]) -> &'s mut Sql<'d> {
    sql.list(names, |sql, name| {
        sql.name(name);
    })
}

fn foreign_key(sql: &mut Sql<'_>, table: &Table, key: &ForeignKey) -> Result<()> {
    let target = key.target.table();
    sql.push("CONSTRAINT ").name(&key.name).push(" FOREIGN KEY (");
    names(sql, &table.names_of(&key.columns)).push(") REFERENCES ");
    match sql.dialect().schemas_are_databases() {
        false => sql.full_name(target),
        true if target.schema() == table.schema() => sql.name(target.name()),
        true => {
            let message = format!(
                "table {}: {} has no foreign keys from one attached database to another, here to {target}",
                table.full_name(),
                sql.dialect().name()
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
    };
    sql.push(" (");
    names(sql, &key.target.columns()).push(")");
    for (event, action) in [(" ON DELETE ", key.on_delete), (" ON UPDATE ", key.on_update)] {
        if action != Action::NoAction {
            sql.push(event).push(action.as_sql());
        }
    }
    if key.deferrable {
        sql.require(Feature::DeferrableKeys)?;
        sql.push(" DEFERRABLE INITIALLY DEFERRED");
    }
    Ok(())
}

fn add_foreign_key(dialect: &dyn Dialect, table: &Table, key: &ForeignKey) -> Result<String> {
    let mut sql = Sql::new(dialect);
    sql.push("ALTER TABLE ").table(table).push(" ADD ");
    foreign_key(&mut sql, table, key)?;
    Ok(sql.into_text())
}

fn drop_foreign_key(dialect: &dyn Dialect, table: &Table, key: &ForeignKey) -> String {
    let mut sql = Sql::new(dialect);
    sql.push("ALTER TABLE ").table(table).push(" DROP CONSTRAINT ").name(&key.name);
    sql.into_text()
}

fn comments(dialect: &dyn Dialect, table: &Table, statements: &mut Vec<String>) {
    if let Some(comment) = table.comment() {
        let mut sql = Sql::new(dialect);
        sql.push("COMMENT ON TABLE ").table(table).push(" IS ").literal(comment);
        statements.push(sql.into_text());
    }
    for column in table.columns() {
        let Some(comment) = &column.comment else { continue };
        let mut sql = Sql::new(dialect);
        sql.push("COMMENT ON COLUMN ").table(table).push(".").name(&column.name);
        sql.push(" IS ").literal(comment);
        statements.push(sql.into_text());
    }
}
