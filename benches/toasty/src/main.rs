//! Toasty, on SQLite and PostgreSQL.

mod models;
mod toasty_library;

use bench_kit::{Contestant, serve};

fn main() {
    serve(&[Contestant::new::<toasty_library::Toasty>("toasty")]);
}
