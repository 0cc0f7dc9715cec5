//! What SQLite does differently from standard SQL.

use std::borrow::Cow;

use orm_core::metadata::Column;
use orm_core::query::{
    Catalogue, Comments, Dialect, Explaining, Feature, Function, Layout, Lexis, Sql, WriteKind, WriteShape,
};
use orm_core::{Result, SqlType, Value};

use crate::catalogue::SqliteCatalogue;
use crate::spelling::spelling;
use crate::value::{DECIMAL, stored_text};

/// SQLite's differences from standard SQL.
#[derive(Clone, Copy, Debug)]
pub struct SqliteDialect;

/// How many keys that are no integers one DELETE takes: few sizes, so that each is prepared once and then found again. With fewer, row by
/// row is faster.
const DELETE_SIZES: [usize; 2] = [512, 64];

/// How many values one INSERT takes, and how many rows. In blocks, rows of two columns cost a half of what they cost one by one, and rows
/// of four two thirds; more than ten are dearer.
const BLOCK_VALUES: usize = 256;
const LONGEST_BLOCK: usize = 64;
const SHORTEST_BLOCK: usize = 24;

impl Dialect for SqliteDialect {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn lexis(&self) -> Lexis {
        Lexis { bracket_names: true, parameter_signs: "?@$", ..Lexis::default() }
    }

    fn placeholder(&self, _number: usize, text: &mut String) {
        text.push('?');
    }

    fn type_name(&self, sql_type: SqlType) -> Cow<'static, str> {
        let name = match sql_type {
            SqlType::Bool | SqlType::SmallInt | SqlType::Integer | SqlType::BigInt | SqlType::BigUnsigned => {
                "INTEGER"
            }
            SqlType::Real | SqlType::Double => "REAL",
            SqlType::Text | SqlType::Decimal | SqlType::Json | SqlType::Enum(_) | SqlType::Array(_) => "TEXT",
            SqlType::Date | SqlType::Time | SqlType::Timestamp | SqlType::TimestampTz => "TEXT",
            SqlType::Bytes | SqlType::Uuid => "BLOB",
        };
        name.into()
    }

    fn supports(&self, feature: Feature) -> bool {
        !matches!(
            feature,
            Feature::ExplainAnalyze
                | Feature::Lateral
                | Feature::Quantifiers
                | Feature::IntersectAll
                | Feature::ExceptAll
                | Feature::WritingCte
                | Feature::SearchConfiguration
                | Feature::DistinctOn
                | Feature::RowLocks
                | Feature::DeleteUsing
                | Feature::ReturningOthers
                | Feature::ConflictConstraint
                | Feature::LockOf
        )
    }

    /// A plain `EXPLAIN` lists the instructions of its virtual machine.
    fn explaining(&self) -> Explaining {
        let words = "EXPLAIN QUERY PLAN ";
        Explaining { words, analyze: words, tree: true }
    }

    /// Decimals are text, which would be in the order of its letters.
    fn collation(&self, sql_type: SqlType) -> Option<&'static str> {
        (sql_type == SqlType::Decimal).then_some(DECIMAL)
    }

    fn function(&self, function: Function, of: SqlType, yields: SqlType) -> Option<&'static str> {
        spelling(function, of, yields)
    }

    fn has_json_paths(&self) -> bool {
        true
    }

    /// Each word as a phrase of FTS5.
    fn search_words<'w>(&self, words: &'w str) -> Cow<'w, str> {
        let phrases = words.split_whitespace().map(|word| format!("\"{}\"", word.replace('"', "\"\"")));
        let phrases: Vec<_> = phrases.collect();
        if phrases.is_empty() { "\"\"".into() } else { phrases.join(" ").into() }
    }

    fn holds(&self, sql_type: SqlType, value: &Value<'_>) -> Result<()> {
        stored_text(sql_type, value).map(drop)
    }

    /// A plain one is the rowid, the number after the highest there is: that of a deleted row may come again.
    fn auto_key(&self, column: &Column) -> String {
        let ending = if column.no_reuse { " AUTOINCREMENT" } else { "" };
        format!("INTEGER PRIMARY KEY{ending}")
    }

    fn catalogue(&self) -> &dyn Catalogue {
        &SqliteCatalogue
    }

    fn null_is_largest(&self) -> bool {
        false
    }

    fn comments(&self) -> Comments {
        Comments::None
    }

    /// Each attached database is a schema.
    fn schemas_are_databases(&self) -> bool {
        true
    }

    fn ignores_case(&self) -> bool {
        true
    }

    /// Values of another type than the column's are refused instead of stored as they are.
    fn table_suffix(&self) -> &'static str {
        " STRICT"
    }

    fn alters_foreign_keys(&self) -> bool {
        false
    }

    /// `last_insert_rowid` is a quarter of the price of RETURNING.
    fn returns_keys(&self) -> bool {
        false
    }

    fn brackets_set_operands(&self) -> bool {
        false
    }

    fn unlimited(&self) -> Option<&'static str> {
        Some(" LIMIT -1")
    }

    /// SQLite looks at the value of a bare parameter when it plans the query, and for that prepares the statement again
    /// whenever it is bound: ten times the price of a small query.
    fn limit_suffix(&self) -> &'static str {
        " + 0"
    }

    fn layout(&self, shape: &WriteShape, rows: usize) -> Layout {
        let (WriteKind::Delete, [key]) = (shape.kind(), shape.key()) else {
            return block(shape, rows).map_or(Layout::PerRow, Layout::Blocks);
        };
        match shape.table().columns()[*key].sql_type {
            // A range of neighbours costs a third of what they cost one by one, and a lone key little more; a list costs as much.
            SqlType::SmallInt | SqlType::Integer | SqlType::BigInt | SqlType::BigUnsigned if rows > 1 => {
                Layout::Runs
            }
            _ => DELETE_SIZES.into_iter().find(|&size| size <= rows).map_or(Layout::PerRow, Layout::Flat),
        }
    }

    fn write(&self, shape: &WriteShape, layout: Layout, sql: &mut Sql<'_>) {
        match (layout, shape.key()) {
            (Layout::Blocks(rows), _) => insert_block(shape, rows, sql),
            (Layout::Flat(rows), &[key]) => {
                begin_delete(shape, key, sql);
                sql.push(" IN (").list(0..rows, |sql, _| shape.parameter(sql, key)).push(")");
            }
            (Layout::Runs, &[key]) => {
                begin_delete(shape, key, sql);
                sql.push(" BETWEEN ");
                shape.parameter(sql, key);
                sql.push(" AND ");
                shape.parameter(sql, key);
            }
            _ => shape.write_standard(sql),
        }
    }
}

