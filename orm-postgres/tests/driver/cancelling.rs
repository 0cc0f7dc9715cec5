//! Connections that are dropped while the server works for them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use orm_core::Value;
use orm_core::driver::{Backend, ConnectOptions, Connection, Row};

use crate::support::*;

/// Many rows, and half a minute before the last one.
const SLOW: &str = "SELECT CASE WHEN n = 100000 THEN pg_sleep(30)::text ELSE n::text END AS cancelling_blocking \
                    FROM generate_series(1, 100000) AS n";

#[tokio::test]
async fn a_dropped_statement_is_gone_from_the_server() {
    let Some(url) = server() else { return };
    let mut conn = connect(&url).await;
    let mut other = connect(&url).await;
    let pid = select(&mut conn, "SELECT pg_backend_pid()").await.expect("a pid").remove(0).remove(0);
    let slow = query("SELECT pg_sleep(30)", &[]);
    let mut sink = |_: &dyn Row| Ok(());
    let call = tokio::time::timeout(Duration::from_millis(100), conn.run(&slow, &[], &mut sink));
    assert!(call.await.is_err());
    drop(conn);
    let start = Instant::now();
    let backends =
        query("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", &[orm_core::SqlType::Integer]);
    while run(&mut other, &backends, std::slice::from_ref(&pid)).await.expect("a count") != [[Value::Int(0)]]
    {
        assert!(start.elapsed() < Duration::from_secs(2), "it is still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A blocking call ends before its time only by a panic, here of whoever takes the rows.
#[test]
fn a_panic_in_the_blocking_form_stops_the_statement() {
    let Some(url) = server() else { return };
    let options = ConnectOptions::default();
    let (mut conn, mut other) =
        (backend(&url).connect(&options).expect("one"), backend(&url).connect(&options).expect("two"));
    let statement = query(SLOW, &[]);
    let run =
        AssertUnwindSafe(|| conn.run(&statement, &[], &mut |_: &dyn Row| unreachable!("it has had enough")));
    catch_unwind(run).expect_err("a panic");
    drop(conn);
    let start = Instant::now();
    while is_running(&mut *other) {
        assert!(start.elapsed() < Duration::from_secs(3), "it is still running");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn is_running(conn: &mut dyn Connection) -> bool {
    let running = query(
        "SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%cancelling_blocking%'",
        &[],
    );
    conn.run(&running, &[], &mut |_: &dyn Row| Ok(())).expect("a count") > 0
}
