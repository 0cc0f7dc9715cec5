//! How a database is asked what is in it. A backend gives the questions, each with fixed columns for its answer; the engine
//! puts the answers together. Whatever a database keeps only as the text of a statement, its backend reads out of that.
//!
//! A truth value may come as a number, and where a column is not said to be optional it is never NULL.

use crate::SqlType;
use crate::metadata::{IndexInfo, TableInfo};

/// The questions to one database's catalogue.
pub trait Catalogue: Send + Sync {
    /// One row for each table but the database's own, by schema and name:
    /// schema, name, whether it is in the schema where tables are created, comment?, definition?
    ///
    /// The definition is for [`read_table`](Self::read_table).
    fn tables(&self) -> &'static str;

    /// The same for each table that may be named with its schema, if those are not all that there is to say something of.
    fn names(&self) -> &'static str {
        self.tables()
    }

    /// One row for each column of those tables, by schema, table and place:
    /// schema, table, name, type, nullable, numbered by the database, default?, generation expression?, comment?
    fn columns(&self) -> &'static str;

    /// One row for each column of each constraint, by schema, table, kind, constraint and place:
    /// schema, table, kind, which constraint of that kind, name?, column?, target schema?, target table?, target column?,
    /// action on delete?, action on update?, condition?
    ///
    /// The kind is `primary`, `unique`, `foreign` or `check`, an action as in SQL. A target column may be missing from a
    /// key that refers to a primary key.
    fn constraints(&self) -> &'static str;

    /// One row for each column of each index that stands behind no constraint, by schema, table, index and place:
    /// schema, table, index, unique, filter?, column?, descending, definition?
    ///
    /// The definition is for [`read_index`](Self::read_index).
    fn indexes(&self) -> &'static str;

    /// The type of this library whose name in the database this is.
    fn sql_type(&self, type_name: &str) -> Option<SqlType>;

    /// Adds what only the text of the table's definition says.
    fn read_table(&self, definition: &str, table: &mut TableInfo) {
        let _ = (definition, table);
    }

    /// Adds what only the text of the index's definition says.
    fn read_index(&self, definition: &str, index: &mut IndexInfo) {
        let _ = (definition, index);
    }
}
