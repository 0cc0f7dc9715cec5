//! Creating and dropping the tables of a [`Metadata`].

use std::collections::HashSet;

use crate::driver::Statement;
use crate::engine::Lease;
use crate::error::{Error, ErrorKind};
use crate::metadata::{Column, ForeignKey, Metadata, Table};
use crate::query::{Begin, Dialect, Sql};
use crate::{Result, Value};

pub(super) async fn create_all(lease: &mut Lease, dialect: &dyn Dialect, metadata: &Metadata) -> Result<()> {
    lease.begin(Begin::Write).await?;
    let existing = table_names(lease, dialect).await?;
    let mut created = existing.clone();
    let mut later = Vec::new();
    for table in metadata.tables().iter().filter(|table| !existing.contains(table.name())) {
        created.insert(table.name().to_owned());
        let forward =
            |key: &&ForeignKey| dialect.alters_foreign_keys() && !created.contains((key.target)().name());
        let (after, inline): (Vec<_>, Vec<_>) = table.foreign_keys().iter().partition(forward);
        lease.script(&create_table(dialect, table, &inline)).await?;
        for column in table.columns().iter().filter(|column| column.index) {
            lease.script(&create_index(dialect, table, column)).await?;
        }
        later.extend(after.into_iter().map(|key| (*table, key)));
    }
    for (table, key) in later {
        let mut sql = Sql::new(dialect);
        sql.push("ALTER TABLE ").name(table.name()).push(" ADD ");
        foreign_key(&mut sql, table, key);
        lease.script(&sql.into_text()).await?;
    }
    lease.commit().await
}

pub(super) async fn drop_all(lease: &mut Lease, dialect: &dyn Dialect, metadata: &Metadata) -> Result<()> {
    lease.begin(Begin::Write).await?;
    let existing = table_names(lease, dialect).await?;
    let tables: Vec<_> =
        metadata.tables().iter().rev().filter(|table| existing.contains(table.name())).collect();
    let mut remaining: HashSet<_> = tables.iter().map(|table| table.name()).collect();
    for table in &tables {
        // A table that still refers to this one (they refer to each other in a circle) lets go of it first.
        let holders = tables.iter().filter(|holder| remaining.contains(holder.name()) && *holder != table);
        for (holder, key) in
            holders.flat_map(|holder| holder.foreign_keys().iter().map(move |key| (holder, key)))
        {
            if dialect.alters_foreign_keys() && (key.target)() == **table {
                let mut sql = Sql::new(dialect);
                sql.push("ALTER TABLE ").name(holder.name()).push(" DROP CONSTRAINT ");
                sql.name(&foreign_key_name(holder, key));
                lease.script(&sql.into_text()).await?;
            }
        }
        remaining.remove(table.name());
        lease.script(&format!("DROP TABLE {}", dialect.table_name(table))).await?;
    }
    lease.commit().await
}

async fn table_names(lease: &mut Lease, dialect: &dyn Dialect) -> Result<HashSet<String>> {
    let mut names = HashSet::new();
    let statement = Statement::new(dialect.table_names().to_owned(), Vec::new());
    lease
        .run(&statement, &[], &mut |row| match row.value(0)? {
            Value::Text(name) => {
                names.insert(name.into_owned());
                Ok(())
            }
            other => Err(Error::new(
                ErrorKind::Decode,
                format!("expected the name of a table, found {}", other.kind()),
            )),
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
    sql.push(type_name);
    sql.push(if column.nullable { "" } else { " NOT NULL" });
    sql.push(if column.unique { " UNIQUE" } else { "" });
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

fn foreign_key_name(table: &Table, key: &ForeignKey) -> String {
    let columns: Vec<_> = key.columns.iter().map(|&column| table.columns()[column].name.as_str()).collect();
    format!("{}_{}_fkey", table.name(), columns.join("_"))
}

fn create_index(dialect: &dyn Dialect, table: &Table, column: &Column) -> String {
    let mut sql = Sql::new(dialect);
    sql.push("CREATE INDEX ").name(&format!("{}_{}_idx", table.name(), column.name));
    sql.push(" ON ").name(table.name()).push(" (").name(&column.name).push(")");
    sql.into_text()
}
