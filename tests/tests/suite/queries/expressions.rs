//! Expressions: arithmetic, text, NULL, CASE, casts and functions.

use orm::dialect::{Dialect, Postgres, Sqlite};
use orm::functions::{
    DatePart, abs, cast, ceil, current_date, current_timestamp, date_trunc, extract, floor, length, lower,
    ltrim, nullif, position, power, replace, round, rtrim, sqrt, substring, substring_from, trim, upper,
};
use orm::{Expression, Select};
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};
use rust_decimal::Decimal;

use crate::models::User;

#[derive(Model, Debug)]
#[model(table = "items")]
struct Item {
    #[model(key, auto)]
    id: i64,
    name: String,
    note: Option<String>,
    count: i32,
    spare: Option<i32>,
    big: i64,
    weight: f64,
    price: Decimal,
    rebate: Option<Decimal>,
    sold: bool,
    day: jiff::civil::Date,
    at: jiff::Timestamp,
    local: jiff::civil::DateTime,
    time: jiff::civil::Time,
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn item() -> Item {
    let at = "2026-02-28T23:59:59.999999Z".parse().unwrap();
    Item {
        note: Some("  spare  ".to_owned()),
        ..Item::new(
            "Łódź Straße",
            -7,
            9_000_000_000_000_000_000i64,
            2.5,
            decimal("0.1"),
            true,
            jiff::civil::date(2026, 2, 28),
            at,
            jiff::civil::date(2026, 12, 31).at(0, 5, 6, 700_000_000),
            jiff::civil::time(23, 1, 2, 3_000),
        )
    }
}

#[track_caller]
fn check(selected: impl orm::Selection, sqlite: &str, postgres: &str) {
    let query = select(selected);
    for (dialect, expected) in [(&Sqlite as &dyn Dialect, sqlite), (&Postgres, postgres)] {
        let sql = query.to_sql(dialect).unwrap();
        let sql = sql.replace(['"', '`'], "");
        let list =
            sql.trim_start_matches("SELECT ").trim_end_matches(" FROM items").trim_end_matches(" FROM users");
        assert_eq!(list, expected, "{}", dialect.name());
    }
}

#[track_caller]
fn refused(selected: impl orm::Selection, words: &[&str]) {
    let error = select(selected).to_sql(&Sqlite).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert_says(error, words);
}

#[track_caller]
fn invalid(selected: impl orm::Selection, words: &[&str]) {
    let error = select(selected).to_sql(&Postgres).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidQuery, "{error}");
    assert_says(error, words);
}

#[test]
fn arithmetic() {
    check(User::AGE + 1, "age + ?", "age + $1");
    check((Item::COUNT + 1) * Item::COUNT - 2, "((count + ?) * count) - ?", "((count + $1) * count) - $2");
    check(Item::COUNT / 2, "orm_divide(count, ?)", "count / $1");
    check(Item::COUNT % 2, "orm_remainder(count, ?)", "count % $1");
    check(-(-Item::COUNT), "-(-count)", "-(-count)");
    check(value(1) - Item::SPARE, "? - spare", "$1 - spare");
    check(
        Item::PRICE * (value(Decimal::ONE) - Item::REBATE),
        "orm_decimal_multiply(price COLLATE orm_decimal, orm_decimal_subtract(? COLLATE orm_decimal, rebate COLLATE orm_decimal) COLLATE orm_decimal)",
        "price * ($1 - rebate)",
    );
    refused(Item::PRICE / decimal("3"), &["sqlite", "no exact /", "Decimal"]);
}

