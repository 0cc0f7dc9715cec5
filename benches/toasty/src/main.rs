//! Toasty, on SQLite and PostgreSQL.

mod models;
mod toasty_library;

use bench_kit::{Contestant, Kind, serve};

fn main() {
    serve(&[Contestant::new::<toasty_library::Toasty>("toasty", &[Kind::Sqlite, Kind::Postgres])]);
}
