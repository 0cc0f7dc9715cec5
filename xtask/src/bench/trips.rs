//! `cargo xtask bench trips`: how many round trips each library makes, counted with a clock: each takes 5 ms more than it would.

use std::process::ExitCode;
use std::time::Duration;

use super::contestants::{Contestants, NAMES};
use super::measure::{DATABASES, Database, Plan};
use super::table::aligned;
use super::{Options, proxy, servers};
use crate::Result;

/// What a round trip takes at least.
const DELAY: Duration = Duration::from_millis(5);

/// Prints a table.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut contestants = Contestants::build(|name| options.wants(&NAMES, name) && !name.ends_with("rows"))?;
    for (database, _server) in servers(|name| options.wants(&DATABASES, name)) {
        let place = proxy::slow(&database.place, DELAY)?;
        count(&Database { place, ..database }, &mut contestants)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn count(database: &Database, contestants: &mut Contestants) -> Result<()> {
    let workloads = [
        ("insert_each", 1),
        ("insert", 100),
        ("save", 100),
        ("delete", 100),
        ("get", 1),
        ("eager", 10),
        ("unit", 1),
    ];
    let mut all = Vec::new();
    for (workload, n) in workloads {
        all.push(Plan::of(workload, n, 2).run(database, contestants)?);
    }
    let mut taking_part = contestants.all();
    taking_part.retain(|contestant| all.iter().flatten().any(|cell| cell.contestant == contestant.name));
    let mut rows: Vec<Vec<String>> = vec![vec![String::new()]];
    rows[0].extend(taking_part.iter().map(|contestant| contestant.name.to_owned()));
    for cells in &all {
        let mut row = vec![cells.first().map(|cell| cell.title()).unwrap_or_default()];
        for contestant in &taking_part {
            let cell = cells.iter().find(|cell| cell.contestant == contestant.name);
            row.push(cell.map_or_else(
                || "–".to_owned(),
                |cell| format!("{:.0}", (cell.fastest("wall") / delay()).floor()),
            ));
        }
        rows.push(row);
    }
    print!(
        "\n{}: round trips, by a proxy that delays each by {} ms\n{}",
        database.title,
        DELAY.as_millis(),
        aligned(&rows)
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a few millions")]
fn delay() -> f64 {
    DELAY.as_nanos() as f64
}