#[test]
fn text() {
    check(Item::NAME.concat(" "), "name || ?", "name || $1");
    check(lower(Item::NAME.concat("x")), "orm_lower(name || ?)", "lower(name || $1)");
    check(length(upper(Item::NAME)), "length(orm_upper(name))", "length(upper(name))");
    check(
        (trim(Item::NAME), ltrim(Item::NAME), rtrim(Item::NOTE)),
        "trim(name), ltrim(name), rtrim(note)",
        "trim(name), ltrim(name), rtrim(note)",
    );
    check(
        substring(Item::NAME, 2, Item::COUNT),
        "substr(name, max(?, 1), max(count + min(? - 1, 0), 0))",
        "substr(name, $1, count)",
    );
    check(substring_from(Item::NAME, 2), "substr(name, max(?, 1))", "substr(name, $1)");
    check(replace(Item::NAME, "a", "b"), "replace(name, ?, ?)", "replace(name, $1, $2)");
    check(position("d", Item::NAME), "instr(name, ?)", "strpos(name, $1)");
    check(
        Item::NAME.like(Item::NOTE.concat("%")),
        r"name LIKE (note || ?) ESCAPE '\'",
        r"name LIKE (note || $1) ESCAPE '\'",
    );
    check(Item::NOTE.not_like("a%"), r"NOT (note LIKE ? ESCAPE '\')", r"NOT (note LIKE $1 ESCAPE '\')");
    check(
        Item::NAME.ilike("a%"),
        r"orm_lower(name) LIKE orm_lower(?) ESCAPE '\'",
        r"name ILIKE $1 ESCAPE '\'",
    );
}

#[test]
fn nulls_cases_and_values() {
    check(coalesce(Item::SPARE, 0), "coalesce(spare, ?)", "coalesce(spare, $1)");
    check(nullif(Item::COUNT, 0), "nullif(count, ?)", "nullif(count, $1)");
    check(
        Item::SPARE.is_distinct_from(Item::COUNT),
        "spare IS DISTINCT FROM count",
        "spare IS DISTINCT FROM count",
    );
    check(
        Item::SPARE.is_not_distinct_from(None),
        "spare IS NOT DISTINCT FROM NULL",
        "spare IS NOT DISTINCT FROM NULL",
    );
    check(
        case().when(Item::COUNT.lt(0), "low").when(Item::COUNT.eq(0), "none").otherwise("high"),
        "CASE WHEN count < ? THEN ? WHEN count = ? THEN ? ELSE ? END",
        "CASE WHEN count < $1 THEN $2 WHEN count = $3 THEN $4 ELSE $5 END",
    );
    check(
        case().when(Item::SOLD.eq(true), 1).end(),
        "CASE WHEN sold = ? THEN ? END",
        "CASE WHEN sold = $1 THEN $2 END",
    );
    // Conditions are whatever a filter takes: a column of bools too, and `None`, which asks for nothing.
    check(
        case().when(Item::SOLD & !Item::SOLD.or(None::<orm::Condition>), 1).when(Item::SOLD, 2).end(),
        "CASE WHEN (sold AND NOT (sold)) THEN ? WHEN sold THEN ? END",
        "CASE WHEN (sold AND NOT (sold)) THEN $1 WHEN sold THEN $2 END",
    );
    check(value(7), "?", "$1");
    check(
        func::<f64>("my_schema.distance", (Item::WEIGHT, 1.5, "km")),
        "my_schema.distance(weight, ?, ?)",
        "my_schema.distance(weight, $1, $2)",
    );
    check(func::<f64>("random", ()), "random()", "random()");
    for name in ["", "a b", "a;b", "a.", ".a", "1a", "a\"b", "naïve", "f("] {
        invalid(func::<i32>(name, ()), &["not the name of a function"]);
    }
}

#[test]
fn casts() {
    check(cast::<f64, _>(Item::COUNT), "CAST(count AS REAL)", "CAST(count AS double precision)");
    check(cast::<i64, _>(Item::WEIGHT), "orm_integer(weight)", "CAST(weight AS bigint)");
    check(cast::<i32, _>(Item::NOTE), "orm_integer(note)", "CAST(note AS integer)");
    check(cast::<Decimal, _>(Item::COUNT), "CAST(count AS TEXT)", "CAST(count AS numeric)");
    check(cast::<String, _>(Item::COUNT + 1), "CAST((count + ?) AS TEXT)", "CAST((count + $1) AS text)");
    refused(cast::<String, _>(Item::WEIGHT), &["no exact CAST of Double to Text"]);
    refused(cast::<Decimal, _>(Item::WEIGHT), &["no exact CAST of Double to Decimal"]);
}

