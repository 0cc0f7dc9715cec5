//! This library in its forms, and the raw drivers beneath it as the floor.

mod orm_library;
mod orm_rows;
mod raw_postgres;
mod raw_sqlite;

use bench_kit::{Contestant, serve};

fn main() {
    serve(&[
        Contestant::sqlite::<raw_sqlite::Raw>("raw"),
        Contestant::postgres::<raw_postgres::Raw>("raw"),
        Contestant::new::<orm_library::Blocking>("orm"),
        Contestant::new::<orm_rows::Blocking>("orm-rows"),
        Contestant::new::<orm_library::Async>("orm-async"),
        Contestant::new::<orm_rows::Async>("orm-async-rows"),
    ]);
}
