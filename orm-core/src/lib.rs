//! The part of `orm` that is neither a driver nor a macro: values, tables, queries, the driver boundary, the
//! engine and the session. Programs use it through the `orm` crate, which re-exports it with the backends.
//!
//! Modules import in one direction only, each from those before it:
//! `error`, `value` → `types` → `metadata` → `query` → `driver` → `result` → `engine` → `model` → `session`.

#![deny(clippy::print_stdout)]

#[macro_use]
mod tuples;

pub mod driver;
pub mod engine;
mod error;
pub mod metadata;
pub mod model;
pub mod query;
pub mod result;
pub mod session;
mod types;
mod value;

pub use error::{Error, ErrorKind, Result};
#[cfg(feature = "json")]
pub use types::Json;
pub use types::{
    DbValue, Fractional, Now, Number, Structured, Temporal, Textual, Whole, not_a_variant, unknown_variant,
};
pub use value::{Elements, EnumType, SqlType, Value, civil, decimal, list};
