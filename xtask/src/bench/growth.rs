//! `cargo xtask bench growth`: twice the rows take twice the time, and a flush costs what changed.

use std::process::ExitCode;

use super::Options;
use super::contestants::Contestants;
use super::measure::{Database, Plan, thousands};
use super::table::aligned;
use crate::Result;
use crate::postgres;

/// Prints the time for each object as their number grows.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut contestants = Contestants::build(|name| ["orm", "orm-rows"].contains(&name))?;
    let server = postgres::BENCH_SERVER.alone()?;
    let databases = [
        Database { name: "memory", title: "SQLite in memory", place: "memory".to_owned() },
        Database { name: "postgres", title: "PostgreSQL over TCP", place: server.url.clone() },
    ];
    let sizes: &[u64] = if options.quick { &[10_000, 100_000] } else { &[10_000, 100_000, 1_000_000] };
    for database in &databases {
        let mut rows =
            vec![["", ""].into_iter().map(String::from).chain(sizes.iter().map(|&n| thousands(n))).collect()];
        for workload in ["insert", "load", "save_few"] {
            for contestant in ["raw", "orm", "orm-rows"] {
                let mut row = vec![named(workload).to_owned(), contestant.to_owned()];
                for &n in sizes {
                    let cells = Plan::of(workload, n, 3).run(database, &mut contestants)?;
                    let Some(cell) = cells.iter().find(|cell| cell.contestant == contestant) else {
                        continue;
                    };
                    #[expect(clippy::cast_precision_loss, reason = "a million")]
                    let each = cell.fastest(database.compares()) / cell.objects() as f64;
                    row.push(format!("{each:.0} ns"));
                }
                if row.len() > 2 {
                    rows.push(row);
                }
            }
        }
        print!("\n{}: for each object, fastest of 3\n{}", database.title, aligned(&rows));
    }
    Ok(ExitCode::SUCCESS)
}

fn named(workload: &str) -> &'static str {
    match workload {
        "insert" => "insert all",
        "load" => "load all",
        _ => "change and save 100 of those loaded",
    }
}