/// How many rows an INSERT takes, if there are as many and it pays: not if they are wide, or if the database's part of them is read.
fn block(shape: &WriteShape, rows: usize) -> Option<usize> {
    let size = (BLOCK_VALUES / shape.width().max(1)).min(LONGEST_BLOCK);
    let is_plain = shape.kind() == WriteKind::Insert && shape.width() > 0 && shape.fetched().is_empty();
    (is_plain && size >= SHORTEST_BLOCK && rows > size).then_some(size)
}

fn insert_block(shape: &WriteShape, rows: usize, sql: &mut Sql<'_>) {
    shape.write_head(sql);
    sql.push(" (").list(shape.columns(), |sql, &column| shape.name(sql, column)).push(") VALUES ");
    sql.list(0..rows, |sql, _| {
        sql.push("(").list(shape.columns(), |sql, &column| shape.parameter(sql, column)).push(")");
    });
    shape.write_conflict(sql);
}

fn begin_delete(shape: &WriteShape, key: usize, sql: &mut Sql<'_>) {
    sql.push("DELETE FROM ").table(shape.table()).push(" WHERE ");
    shape.name(sql, key);
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use orm_core::metadata::{FieldOptions, Table};

    use super::*;

    static WIDE: LazyLock<Table> = LazyLock::new(|| {
        let mut table = Table::build("wide");
        let key = FieldOptions { key: true, auto: true, ..FieldOptions::default() };
        table.field(key).column("id", SqlType::BigInt, false);
        for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"] {
            table.field(FieldOptions::default()).column(name, SqlType::Text, false);
        }
        table.finish()
    });

    #[test]
    fn rows_are_inserted_together_if_they_are_many_and_narrow() {
        let layout = |kind, columns: usize, rows| {
            SqliteDialect.layout(&WriteShape::new(&*WIDE, kind, (1..=columns).collect()), rows)
        };
        assert_eq!(layout(WriteKind::Insert, 2, 64), Layout::PerRow);
        assert_eq!(layout(WriteKind::Insert, 2, 65), Layout::Blocks(64));
        assert_eq!(layout(WriteKind::Insert, 10, 26), Layout::Blocks(25));
        assert_eq!(layout(WriteKind::Insert, 11, 1000), Layout::PerRow);
        assert_eq!(layout(WriteKind::Insert, 0, 1000), Layout::PerRow);
        assert_eq!(layout(WriteKind::Update, 2, 1000), Layout::PerRow);
    }

    #[test]
    fn a_block_has_the_values_of_each_row() {
        let mut sql = Sql::new(&SqliteDialect);
        let shape = WriteShape::new(&*WIDE, WriteKind::Insert, vec![1, 2]);
        SqliteDialect.write(&shape, Layout::Blocks(3), &mut sql);
        let statement = orm_core::driver::Statement::from_sql(sql).map(|found| found.sql().to_owned());
        let expected = r#"INSERT INTO "wide" ("a", "b") VALUES (?, ?), (?, ?), (?, ?)"#;
        assert_eq!(statement.unwrap_or_default(), expected);
    }
}
