//! The SQLite backend of `orm`, on `rusqlite` with SQLite compiled in. It is natively blocking; in async each connection
//! runs on a thread of its own.

#![deny(clippy::print_stdout)]

mod backend;
mod catalogue;
mod clock;
mod connection;
mod decimal;
mod definition;
mod dialect;
mod error;
mod functions;
mod spelling;
mod value;

pub use backend::SqliteBackend;
pub use dialect::SqliteDialect;
