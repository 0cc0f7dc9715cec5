//! `cargo xtask bench growth`: twice the rows take twice the time, and a flush costs what changed.

use std::process::ExitCode;

use super::Options;
use super::contestants::Contestants;
use super::measure::{Cell, Database, Plan, thousands};
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
            let by_size: Vec<_> = sizes
                .iter()
                .map(|&n| Plan::of(workload, n, 3).run(database, &mut contestants))
                .collect::<Result<_>>()?;
            for contestant in ["raw", "orm", "orm-rows"] {
                let of_size = |cells: &Vec<Cell>| {
                    let cell = cells.iter().find(|cell| cell.contestant == contestant)?;
                    #[expect(clippy::cast_precision_loss, reason = "a million")]
                    let each = cell.fastest(database.compares()) / cell.objects() as f64;
                    Some(format!("{each:.0} ns"))
                };
                let times: Vec<_> = by_size.iter().filter_map(of_size).collect();
                if !times.is_empty() {
                    let names = [named(workload), contestant].map(str::to_owned);
                    rows.push(names.into_iter().chain(times).collect());
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
