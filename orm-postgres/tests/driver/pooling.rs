//! Through PgBouncer in transaction mode, named by `ORM_TEST_PGBOUNCER`.

use orm_core::Value;
use orm_core::driver::{Begin, Control, Row};
use orm_core::query::WriteKind::Insert;
use orm_core::{ErrorKind, SqlType};

use crate::support::*;

const PREPARED: &str = "SELECT count(*) FROM pg_prepared_statements";

#[tokio::test]
async fn a_statement_outside_of_a_transaction_gets_its_own() {
    let Some(url) = named("ORM_TEST_PGBOUNCER") else { return };
    let table = table("pooling_alone", 1, &[("id", SqlType::BigInt), ("number", SqlType::BigInt)]);
    let mut connections = Vec::new();
    for _ in 0..20 {
        connections.push(connect(&url).await);
    }
    create(&mut connections[0], table).await;
    let insert = Writer::new(table, Insert, &[1]);
    for conn in &mut connections {
        for count in [1, 3] {
            let rows = vec![vec![Value::Int(7)]; count];
            assert_eq!(insert.write(conn, rows).await.expect("rows").affected, count as u64);
        }
        let error = select(conn, "SELECT 1 / 0").await.expect_err("no number");
        assert_eq!(error.sqlstate(), Some("22012"));
        // It counts itself.
        assert_eq!(select(conn, PREPARED).await.expect("a count"), [[Value::Int(1)]]);
    }
    let all = select(&mut connections[19], "SELECT count(*) FROM pooling_alone").await.expect("a count");
    assert_eq!(all, [[Value::Int(80)]]);
}

#[tokio::test]
async fn cursors_and_savepoints_of_one_transaction() {
    let Some(url) = named("ORM_TEST_PGBOUNCER") else { return };
    let (mut one, mut two) = (connect(&url).await, connect(&url).await);
    let numbers = query("SELECT generate_series(1, $1::bigint)", &[SqlType::BigInt]);
    for _ in 0..3 {
        for conn in [&mut one, &mut two] {
            conn.control(Control::Begin(Begin::READ)).await.expect("BEGIN");
            conn.open_cursor(&numbers, &[Value::Int(250)], 100).await.expect("a cursor");
            let mut count = 0;
            let mut sink = |_: &dyn Row| {
                count += 1;
                Ok(())
            };
            assert!(conn.fetch(&mut sink).await.expect("rows"), "there are more");
            conn.control(Control::Savepoint(1)).await.expect("SAVEPOINT");
            let error = select(conn, "SELEC").await.expect_err("no statement");
            assert_eq!(error.kind(), ErrorKind::Statement);
            conn.control(Control::RollbackTo(1)).await.expect("ROLLBACK TO");
            assert!(conn.fetch(&mut sink).await.expect("rows"), "there are more");
            assert!(!conn.fetch(&mut sink).await.expect("rows"), "that was all");
            conn.close_cursor().await.expect("CLOSE");
            assert_eq!(count, 250);
            conn.control(Control::Commit).await.expect("COMMIT");
            assert_eq!(select(conn, PREPARED).await.expect("a count"), [[Value::Int(1)]]);
        }
    }
}
