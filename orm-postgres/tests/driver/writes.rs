//! Writes of one and of many rows.

use orm_core::driver::{Control, Rows, Write};
use orm_core::query::Layout;
use orm_core::query::WriteKind::{Delete, Insert, Update};
use orm_core::{Error, ErrorKind, Result, SqlType, Value};

use crate::support::*;

const COLUMNS: [(&str, SqlType); 3] =
    [("id", SqlType::BigInt), ("number", SqlType::BigInt), ("name", SqlType::Text)];

fn numbered(numbers: &[i64]) -> Vec<Values> {
    numbers.iter().map(|&number| vec![Value::Int(number), text(format!("row {number}"))]).collect()
}

#[tokio::test]
async fn keys_belong_to_their_rows_in_whatever_order_the_values_are() {
    let table = table("writes_keys", 1, &COLUMNS);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    let insert = Writer::new(table, Insert, &[1, 2]);
    let numbers = shuffled(10_000);
    let written = insert.write(&mut conn, numbered(&numbers)).await.expect("10,000 rows");
    assert_eq!((written.affected, written.keys.len()), (10_000, 10_000));
    let find = query("SELECT number FROM writes_keys WHERE id = $1", &[SqlType::BigInt]);
    for (key, number) in written.keys.into_iter().zip(numbers) {
        assert_eq!(run(&mut conn, &find, &[Value::Int(key)]).await.expect("a row"), [[Value::Int(number)]]);
    }
}

#[tokio::test]
async fn rows_without_values_are_pipelined() {
    let table = table("writes_defaults", 1, &COLUMNS);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    let rows = vec![Values::new(); 1_000];
    let written = Writer::new(table, Insert, &[]).write(&mut conn, rows).await.expect("defaults");
    assert_eq!((written.affected, written.keys), (1_000, (1..=1_000).collect()));
}

#[tokio::test]
async fn updates_and_deletes_count_the_rows_they_found() {
    let table = table("writes_counts", 1, &COLUMNS);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    let insert = Writer::new(table, Insert, &[1, 2]);
    let (update, delete) = (Writer::new(table, Update, &[2]), Writer::new(table, Delete, &[]));
    for count in [1, 2, 1_000] {
        let keys = insert.write(&mut conn, numbered(&shuffled(count))).await.expect("rows").keys;
        let changes = |keys: &[i64]| {
            keys.iter().map(|&key| vec![text(format!("key {key}")), Value::Int(key)]).collect()
        };
        let found = update.write(&mut conn, changes(&keys)).await.expect("an update").affected;
        assert_eq!(found, keys.len() as u64);
        let sql = "SELECT count(*) FROM writes_counts WHERE name = 'key ' || id";
        assert_eq!(select(&mut conn, sql).await.expect("a count"), [[Value::Int(count)]]);

        let missing: Vec<_> = keys.iter().copied().chain([-1]).collect();
        assert_eq!(update.write(&mut conn, changes(&missing)).await.expect("an update").affected, found);
        let gone = missing.iter().map(|&key| vec![Value::Int(key)]).collect();
        assert_eq!(delete.write(&mut conn, gone).await.expect("a delete").affected, found);
    }
    assert!(select(&mut conn, "SELECT id FROM writes_counts").await.expect("no rows").is_empty());
}

#[tokio::test]
async fn keys_of_two_columns_may_be_changed_themselves() {
    let columns = [("row", SqlType::SmallInt), ("seat", SqlType::Text), ("guest", SqlType::Text)];
    let table = table("writes_seats", 2, &columns);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    let seat = |row: i64, seat: &str| vec![Value::Int(row), text(seat)];
    let rows = [seat(1, "a"), seat(1, "b"), seat(2, "a"), seat(2, "b")];
    let guests: Vec<_> = rows.iter().map(|row| [row.clone(), vec![text("nobody")]].concat()).collect();
    assert_eq!(
        Writer::new(table, Insert, &[0, 1, 2]).write(&mut conn, guests).await.expect("rows").affected,
        4
    );

    let moves = vec![
        [vec![Value::Int(7), text("ann")], seat(1, "b")].concat(),
        [vec![Value::Int(8), Value::Null], seat(2, "a")].concat(),
    ];
    assert_eq!(Writer::new(table, Update, &[0, 2]).write(&mut conn, moves).await.expect("moves").affected, 2);
    let gone = vec![seat(1, "a"), seat(2, "b"), seat(2, "a")];
    assert_eq!(Writer::new(table, Delete, &[]).write(&mut conn, gone).await.expect("a delete").affected, 2);
    let left =
        select(&mut conn, "SELECT row, seat, guest FROM writes_seats ORDER BY row").await.expect("rows");
    assert_eq!(
        left,
        [[seat(7, "b"), vec![text("ann")]].concat(), [seat(8, "a"), vec![Value::Null]].concat()]
    );
}

#[tokio::test]
async fn no_rows_are_no_request_and_flat_lists_are_not_supported() {
    let Some(url) = server() else { return };
    let mut conn = connect(&url).await;
    let statement = &query("no SQL at all", &[]);
    let none = Write { statement, layout: Layout::Arrays, rows: &Given(Vec::new()), keys: true };
    assert_eq!(conn.write(none).await.expect("nothing to do").affected, 0);
    let flat = Write { statement, layout: Layout::Flat(1), rows: &Given(vec![Values::new()]), keys: false };
    assert_eq!(conn.write(flat).await.expect_err("no such layout").kind(), ErrorKind::Unsupported);
}

/// Rows of which the last one cannot be stored.
struct Refusing;

impl Rows for Refusing {
    fn len(&self) -> usize {
        3
    }

    fn width(&self) -> usize {
        1
    }

    fn value(&self, row: usize, _: usize) -> Result<Value<'_>> {
        if row < 2 { Ok(Value::Int(0)) } else { Err(Error::new(ErrorKind::Encode, "not this one")) }
    }
}

#[tokio::test]
async fn an_error_of_a_value_surfaces_before_anything_is_sent() {
    let table = table("writes_refused", 1, &COLUMNS);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    begin(&mut conn).await;
    let error = Writer::new(table, Insert, &[1]).write_rows(&mut conn, &Refusing).await.expect_err("refused");
    assert_eq!(error.to_string(), "unstorable value: not this one");
    conn.control(Control::Commit).await.expect("nothing has failed");
    assert!(select(&mut conn, "SELECT id FROM writes_refused").await.expect("no rows").is_empty());
}

#[tokio::test]
async fn keys_that_a_trigger_has_swallowed_are_missed() {
    let table = table("writes_trigger", 1, &COLUMNS);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    let trigger = "CREATE OR REPLACE FUNCTION writes_skip() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN IF NEW.number = 1 THEN RETURN NULL; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER skip BEFORE INSERT ON writes_trigger FOR EACH ROW EXECUTE FUNCTION writes_skip()";
    conn.script(trigger).await.expect("a trigger");
    let result = Writer::new(table, Insert, &[1, 2]).write(&mut conn, numbered(&[0, 1, 2])).await;
    assert_eq!(result.expect_err("a missing key").kind(), ErrorKind::Database);
}
