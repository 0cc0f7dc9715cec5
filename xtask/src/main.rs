//! Development tasks of the workspace, run as `cargo xtask <task>`.
//!
//! `test` starts every database server the behaviour suite needs, runs all tests of the
//! workspace and says how many passed, failed or were skipped on each backend in each form. `bench` measures this library
//! beside the raw drivers and its peers, which it builds. Both need
//! nothing but the standard library, so that it is built in a moment on a fresh machine. It runs on Unix.

#![expect(clippy::print_stdout, reason = "a command line tool reports on standard output")]

mod bench;
mod certificates;
mod debian;
mod guardian;
mod innodb;
mod mariadb;
mod mysql;
mod pgbouncer;
mod postgres;
mod report;
mod server;
mod test;

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

/// The result of a step of a task; the error says why it could not be done.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "\
usage: cargo xtask test [FILTER | LIBTEST OPTION]...
       cargo xtask bench [--quick] [DATABASE | WORKLOAD | CONTESTANT]...
       cargo xtask bench trips | growth | compile [--quick]

    test     start the database servers, run every test of the workspace, count the results
    bench    build this library and its peers, measure them beside each other: a table, target/bench.json, charts
    trips    count round trips to PostgreSQL and MariaDB, behind a proxy that delays each
    growth   time for each object as their number grows
    compile  build the same small program with each library, and many models

A server whose variable is set is used as it is, none is started for it:

    ORM_TEST_POSTGRES        postgres://user:password@host:port/database
    ORM_TEST_POSTGRES_TLS    the same, encrypted only, with ?sslrootcert=/folder/root.crt; see xtask/src/postgres.rs
    ORM_TEST_PGBOUNCER       the same, in front of the first one, with ?pooler=transaction
    ORM_TEST_MARIADB         mariadb://user:password@host:port/database, whose user may create databases
    ORM_TEST_MARIADB_TLS     the same, encrypted only, with ?sslca=/folder/root.crt; see xtask/src/certificates.rs
    ORM_TEST_MYSQL           mysql://user:password@host:port/database, the same of MySQL itself
    ORM_BENCH_POSTGRES, ORM_BENCH_MARIADB    where to measure; tables users and posts are made there, and emptied

With CI set, a skipped test is a failure, but for MySQL's.";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((task, rest)) if task == "test" => test::run(rest),
        Some((task, rest)) if task == "bench" => bench::run(rest),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    outcome.unwrap_or_else(|why| {
        eprintln!("error: {why}");
        ExitCode::FAILURE
    })
}
