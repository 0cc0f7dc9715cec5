//! `cargo xtask bench trips`: how many round trips each library makes, counted with a clock: each takes 5 ms more than it would.

use std::process::ExitCode;
use std::time::Duration;

use super::contestants::{Contestants, NAMES};
use super::measure::{Database, Plan};
use super::table::aligned;
use super::{Options, postgres, proxy};
use crate::Result;

/// What a round trip takes at least.
const DELAY: Duration = Duration::from_millis(5);

/// Prints a table.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut contestants = Contestants::build(|name| options.wants(&NAMES, name) && !name.ends_with("rows"))?;
    let server = postgres()?;
    let place = proxy::slow(&server.url, DELAY)?;
    let database = Database { name: "postgres", title: "PostgreSQL", place };
    let workloads = [
        ("insert_each", 1),
        ("insert", 100),
        ("save", 100),
        ("delete", 100),
        ("get", 1),
        ("eager", 10),
        ("unit", 1),
    ];
    let mut rows: Vec<Vec<String>> = vec![vec![String::new()]];
    rows[0].extend(contestants.all().iter().map(|contestant| contestant.name.to_owned()));
    for (workload, n) in workloads {
        let cells = Plan::of(workload, n, 2).run(&database, &mut contestants)?;
        let mut row = vec![cells.first().map(|cell| cell.title()).unwrap_or_default()];
        for contestant in contestants.all() {
            let cell = cells.iter().find(|cell| cell.contestant == contestant.name);
            row.push(cell.map_or_else(
                || "–".to_owned(),
                |cell| format!("{:.0}", (cell.fastest("wall") / delay()).floor()),
            ));
        }
        rows.push(row);
    }
    print!(
        "\nRound trips to PostgreSQL, by a proxy that delays each by {} ms\n{}",
        DELAY.as_millis(),
        aligned(&rows)
    );
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::cast_precision_loss, reason = "a few millions")]
fn delay() -> f64 {
    DELAY.as_nanos() as f64
}
