//! What MySQL and MariaDB say about their tables, by `information_schema`.

use orm_core::SqlType;
use orm_core::query::Catalogue;

use crate::dialect::key_length;

/// MariaDB's catalogue.
pub(crate) struct MariaDbCatalogue;

/// MySQL's catalogue.
pub(crate) struct MysqlCatalogue;

/// The parts of indexes that stand for their filters (see [`IndexFilters`](orm_core::query::IndexFilters)): schema `s`, table `t`,
/// index `i`, hidden column `c`, condition `f`.
macro_rules! mariadb_filters {
    () => {
        "(SELECT n.TABLE_SCHEMA AS s, n.TABLE_NAME AS t, n.INDEX_NAME AS i, n.COLUMN_NAME AS c, \
         substr(h.GENERATION_EXPRESSION, 11, char_length(h.GENERATION_EXPRESSION) - 21) AS f \
         FROM information_schema.STATISTICS AS n JOIN information_schema.COLUMNS AS h ON h.TABLE_SCHEMA = n.TABLE_SCHEMA \
         AND h.TABLE_NAME = n.TABLE_NAME AND h.COLUMN_NAME = n.COLUMN_NAME WHERE n.TABLE_SCHEMA = DATABASE() \
         AND h.TABLE_SCHEMA = DATABASE() AND n.NON_UNIQUE = 0 AND h.EXTRA LIKE '%INVISIBLE%' \
         AND h.GENERATION_EXPRESSION LIKE 'case when % then 0 end')"
    };
}

/// An expression as it was written: MySQL shows each `'…'` as `_utf8mb4\'…\'`.
macro_rules! mysql_expression {
    ($expression:literal) => {
        concat!("replace(replace(", $expression, r", '\''', ''''), '_utf8mb4''', '''')")
    };
}

macro_rules! mysql_filters {
    () => {
        concat!(
            "(SELECT n.TABLE_SCHEMA AS s, n.TABLE_NAME AS t, n.INDEX_NAME AS i, NULL AS c, ",
            mysql_expression!("substr(n.EXPRESSION, 12, char_length(n.EXPRESSION) - 23)"),
            " AS f FROM information_schema.STATISTICS AS n \
         WHERE n.TABLE_SCHEMA = DATABASE() AND n.NON_UNIQUE = 0 AND n.EXPRESSION LIKE '(case when % then 0 end)')"
        )
    };
}

/// What finds a check `c` of the table `x` beside its name: on MariaDB another table may have one of the same name.
macro_rules! mariadb_check {
    () => {
        " AND c.TABLE_NAME = x.TABLE_NAME"
    };
}

macro_rules! mysql_check {
    () => {
        ""
    };
}

/// The default of the column `x`, what it is computed from, and the condition of the check `c`.
macro_rules! mariadb_texts {
    (default) => {
        "nullif(x.COLUMN_DEFAULT, 'NULL')"
    };
    (generated) => {
        "x.GENERATION_EXPRESSION"
    };
    (check) => {
        "c.CHECK_CLAUSE"
    };
}

/// A default that is a text and no expression is shown without quotes.
macro_rules! mysql_texts {
    (default) => {
        concat!(
            "CASE WHEN x.EXTRA LIKE '%DEFAULT_GENERATED%' OR x.NUMERIC_PRECISION IS NOT NULL THEN ",
            mysql_expression!("x.COLUMN_DEFAULT"),
            " ELSE concat('''', replace(x.COLUMN_DEFAULT, '''', ''''''), '''') END"
        )
    };
    (generated) => {
        mysql_expression!("x.GENERATION_EXPRESSION")
    };
    (check) => {
        mysql_expression!("c.CHECK_CLAUSE")
    };
}

/// The tables of the connection's database.
macro_rules! tables {
    () => {
        " JOIN information_schema.TABLES AS t ON t.TABLE_SCHEMA = x.TABLE_SCHEMA AND t.TABLE_NAME = x.TABLE_NAME \
         AND t.TABLE_TYPE = 'BASE TABLE' AND t.TABLE_SCHEMA = DATABASE() "
    };
}

