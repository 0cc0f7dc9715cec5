//! Arrays: of PostgreSQL's own, and as JSON text on SQLite.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, both_forms};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::each_type;

each_type! {
    integers, Vec<i32>, unsorted: [vec![], vec![0], vec![i32::MIN, 7, i32::MAX]];
    texts, Vec<String>, unsorted: [
        vec![], vec![String::new()], vec!["NULL".to_owned(), "a,\"b\\{}".to_owned(), "\n ☃ 𝄞".to_owned()],
    ];
    options, Vec<Option<i64>>, unsorted: [vec![], vec![None], vec![Some(1), None, Some(i64::MAX)]];
}

#[derive(DbEnum, Clone, Debug, PartialEq)]
#[db(native)]
enum Level {
    Low,
    High,
}

/// An array of each type.
#[derive(Model, Clone, Debug, PartialEq)]
struct Lists {
    #[model(key, auto)]
    id: i64,
    truths: Vec<bool>,
    small: Vec<i16>,
    single: Vec<f32>,
    double: Vec<f64>,
    bytes: Vec<Vec<u8>>,
    dates: Vec<Date>,
    instants: Vec<Timestamp>,
    uuids: Vec<Uuid>,
    numbers: Vec<Decimal>,
    documents: Vec<Option<serde_json::Value>>,
    levels: Vec<Level>,
}

fn lists() -> [Lists; 3] {
    let full = Lists {
        id: 0,
        truths: vec![true, false],
        small: vec![i16::MIN, i16::MAX],
        single: vec![f32::MIN_POSITIVE, -0.0, 1.0e30],
        double: vec![f64::MAX, 0.1, 1.0],
        bytes: vec![vec![], vec![0, 255]],
        dates: vec![date(1727, 4, 1), date(2012, 10, 15)],
        instants: vec![Timestamp::UNIX_EPOCH],
        uuids: vec![Uuid::nil(), Uuid::max()],
        numbers: vec![Decimal::MAX, Decimal::new(-15, 1)],
        documents: vec![None, Some(serde_json::Value::Null), Some(serde_json::json!({"a": ["\"", 1]}))],
        levels: vec![Level::High, Level::Low, Level::High],
    };
    let empty =
        Lists::new(vec![], vec![], vec![], vec![], vec![], vec![], vec![], vec![], vec![], vec![], vec![]);
    [full.clone(), empty, full]
}

/// Its rows travel apart on PostgreSQL, which has no arrays of arrays.
#[derive(Model, Clone)]
struct Page {
    #[model(key, auto)]
    id: i64,
    lines: Vec<String>,
}

#[both_forms]
mod arrays {
    use super::*;

    /// More than sockets hold, in both directions: what comes back is read while the rest is still being sent.
    #[case]
    async fn large_rows_go_both_ways_at_once(db: Db) {
        if db.backend != Backend::Postgres {
            return;
        }
        db.create::<Page>().await;
        let line = "x".repeat(200_000);
        let pages: Vec<_> = (0..150).map(|_| Page::new(vec![line.clone()])).collect();
        let mut session = db.session();
        let stored = session.all(Page::insert().values(pages).returning(Page::entity())).await.unwrap();
        assert_eq!(stored.len(), 150);
        assert!(stored.iter().all(|&page| session[page].lines == [line.as_str()]));
        session.commit().await.unwrap();
        assert_eq!(db.session().count(Page::select()).await.unwrap(), 150);
    }

    /// [R10] An array of each type, in a batch and alone.
    #[case]
    async fn of_each_type(db: Db) {
        db.create::<Lists>().await;
        let mut session = db.session();
        session.add_all(lists());
        session.commit().await.unwrap();
        session.add(lists()[0].clone());
        session.commit().await.unwrap();
        let [full, empty, _] = lists();
        let expected = [&full, &empty, &full, &full];
        let rows = session.rows(Lists::select().order_by(Lists::ID.asc())).await.unwrap();
        for (number, (row, expected)) in (1..).zip(rows.iter().zip(expected)) {
            assert_eq!(*row, Lists { id: number, ..expected.clone() });
        }
        assert_eq!(rows.len(), 4);
        let found = Lists::select().filter(Lists::LEVELS.eq(full.levels)).filter(Lists::UUIDS.eq(full.uuids));
        assert_eq!(session.rows(found).await.unwrap().len(), 3);
    }

    /// One changed element is one changed column.
    #[case]
    async fn a_changed_element_is_written(db: Db) {
        db.create::<Lists>().await;
        let mut session = db.session();
        let all = session.add_all(lists());
        session.commit().await.unwrap();
        for &lists in &all {
            session[lists].small.push(7);
        }
        db.trace.take();
        session.commit().await.unwrap();
        let statements = db.trace.take_statements();
        assert_says(&statements[0], &["\"small\" = "]);
        assert!(!statements[0].contains("truths"), "{}", statements[0]);
        let rows = db.session().rows(Lists::select()).await.unwrap();
        assert!(rows.iter().all(|row| row.small.ends_with(&[7])));
    }

    /// What others have stored: more dimensions than one, text that is no array.
    #[case]
    async fn what_is_no_list_is_refused_by_name(db: Db) {
        let [column, value] = match db.backend {
            Backend::Sqlite | Backend::MariaDb | Backend::MySql => ["TEXT", "'[1, 2'"],
            Backend::Postgres => ["integer[]", "'{{1, 2}, {3, 4}}'"],
        };
        db.script(&format!("CREATE TABLE holders (id BIGINT, value {column}, maybe {column})")).await;
        db.script(&format!("INSERT INTO holders VALUES (1, {value}, NULL)")).await;
        let error = db.session().rows(integers::Holder::select()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_says(error, &["column value", "array"]);
    }
}
