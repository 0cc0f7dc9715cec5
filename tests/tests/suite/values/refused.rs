//! What a database cannot hold exactly, or a Rust type cannot: refused by name, never rounded.

use chrono::{NaiveDate, NaiveTime};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, both_forms};
use rust_decimal::Decimal;
use uuid::Uuid;

#[derive(Model, Clone, Debug, PartialEq)]
#[model(table = "odds")]
struct Odd {
    #[model(key, auto)]
    id: i64,
    number: Option<u64>,
    instant: Option<Timestamp>,
    moment: Option<DateTime>,
    day: Option<NaiveDate>,
    time: Option<NaiveTime>,
    json: Option<serde_json::Value>,
    list: Option<Vec<String>>,
}

/// What others may have stored.
#[derive(Model, Debug)]
#[model(table = "odds")]
struct Found {
    #[model(key)]
    id: i64,
    instant: Option<Timestamp>,
    day: Option<Date>,
    price: Option<Decimal>,
    uuid: Option<Uuid>,
}

/// Keys of types that a database may hold as text.
#[derive(Model, Clone, Debug, PartialEq)]
struct Entry {
    #[model(key)]
    day: Date,
    #[model(key)]
    price: Decimal,
    #[model(key)]
    at: Timestamp,
    note: String,
}

#[derive(Model, Clone, Debug, PartialEq)]
struct Remark {
    #[model(key)]
    id: Uuid,
    entry: BelongsTo<Entry>,
}

fn entry(note: &str) -> Entry {
    Entry::new(date(1727, 4, 1), Decimal::new(150, 2), Timestamp::UNIX_EPOCH, note)
}

#[both_forms]
mod refused {
    use super::*;

