//! Diesel, blocking on SQLite, PostgreSQL and MariaDB, and diesel-async on the latter two.

mod asynchronous;
mod blocking;
mod model;

use bench_kit::Kind::{MariaDb, Postgres, Sqlite};
use bench_kit::{Contestant, serve};

fn main() {
    serve(&[
        Contestant::new::<blocking::Sqlite>("diesel", &[Sqlite]),
        Contestant::new::<blocking::Postgres>("diesel", &[Postgres]),
        Contestant::new::<blocking::MariaDb>("diesel", &[MariaDb]),
        Contestant::new::<asynchronous::Postgres>("diesel-async", &[Postgres]),
        Contestant::new::<asynchronous::MariaDb>("diesel-async", &[MariaDb]),
    ]);
}
