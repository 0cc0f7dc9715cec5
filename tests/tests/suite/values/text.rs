//! The same types in text statements, in results and from RETURNING.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, date, time};
use orm_tests::both_forms;
use orm_tests::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

#[derive(DbValue, Clone, Debug, PartialEq)]
struct Email(String);

#[derive(DbEnum, Clone, Debug, PartialEq)]
#[db(native)]
enum Shade {
    Light,
    Dark,
}

#[derive(Model, Clone, Debug, PartialEq)]
#[model(table = "samples")]
struct Sample {
    #[model(key)]
    id: Uuid,
    at: Timestamp,
    moment: DateTime,
    day: Date,
    hour: Option<Time>,
    price: Decimal,
    json: serde_json::Value,
    tags: Vec<String>,
    email: Email,
    shade: Shade,
}

fn sample(id: u128) -> Sample {
    Sample {
        hour: Some(time(23, 59, 59, 999_999_000)),
        ..Sample::new(
            Uuid::from_u128(id),
            Timestamp::UNIX_EPOCH,
            date(1727, 4, 1).at(0, 0, 0, 1_000),
            date(2012, 2, 29),
            Decimal::new(-1_050, 2),
            json!({"ключ": [1.5, null]}),
            vec!["a".into(), "\"".into()],
            Email("ann@example.org".into()),
            Shade::Dark,
        )
    }
}

const INSERT: &str = "INSERT INTO samples (id, at, moment, day, hour, price, json, tags, email, shade) \
    VALUES (:id, :at, :moment, :day, :hour, :price, :json, :tags, :email, :shade)";

const COLUMNS: &str = "id, at, moment, day, hour, price, json, tags, email, shade";

fn insert(sample: Sample, end: &str) -> orm::Text {
    text_unchecked(format!("{INSERT}{end}"))
        .bind("id", sample.id)
        .bind("at", sample.at)
        .bind("moment", sample.moment)
        .bind("day", sample.day)
        .bind("hour", sample.hour)
        .bind("price", sample.price)
        .bind("json", sample.json)
        .bind("tags", sample.tags)
        .bind("email", sample.email)
        .bind("shade", sample.shade)
}

#[both_forms]
mod text_statements {
    use super::*;

    /// [R10] [DDL-9] from RETURNING, in lists of a text statement, and as rows, tuples and single values.
    #[case]
    async fn every_type_in_text_statements(db: Db) {
        db.create::<Sample>().await;
        let mut connection = db.engine.connect().await.unwrap();
        let returning = match db.backend {
            orm_tests::Backend::MySql => String::new(),
            _ => format!(" RETURNING {COLUMNS}"),
        };
        let mut returned = connection.execute(insert(sample(1), &returning)).await.unwrap();
        if returning.is_empty() {
            let select = text_unchecked(format!("SELECT {COLUMNS} FROM samples"));
            returned = connection.execute(select).await.unwrap();
        }
        assert_eq!(returned.all::<Sample>().unwrap(), [sample(1)]);
        connection.execute(insert(Sample { hour: None, ..sample(2) }, "")).await.unwrap();

        let found =
            text("SELECT id, hour, tags, shade FROM samples WHERE id IN (:ids) AND at IN (:ats) ORDER BY id")
                .bind_list("ids", [Uuid::from_u128(1), Uuid::from_u128(2)])
                .bind_list("ats", [Timestamp::UNIX_EPOCH]);
        let rows: Vec<(Uuid, Option<Time>, Vec<String>, Shade)> =
            connection.execute(found).await.unwrap().all().unwrap();
        let [one, two] = [sample(1), Sample { hour: None, ..sample(2) }]
            .map(|row| (row.id, row.hour, row.tags, row.shade));
        assert_eq!(rows, [one, two]);
        let price = text(
            "SELECT price FROM samples WHERE email = :email AND shade = :shade AND day = :day AND id = :id",
        )
        .bind("email", Email("ann@example.org".into()))
        .bind("shade", Shade::Dark)
        .bind("day", date(2012, 2, 29))
        .bind("id", Uuid::from_u128(1));
        let price: Decimal = connection.execute(price).await.unwrap().scalar_one().unwrap();
        assert_eq!(price, Decimal::new(-105, 1));
        let none =
            text("SELECT day FROM samples WHERE shade IN (:shades)").bind_list("shades", [Shade::Light]);
        assert_eq!(connection.execute(none).await.unwrap().all::<Date>().unwrap(), []);
    }
}
