//! This library in its forms, and the raw drivers beneath it as the floor.

mod orm_library;
mod orm_rows;
mod raw_mariadb;
mod raw_postgres;
mod raw_sqlite;
mod row_by_row;

use bench_kit::Kind::{MariaDb, Postgres, Sqlite};
use bench_kit::{Contestant, serve};

fn main() {
    serve(&[
        Contestant::new::<raw_sqlite::Raw>("raw", &[Sqlite]),
        Contestant::new::<raw_postgres::Raw>("raw", &[Postgres]),
        Contestant::new::<raw_mariadb::Raw>("raw", &[MariaDb]),
        Contestant::new::<row_by_row::RowByRow>("row-by-row", &[MariaDb]),
        Contestant::new::<orm_library::Blocking>("orm", &[Sqlite, Postgres, MariaDb]),
        Contestant::new::<orm_rows::Blocking>("orm-rows", &[Sqlite, Postgres, MariaDb]),
        Contestant::new::<orm_library::Async>("orm-async", &[Sqlite, Postgres, MariaDb]),
        Contestant::new::<orm_rows::Async>("orm-async-rows", &[Sqlite, Postgres, MariaDb]),
    ]);
}