#[test]
fn numbers() {
    check(
        (abs(Item::COUNT), round(Item::WEIGHT), floor(Item::WEIGHT), ceil(Item::PRICE)),
        "abs(count), orm_round(weight), orm_floor(weight), orm_decimal_ceil(price COLLATE orm_decimal)",
        "abs(count), round(weight), floor(weight), ceil(price)",
    );
    check(
        (power(Item::COUNT, 2.0), sqrt(Item::WEIGHT)),
        "orm_power(CAST(count AS REAL), ?), orm_sqrt(CAST(weight AS REAL))",
        "power(CAST(count AS double precision), $1), sqrt(CAST(weight AS double precision))",
    );
}

#[test]
fn moments() {
    check(
        (
            extract(DatePart::Year, Item::DAY),
            extract(DatePart::Hour, Item::AT),
            extract(DatePart::Hour, Item::TIME),
        ),
        "CAST(substr(day, 1, 4) AS INTEGER), CAST(substr(at, 12, 2) AS INTEGER), CAST(substr(time, 1, 2) AS INTEGER)",
        "CAST(extract(year FROM day) AS integer), CAST(extract(hour FROM at AT TIME ZONE 'UTC') AS integer), CAST(extract(hour FROM time) AS integer)",
    );
    check(
        (date_trunc(DatePart::Month, Item::DAY), date_trunc(DatePart::Hour, Item::AT)),
        "(substr(day, 1, 7) || '-01'), (substr(at, 1, 13) || ':00:00.000000' || '+00:00')",
        "CAST(date_trunc('month', day) AS date), date_trunc('hour', at, 'UTC')",
    );
    check(
        current_date::<jiff::civil::Date>(),
        "date('now')",
        "CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS date)",
    );
    check(
        current_timestamp::<jiff::Timestamp>(),
        "strftime('%Y-%m-%d %H:%M:%f000+00:00', 'now')",
        "CURRENT_TIMESTAMP",
    );
    invalid(extract(DatePart::Hour, Item::DAY), &["Date has no part Hour"]);
    invalid(extract(DatePart::Day, Item::TIME), &["Time has no part Day"]);
    invalid(date_trunc(DatePart::Weekday, Item::DAY), &["Weekday"]);
    invalid(current_date::<jiff::Timestamp>(), &["CURRENT_DATE is no TimestampTz"]);
}

/// A parameter that cannot be encoded names the column beside it.
#[test]
fn a_bad_value_names_its_column() {
    let error = select(Item::NAME.concat("a\0b")).to_sql(&Sqlite).unwrap_err();
    assert_says(error, &["NUL", "name"]);
    assert_says(select(value(f64::NAN)).to_sql(&Postgres).unwrap_err(), &["NaN"]);
}

#[both_forms]
mod expressions {
    use super::*;

    async fn items(db: &Db) -> Session {
        db.create::<Item>().await;
        let mut session = db.session();
        session.add(item());
        session.commit().await.unwrap();
        session
    }

    /// A query for one expression.
    fn one<T: DbValue>(expression: impl Expression<Type = T>) -> Select<T> {
        select(expression.into_expr()).from(Item::entity())
    }

