//! What a database does differently. The defaults are standard SQL; a backend overrides what it must.

use std::borrow::Cow;
use std::fmt::Debug;

use crate::metadata::Column;
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

    /// Appends what a parameter of this type needs behind its placeholder, where the database cannot tell its type.
    fn cast(&self, sql_type: SqlType, text: &mut String) {
        let _ = (sql_type, text);
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

    /// Whether tables and columns can have comments.
    fn has_comments(&self) -> bool {
        true
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
