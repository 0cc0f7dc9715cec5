//! What a database does differently. The defaults are standard SQL; a backend overrides what it must.

use std::borrow::Cow;
use std::fmt::Debug;

use crate::metadata::{Column, Table};
use crate::query::{Catalogue, Explaining, Feature, Function, Layout, Sql, WriteShape};
use crate::{Result, SqlType, Value};

/// How a database reads the text of a statement, as far as it matters where strings, names and comments end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lexis {
    /// A comment may hold another one.
    pub nested_comments: bool,
    /// `[…]` is a quoted name.
    pub bracket_names: bool,
    /// The signs that begin a parameter of the database's own, beside `$` with a number.
    pub parameter_signs: &'static str,
}

/// How a table and its columns get their comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comments {
    /// There are none.
    None,
    /// By statements: `COMMENT ON TABLE … IS '…'`.
    Statements,
    /// In their definitions: `… COMMENT '…'`.
    Inline,
}

/// How a unique index is made that is about some of the rows only. Where it is not by WHERE, the filter of an index that is not
/// unique is left out: it has all rows then, and finds the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexFilters {
    /// `CREATE UNIQUE INDEX … WHERE condition`
    Where,
    /// The last part of the index is an expression that is NULL for the other rows.
    Expression,
    /// The same as a column that is computed and cannot be seen, because an index takes nothing but columns.
    Column,
}

/// How an INSERT says what becomes of rows that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflicts {
    /// `… ON CONFLICT (columns) DO NOTHING`, or `DO UPDATE SET …`.
    OnConflict,
    /// `INSERT IGNORE …`, or `… ON DUPLICATE KEY UPDATE …`: about any constraint, whichever was named. The row that was to be
    /// inserted has this name if it needs one to be spoken of; else `VALUES(column)` is what it has in a column.
    OnDuplicateKey {
        /// The name.
        excluded: Option<&'static str>,
    },
}