    /// [QRY-1] Integers are cut off towards zero, decimals are exact, and NULL makes NULL.
    #[case]
    async fn arithmetic(db: Db) {
        let mut session = items(&db).await;
        let session = &mut session;
        assert_eq!(session.one(one(Item::COUNT + 1)).await.unwrap(), -6);
        assert_eq!(session.one(one(Item::COUNT / 2)).await.unwrap(), -3);
        assert_eq!(session.one(one(Item::COUNT % 4)).await.unwrap(), -3);
        assert_eq!(session.one(one(-Item::COUNT * (Item::COUNT - 1))).await.unwrap(), -56);
        // MySQL takes parameters that meet parameters alone for floats.
        if db.backend != orm_tests::Backend::MySql {
            assert_eq!(session.one(one(value(7) % -4)).await.unwrap(), 3);
            assert_eq!(session.one(one(value(2) - (value(3) - 4))).await.unwrap(), 3);
        }
        assert_eq!(session.one(one(Item::WEIGHT / 2.0)).await.unwrap(), 1.25);
        assert_eq!(session.one(one(Item::COUNT + Item::SPARE)).await.unwrap(), None);
        assert_eq!(session.one(one(Item::SPARE - 1)).await.unwrap(), None);
        assert_eq!(session.one(one(Item::PRICE + decimal("0.2"))).await.unwrap(), decimal("0.3"));
        let total = Item::PRICE * decimal("12345678901234567.89") - Item::PRICE;
        assert_eq!(session.one(one(total)).await.unwrap(), decimal("1234567890123456.689"));
        assert_eq!(session.one(one(-Item::PRICE * decimal("2"))).await.unwrap(), decimal("-0.2"));
        assert_eq!(session.one(one(Item::REBATE + decimal("1"))).await.unwrap(), None);
        let found = session.all(select(Item::ID).filter((Item::PRICE * decimal("100")).eq(decimal("10"))));
        assert_eq!(found.await.unwrap().len(), 1);
        let found = session.all(select(Item::ID).filter((Item::PRICE * decimal("100")).gt(decimal("9"))));
        assert_eq!(found.await.unwrap().len(), 1);
    }

    /// What has no result is an error on each database, never NULL or another number.
    #[case(sqlite, postgres)]
    async fn no_result_is_an_error(db: Db) {
        let mut session = items(&db).await;
        let session = &mut session;
        assert_says(session.one(one(Item::COUNT / 0)).await.unwrap_err(), &["division by zero"]);
        session.rollback().await.unwrap();
        assert_says(session.one(one(Item::COUNT % 0)).await.unwrap_err(), &["division by zero"]);
        session.rollback().await.unwrap();
        assert_says(session.one(one(Item::WEIGHT / 0.0)).await.unwrap_err(), &["division by zero"]);
        session.rollback().await.unwrap();
        session.one(one(Item::BIG + Item::BIG)).await.unwrap_err();
        session.rollback().await.unwrap();
        session.one(one(value(i32::MAX) + 1)).await.unwrap_err();
        session.rollback().await.unwrap();
        session.one(one(sqrt(Item::COUNT))).await.unwrap_err();
        session.rollback().await.unwrap();
        session.one(one(power(Item::COUNT, 0.5))).await.unwrap_err();
        session.rollback().await.unwrap();
        session.one(one(cast::<i32, _>(Item::NAME))).await.unwrap_err();
        session.rollback().await.unwrap();
        session.one(one(cast::<f64, _>(Item::NAME))).await.unwrap_err();
        session.rollback().await.unwrap();
        session.one(one(cast::<i64, _>(Item::WEIGHT * 1e300))).await.unwrap_err();
    }

