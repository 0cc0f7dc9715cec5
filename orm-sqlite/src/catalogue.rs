//! What SQLite says about its tables. Its pragmas know columns and keys; checks, the names of constraints, and generation
//! expressions stand only in the text of the CREATE statement.

use orm_core::SqlType;
use orm_core::metadata::{IndexInfo, TableInfo};
use orm_core::query::Catalogue;

use crate::definition;

/// SQLite's catalogue.
pub(crate) struct SqliteCatalogue;

/// The tables that are neither SQLite's own nor parts of virtual ones.
macro_rules! tables {
    () => {
        "FROM (SELECT * FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\') AS l "
    };
}

/// Whether the column `x` of the table `l` is another name for the rowid, which SQLite fills in.
macro_rules! is_rowid {
    () => {
        "(x.pk = 1 AND upper(x.type) = 'INTEGER' AND NOT l.wr \
         AND NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(l.name, l.schema) AS y WHERE y.pk > 1))"
    };
}

impl Catalogue for SqliteCatalogue {
    fn tables(&self) -> &'static str {
        concat!(
            "SELECT l.schema, l.name, l.schema = 'main', NULL, s.sql ",
            tables!(),
            "LEFT JOIN main.sqlite_schema AS s ON l.schema = 'main' AND s.type = 'table' AND s.name = l.name \
             ORDER BY 1, 2"
        )
    }

    fn columns(&self) -> &'static str {
        concat!(
            "SELECT l.schema, l.name, x.name, x.type, NOT x.\"notnull\" AND NOT (x.pk > 0 AND (l.wr OR l.strict OR ",
            is_rowid!(),
            ")), ",
            is_rowid!(),
            ", CASE WHEN x.hidden = 0 THEN x.dflt_value END, CASE WHEN x.hidden IN (2, 3) THEN '' END, NULL ",
            tables!(),
            "JOIN pragma_table_xinfo(l.name, l.schema) AS x WHERE x.hidden <> 1 ORDER BY l.schema, l.name, x.cid"
        )
    }

    fn constraints(&self) -> &'static str {
        concat!(
            "SELECT l.schema, l.name, 'primary', 0, NULL, x.name, NULL, NULL, NULL, NULL, NULL, NULL, x.pk AS place ",
            tables!(),
            "JOIN pragma_table_xinfo(l.name, l.schema) AS x WHERE x.pk > 0 UNION ALL \
             SELECT l.schema, l.name, 'unique', -i.seq, NULL, x.name, NULL, NULL, NULL, NULL, NULL, NULL, x.seqno ",
            tables!(),
            "JOIN pragma_index_list(l.name, l.schema) AS i JOIN pragma_index_xinfo(i.name, l.schema) AS x \
             WHERE i.origin = 'u' AND x.key UNION ALL \
             SELECT l.schema, l.name, 'foreign', -f.id, NULL, f.\"from\", l.schema, f.\"table\", f.\"to\", \
             f.on_delete, f.on_update, NULL, f.seq ",
            tables!(),
            "JOIN pragma_foreign_key_list(l.name, l.schema) AS f ORDER BY 1, 2, 3, 4, place"
        )
    }

    fn indexes(&self) -> &'static str {
        concat!(
            "SELECT l.schema, l.name, i.name, i.\"unique\", NULL, x.name, x.\"desc\", s.sql ",
            tables!(),
            "JOIN pragma_index_list(l.name, l.schema) AS i JOIN pragma_index_xinfo(i.name, l.schema) AS x \
             LEFT JOIN main.sqlite_schema AS s ON l.schema = 'main' AND s.type = 'index' AND s.name = i.name \
             WHERE i.origin = 'c' AND x.key ORDER BY l.schema, l.name, i.name, x.seqno"
        )
    }

    fn sql_type(&self, type_name: &str) -> Option<SqlType> {
        match type_name.to_ascii_uppercase().as_str() {
            "INTEGER" => Some(SqlType::BigInt),
            "REAL" => Some(SqlType::Double),
            "TEXT" => Some(SqlType::Text),
            "BLOB" => Some(SqlType::Bytes),
            _ => None,
        }
    }

    fn read_table(&self, definition: &str, table: &mut TableInfo) {
        definition::read_table(definition, table);
    }

    fn read_index(&self, definition: &str, index: &mut IndexInfo) {
        definition::read_index(definition, index);
    }
}
