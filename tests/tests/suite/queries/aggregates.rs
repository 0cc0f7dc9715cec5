//! Aggregates, with and without groups.

use orm::dialect::{Dialect, Postgres, Sqlite};
use orm::functions::{count_distinct, string_agg};
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};
use rust_decimal::Decimal;

#[derive(Model, Debug)]
#[model(table = "sales")]
struct Sale {
    #[model(key, auto)]
    id: i64,
    shop: String,
    pieces: Option<i32>,
    cents: i64,
    weight: f32,
    price: Option<Decimal>,
    paid: bool,
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[track_caller]
fn check(selected: impl orm::Selection, sqlite: &str, postgres: &str) {
    let query = select(selected).from(Sale::entity());
    for (dialect, expected) in [(&Sqlite as &dyn Dialect, sqlite), (&Postgres, postgres)] {
        let sql = query.to_sql(dialect).unwrap().replace(['"', '`'], "");
        let list = sql.trim_start_matches("SELECT ").trim_end_matches(" FROM sales");
        assert_eq!(list, expected, "{}", dialect.name());
    }
}

#[test]
fn aggregates() {
    check(
        (count_all(), count(Sale::PIECES), count_distinct(Sale::SHOP)),
        "count(*), count(pieces), count(DISTINCT shop)",
        "count(*), count(pieces), count(DISTINCT shop)",
    );
    check(
        (sum(Sale::PIECES), sum(Sale::CENTS).distinct(), sum(Sale::WEIGHT), sum(Sale::PRICE)),
        "sum(pieces), sum(DISTINCT cents), sum(weight), orm_decimal_sum(price COLLATE orm_decimal)",
        "CAST(sum(pieces) AS bigint), CAST(sum(DISTINCT cents) AS bigint), sum(CAST(weight AS double precision)), sum(price)",
    );
    check(
        (avg(Sale::PIECES), avg(Sale::WEIGHT)),
        "avg(pieces), avg(weight)",
        "CAST(avg(pieces) AS double precision), CAST(avg(weight) AS double precision)",
    );
    check(
        (min(Sale::PRICE), max(Sale::SHOP), min(Sale::PAID), max(Sale::PAID)),
        "min(price COLLATE orm_decimal), max(shop), min(paid), max(paid)",
        "min(price), max(shop), bool_and(paid), bool_or(paid)",
    );
    check(
        sum(Sale::PIECES).filter(Sale::PAID.eq(true)).filter(Sale::CENTS.gt(1)),
        "sum(pieces) FILTER (WHERE paid = ? AND cents > ?)",
        "CAST(sum(pieces) FILTER (WHERE paid = $1 AND cents > $2) AS bigint)",
    );
    check(
        string_agg(Sale::SHOP, ", ").order_by(Sale::ID.desc()),
        "group_concat(shop, ? ORDER BY id DESC)",
        "string_agg(shop, $1 ORDER BY id DESC)",
    );
    check(
        sum(Sale::CENTS) / count_all(),
        "orm_divide(sum(cents), count(*))",
        "CAST(sum(cents) AS bigint) / count(*)",
    );
    let query = select(string_agg(Sale::SHOP, ", ").distinct());
    assert_eq!(query.to_sql(&Postgres).unwrap(), r#"SELECT string_agg(DISTINCT "shop", $1) FROM "sales""#);
    let error = query.to_sql(&Sqlite).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_says(error, &["sqlite", "DISTINCT"]);
    let error = select(avg(Sale::PRICE)).to_sql(&Sqlite).unwrap_err();
    assert_says(error, &["sqlite", "avg of Decimal"]);
}

/// COUNT(*) of nothing is asked by mistake.
#[test]
fn counting_needs_something_to_count() {
    for dialect in [&Sqlite as &dyn Dialect, &Postgres] {
        let error = select(count_all()).to_sql(dialect).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert_says(error, &["reads from nothing", ".from("]);
        select((count_all(), Sale::SHOP)).group_by(Sale::SHOP).to_sql(dialect).unwrap();
    }
}

#[both_forms]
mod aggregates {
    use super::*;

    async fn sales(db: &Db) -> Session {
        db.create::<Sale>().await;
        let mut session = db.session();
        session.add_all([
            Sale { pieces: Some(3), price: Some(decimal("0.1")), ..Sale::new("north", 100, 0.5, true) },
            Sale { pieces: Some(4), price: Some(decimal("0.2")), ..Sale::new("north", 200, 0.25, false) },
            Sale { pieces: None, price: None, ..Sale::new("south", 300, 1.0, false) },
            Sale { pieces: Some(4), price: Some(decimal("10")), ..Sale::new("east", 100, 2.0, true) },
        ]);
        session.commit().await.unwrap();
        session
    }

    /// [QRY-7] Values are right, NULL is not counted, and types are the same everywhere.
    #[case]
    async fn of_all_rows(db: Db) {
        let mut session = sales(&db).await;
        let session = &mut session;
        let counts = select((count_all(), count(Sale::PIECES), count_distinct(Sale::PIECES)));
        assert_eq!(session.one(counts).await.unwrap(), (4, 3, 2));
        let sums =
            select((sum(Sale::PIECES), sum(Sale::PIECES).distinct(), sum(Sale::CENTS), sum(Sale::WEIGHT)));
        assert_eq!(session.one(sums).await.unwrap(), (Some(11), Some(7), Some(700), Some(3.75)));
        assert_eq!(session.one(select(sum(Sale::PRICE))).await.unwrap(), Some(decimal("10.3")));
        let price = Sale::PRICE * decimal("1.5");
        assert_eq!(session.one(select(max(price))).await.unwrap(), Some(decimal("15")));
        let averages = select((avg(Sale::CENTS), avg(Sale::PIECES), avg(Sale::WEIGHT)));
        assert_eq!(session.one(averages).await.unwrap(), (Some(175.0), Some(11.0 / 3.0), Some(0.9375)));
        let ends = select((min(Sale::PRICE), max(Sale::PRICE), min(Sale::SHOP), max(Sale::CENTS)));
        assert_eq!(
            session.one(ends).await.unwrap(),
            (Some(decimal("0.1")), Some(decimal("10")), Some("east".to_owned()), Some(300))
        );
        assert_eq!(
            session.one(select((min(Sale::PAID), max(Sale::PAID)))).await.unwrap(),
            (Some(false), Some(true))
        );
        let paid =
            select((count_all().filter(Sale::PAID.eq(true)), sum(Sale::CENTS).filter(Sale::PAID.eq(false))));
        assert_eq!(session.one(paid).await.unwrap(), (2, Some(500)));
        let names = string_agg(Sale::SHOP, "; ").order_by(Sale::ID.desc()).filter(Sale::ID.gt(0));
        assert_eq!(session.one(select(names)).await.unwrap().unwrap(), "east; south; north; north");
        assert_eq!(session.one(select(sum(Sale::CENTS) / count_all())).await.unwrap(), Some(175));
        assert_eq!(session.one(select(count_all()).from(Sale::entity())).await.unwrap(), 4);
        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.one(select(count(Sale::ID))).await.unwrap(), 4);
    }

    /// [QRY-7]
    #[case]
    async fn of_groups(db: Db) {
        let mut session = sales(&db).await;
        let total = sum(Sale::PIECES).label("total");
        let query = select((Sale::SHOP, count_all(), &total, sum(Sale::PRICE)))
            .group_by(Sale::SHOP)
            .having(count_all().ge(1))
            .order_by(total.clone().desc().clone())
            .order_by(Sale::SHOP.asc())
            .filter(Sale::SHOP.ne("south"));
        assert_eq!(
            session.all(query).await.unwrap(),
            [
                ("north".to_owned(), 2, Some(7), Some(decimal("0.3"))),
                ("east".to_owned(), 1, Some(4), Some(decimal("10"))),
            ]
        );
        let query = select((Sale::SHOP, sum(Sale::PIECES), sum(Sale::PRICE), max(Sale::PIECES)))
            .group_by(Sale::SHOP)
            .having(sum(Sale::PIECES).is_null());
        assert_eq!(session.all(query).await.unwrap(), [("south".to_owned(), None, None, None)]);
        let query = select(Sale::SHOP).group_by(Sale::SHOP).having(sum(Sale::PRICE).gt(decimal("9")));
        assert_eq!(session.all(query).await.unwrap(), ["east"]);
    }

    /// [QRY-7] Of no rows the count is 0, anything else `None`.
    #[case]
    async fn of_nothing(db: Db) {
        let mut session = sales(&db).await;
        let query =
            select((count(Sale::ID), sum(Sale::CENTS), avg(Sale::CENTS), max(Sale::SHOP), sum(Sale::PRICE)))
                .filter(Sale::CENTS.gt(1000));
        assert_eq!(session.one(query).await.unwrap(), (0, None, None, None, None));
        let query = select((Sale::SHOP, count(Sale::ID))).filter(Sale::CENTS.gt(1000)).group_by(Sale::SHOP);
        assert_eq!(session.all(query).await.unwrap(), []);
        let query = select(string_agg(Sale::SHOP, ",")).filter(Sale::CENTS.gt(1000));
        assert_eq!(session.one(query).await.unwrap(), None);
    }

    /// A sum that does not fit is an error and no other number.
    #[case]
    async fn a_sum_that_is_too_large(db: Db) {
        let mut session = sales(&db).await;
        session.add_all([Sale::new("x", i64::MAX, 0.0, true), Sale::new("x", i64::MAX, 0.0, true)]);
        session.commit().await.unwrap();
        let error = session.one(select(sum(Sale::CENTS))).await.unwrap_err();
        assert_ne!(error.kind(), ErrorKind::Decode, "{error}");
        session.rollback().await.unwrap();
        let large = select(sum(Sale::CENTS)).filter(Sale::CENTS.lt(i64::MAX));
        assert_eq!(session.one(large).await.unwrap(), Some(700));
    }
}
