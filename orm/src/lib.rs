//! An ORM with a session: change the objects, commit, done.
//!
//! # Features
//!
//! | Feature | What it adds |
//! |---|---|
//! | `sqlite` | SQLite, compiled in; on by default |
//! | `postgres` | PostgreSQL |
//! | `jiff` | columns of `jiff::Timestamp` and `jiff::civil::{Date, Time, DateTime}` |
//! | `chrono` | columns of `chrono::DateTime<Utc>` and `chrono::{NaiveDate, NaiveTime, NaiveDateTime}` |
//! | `time` | columns of `time::{OffsetDateTime, Date, Time, PrimitiveDateTime}` |
//! | `uuid` | columns of `uuid::Uuid` |
//! | `decimal` | columns of `rust_decimal::Decimal` |
//! | `json` | columns of `serde_json::Value` and of anything that serde can write, as `orm::Json<T>` |
//! | `full` | all column types |
//!
//! Each costs the build of the crate that it names, and nothing at run time. [`DbValue`] says what each type is on each database.

#![deny(clippy::print_stdout)]

mod backends;
mod open;
pub mod prelude;

#[cfg(feature = "json")]
pub use orm_core::Json;
pub use orm_core::driver::Isolation;
pub use orm_core::engine::{AsyncConnection, Connection, RowStream, Savepoint, Transaction};
pub use orm_core::engine::{
    AsyncEngine, Engine, EngineBuilder, EngineForm, Event, Observer, PoolStatus, Sent, Url,
};
pub use orm_core::metadata::Metadata;
pub use orm_core::model::{BelongsTo, Embedded, Entity, EntityQuery, Model, Models, Select, TextEntities};
pub use orm_core::query::{Bind, Executable, Params, Text, text, text_unchecked};
pub use orm_core::query::{
    Column, Condition, Expr, Expression, ExpressionMethods, Operand, Order, Part, TextMethods,
};
pub use orm_core::result::{ColumnIndex, FromRow, ResultSet, Row};
pub use orm_core::session::{AsyncSession, Attempts, Entities, EntityStream, Session};
pub use orm_core::{DbValue, EnumType, Error, ErrorKind, Result, SqlType, Textual, Value};
pub use orm_derive::{DbEnum, DbValue, Embedded, FromRow, Model};

pub use open::Open;

/// SQL dialects, to see a query's SQL without a database: `query.to_sql(&orm::dialect::Sqlite)`.
pub mod dialect {
    pub use orm_core::query::Dialect;
    #[cfg(feature = "postgres")]
    pub use orm_postgres::PostgresDialect as Postgres;
    #[cfg(feature = "sqlite")]
    pub use orm_sqlite::SqliteDialect as Sqlite;
}

/// What generated code names. Nothing here is meant for programs.
#[doc(hidden)]
pub mod __private {
    pub use orm_core::driver::Row;
    pub use orm_core::metadata::{FieldBuilder, FieldOptions, Table};
    pub use orm_core::model::{Embedded, Field, Key, Model, Record, Reference};
    pub use orm_core::query::{Column, Part};
    pub use orm_core::result::{Columns, FromRow, RowReader};
    pub use orm_core::{DbValue, EnumType, Result, SqlType, Textual, Value, not_a_variant, unknown_variant};
}

/// The README's programs compile and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
