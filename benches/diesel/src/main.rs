//! Diesel, blocking on SQLite and PostgreSQL, and diesel-async on PostgreSQL.

mod asynchronous;
mod blocking;
mod model;

use bench_kit::{Contestant, serve};

fn main() {
    serve(&[
        Contestant::sqlite::<blocking::Sqlite>("diesel"),
        Contestant::postgres::<blocking::Postgres>("diesel"),
        Contestant::postgres::<asynchronous::Async>("diesel-async"),
    ]);
}