    /// [QRY-1] [QRY-4]
    #[case]
    async fn text(db: Db) {
        let mut session = items(&db).await;
        let session = &mut session;
        assert_eq!(session.one(one(lower(Item::NOTE.concat("A")))).await.unwrap().unwrap(), "  spare  a");
        assert_eq!(session.one(one(upper(Item::NOTE))).await.unwrap().unwrap(), "  SPARE  ");
        // Beyond ASCII PostgreSQL goes by the locale of the database, which may be C.
        if db.backend == orm_tests::Backend::Sqlite {
            assert_eq!(session.one(one(lower(Item::NAME))).await.unwrap(), "łódź straße");
            assert_eq!(session.one(one(upper(Item::NAME))).await.unwrap(), "ŁÓDŹ STRAßE");
            assert!(session.one(one(Item::NAME.ilike("łÓDŹ%"))).await.unwrap());
        }
        assert_eq!(session.one(one(length(Item::NAME))).await.unwrap(), 11);
        assert_eq!(session.one(one(length(nullif(Item::NAME, Item::NAME)))).await.unwrap(), None);
        assert_eq!(
            session.one(one(Item::NAME.concat(Item::NOTE))).await.unwrap().unwrap(),
            "Łódź Straße  spare  "
        );
        assert_eq!(session.one(one(trim(Item::NOTE))).await.unwrap().unwrap(), "spare");
        assert_eq!(session.one(one(ltrim(Item::NOTE))).await.unwrap().unwrap(), "spare  ");
        assert_eq!(session.one(one(rtrim(Item::NOTE))).await.unwrap().unwrap(), "  spare");
        for (start, count, expected) in
            [(2, 3, "ódź"), (1, 0, ""), (0, 2, "Ł"), (-5, 4, ""), (-1, 4, "Łó"), (9, 99, "aße"), (99, 1, "")]
        {
            let found = session.one(one(substring(Item::NAME, start, count))).await.unwrap();
            assert_eq!(found, expected, "{start} {count}");
        }
        assert_eq!(session.one(one(substring_from(Item::NAME, 6))).await.unwrap(), "Straße");
        assert_eq!(session.one(one(substring_from(Item::NAME, -6))).await.unwrap(), "Łódź Straße");
        assert_eq!(session.one(one(replace(Item::NAME, "ó", "'o'"))).await.unwrap(), "Ł'o'dź Straße");
        assert_eq!(session.one(one(replace(Item::NAME, "", "x"))).await.unwrap(), "Łódź Straße");
        for (part, expected) in [("Str", 6), ("x", 0), ("", 1)] {
            assert_eq!(session.one(one(position(part, Item::NAME))).await.unwrap(), expected, "{part}");
        }
        for (pattern, like, ilike) in [
            ("Łódź sTRA%", false, true),
            ("Łódź%", true, true),
            ("Łód_ %", true, true),
            ("Łód%x", false, false),
            (r"Łód\_ %", false, false),
        ] {
            assert_eq!(session.one(one(Item::NAME.like(pattern))).await.unwrap(), like, "{pattern}");
            assert_eq!(session.one(one(Item::NAME.ilike(pattern))).await.unwrap(), ilike, "{pattern}");
        }
        assert!(session.one(one(Item::NAME.like(Item::NAME))).await.unwrap());
        assert!(session.one(one(Item::NOTE.contains("par"))).await.unwrap());
        assert!(session.one(one(Item::NOTE.concat("%").ends_with("%"))).await.unwrap());
    }

