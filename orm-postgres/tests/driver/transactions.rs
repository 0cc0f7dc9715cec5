//! Transactions: what travels when, and what a failure leaves behind.

use orm_core::driver::Control;
use orm_core::query::WriteKind::{Insert, Update};
use orm_core::{ErrorKind, SqlType, Value};

use crate::support::*;

const COLUMNS: [(&str, SqlType); 2] = [("id", SqlType::BigInt), ("name", SqlType::Text)];

fn names(count: i64) -> Vec<Values> {
    (0..count).map(|number| vec![text(format!("name {number}"))]).collect()
}

#[tokio::test]
async fn a_unit_of_work_needs_few_round_trips() {
    let table = table("transactions_trips", 1, &COLUMNS);
    let Some(mut direct) = connect_with(table).await else {
        return;
    };
    let proxy = Proxy::new(&server().expect("asked before"));
    let mut conn = connect(&proxy.url).await;
    proxy.trips();
    let insert = Writer::new(table, Insert, &[1]);
    for _ in 0..3 {
        begin(&mut conn).await;
        assert_eq!(proxy.trips(), 0, "BEGIN waits for a statement");
        insert.write(&mut conn, names(1_000)).await.expect("rows");
        conn.control(Control::Commit).await.expect("COMMIT");
        assert_eq!(proxy.trips(), 2, "BEGIN with INSERT, which is prepared beside it the first time; COMMIT");
    }
    let count = select(&mut direct, "SELECT count(*) FROM transactions_trips").await.expect("a count");
    assert_eq!(count, [[Value::Int(3_000)]]);

    for end in [Control::Commit, Control::Rollback] {
        begin(&mut conn).await;
        conn.control(end).await.expect("the end of nothing");
    }
    assert_eq!(proxy.trips(), 0);
}

#[tokio::test]
async fn the_deferred_begin_is_a_real_one() {
    let table = table("transactions_begin", 1, &COLUMNS);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    let insert = Writer::new(table, Insert, &[1]);
    for _ in 0..2 {
        begin(&mut conn).await;
        insert.write(&mut conn, names(2)).await.expect("rows");
        conn.control(Control::Rollback).await.expect("ROLLBACK");
    }
    begin(&mut conn).await;
    conn.script("INSERT INTO transactions_begin (name) VALUES ('script')").await.expect("a script");
    conn.control(Control::Rollback).await.expect("ROLLBACK");
    assert!(select(&mut conn, "SELECT id FROM transactions_begin").await.expect("no rows").is_empty());
    begin(&mut conn).await;
    let twice = conn.control(Control::Begin(orm_core::driver::Begin::READ)).await.expect_err("one at a time");
    assert_eq!(twice.kind(), ErrorKind::Misuse);
}

#[tokio::test]
async fn a_failed_transaction_cannot_be_committed_but_rolled_back() {
    let table = table("transactions_failed", 1, &COLUMNS);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    let insert = Writer::new(table, Insert, &[1]);
    begin(&mut conn).await;
    insert.write(&mut conn, names(2)).await.expect("rows");
    let explicit = Writer::new(table, Insert, &[0, 1]);
    let error =
        explicit.write(&mut conn, vec![vec![Value::Int(1), text("secret")]]).await.expect_err("a duplicate");
    assert!(error.is_unique_violation() && !conn.is_broken());
    assert_eq!((error.sqlstate(), error.constraint()), (Some("23505"), Some("transactions_failed_pkey")));
    let next = select(&mut conn, "SELECT 1").await.expect_err("the transaction has failed");
    assert_eq!(next.kind(), ErrorKind::PendingRollback);
    let commit = conn.control(Control::Commit).await.expect_err("it would store nothing");
    assert_eq!(commit.kind(), ErrorKind::PendingRollback);
    conn.control(Control::Rollback).await.expect("ROLLBACK");
    begin(&mut conn).await;
    insert.write(&mut conn, names(1)).await.expect("a row");
    conn.control(Control::Commit).await.expect("COMMIT");
    assert_eq!(
        select(&mut conn, "SELECT count(*) FROM transactions_failed").await.expect("rows"),
        [[Value::Int(1)]]
    );
}

#[tokio::test]
async fn a_commit_that_fails_is_an_error_and_leaves_the_connection_usable() {
    let table = table("transactions_deferred", 1, &COLUMNS);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    let unique = "ALTER TABLE transactions_deferred ADD UNIQUE (name) DEFERRABLE INITIALLY DEFERRED";
    conn.script(unique).await.expect("a constraint");
    begin(&mut conn).await;
    let insert = Writer::new(table, Insert, &[1]);
    insert.write(&mut conn, vec![vec![text("twin")], vec![text("twin")]]).await.expect("checked later");
    let error = conn.control(Control::Commit).await.expect_err("checked now");
    assert!(error.is_unique_violation());
    conn.control(Control::Rollback).await.expect("ROLLBACK");
    assert!(select(&mut conn, "SELECT id FROM transactions_deferred").await.expect("no rows").is_empty());
}

