//! The MySQL and MariaDB backend of `orm`, on top of `mysql_async`. Programs use it through the `orm` crate.
//!
//! It is an async driver at heart; the blocking form is the same connection on a runtime of its own. Two dialects share it, told
//! apart by the URL and checked when a connection is opened: MariaDB hands back what an INSERT or a DELETE has written, MySQL
//! does not.

#![deny(clippy::print_stdout)]

mod backend;
mod catalogue;
mod connection;
mod dialect;
mod error;
mod options;
mod prepared;
mod spelling;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "plain.rs"]
mod tls;
mod value;

pub use backend::MysqlBackend;
pub use dialect::{MysqlDialect, Product};
