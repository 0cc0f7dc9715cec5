//! SQLx, and SeaORM on top of it, on SQLite and PostgreSQL.

mod entities;
mod postgres;
mod seaorm;
mod sqlite;
mod sqlx_library;

use bench_kit::{Contestant, serve};

fn main() {
    serve(&[
        Contestant::sqlite::<sqlx_library::Sqlite>("sqlx"),
        Contestant::postgres::<sqlx_library::Postgres>("sqlx"),
        Contestant::new::<seaorm::SeaOrm>("seaorm"),
    ]);
}