macro_rules! catalogue {
    ($name:ident, $filters:ident, $check:ident, $texts:ident) => {
        impl Catalogue for $name {
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
                     CASE WHEN x.EXTRA NOT LIKE '%STORED%' AND x.EXTRA NOT LIKE '%VIRTUAL%' \
                     THEN ",
                    $texts!(default),
                    " END, NULLIF(",
                    $texts!(generated),
                    ", ''), NULLIF(x.COLUMN_COMMENT, '') FROM information_schema.COLUMNS AS x",
                    tables!(),
                    "WHERE NOT EXISTS (SELECT 1 FROM ",
                    $filters!(),
                    " AS y WHERE y.s = x.TABLE_SCHEMA AND y.t = x.TABLE_NAME AND y.c = x.COLUMN_NAME) ORDER BY 1, 2, x.ORDINAL_POSITION"
                )
            }

            /// RESTRICT and NO ACTION are one, and MariaDB calls both RESTRICT.
            fn constraints(&self) -> &'static str {
                concat!(
                    "SELECT x.TABLE_SCHEMA, x.TABLE_NAME, \
                     CASE x.CONSTRAINT_TYPE WHEN 'PRIMARY KEY' THEN 'primary' WHEN 'UNIQUE' THEN 'unique' \
                     WHEN 'FOREIGN KEY' THEN 'foreign' ELSE 'check' END, \
                     x.CONSTRAINT_NAME, x.CONSTRAINT_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, \
                     k.REFERENCED_COLUMN_NAME, replace(r.DELETE_RULE, 'RESTRICT', 'NO ACTION'), \
                     replace(r.UPDATE_RULE, 'RESTRICT', 'NO ACTION'), ",
                    $texts!(check),
                    " FROM information_schema.TABLE_CONSTRAINTS AS x",
                    tables!(),
                    "LEFT JOIN information_schema.KEY_COLUMN_USAGE AS k \
                     ON k.CONSTRAINT_SCHEMA = x.CONSTRAINT_SCHEMA AND k.TABLE_SCHEMA = x.TABLE_SCHEMA \
                     AND k.TABLE_NAME = x.TABLE_NAME AND k.CONSTRAINT_NAME = x.CONSTRAINT_NAME \
                     LEFT JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r \
                     ON x.CONSTRAINT_TYPE = 'FOREIGN KEY' AND r.CONSTRAINT_SCHEMA = x.CONSTRAINT_SCHEMA \
                     AND r.TABLE_NAME = x.TABLE_NAME AND r.CONSTRAINT_NAME = x.CONSTRAINT_NAME \
                     LEFT JOIN information_schema.CHECK_CONSTRAINTS AS c \
                     ON x.CONSTRAINT_TYPE = 'CHECK' AND c.CONSTRAINT_SCHEMA = x.CONSTRAINT_SCHEMA \
                     AND c.CONSTRAINT_NAME = x.CONSTRAINT_NAME",
                    $check!(),
                    " WHERE x.CONSTRAINT_TYPE <> 'UNIQUE' OR NOT EXISTS (SELECT 1 FROM ",
                    $filters!(),
                    " AS y WHERE y.s = x.TABLE_SCHEMA AND y.t = x.TABLE_NAME AND y.i = x.CONSTRAINT_NAME) \
                     ORDER BY 1, 2, 3, 4, k.ORDINAL_POSITION"
                )
            }

            fn indexes(&self) -> &'static str {
                concat!(
                    "SELECT x.TABLE_SCHEMA, x.TABLE_NAME, x.INDEX_NAME, x.NON_UNIQUE = 0, y.f, x.COLUMN_NAME, \
                     x.COLLATION <=> 'D', NULL FROM information_schema.STATISTICS AS x",
                    tables!(),
                    "LEFT JOIN ",
                    $filters!(),
                    " AS y ON y.s = x.TABLE_SCHEMA AND y.t = x.TABLE_NAME AND y.i = x.INDEX_NAME \
                     WHERE x.INDEX_NAME <> 'PRIMARY' AND (y.i IS NULL OR x.COLUMN_NAME <> coalesce(y.c, '')) AND (y.i IS NOT NULL \
                     OR NOT EXISTS (SELECT 1 FROM information_schema.TABLE_CONSTRAINTS AS k \
                     WHERE k.TABLE_SCHEMA = x.TABLE_SCHEMA AND k.TABLE_NAME = x.TABLE_NAME AND k.CONSTRAINT_NAME = x.INDEX_NAME \
                     AND k.CONSTRAINT_TYPE IN ('UNIQUE', 'FOREIGN KEY'))) ORDER BY 1, 2, 3, x.SEQ_IN_INDEX"
                )
            }

            fn sql_type(&self, type_name: &str) -> Option<SqlType> {
                sql_type(type_name)
            }
        }
    };
}

catalogue!(MariaDbCatalogue, mariadb_filters, mariadb_check, mariadb_texts);
catalogue!(MysqlCatalogue, mysql_filters, mysql_check, mysql_texts);

fn sql_type(type_name: &str) -> Option<SqlType> {
    Some(match type_name {
        "tinyint(1)" => SqlType::Bool,
        "decimal(65,30)" => SqlType::Decimal,
        "time(6)" => SqlType::Time,
        "datetime(6)" => SqlType::Timestamp,
        "binary(16)" => SqlType::Uuid,
        other if other.starts_with("bigint") && other.ends_with(" unsigned") => SqlType::BigUnsigned,
        // MySQL has dropped the width that MariaDB shows.
        other => match other.split_once('(').map_or(other, |(name, _)| name) {
            "smallint" => SqlType::SmallInt,
            "int" => SqlType::Integer,
            "bigint" => SqlType::BigInt,
            "float" => SqlType::Real,
            "double" => SqlType::Double,
            "longtext" => SqlType::Text,
            "longblob" => SqlType::Bytes,
            "varchar" if is_key(other) => SqlType::Text,
            "varbinary" if is_key(other) => SqlType::Bytes,
            "date" => SqlType::Date,
            "json" => SqlType::Json,
            _ => return None,
        },
    })
}

/// Whether a type has a length that this library gives to parts of keys.
fn is_key(type_name: &str) -> bool {
    let length = type_name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')?.parse().ok());
    (1..=16).any(|parts| length == Some(key_length(parts)))
}
