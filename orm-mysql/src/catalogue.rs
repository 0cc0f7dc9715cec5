//! What MySQL and MariaDB say about their tables, by `information_schema`.

use orm_core::SqlType;
use orm_core::query::Catalogue;

/// The catalogue of both.
pub(crate) struct MysqlCatalogue;

/// The tables of the connection's database.
macro_rules! tables {
    () => {
        " JOIN information_schema.TABLES AS t ON t.TABLE_SCHEMA = x.TABLE_SCHEMA AND t.TABLE_NAME = x.TABLE_NAME \
         AND t.TABLE_TYPE = 'BASE TABLE' AND t.TABLE_SCHEMA = DATABASE() "
    };
}

impl Catalogue for MysqlCatalogue {
    fn tables(&self) -> &'static str {
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_SCHEMA <=> DATABASE(), NULLIF(TABLE_COMMENT, ''), NULL \
         FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA = DATABASE() ORDER BY 1, 2"
    }

    /// Those of the other databases of the server, too: each is a schema.
    fn names(&self) -> &'static str {
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_SCHEMA <=> DATABASE() FROM information_schema.TABLES \
         WHERE TABLE_TYPE = 'BASE TABLE' \
         AND TABLE_SCHEMA NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')"
    }

    fn columns(&self) -> &'static str {
        concat!(
            "SELECT x.TABLE_SCHEMA, x.TABLE_NAME, x.COLUMN_NAME, x.COLUMN_TYPE, x.IS_NULLABLE = 'YES', \
             x.EXTRA LIKE '%auto_increment%', \
             CASE WHEN x.EXTRA NOT LIKE '%STORED%' AND x.EXTRA NOT LIKE '%VIRTUAL%' AND x.COLUMN_DEFAULT <> 'NULL' \
             THEN x.COLUMN_DEFAULT END, NULLIF(x.GENERATION_EXPRESSION, ''), NULLIF(x.COLUMN_COMMENT, '') \
             FROM information_schema.COLUMNS AS x",
            tables!(),
            "ORDER BY 1, 2, x.ORDINAL_POSITION"
        )
    }

    fn constraints(&self) -> &'static str {
        concat!(
            "SELECT x.TABLE_SCHEMA, x.TABLE_NAME, \
             CASE x.CONSTRAINT_TYPE WHEN 'PRIMARY KEY' THEN 'primary' WHEN 'UNIQUE' THEN 'unique' \
             WHEN 'FOREIGN KEY' THEN 'foreign' ELSE 'check' END, \
             x.CONSTRAINT_NAME, x.CONSTRAINT_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, \
             k.REFERENCED_COLUMN_NAME, r.DELETE_RULE, r.UPDATE_RULE, c.CHECK_CLAUSE \
             FROM information_schema.TABLE_CONSTRAINTS AS x",
            tables!(),
            "LEFT JOIN information_schema.KEY_COLUMN_USAGE AS k \
             ON k.CONSTRAINT_SCHEMA = x.CONSTRAINT_SCHEMA AND k.TABLE_SCHEMA = x.TABLE_SCHEMA \
             AND k.TABLE_NAME = x.TABLE_NAME AND k.CONSTRAINT_NAME = x.CONSTRAINT_NAME \
             LEFT JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r \
             ON x.CONSTRAINT_TYPE = 'FOREIGN KEY' AND r.CONSTRAINT_SCHEMA = x.CONSTRAINT_SCHEMA \
             AND r.TABLE_NAME = x.TABLE_NAME AND r.CONSTRAINT_NAME = x.CONSTRAINT_NAME \
             LEFT JOIN information_schema.CHECK_CONSTRAINTS AS c \
             ON x.CONSTRAINT_TYPE = 'CHECK' AND c.CONSTRAINT_SCHEMA = x.CONSTRAINT_SCHEMA \
             AND c.TABLE_NAME = x.TABLE_NAME AND c.CONSTRAINT_NAME = x.CONSTRAINT_NAME \
             ORDER BY 1, 2, 3, 4, k.ORDINAL_POSITION"
        )
    }

    fn indexes(&self) -> &'static str {
        concat!(
            "SELECT x.TABLE_SCHEMA, x.TABLE_NAME, x.INDEX_NAME, x.NON_UNIQUE = 0, NULL, x.COLUMN_NAME, \
             x.COLLATION <=> 'D', NULL FROM information_schema.STATISTICS AS x",
            tables!(),
            "WHERE x.INDEX_NAME <> 'PRIMARY' AND NOT EXISTS (SELECT 1 FROM information_schema.TABLE_CONSTRAINTS AS k \
             WHERE k.TABLE_SCHEMA = x.TABLE_SCHEMA AND k.TABLE_NAME = x.TABLE_NAME AND k.CONSTRAINT_NAME = x.INDEX_NAME \
             AND k.CONSTRAINT_TYPE IN ('UNIQUE', 'FOREIGN KEY')) ORDER BY 1, 2, 3, x.SEQ_IN_INDEX"
        )
    }

    fn sql_type(&self, type_name: &str) -> Option<SqlType> {
        Some(match type_name {
            "tinyint(1)" => SqlType::Bool,
            "decimal(65,30)" => SqlType::Decimal,
            "time(6)" => SqlType::Time,
            "datetime(6)" => SqlType::Timestamp,
            "binary(16)" => SqlType::Uuid,
            // MySQL has dropped the width that MariaDB shows.
            other => match other.split_once('(').map_or(other, |(name, _)| name) {
                "smallint" => SqlType::SmallInt,
                "int" => SqlType::Integer,
                "bigint" => SqlType::BigInt,
                "float" => SqlType::Real,
                "double" => SqlType::Double,
                "longtext" | "varchar" => SqlType::Text,
                "longblob" | "varbinary" => SqlType::Bytes,
                "date" => SqlType::Date,
                "json" => SqlType::Json,
                _ => return None,
            },
        })
    }
}