#[tokio::test]
async fn errors_name_what_was_violated_and_show_no_values() {
    let table = table("transactions_errors", 1, &COLUMNS);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    let constraints = "ALTER TABLE transactions_errors ALTER name SET NOT NULL, ADD CONSTRAINT short CHECK \
         (length(name) < 9), ADD UNIQUE (name), ADD parent bigint REFERENCES transactions_errors; \
         INSERT INTO transactions_errors (name) VALUES ('hunter2')";
    conn.script(constraints).await.expect("constraints");
    for (sql, kind, code) in [
        ("INSERT INTO transactions_errors (name) VALUES ('hunter2')", ErrorKind::UniqueViolation, "23505"),
        (
            "INSERT INTO transactions_errors (name) VALUES ('hunter2hunter2')",
            ErrorKind::CheckViolation,
            "23514",
        ),
        ("UPDATE transactions_errors SET name = NULL", ErrorKind::NotNullViolation, "23502"),
        ("UPDATE transactions_errors SET parent = 77", ErrorKind::ForeignKeyViolation, "23503"),
        ("SELECT 'hunter2'::text::integer", ErrorKind::Database, "22P02"),
        ("SELECT 1 / 0", ErrorKind::Database, "22012"),
        ("SELECT * FROM transactions_missing", ErrorKind::MissingTable, "42P01"),
        ("SELECT nme FROM transactions_errors", ErrorKind::Statement, "42703"),
        ("SELEC 1", ErrorKind::Statement, "42601"),
    ] {
        let error = select(&mut conn, sql).await.expect_err(sql);
        assert_eq!((error.kind(), error.sqlstate()), (kind, Some(code)), "{error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("77"), "{shown}");
        // The driver's own error tells all.
        let source = std::error::Error::source(&error).and_then(std::error::Error::source).expect("a source");
        let detailed = matches!(kind, ErrorKind::UniqueViolation | ErrorKind::ForeignKeyViolation);
        assert_eq!(source.to_string().contains("DETAIL: Key"), detailed, "{source}");
    }
    assert!(!conn.is_broken());
}

#[tokio::test]
async fn a_plan_that_the_server_dropped_is_made_again() {
    let table = table("transactions_plans", 1, &COLUMNS);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    let mut other = connect(&server().expect("asked before")).await;
    let all = query("SELECT * FROM transactions_plans", &[]);
    let insert = Writer::new(table, Insert, &[1]);
    insert.write(&mut conn, names(1)).await.expect("a row");
    let width = async |conn: &mut Conn| run(conn, &all, &[]).await.map(|rows| rows[0].len());
    assert_eq!(width(&mut conn).await.expect("a row"), 2);

    let alter = "ALTER TABLE transactions_plans ADD extra text";
    other.script(alter).await.expect("outside of a transaction");
    assert_eq!(width(&mut conn).await.expect("prepared again"), 3);

    other.script(&alter.replace("extra", "extra2")).await.expect("before a transaction");
    begin(&mut conn).await;
    assert_eq!(width(&mut conn).await.expect("begun and prepared again"), 4);
    insert.write(&mut conn, names(1)).await.expect("in the transaction");
    conn.control(Control::Rollback).await.expect("ROLLBACK");
    assert_eq!(run(&mut conn, &all, &[]).await.expect("rows").len(), 1, "the transaction was one");

    begin(&mut conn).await;
    select(&mut conn, "SELECT 1").await.expect("work before");
    other.script(&alter.replace("extra", "extra3")).await.expect("inside a transaction");
    let error = width(&mut conn).await.expect_err("work would be lost");
    assert!(error.is_serialization_failure(), "{error}");
    assert_eq!(conn.control(Control::Commit).await.expect_err("failed").kind(), ErrorKind::PendingRollback);
    conn.control(Control::Rollback).await.expect("ROLLBACK");
    assert_eq!(width(&mut conn).await.expect("prepared again"), 5);

    conn.script("DEALLOCATE ALL").await.expect("a pooler does that");
    assert_eq!(width(&mut conn).await.expect("prepared again"), 5);
    conn.script("DEALLOCATE ALL").await.expect("a pooler does that");
    begin(&mut conn).await;
    assert_eq!(insert.write(&mut conn, names(1)).await.expect("prepared again").affected, 1);
    conn.control(Control::Commit).await.expect("COMMIT");
    assert_eq!(run(&mut conn, &all, &[]).await.expect("rows").len(), 2);
}

#[tokio::test]
async fn statements_that_are_no_longer_used_are_closed() {
    let Some(url) = server() else { return };
    let mut conn = connect(&url).await;
    for number in 0..600 {
        select(&mut conn, &format!("SELECT {number}")).await.expect("a row");
    }
    let open = select(&mut conn, "SELECT count(*) FROM pg_prepared_statements").await.expect("a count");
    assert_eq!(open, [[Value::Int(256)]]);
}

#[tokio::test]
async fn two_transactions_in_each_others_way() {
    let table = table("transactions_conflict", 1, &COLUMNS);
    let Some(mut one) = connect_with(table).await else {
        return;
    };
    let mut two = connect(&server().expect("asked before")).await;
    let key = Writer::new(table, Insert, &[1]).write(&mut one, names(1)).await.expect("a row").keys[0];
    let update = Writer::new(table, Update, &[1]);
    let change = || vec![vec![text("changed"), Value::Int(key)]];
    begin(&mut one).await;
    one.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await.expect("a level");
    select(&mut one, "SELECT 1").await.expect("a snapshot");
    update.write(&mut two, change()).await.expect("faster");
    let error = update.write(&mut one, change()).await.expect_err("slower");
    assert!(error.is_serialization_failure(), "{error}");

    one.control(Control::Rollback).await.expect("ROLLBACK");

    begin(&mut one).await;
    update.write(&mut one, change()).await.expect("holds the row");
    two.script("SET lock_timeout = 10").await.expect("a setting");
    let error = update.write(&mut two, change()).await.expect_err("does not get it");
    assert_eq!(error.kind(), ErrorKind::LockTimeout, "{error}");
}
