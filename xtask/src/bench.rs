//! The task `bench`: this library beside the raw drivers and its peers, in one interleaved run.
//!
//! Each family of contestants is a program of its own (`benches/`), built in its own workspace, which does one piece of work when it
//! is asked to. Rounds go through all contestants in turn, each time in another order, so that what else the machine does
//! meets all of them alike.

mod chart;
mod compile;
mod contestants;
mod growth;
mod json;
mod measure;
mod models;
mod proxy;
mod table;
mod trips;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::Result;
use crate::server::{Running, Server};
use crate::{mariadb, postgres};
use contestants::Contestants;
use measure::{Database, Plan};

/// What a run is to do.
pub(crate) struct Options {
    quick: bool,
    /// Only databases, workloads and contestants with one of these words in their name; all, if there are none.
    words: Vec<String>,
}

impl Options {
    fn parse(arguments: &[OsString]) -> Result<Self> {
        let mut options = Self { quick: false, words: Vec::new() };
        for argument in arguments {
            match argument.to_str().ok_or("an argument is not UTF-8")? {
                "--quick" => options.quick = true,
                flag if flag.starts_with('-') => {
                    return Err(format!("what is {flag}? See cargo xtask").into());
                }
                word => options.words.push(word.to_owned()),
            }
        }
        Ok(options)
    }

    /// Whether something is wanted that has one of these names.
    fn wants(&self, known: &[&str], name: &str) -> bool {
        let mut about = self.words.iter().filter(|word| known.contains(&word.as_str())).peekable();
        about.peek().is_none() || about.any(|word| word == name)
    }
}

/// Runs the task.
pub(crate) fn run(arguments: &[OsString]) -> Result<ExitCode> {
    match arguments.split_first() {
        Some((what, rest)) if what == "compile" => compile::run(&Options::parse(rest)?),
        Some((what, rest)) if what == "growth" => growth::run(&Options::parse(rest)?),
        Some((what, rest)) if what == "trips" => trips::run(&Options::parse(rest)?),
        _ => beside_peers(&Options::parse(arguments)?),
    }
}

fn beside_peers(options: &Options) -> Result<ExitCode> {
    let names: Vec<_> =
        contestants::NAMES.iter().chain(&measure::DATABASES).chain(&measure::WORKLOADS).copied().collect();
    if let Some(word) = options.words.iter().find(|word| !names.contains(&word.as_str())) {
        return Err(format!("{word} is none of {}", names.join(", ")).into());
    }
    let mut contestants = Contestants::build(|name| options.wants(&contestants::NAMES, name))?;
    let folder = folder("bench")?;
    let mut databases = vec![
        Database { name: "memory", title: "SQLite in memory", place: "memory".to_owned() },
        Database {
            name: "file",
            title: "SQLite in a file",
            place: format!("file:{}/bench.db", folder.display()),
        },
    ];
    databases.retain(|database| options.wants(&measure::DATABASES, database.name));
    let servers = servers(|name| options.wants(&measure::DATABASES, name));
    databases.extend(servers.iter().map(|(database, _)| database.clone()));
    let mut cells = Vec::new();
    for database in &databases {
        for plan in Plan::all(database, options.quick) {
            if options.wants(&measure::WORKLOADS, plan.workload) {
                cells.extend(plan.run(database, &mut contestants)?);
            }
        }
        print!("{}", table::times(database, &cells));
    }
    print!("{}", table::memory(&cells));
    json::write(&cells, &target().join("bench.json"))?;
    for database in &databases {
        chart::write(database, &cells, &target().join(format!("bench-{}.svg", database.name)))?;
    }
    println!("written to target/bench.json, and charts to target/bench-*.svg");
    Ok(ExitCode::SUCCESS)
}

/// The servers that are wanted and to be had: throw-away ones, or those that the environment names.
fn servers(wanted: impl Fn(&str) -> bool) -> Vec<(Database, Running)> {
    let all = [("PostgreSQL over TCP", postgres::BENCH_SERVER), ("MariaDB over TCP", mariadb::BENCH_SERVER)];
    let start = |(title, server): (&'static str, Server)| match server.alone() {
        Ok(running) => Some((Database { name: server.name, title, place: running.url.clone() }, running)),
        Err(why) => {
            eprintln!("{}", server.skipped(why.as_ref()));
            None
        }
    };
    all.into_iter().filter(|(_, server)| wanted(server.name)).filter_map(start).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

fn target() -> PathBuf {
    root().join("target")
}

/// A folder under `target`, empty.
fn folder(name: &str) -> Result<PathBuf> {
    let folder = target().join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