    /// [DDL-9] by the type itself, with the column, alone and in a batch.
    #[case]
    async fn by_the_type(db: Db) {
        db.create::<Odd>().await;
        let odds: [(Odd, &[&str]); 5] = [
            (
                Odd { instant: Timestamp::from_nanosecond(1).ok(), ..Odd::new() },
                &["column instant", "nanoseconds", "round(jiff::Unit::Microsecond)"],
            ),
            (Odd { moment: Some(DateTime::MAX), ..Odd::new() }, &["column moment", "nanoseconds"]),
            (
                Odd { time: NaiveTime::from_hms_milli_opt(23, 59, 59, 1_500), ..Odd::new() },
                &["column time", "leap seconds"],
            ),
            (Odd { json: Some(serde_json::json!(["\0"])), ..Odd::new() }, &["column json", "NUL"]),
            (Odd { list: Some(vec!["\0".into()]), ..Odd::new() }, &["column list", "NUL"]),
        ];
        let mut session = db.session();
        for (odd, words) in odds {
            for before in 0..3 {
                session.add_all((0..before).map(|_| Odd::new()));
                session.add(odd.clone());
                let error = session.commit().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Encode);
                assert_says(&error, words);
                assert_says(&error, &["Odd"]);
                session.rollback().await.unwrap();
            }
        }
        assert!(session.rows(Odd::select()).await.unwrap().is_empty());
    }

    /// [DDL-9] by the database's own limits.
    #[case]
    async fn by_the_database(db: Db) {
        db.create::<Odd>().await;
        let far = NaiveDate::from_ymd_opt(-4713, 11, 23);
        let odds: Vec<(Odd, [&str; 2])> = match db.backend {
            Backend::MariaDb | Backend::MySql => vec![
                (Odd { day: far, ..Odd::new() }, ["column day", "0 to 9999"]),
                (Odd { moment: Some(DateTime::MIN), ..Odd::new() }, ["column moment", "0 to 9999"]),
                (Odd { instant: Some(Timestamp::MIN), ..Odd::new() }, ["column instant", "0 to 9999"]),
            ],
            Backend::Sqlite => vec![
                (Odd { number: Some(u64::MAX), ..Odd::new() }, ["column number", "i64::MAX"]),
                (Odd { day: far, ..Odd::new() }, ["column day", "0 to 9999"]),
                (
                    Odd { day: NaiveDate::from_ymd_opt(10_000, 1, 1), ..Odd::new() },
                    ["column day", "0 to 9999"],
                ),
                (Odd { moment: Some(DateTime::MIN), ..Odd::new() }, ["column moment", "0 to 9999"]),
                (Odd { instant: Some(Timestamp::MIN), ..Odd::new() }, ["column instant", "0 to 9999"]),
            ],
            Backend::Postgres => vec![
                (Odd { number: Some(u64::MAX), ..Odd::new() }, ["column number", "i64::MAX"]),
                (Odd { day: far, ..Odd::new() }, ["column day", "PostgreSQL can hold"]),
                (Odd { moment: Some(DateTime::MIN), ..Odd::new() }, ["column moment", "PostgreSQL can hold"]),
                (
                    Odd { instant: Some(Timestamp::MIN), ..Odd::new() },
                    ["column instant", "PostgreSQL can hold"],
                ),
            ],
        };
        let mut session = db.session();
        for (odd, words) in odds {
            for before in 0..3 {
                session.add_all((0..before).map(|_| Odd::new()));
                session.add(odd.clone());
                let error = session.commit().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Encode);
                assert_says(&error, &words);
                session.rollback().await.unwrap();
            }
        }
        assert!(session.rows(Odd::select()).await.unwrap().is_empty());
    }

    /// Before year 1 and after year 9999 PostgreSQL goes on.
    #[case(postgres)]
    async fn not_where_the_database_holds_more(db: Db) {
        assert_eq!(db.backend, Backend::Postgres);
        db.create::<Odd>().await;
        let days = [NaiveDate::from_ymd_opt(-4713, 11, 24), NaiveDate::from_ymd_opt(262_142, 12, 31)];
        let mut session = db.session();
        session.add_all(days.map(|day| Odd { day, ..Odd::new() }));
        session.commit().await.unwrap();
        let rows = db.session().rows(Odd::select().order_by(Odd::ID.asc())).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.day).collect::<Vec<_>>(), days);
    }

    /// [DDL-8] SQL NULL and JSON null are told apart, in both directions and in filters.
    #[case]
    async fn json_null_is_not_null(db: Db) {
        db.create::<Odd>().await;
        let mut session = db.session();
        session.add_all([None, Some(serde_json::Value::Null)].map(|json| Odd { json, ..Odd::new() }));
        session.commit().await.unwrap();
        let mut session = db.session();
        let odds = session.all(Odd::select().order_by(Odd::ID.asc())).await.unwrap();
        assert_eq!((&session[odds[0]].json, &session[odds[1]].json), (&None, &Some(serde_json::Value::Null)));
        assert_eq!(session.all(Odd::select().filter(Odd::JSON.is_null())).await.unwrap(), odds[..1]);
        assert_eq!(
            session.all(Odd::select().filter(Odd::JSON.eq(serde_json::Value::Null))).await.unwrap(),
            odds[1..]
        );
        session[odds[0]].json = Some(serde_json::Value::Null);
        session[odds[1]].json = None;
        session.commit().await.unwrap();
        assert_eq!(session.all(Odd::select().filter(Odd::JSON.is_null())).await.unwrap(), odds[1..]);
    }

    /// Values that the database holds and the field cannot: infinity, NaN, too many digits, no UUID at all.
    #[case]
    async fn what_the_database_holds_and_the_field_cannot(db: Db) {
        let (columns, rows) = match db.backend {
            Backend::Sqlite => (
                "id INTEGER, instant TEXT, day TEXT, price TEXT, uuid BLOB",
                [
                    ("instant", "'tomorrow'", "an instant"),
                    ("day", "'2026-02-30'", "a date"),
                    ("price", "'1e5'", "a decimal number"),
                    ("price", "'0.123456789012345678901234567890'", "rust_decimal::Decimal exactly"),
                    ("uuid", "x'00ff'", "UUID"),
                ],
            ),
            Backend::MariaDb | Backend::MySql => (
                "id bigint, instant text, day text, price text, uuid varbinary(20)",
                [
                    ("instant", "'tomorrow'", "an instant"),
                    ("day", "'2026-02-30'", "a date"),
                    ("price", "'1e5'", "a decimal number"),
                    ("price", "'0.123456789012345678901234567890'", "rust_decimal::Decimal exactly"),
                    ("uuid", "x'00ff'", "UUID"),
                ],
            ),
            Backend::Postgres => (
                "id bigint, instant timestamptz, day date, price numeric, uuid uuid",
                [
                    ("instant", "'infinity'", "infinity"),
                    ("day", "'-infinity'", "infinity"),
                    ("price", "'NaN'", "NaN"),
                    ("price", "'0.123456789012345678901234567890'", "rust_decimal::Decimal exactly"),
                    ("instant", "'294276-12-31'", "far in the future"),
                ],
            ),
        };
        db.script(&format!("CREATE TABLE odds ({columns})")).await;
        for (column, value, word) in rows {
            db.script(&format!("DELETE FROM odds; INSERT INTO odds (id, {column}) VALUES (1, {value})"))
                .await;
            let error = db.session().rows(Found::select()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert_says(error, &["Found", &format!("column {column}"), word]);
        }
    }

    /// What others write in their own way, and mean the same, is read.
    #[case]
    async fn not_what_means_the_same(db: Db) {
        let (columns, row) = match db.backend {
            Backend::Sqlite => (
                "id INTEGER, instant TEXT, day TEXT, price TEXT, uuid TEXT",
                "'2026-11-21T10:30:00+01:00', '2026-11-21', '0001.50', '00000000-0000-0000-0000-000000000001'",
            ),
            Backend::MariaDb | Backend::MySql => (
                "id bigint, instant datetime, day date, price decimal(20, 5), uuid text",
                "'2026-11-21 09:30', '2026-11-21', 1.5, '00000000-0000-0000-0000-000000000001'",
            ),
            Backend::Postgres => (
                "id bigint, instant timestamp, day date, price numeric(20, 5), uuid text",
                "'2026-11-21 09:30', '2026-11-21', 1.5, '00000000-0000-0000-0000-000000000001'",
            ),
        };
        db.script(&format!("CREATE TABLE odds ({columns})")).await;
        db.script(&format!("INSERT INTO odds VALUES (1, {row})")).await;
        let found = db.session().rows(Found::select()).await.unwrap().remove(0);
        assert_eq!(found.instant, "2026-11-21T09:30:00Z".parse().ok());
        assert_eq!(found.day, Some(date(2026, 11, 21)));
        assert_eq!((found.price, found.uuid), (Some(Decimal::new(15, 1)), Some(Uuid::from_u128(1))));
    }

    /// [IDM-1] [KEY-1] A key is the same entity whether it comes from a program or from a database that holds it as text.
    #[case]
    async fn not_as_a_key(db: Db) {
        db.create::<Remark>().await;
        let mut session = db.session();
        let added = session.add(entry("one"));
        let remark = session.add(Remark::new(Uuid::from_u128(7), added));
        session.commit().await.unwrap();
        assert_eq!(session.all(Entry::select()).await.unwrap(), [added]);
        assert_eq!(session.all(Remark::select()).await.unwrap(), [remark]);
        let key = (date(1727, 4, 1), Decimal::new(1500, 3), Timestamp::UNIX_EPOCH);
        assert_eq!(session.get::<Entry>(key).await.unwrap(), Some(added));

        let mut session = db.session();
        let loaded = session.all(Entry::select()).await.unwrap()[0];
        db.trace.take();
        assert_eq!(session.get::<Entry>(key).await.unwrap(), Some(loaded));
        assert_eq!(db.trace.take_statements().len(), 0, "it is known");
        let remark = session.get::<Remark>(Uuid::from_u128(7)).await.unwrap().unwrap();
        assert_eq!(session[remark].entry.get(), Some(&key));
        session[loaded].note = "two".to_owned();
        session.delete(remark).unwrap();
        session.commit().await.unwrap();
        session.delete(loaded).unwrap();
        session.commit().await.unwrap();
        assert!(db.session().rows(Entry::select()).await.unwrap().is_empty());
    }

    /// Types of others, on PostgreSQL: domains, enums and text that is compared without case are read as what they are made of.
    #[case(postgres)]
    async fn not_types_over_known_ones(db: Db) {
        assert_eq!(db.backend, Backend::Postgres);
        db.script(
            "CREATE DOMAIN price AS numeric CHECK (VALUE > 0); CREATE DOMAIN small_price AS price; \
             CREATE TYPE mood AS ENUM ('ok'); \
             CREATE TABLE odds (id bigint, instant timestamptz, day date, price small_price, uuid mood); \
             INSERT INTO odds (id, price) VALUES (1, 1.25)",
        )
        .await;
        let found = db.session().rows(Found::select()).await.unwrap().remove(0);
        assert_eq!(found.price, Some(Decimal::new(125, 2)));
        db.script("UPDATE odds SET uuid = 'ok'").await;
        let error = db.session().rows(Found::select()).await.unwrap_err();
        assert_says(error, &["column uuid", "UUID"]);
    }
}