/// A database's differences from standard SQL.
pub trait Dialect: Debug + Send + Sync + 'static {
    /// The name for messages: `sqlite`, `postgres`.
    fn name(&self) -> &'static str;

    /// How it reads the text of a statement.
    fn lexis(&self) -> Lexis {
        Lexis::default()
    }

    /// Appends the placeholder of the parameter with this number, counted from 1.
    fn placeholder(&self, number: usize, text: &mut String);

    /// The name of a column type in DDL.
    fn type_name(&self, sql_type: SqlType) -> Cow<'static, str>;

    /// The type of a column in CREATE TABLE, where it may matter what else the table says of it: that it is a part of a key.
    fn column_type(&self, table: &Table, column: usize) -> Cow<'static, str> {
        self.type_name(table.columns()[column].sql_type)
    }

    /// The name of a type in a CAST.
    fn cast_name(&self, sql_type: SqlType) -> Cow<'static, str> {
        self.type_name(sql_type)
    }

    /// How many characters of a column an index takes, if not all.
    fn index_prefix(&self, table: &Table, column: usize) -> Option<usize> {
        let _ = (table, column);
        None
    }

    /// The type and constraints of a key column that the database numbers by itself.
    fn auto_key(&self, column: &Column) -> String;

    /// How the database is asked what is in it.
    fn catalogue(&self) -> &dyn Catalogue;

    /// Whether it has this part of SQL.
    fn supports(&self, feature: Feature) -> bool {
        let _ = feature;
        true
    }

    /// Whether one parameter can be an array, and `= ANY(?)` stands for `IN (?, ?, …)`.
    fn takes_arrays(&self) -> bool {
        false
    }

    /// How it is asked for its plan of a statement.
    fn explaining(&self) -> Explaining {
        Explaining { words: "EXPLAIN ", analyze: "EXPLAIN ANALYZE ", tree: false }
    }

    /// How it writes a function whose first argument is of one type and which yields another; `None` if it has none that
    /// means the same. See [`Function`] for what stands for the arguments.
    fn function(&self, function: Function, of: SqlType, yields: SqlType) -> Option<&'static str> {
        let _ = (of, yields);
        Some(function.standard())
    }

    /// Whether functions of JSON take a path as text, `$."key"[0]`; else they take what steps lead to, `document -> key -> 0`.
    fn has_json_paths(&self) -> bool {
        false
    }

    /// Words that are searched for, all of them, as the database takes them; nothing is special in them.
    fn search_words<'w>(&self, words: &'w str) -> Cow<'w, str> {
        Cow::Borrowed(words)
    }

    /// Appends the placeholder of a parameter of this type, with a cast where the database could not tell its type.
    fn parameter(&self, number: usize, sql_type: SqlType, text: &mut String) {
        let _ = sql_type;
        self.placeholder(number, text);
    }

    /// The collation by which values of this type are compared, if it is another one than their column's.
    fn collation(&self, sql_type: SqlType) -> Option<&'static str> {
        let _ = sql_type;
        None
    }

    /// An error if the database cannot hold this value exactly. Asked only to find out which one a driver has refused.
    fn holds(&self, sql_type: SqlType, value: &Value<'_>) -> Result<()> {
        let _ = (sql_type, value);
        Ok(())
    }

    /// A query for the names of all enum types, and one for those that no column has, each as one text column; `None`
    /// where a database has no such types.
    fn enum_names(&self) -> Option<[&'static str; 2]> {
        None
    }

    /// Appends a name, quoted so that any text is just a name.
    fn quote(&self, name: &str, text: &mut String) {
        text.push('"');
        if name.as_bytes().contains(&b'"') {
            text.push_str(&name.replace('"', "\"\""));
        } else {
            text.push_str(name);
        }
        text.push('"');
    }

    /// Appends a text as a literal. Only comments and the words of enum types are: their statements take no parameters.
    fn literal(&self, value: &str, text: &mut String) {
        text.push('\'');
        text.push_str(&value.replace('\'', "''"));
        text.push('\'');
    }

    /// How many bytes a name may have, if longer ones are cut off.
    fn longest_name(&self) -> Option<usize> {
        None
    }

    /// Why the database cannot take a name as it is, if that is so for another reason than its bytes.
    fn name_problem(&self, name: &str) -> Option<&'static str> {
        let _ = name;
        None
    }

    /// A query for a lock that only one connection to this database has at a time, until it is closed, and which is 1 then. Wanted
    /// where tables are no part of transactions, so that a migration cannot be recorded together with what it does to them.
    fn migration_lock(&self) -> Option<&'static str> {
        None
    }

    /// How tables and columns get their comments.
    fn comments(&self) -> Comments {
        Comments::Statements
    }

    /// How a unique index is made that is about some of the rows only.
    fn index_filters(&self) -> IndexFilters {
        IndexFilters::Where
    }

    /// Whether a column that is computed can be NOT NULL.
    fn constrains_generated(&self) -> bool {
        true
    }

    /// What follows the table's name in an INSERT of a row of nothing but defaults.
    fn default_row(&self) -> &'static str {
        " DEFAULT VALUES"
    }

    /// Whether a schema is a database of its own: an index's name carries it, and no foreign key leaves it.
    fn schemas_are_databases(&self) -> bool {
        false
    }

    /// Whether `Users` and `users` are one table.
    fn ignores_case(&self) -> bool {
        false
    }

    /// What follows the closing bracket of CREATE TABLE.
    fn table_suffix(&self) -> &'static str {
        ""
    }

    /// Whether a foreign key can be added to and dropped from a table that exists. Where it cannot, a table may name one
    /// that does not exist yet.
    fn alters_foreign_keys(&self) -> bool {
        true
    }

    /// Whether an INSERT hands its new keys back by a RETURNING clause; else the driver asks in another way.
    fn returns_keys(&self) -> bool {
        true
    }

    /// How it says what becomes of rows that are there already.
    fn conflicts(&self) -> Conflicts {
        Conflicts::OnConflict
    }

    /// What OFFSET needs before it when there is no limit.
    fn unlimited(&self) -> Option<&'static str> {
        None
    }

    /// What follows the placeholder of a LIMIT.
    fn limit_suffix(&self) -> &'static str {
        ""
    }

    /// Whether a part of a UNION can stand in brackets. Where it cannot, it is wrapped in a query of its own.
    fn brackets_set_operands(&self) -> bool {
        true
    }

    /// Whether NULL is sorted as if it were larger than any value; else as if smaller.
    fn null_is_largest(&self) -> bool {
        true
    }

    /// The clause that locks rows this strongly, `UPDATE` or `KEY SHARE` say, or more strongly.
    fn lock(&self, strength: &'static str) -> Cow<'static, str> {
        format!(" FOR {strength}").into()
    }

    /// Appends where an element of JSON's arrays is, in the notation of a path: counted from 0, or from the end if it is negative.
    fn json_index(&self, index: i32, path: &mut String) {
        let sign = if index < 0 { "#" } else { "" };
        path.push_str(&format!("[{sign}{index}]"));
    }

    /// Appends a control character of a key, in the notation of a path into JSON.
    fn json_control(&self, control: char, path: &mut String) {
        path.push_str(&format!("\\u{:04x}", u32::from(control)));
    }

    /// How the next statement of this shape takes its rows, of which `rows` are left.
    fn layout(&self, shape: &WriteShape, rows: usize) -> Layout {
        let _ = (shape, rows);
        Layout::PerRow
    }

    /// Writes the statement for this shape and layout.
    fn write(&self, shape: &WriteShape, layout: Layout, sql: &mut Sql<'_>) {
        let _ = layout;
        shape.write_standard(sql);
    }
}
