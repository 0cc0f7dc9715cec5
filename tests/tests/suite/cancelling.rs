//! A statement that nobody waits for any more is stopped on the server, and its locks are free.

use std::time::{Duration, Instant};

use orm::{AsyncEngine, Open as _};
use orm_tests::async_form::{Db, run};
use orm_tests::{Backend, special};

/// Holds a lock and takes half a minute.
const SLOW: &str = "LOCK TABLE held; SELECT pg_sleep(30)";

/// Fails while somebody holds the lock.
const FREE: &str = "BEGIN; LOCK TABLE held NOWAIT; COMMIT";

/// Drops a call after 100 ms; the lock must be free in about a second, and the server done with the statement.
async fn dropped_is_stopped(url: &str) {
    let (engine, other) = (AsyncEngine::open(url).unwrap(), AsyncEngine::open(url).unwrap());
    other.script("DROP TABLE IF EXISTS held; CREATE TABLE held (id int)").await.unwrap();
    engine.script("SELECT 1").await.unwrap();
    let call = tokio::time::timeout(Duration::from_millis(100), engine.script(SLOW));
    assert!(call.await.is_err());
    let start = Instant::now();
    while other.script(FREE).await.is_err() {
        let _ = other.script("ROLLBACK").await;
        assert!(start.elapsed() < Duration::from_secs(3), "the lock is still held");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let running = "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active' \
                   AND datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep(30)%'); END $$";
    other.script(running).await.unwrap();
    println!("free after {} ms", start.elapsed().as_millis());
    engine.script("SELECT 1").await.unwrap();
}

/// [ASY-7]
#[test]
fn a_dropped_call_is_stopped_on_the_server() {
    run(Backend::Postgres, async |db: Db| dropped_is_stopped(&db.database.url).await);
}

/// [ASY-7] Through PgBouncer, which an impatient request would kill.
#[test]
fn a_dropped_call_is_stopped_through_pgbouncer() {
    run(Backend::Postgres, async |db: Db| {
        let Some(url) = special("ORM_TEST_PGBOUNCER") else { return };
        let (address, options) = url.split_once('?').unwrap();
        let (server, _) = address.rsplit_once('/').unwrap();
        let (_, name) = db.database.url.rsplit_once('/').unwrap();
        let url = format!("{server}/{name}?{options}");
        for _ in 0..5 {
            dropped_is_stopped(&url).await;
        }
    });
}

/// [ASY-7] Over TLS, the request as well.
#[test]
fn a_dropped_call_is_stopped_over_tls() {
    run(Backend::Postgres, async |_: Db| {
        let Some(url) = special("ORM_TEST_POSTGRES_TLS") else { return };
        dropped_is_stopped(&format!("{url}&sslmode=verify-full")).await;
    });
}
