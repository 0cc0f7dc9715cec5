//! SQLx, and SeaORM on top of it, on SQLite, PostgreSQL and MariaDB.

mod entities;
mod mariadb;
mod postgres;
mod seaorm;
mod sqlite;
mod sqlx_library;

use bench_kit::Kind::{MariaDb, Postgres, Sqlite};
use bench_kit::{Contestant, serve};

fn main() {
    serve(&[
        Contestant::new::<sqlx_library::Sqlite>("sqlx", &[Sqlite]),
        Contestant::new::<sqlx_library::Postgres>("sqlx", &[Postgres]),
        Contestant::new::<sqlx_library::MariaDb>("sqlx", &[MariaDb]),
        Contestant::new::<seaorm::SeaOrm>("seaorm", &[Sqlite, Postgres, MariaDb]),
    ]);
}
