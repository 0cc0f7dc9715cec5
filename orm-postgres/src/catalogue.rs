//! What PostgreSQL says about its tables. It is asked `pg_catalog`: `information_schema` is slow, and hides what belongs to
//! others.

use orm_core::SqlType;
use orm_core::query::Catalogue;

/// PostgreSQL's catalogue.
pub(crate) struct PostgresCatalogue;

/// The tables that are neither the system's nor temporary.
macro_rules! tables {
    () => {
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND c.relkind IN ('r', 'p') \
         AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' "
    };
}

/// The words of an action whose letter is in this column.
macro_rules! action {
    ($column:literal) => {
        concat!(
            "CASE ",
            $column,
            " WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' \
             WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END"
        )
    };
}

impl Catalogue for PostgresCatalogue {
    fn tables(&self) -> &'static str {
        concat!(
            "SELECT n.nspname::text, c.relname::text, COALESCE(n.nspname = current_schema(), false), \
             obj_description(c.oid, 'pg_class'), NULL::text FROM pg_catalog.pg_class AS c",
            tables!(),
            "ORDER BY 1, 2"
        )
    }

    fn columns(&self) -> &'static str {
        concat!(
            "SELECT n.nspname::text, c.relname::text, a.attname::text, \
             format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, \
             a.attidentity <> '' OR COALESCE(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false), \
             CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END, \
             CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END, \
             col_description(c.oid, a.attnum) FROM pg_catalog.pg_class AS c",
            tables!(),
            "JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum \
             ORDER BY 1, 2, a.attnum"
        )
    }

    fn constraints(&self) -> &'static str {
        concat!(
            "SELECT n.nspname::text, c.relname::text, \
             CASE k.contype WHEN 'p' THEN 'primary' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign' ELSE 'check' END, \
             k.conname::text, k.conname::text, a.attname::text, \
             tn.nspname::text, t.relname::text, ta.attname::text, ",
            action!("k.confdeltype"),
            ", ",
            action!("k.confupdtype"),
            ", CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) WHEN k.condeferred THEN 'deferred' END \
             FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid",
            tables!(),
            "LEFT JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS u(own, other, place) \
             ON k.contype <> 'c' \
             LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = u.own \
             LEFT JOIN pg_catalog.pg_class AS t ON t.oid = k.confrelid \
             LEFT JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace \
             LEFT JOIN pg_catalog.pg_attribute AS ta ON ta.attrelid = t.oid AND ta.attnum = u.other \
             WHERE k.contype IN ('p', 'u', 'f', 'c') AND k.conparentid = 0 \
             ORDER BY 1, 2, 3, 4, u.place"
        )
    }

    fn indexes(&self) -> &'static str {
        concat!(
            "SELECT n.nspname::text, c.relname::text, ic.relname::text, i.indisunique, \
             pg_get_expr(i.indpred, i.indrelid), \
             COALESCE(a.attname::text, pg_get_indexdef(i.indexrelid, u.place, true)), \
             (i.indoption[u.place - 1] & 1) = 1, NULL::text \
             FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid",
            tables!(),
            "JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid \
             CROSS JOIN LATERAL generate_series(1, i.indnkeyatts::int) AS u(place) \
             LEFT JOIN pg_catalog.pg_attribute AS a \
             ON a.attrelid = c.oid AND a.attnum = i.indkey[u.place - 1] AND a.attnum > 0 \
             WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint AS k \
             WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) \
             ORDER BY 1, 2, 3, u.place"
        )
    }

    fn sql_type(&self, type_name: &str) -> Option<SqlType> {
        match type_name.strip_suffix("[]") {
            Some(element) => {
                TYPES.iter().find(|(name, _)| *name == element).map(|(_, found)| SqlType::Array(found))
            }
            None => TYPES.iter().find(|(name, _)| *name == type_name).map(|(_, found)| *found),
        }
    }
}

/// Types as `format_type` writes them.
static TYPES: [(&str, SqlType); 15] = [
    ("boolean", SqlType::Bool),
    ("smallint", SqlType::SmallInt),
    ("integer", SqlType::Integer),
    ("bigint", SqlType::BigInt),
    ("real", SqlType::Real),
    ("double precision", SqlType::Double),
    ("text", SqlType::Text),
    ("bytea", SqlType::Bytes),
    ("numeric", SqlType::Decimal),
    ("date", SqlType::Date),
    ("time without time zone", SqlType::Time),
    ("timestamp without time zone", SqlType::Timestamp),
    ("timestamp with time zone", SqlType::TimestampTz),
    ("uuid", SqlType::Uuid),
    ("jsonb", SqlType::Json),
];
