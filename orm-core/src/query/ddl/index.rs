//! How indexes are created, those of some of the rows included.

use crate::SqlType;
use crate::metadata::{Index, RawSql, Table};
use crate::query::{Dialect, IndexFilters, Sql};

pub(super) fn create_index(dialect: &dyn Dialect, table: &Table, index: &Index) -> String {
    let mut sql = Sql::new(dialect);
    let filter = index.filter.as_ref().map(RawSql::as_str);
    match (dialect.index_filters(), filter.filter(|_| index.unique)) {
        (IndexFilters::Where, _) => {
            head(&mut sql, table, index);
            columns(&mut sql, table, index).push(")");
            if let Some(filter) = filter {
                sql.push(" WHERE ").push(filter);
            }
        }
        (IndexFilters::Expression | IndexFilters::Column, None) => {
            head(&mut sql, table, index);
            columns(&mut sql, table, index).push(")");
        }
        (IndexFilters::Expression, Some(filter)) => {
            head(&mut sql, table, index);
            columns(&mut sql, table, index).push(", (").push(&null_unless(filter)).push("))");
        }
        (IndexFilters::Column, Some(filter)) => {
            let (hidden, type_name) = (index.filter_column(), dialect.type_name(SqlType::SmallInt));
            sql.push("ALTER TABLE ")
                .table(table)
                .push(" ADD COLUMN ")
                .name(&hidden)
                .push(" ")
                .push(&type_name);
            sql.push(" GENERATED ALWAYS AS (")
                .push(&null_unless(filter))
                .push(") VIRTUAL INVISIBLE, ADD UNIQUE INDEX ");
            sql.name(&index.name);
            columns(&mut sql, table, index).push(", ").name(&hidden).push(")");
        }
    }
    sql.into_text()
}

fn head(sql: &mut Sql<'_>, table: &Table, index: &Index) {
    sql.push(if index.unique { "CREATE UNIQUE INDEX " } else { "CREATE INDEX " });
    // An index is in its table's schema; SQLite wants to be told so, the others must not be.
    match table.schema().filter(|_| sql.dialect().schemas_are_databases()) {
        Some(schema) => sql.name(schema).push(".").name(&index.name).push(" ON ").name(table.name()),
        None => sql.name(&index.name).push(" ON ").table(table),
    };
}

fn columns<'s, 'd>(sql: &'s mut Sql<'d>, table: &Table, index: &Index) -> &'s mut Sql<'d> {
    sql.push(" (").list(&index.columns, |sql, &(column, descending)| {
        sql.name(&table.columns()[column].name);
        if let Some(length) = sql.dialect().index_prefix(table, column) {
            sql.push(&format!("({length})"));
        }
        sql.push(if descending { " DESC" } else { "" });
    })
}

/// A unique index takes any number of NULLs.
fn null_unless(condition: &str) -> String {
    format!("CASE WHEN {condition} THEN 0 END")
}