    /// [QRY-1]
    #[case]
    async fn nulls_cases_and_casts(db: Db) {
        let mut session = items(&db).await;
        let session = &mut session;
        assert_eq!(session.one(one(coalesce(Item::SPARE, 5))).await.unwrap(), 5);
        assert_eq!(session.one(one(coalesce(Item::SPARE, Item::COUNT))).await.unwrap(), -7);
        assert_eq!(session.one(one(coalesce(Item::SPARE, Item::SPARE))).await.unwrap(), None);
        assert_eq!(
            session.one(one(coalesce(Item::REBATE, Decimal::ONE) * Item::PRICE)).await.unwrap(),
            decimal("0.1")
        );
        assert_eq!(session.one(one(nullif(Item::COUNT, -7))).await.unwrap(), None);
        assert_eq!(session.one(one(nullif(Item::COUNT, 7))).await.unwrap(), Some(-7));
        assert!(session.one(one(Item::SPARE.is_distinct_from(Item::COUNT))).await.unwrap());
        assert!(session.one(one(Item::SPARE.is_not_distinct_from(None))).await.unwrap());
        assert!(!session.one(one(Item::COUNT.is_distinct_from(-7))).await.unwrap());
        // One that may be NULL beside one that may not.
        assert_eq!(session.all(select(Item::ID).filter(Item::COUNT.eq(Item::SPARE))).await.unwrap().len(), 0);
        assert_eq!(session.all(select(Item::ID).filter(Item::SPARE.lt(Item::COUNT))).await.unwrap().len(), 0);
        let between = Item::COUNT.between(Item::COUNT - 1, coalesce(Item::SPARE, 0));
        assert_eq!(session.all(select(Item::ID).filter(between)).await.unwrap().len(), 1);

        let size = case().when(Item::COUNT.lt(0), "low").when(Item::COUNT.eq(0), "none").otherwise("high");
        assert_eq!(session.one(one(size)).await.unwrap(), "low");
        assert_eq!(session.one(one(case().when(Item::COUNT.gt(0), Item::COUNT).end())).await.unwrap(), None);
        assert_eq!(session.one(one(case().when(Item::COUNT.lt(0), 1).end())).await.unwrap(), Some(1));
        let price = case().when(Item::SOLD.eq(true), Item::PRICE).otherwise(Item::REBATE);
        assert_eq!(session.one(one(price)).await.unwrap(), Some(decimal("0.1")));

        assert_eq!(session.one(one(cast::<f64, _>(Item::COUNT))).await.unwrap(), -7.0);
        assert_eq!(session.one(one(cast::<i64, _>(Item::WEIGHT))).await.unwrap(), 2);
        assert_eq!(session.one(one(cast::<i64, _>(Item::WEIGHT + 1.0))).await.unwrap(), 4);
        if db.backend.is_mysql() {
            // It takes any text for a number.
            let error = session.one(one(cast::<i32, _>(value("-12".to_owned())))).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            return;
        }
        assert_eq!(session.one(one(cast::<i32, _>(value("-12".to_owned())))).await.unwrap(), -12);
        assert_eq!(session.one(one(cast::<f64, _>(value("1.5e2".to_owned())))).await.unwrap(), 150.0);
        assert_eq!(session.one(one(cast::<f64, _>(Item::PRICE))).await.unwrap(), 0.1);
        assert_eq!(
            session.one(one(cast::<Decimal, _>(Item::COUNT) + Item::PRICE)).await.unwrap(),
            decimal("-6.9")
        );
        assert_eq!(
            session.one(one(cast::<Decimal, _>(value("007.50".to_owned())))).await.unwrap(),
            decimal("7.5")
        );
        assert_eq!(session.one(one(cast::<String, _>(Item::COUNT))).await.unwrap(), "-7");
        assert_eq!(session.one(one(cast::<String, _>(Item::PRICE))).await.unwrap(), "0.1");
        assert_eq!(session.one(one(cast::<String, _>(Item::SOLD))).await.unwrap(), "true");
        assert_eq!(session.one(one(cast::<String, _>(Item::DAY))).await.unwrap(), "2026-02-28");
        assert_eq!(session.one(one(cast::<i64, _>(Item::SPARE))).await.unwrap(), None);
        assert_eq!(session.one(one(value(None::<i32>))).await.unwrap(), None);
        assert_eq!(session.one(select(value(7))).await.unwrap(), 7);
        assert_eq!(
            session.one(one(func::<Option<String>>("nullif", (Item::NAME, "x")))).await.unwrap().unwrap(),
            "Łódź Straße"
        );
    }

    /// Functions of numbers mean the same on each database.
    #[case]
    async fn numbers(db: Db) {
        let mut session = items(&db).await;
        let session = &mut session;
        assert_eq!(session.one(one(abs(Item::COUNT))).await.unwrap(), 7);
        assert_eq!(session.one(one(abs(-Item::PRICE))).await.unwrap(), decimal("0.1"));
        for (number, rounded, down, up) in
            [(2.5, 2.0, 2.0, 3.0), (3.5, 4.0, 3.0, 4.0), (-0.6, -1.0, -1.0, 0.0)]
        {
            assert_eq!(session.one(one(round(value(number)))).await.unwrap(), rounded);
            assert_eq!(session.one(one(floor(value(number)))).await.unwrap(), down);
            assert_eq!(session.one(one(ceil(value(number)))).await.unwrap(), up);
        }
        for (number, rounded, down, up) in
            [("2.5", "3", "2", "3"), ("-0.5", "-1", "-1", "0"), ("7", "7", "7", "7")]
        {
            let number = || value(decimal(number));
            assert_eq!(session.one(one(round(number()))).await.unwrap(), decimal(rounded));
            assert_eq!(session.one(one(floor(number()))).await.unwrap(), decimal(down));
            assert_eq!(session.one(one(ceil(number()))).await.unwrap(), decimal(up));
        }
        assert_eq!(session.one(one(power(Item::COUNT, 2.0))).await.unwrap(), 49.0);
        assert_eq!(session.one(one(power(Item::SPARE, 2.0))).await.unwrap(), None);
        assert_eq!(session.one(one(sqrt(power(Item::WEIGHT, 2.0)))).await.unwrap(), 2.5);
    }

