//! [RES-1] SQL is wrapped in `text(…)`; values do not get into it by `format!`; a connection is one task's; a row is read into what
//! rows are read into.

use orm::prelude::*;

#[derive(FromRow)]
struct Pair {
    #[row(colum = "a")]
    left: i64,
    right: i64,
}

#[derive(FromRow)]
struct Positional(i64, String);

struct NotARow;

fn bare(connection: &mut Connection) -> orm::Result<()> {
    connection.execute("SELECT 1")?;
    let rows: Vec<NotARow> = connection.execute(text("SELECT 1"))?.all()?;
    drop(rows);
    connection.execute(text("SELECT :a").bind("a", NotARow))?;
    Ok(())
}

fn spliced(connection: &mut Connection, name: &str) -> orm::Result<()> {
    connection.execute(text(&format!("SELECT '{name}'")))?;
    Ok(())
}

#[derive(FromRow)]
struct Timed {
    at: std::time::Instant,
}

fn ended(mut connection: Connection) -> orm::Result<()> {
    let transaction = connection.begin()?;
    transaction.commit()?;
    transaction.rollback()
}

async fn two_at_once(connection: &mut AsyncConnection) {
    let one = connection.execute(text("SELECT 1"));
    let two = connection.execute(text("SELECT 2"));
    let _ = (one.await, two.await);
}

fn main() {}
