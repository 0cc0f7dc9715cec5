//! The PostgreSQL backend of `orm`, on top of `tokio-postgres`. Programs use it through the `orm` crate.
//!
//! It is an async driver at heart; the blocking form is the same connection, driven on the caller's thread. What it adds to
//! the driver below it is economy with round trips: a BEGIN travels with the statement after it, a statement is
//! prepared once for each connection, and the rows of a write go out as arrays, however many there are.

#![deny(clippy::print_stdout)]

mod backend;
mod cancel;
mod catalogue;
mod connection;
mod dial;
mod dialect;
mod error;
mod options;
mod parameters;
mod pipeline;
mod pooler;
mod prepared;
mod result;
mod spelling;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "plain.rs"]
mod tls;
mod turns;
mod value;

pub use backend::PostgresBackend;
pub use dialect::PostgresDialect;

use tls::Tls;