    /// Parts of dates and times, in UTC.
    #[case]
    async fn moments(db: Db) {
        let mut session = items(&db).await;
        if db.backend == orm_tests::Backend::Postgres {
            session.execute(orm::text("SET TIME ZONE 'Asia/Tokyo'")).await.unwrap();
        }
        let session = &mut session;
        let parts = [
            (DatePart::Year, 2026, 2026),
            (DatePart::Quarter, 1, 4),
            (DatePart::Month, 2, 12),
            (DatePart::Day, 28, 31),
            (DatePart::Weekday, 6, 4),
            (DatePart::DayOfYear, 59, 365),
            (DatePart::Hour, 23, 0),
            (DatePart::Minute, 59, 5),
            (DatePart::Second, 59, 6),
        ];
        for (part, at, local) in parts {
            let query = select((extract(part, Item::AT), extract(part, Item::LOCAL)));
            assert_eq!(session.one(query).await.unwrap(), (at, local), "{part:?}");
        }
        assert_eq!(session.one(one(extract(DatePart::DayOfYear, Item::DAY))).await.unwrap(), 59);
        assert_eq!(session.one(one(extract(DatePart::Minute, Item::TIME))).await.unwrap(), 1);
        let cut = [
            (DatePart::Year, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00"),
            (DatePart::Quarter, "2026-01-01T00:00:00Z", "2026-10-01T00:00:00"),
            (DatePart::Month, "2026-02-01T00:00:00Z", "2026-12-01T00:00:00"),
            (DatePart::Day, "2026-02-28T00:00:00Z", "2026-12-31T00:00:00"),
            (DatePart::Hour, "2026-02-28T23:00:00Z", "2026-12-31T00:00:00"),
            (DatePart::Minute, "2026-02-28T23:59:00Z", "2026-12-31T00:05:00"),
            (DatePart::Second, "2026-02-28T23:59:59Z", "2026-12-31T00:05:06"),
        ];
        for (part, at, local) in cut {
            let query = select((date_trunc(part, Item::AT), date_trunc(part, Item::LOCAL)));
            assert_eq!(
                session.one(query).await.unwrap(),
                (at.parse().unwrap(), local.parse().unwrap()),
                "{part:?}"
            );
        }
        assert_eq!(
            session.one(one(date_trunc(DatePart::Month, Item::DAY))).await.unwrap(),
            jiff::civil::date(2026, 2, 1)
        );
        let now = jiff::Timestamp::now();
        let (instant, local, day) = session
            .one(select((
                current_timestamp::<jiff::Timestamp>(),
                current_timestamp::<jiff::civil::DateTime>(),
                current_date::<jiff::civil::Date>(),
            )))
            .await
            .unwrap();
        let away = instant.duration_since(now).unsigned_abs();
        assert!(away < std::time::Duration::from_secs(60), "{away:?}");
        assert_eq!((local.date(), local), (day, instant.to_zoned(jiff::tz::TimeZone::UTC).datetime()));
    }

    /// An expression with parameters that is selected can be grouped by, with a name or without.
    #[case]
    async fn an_expression_is_a_group(db: Db) {
        let mut session = items(&db).await;
        session.add(Item { count: 3, ..item() });
        session.add(Item { count: 5, ..item() });
        let odd = (Item::COUNT % 4).label("rest");
        let query = select((&odd, count_all())).group_by(&odd).order_by(odd.clone().asc());
        assert_eq!(session.all(query).await.unwrap(), [(-3, 1), (1, 1), (3, 1)]);
        let sign = case().when(Item::COUNT.lt(0), "-").otherwise("+");
        let query = select((count_all(), sign.clone())).group_by(sign).having(count_all().gt(1));
        assert_eq!(session.all(query).await.unwrap(), [(2, "+".to_owned())]);
    }
}
