//! What an inspection finds in a live database.

use orm::schema::{Action, ColumnDef, Index, References, Table};
use orm::{Metadata, SqlType};
use orm_tests::prelude::*;
use orm_tests::{Backend, both_forms};

use crate::models::{Kinds, Pair, PairNote, User};

#[both_forms]
mod inspect {
    use super::*;

    /// [DDL-4] Columns with their types, NULL and what fills them in.
    #[case]
    async fn columns(db: Db) {
        db.create::<(Kinds, User)>().await;
        let found = db.engine.inspect().await.unwrap();
        let names: Vec<_> = found.tables().iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["all kinds of \"values\"", "users"]);
        assert!(
            found.has_table("users") && !found.has_table("people") && !found.has_table(("shop", "users"))
        );
        let schema = match db.backend {
            Backend::Sqlite => "main",
            Backend::Postgres => "public",
            Backend::MariaDb | Backend::MySql => db.database.url.rsplit_once('/').unwrap().1,
        };
        assert!(found.has_table((schema, "users")));
        let declared = Kinds::table();
        let table = found.table(declared.name()).unwrap();
        assert_eq!(table.columns.len(), declared.columns().len());
        for (found, declared) in table.columns.iter().zip(declared.columns()) {
            assert_eq!((&found.name, found.nullable), (&declared.name, declared.nullable));
            assert_eq!((found.auto, &found.default, &found.generated), (declared.auto, &None, &None));
            let expected = match (db.backend, declared.sql_type) {
                // What a value is made of is all that MariaDB keeps.
                (Backend::MariaDb | Backend::MySql, SqlType::TimestampTz) => SqlType::Timestamp,
                (Backend::MariaDb | Backend::MySql, SqlType::Json) => SqlType::Text,
                (Backend::Postgres | Backend::MariaDb | Backend::MySql, declared) => declared,
                (Backend::Sqlite, SqlType::Text) => SqlType::Text,
                (Backend::Sqlite, SqlType::Bytes) => SqlType::Bytes,
                (Backend::Sqlite, SqlType::Real | SqlType::Double) => SqlType::Double,
                (Backend::Sqlite, _) => SqlType::BigInt,
            };
            assert_eq!(found.sql_type, Some(expected), "{}", found.name);
        }
        let types: Vec<_> =
            found.table("users").unwrap().columns.iter().map(|c| c.type_name.as_str()).collect();
        let expected = match db.backend {
            Backend::Sqlite => ["INTEGER", "TEXT", "INTEGER"],
            Backend::Postgres => ["bigint", "text", "integer"],
            Backend::MariaDb => ["bigint(20)", "varchar(255)", "int(11)"],
            Backend::MySql => ["bigint", "varchar(255)", "int"],
        };
        assert_eq!(types, expected);
    }

    /// [DDL-4] Keys, constraints and indexes of a table come back as they were declared; composite keys in their order.
    #[case]
    async fn keys_constraints_and_indexes(db: Db) {
        // MySQL has no such action where something is computed from the column.
        let gone = if db.backend == Backend::MySql { Action::NoAction } else { Action::Cascade };
        let mut metadata = Metadata::of::<(Pair, User)>();
        let table = Table::new("rich")
            .comment("it's rich")
            .column(ColumnDef::of::<i32>("a").comment("first"))
            .column(ColumnDef::of::<String>("b").default("'x, (y'"))
            .column(ColumnDef::of::<Option<i64>>("owner").unique().index())
            .column(ColumnDef::of::<i32>("sum").generated("a + 1"))
            .primary_key(["b", "a"])
            .foreign_key(["a", "b"], References::to("pairs", ["a", "b"]).on_delete(gone).named("to_pairs"))
            .foreign_key(["owner"], References::to("users", ["id"]).on_update(Action::SetNull))
            .unique_named("uq", ["sum", "a"])
            .check("positive", "a > 0 AND (b <> ')')")
            .index(Index::on(["a"]).desc("b").unique().filter("a > 5").named("part"));
        metadata.add(table).unwrap();
        db.engine.create_all(&metadata).await.unwrap();
        let found = db.engine.inspect().await.unwrap();
        let table = found.table("rich").unwrap();

        assert_eq!(table.primary_key, ["b", "a"]);
        let texts = |expression: &Option<String>| {
            expression.clone().unwrap_or_default().replace(['(', ')', '"', '`'], "")
        };
        assert!(texts(&table.column("b").unwrap().default).starts_with("'x, y'"), "{table:#?}");
        assert_eq!(texts(&table.column("sum").unwrap().generated), "a + 1");
        assert!(table.column("owner").unwrap().nullable);
        assert!(!table.column("a").unwrap().nullable);

        let mut keys: Vec<_> = table.foreign_keys.iter().collect();
        keys.sort_by_key(|key| key.target.as_str());
        assert_eq!(keys[0].name.as_deref(), Some("to_pairs"));
        assert_eq!((keys[0].target.as_str(), keys[0].on_delete), ("pairs", gone));
        assert_eq!(
            (&keys[0].columns[..], &keys[0].target_columns[..]),
            (&["a".into(), "b".into()][..], &["a".into(), "b".into()][..])
        );
        assert_eq!(keys[1].name.as_deref(), Some("rich_owner_fkey"));
        assert_eq!((keys[1].on_delete, keys[1].on_update), (Action::NoAction, Action::SetNull));

        let mut uniques: Vec<_> =
            table.uniques.iter().map(|u| (u.name.as_deref().unwrap(), u.columns.join(","))).collect();
        uniques.sort();
        assert_eq!(uniques, [("rich_owner_key", "owner".to_owned()), ("uq", "sum,a".to_owned())]);
        assert_eq!(table.checks.len(), 1);
        assert_eq!(table.checks[0].name.as_deref(), Some("positive"));
        assert!(table.checks[0].sql.replace(['"', '`'], "").contains("a > 0"));

        let part = table.index("part").unwrap();
        assert!(part.unique && texts(&part.filter).contains("a > 5"));
        let columns: Vec<_> = part.columns.iter().map(|c| (c.name.as_str(), c.descending)).collect();
        assert_eq!(columns, [("a", false), ("b", true)]);
        let plain = table.index("rich_owner_idx").unwrap();
        assert_eq!((plain.unique, &plain.filter), (false, &None));
        assert_eq!(table.indexes.len(), 2);

        let comments = (table.comment.as_deref(), table.column("a").unwrap().comment.as_deref());
        match db.backend {
            Backend::Sqlite => assert_eq!(comments, (None, None)),
            Backend::Postgres | Backend::MariaDb | Backend::MySql => {
                assert_eq!(comments, (Some("it's rich"), Some("first")))
            }
        }
        let pairs = found.table("pairs").unwrap();
        assert_eq!(pairs.primary_key, ["a", "b"]);
        assert!(!pairs.columns[0].auto);
    }

    /// Also what this library would not have made: other types, expressions, keys without names.
    #[case]
    async fn tables_of_others(db: Db) {
        db.create::<PairNote>().await;
        let (parents, expression) = match db.backend {
            Backend::Sqlite | Backend::Postgres => ("parents", "lower(c)"),
            // A key names what it refers to, and an index has columns and nothing else.
            Backend::MariaDb | Backend::MySql => ("parents (id)", "c"),
        };
        db.script(&format!(
            "CREATE TABLE parents (id INTEGER PRIMARY KEY, name VARCHAR(20));
             CREATE TABLE children (a INTEGER UNIQUE, b INTEGER REFERENCES {parents}, c VARCHAR(20) CHECK (c <> 'z'),
                UNIQUE (b, c));
             CREATE INDEX by_lower ON children ({expression}, a DESC);
             CREATE VIEW seen AS SELECT a FROM children",
        ))
        .await;
        db.trace.take();
        let found = db.engine.inspect().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 4);
        assert!(!found.has_table("seen"));
        let table = found.table("children").unwrap();
        assert_eq!(table.column("c").unwrap().sql_type, None);
        assert!(table.column("c").unwrap().type_name.contains("(20)"));
        assert!(table.primary_key.is_empty());
        let key = &table.foreign_keys[0];
        assert_eq!(
            (&key.columns[0][..], &key.target[..], &key.target_columns[..]),
            ("b", "parents", &["id".to_owned()][..])
        );
        assert_eq!(table.uniques.len(), 2);
        assert_eq!(table.checks.len(), 1);
        let index = table.index("by_lower").unwrap();
        assert!(index.columns[0].name.starts_with(expression.trim_end_matches("c)")), "{index:?}");
        assert_eq!((index.columns[1].name.as_str(), index.columns[1].descending), ("a", true));
        assert_eq!(found.table("pair_notes").unwrap().foreign_keys[0].columns, ["pair_a", "pair_b"]);
    }
}
