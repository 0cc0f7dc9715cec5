//! Creating and dropping the tables of a [`Metadata`].

mod enums;

use std::collections::HashSet;

use crate::driver::{Begin, Row, Statement};
use crate::engine::Lease;
use crate::error::{Error, ErrorKind};
use crate::metadata::{Column, ForeignKey, Metadata, Table};
use crate::query::{Dialect, Sql};
use crate::{Result, Value};

pub(super) async fn create_all(lease: &mut Lease, dialect: &dyn Dialect, metadata: &Metadata) -> Result<()> {
    lease.begin(Begin::WRITE).await?;
    let existing = names_of(lease, dialect.table_names()).await?;
    enums::create_missing(lease, dialect, metadata).await?;
    run(lease, creations(dialect, metadata, existing)).await?;
    lease.commit().await
}

pub(super) async fn drop_all(lease: &mut Lease, dialect: &dyn Dialect, metadata: &Metadata) -> Result<()> {
    lease.begin(Begin::WRITE).await?;
    let existing = names_of(lease, dialect.table_names()).await?;
    run(lease, removals(dialect, metadata, existing)).await?;
    enums::drop_unused(lease, dialect, metadata).await?;
    lease.commit().await
}

async fn run(lease: &mut Lease, statements: Vec<String>) -> Result<()> {
    for statement in statements {
        lease.script(&statement).await?;
    }
    Ok(())
}

/// The statements that create what does not exist. A table that refers to one that comes later (they refer to each other
/// in a circle) gets its foreign key at the end, where the database can add one.
fn creations(dialect: &dyn Dialect, metadata: &Metadata, mut existing: HashSet<String>) -> Vec<String> {
    let missing: Vec<_> = metadata.tables().iter().filter(|table| !existing.contains(table.name())).collect();
    let (mut statements, mut later) = (Vec::new(), Vec::new());
    for table in missing {
        existing.insert(table.name().to_owned());
        let forward =
            |key: &&ForeignKey| dialect.alters_foreign_keys() && !existing.contains((key.target)().name());
        let (after, inline): (Vec<_>, Vec<_>) = table.foreign_keys().iter().partition(forward);
        statements.push(create_table(dialect, table, &inline));
        statements.extend(table.indexes().iter().map(|columns| create_index(dialect, table, columns)));
        later.extend(after.into_iter().map(|key| add_foreign_key(dialect, table, key)));
    }
    statements.append(&mut later);
    statements
}

/// The statements that drop what exists. A table that still refers to the one that is dropped lets go of it first.
fn removals(dialect: &dyn Dialect, metadata: &Metadata, existing: HashSet<String>) -> Vec<String> {
    let tables: Vec<_> =
        metadata.tables().iter().rev().filter(|table| existing.contains(table.name())).collect();
    let mut statements = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        for holder in &tables[number + 1..] {
            let keys = holder.foreign_keys().iter().filter(|key| (key.target)() == **table);
            let keys = keys.filter(|_| dialect.alters_foreign_keys());
            statements.extend(keys.map(|key| drop_foreign_key(dialect, holder, key)));
        }
        let mut sql = Sql::new(dialect);
        sql.push("DROP TABLE ").name(table.name());
        statements.push(sql.into_text());
    }
    statements
}

/// The names that a query gives, one in each row.
async fn names_of(lease: &mut Lease, query: &str) -> Result<HashSet<String>> {
    let mut names = HashSet::new();
    let statement = Statement::text(query, &[]);
    lease
        .run(&statement, &[], &mut |row: &dyn Row| match row.value(0)? {
            Value::Text(name) => {
                names.insert(name.into_owned());
                Ok(())
            }
            other => Err(Error::new(ErrorKind::Decode, format!("expected a name, found {}", other.kind()))),
        })
        .await?;
    Ok(names)
}

fn create_table(dialect: &dyn Dialect, table: &Table, foreign_keys: &[&ForeignKey]) -> String {
    let mut sql = Sql::new(dialect);
    sql.push("CREATE TABLE ").name(table.name()).push(" (");
    sql.list(table.columns(), |sql, column| {
        sql.name(&column.name).push(" ");
        define_column(sql, column);
    });
    for columns in table.uniques() {
        sql.push(", UNIQUE (");
        names(&mut sql, table, columns);
        sql.push(")");
    }
    if table.auto_key().is_none() && !table.primary_key().is_empty() {
        sql.push(", PRIMARY KEY (");
        names(&mut sql, table, table.primary_key());
        sql.push(")");
    }
    for key in foreign_keys {
        sql.push(", ");
        foreign_key(&mut sql, table, key);
    }
    sql.push(")").push(dialect.table_suffix());
    sql.into_text()
}

fn define_column(sql: &mut Sql<'_>, column: &Column) {
    if column.auto {
        let definition = sql.dialect().auto_key(column);
        sql.push(&definition);
        return;
    }
    let type_name = sql.dialect().type_name(column.sql_type);
    sql.push(&type_name);
    sql.push(if column.nullable { "" } else { " NOT NULL" });
}

fn names(sql: &mut Sql<'_>, table: &Table, columns: &[usize]) {
    sql.list(columns, |sql, &column| {
        sql.name(&table.columns()[column].name);
    });
}

fn foreign_key(sql: &mut Sql<'_>, table: &Table, key: &ForeignKey) {
    let target = (key.target)();
    sql.push("CONSTRAINT ").name(&foreign_key_name(table, key)).push(" FOREIGN KEY (");
    names(sql, table, &key.columns);
    sql.push(") REFERENCES ").name(target.name()).push(" (");
    names(sql, target, target.primary_key());
    sql.push(")");
}

fn add_foreign_key(dialect: &dyn Dialect, table: &Table, key: &ForeignKey) -> String {
    let mut sql = Sql::new(dialect);
    sql.push("ALTER TABLE ").name(table.name()).push(" ADD ");
    foreign_key(&mut sql, table, key);
    sql.into_text()
}

fn drop_foreign_key(dialect: &dyn Dialect, table: &Table, key: &ForeignKey) -> String {
    let mut sql = Sql::new(dialect);
    sql.push("ALTER TABLE ").name(table.name()).push(" DROP CONSTRAINT ").name(&foreign_key_name(table, key));
    sql.into_text()
}

fn foreign_key_name(table: &Table, key: &ForeignKey) -> String {
    name_for(table, &key.columns, "fkey")
}

/// A name that says what a constraint or an index is about.
fn name_for(table: &Table, columns: &[usize], what: &str) -> String {
    let columns: Vec<_> = columns.iter().map(|&column| table.columns()[column].name.as_str()).collect();
    format!("{}_{}_{what}", table.name(), columns.join("_"))
}

fn create_index(dialect: &dyn Dialect, table: &Table, columns: &[usize]) -> String {
    let mut sql = Sql::new(dialect);
    sql.push("CREATE INDEX ")
        .name(&name_for(table, columns, "idx"))
        .push(" ON ")
        .name(table.name())
        .push(" (");
    names(&mut sql, table, columns);
    sql.push(")");
    sql.into_text()
}
