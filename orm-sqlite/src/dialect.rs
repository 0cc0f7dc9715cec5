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
        let (WriteKind::Delete, [key]) = (shape.kind(), shape.key()) else { return Layout::PerRow };
        match shape.table().columns()[*key].sql_type {
            // A range of neighbours costs a third of what they cost one by one, and a lone key little more; a list costs as much.
            SqlType::SmallInt | SqlType::Integer | SqlType::BigInt | SqlType::BigUnsigned if rows > 1 => {
                Layout::Runs
            }
            _ => DELETE_SIZES.into_iter().find(|&size| size <= rows).map_or(Layout::PerRow, Layout::Flat),
        }
    }

    fn write(&self, shape: &WriteShape, layout: Layout, sql: &mut Sql<'_>) {
        let [key] = shape.key() else { return shape.write_standard(sql) };
        match layout {
            Layout::PerRow | Layout::Arrays | Layout::ByKey => shape.write_standard(sql),
            Layout::Flat(rows) => {
                begin_delete(shape, *key, sql);
                sql.push(" IN (").list(0..rows, |sql, _| shape.parameter(sql, *key)).push(")");
            }
            Layout::Runs => {
                begin_delete(shape, *key, sql);
                sql.push(" BETWEEN ");
                shape.parameter(sql, *key);
                sql.push(" AND ");
                shape.parameter(sql, *key);
            }
        }
    }
}

fn begin_delete(shape: &WriteShape, key: usize, sql: &mut Sql<'_>) {
    sql.push("DELETE FROM ").table(shape.table()).push(" WHERE ");
    shape.name(sql, key);
}
