//! An ORM with a session: change the objects, commit, done.
//!
//! | where to look | |
//! |---|---|
//! | tables as structs | [`Model`](macro@Model), with all attributes; [`DbValue`]; [`Metadata`] |
//! | reading and writing them | [`Session`], [`AsyncSession`], [`SessionMaker`] |
//! | relations | [`BelongsTo`], [`HasMany`], [`HasOne`], [`ManyToMany`]; [`create!`](create); [`Loadable`], what can be said in `with` and `load_with`; [`Relation`] and [`ToOne`], what can be asked in queries |
//! | queries | [`Select`], [`select`], [`functions`]; [`text`] |
//! | without a session | [`Engine`], [`AsyncEngine`], [`Connection`] |
//!
//! The repository has guides: `docs/sessions.md`, `docs/relations.md`, `docs/queries.md`.
//!
//! # Features
//!
//! | Feature | What it adds |
//! |---|---|
//! | `sqlite` | SQLite, compiled in; on by default |
//! | `postgres` | PostgreSQL |
//! | `mysql` | MariaDB and MySQL |
//! | `tls` | TLS to servers, by rustls |
//! | `tracing` | statements, transactions and connections as events for `tracing` |
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
pub use orm_core::engine::{AsyncConnection, Connection, Migration, RowStream, Savepoint, Transaction};
pub use orm_core::engine::{
    AsyncEngine, Echo, Engine, EngineBuilder, EngineForm, Event, Observer, PoolStatus, Sent, Url,
};
pub use orm_core::metadata::Metadata;
pub use orm_core::model::Iter as RelatedEntities;
pub use orm_core::model::{
    AnyVariant, BelongsTo, BelongsToAny, Deferred, Embedded, Entity, Found, Model, Models, TextEntities,
};
pub use orm_core::model::{
    Cascade, ChildOf, HasMany, HasOne, IntoField, ManyToMany, Member, Referent, RelatedQuery, Relation, ToOne,
};
pub use orm_core::query::{
    Aggregate, Argument, Arguments, JsonAt, JsonMethods, JsonPath, Step, Term, Window, WindowFunction,
};
pub use orm_core::query::{
    Alias, AsSource, JoinKind, Joinable, Label, LabelMethods, Link, Maybe, On, Optional, Select, Selection,
    Source, select,
};
pub use orm_core::query::{Bind, Executable, Params, SqlText, Text, text, text_unchecked};
pub use orm_core::query::{
    Column, Condition, Cursor, Expr, Expression, ExpressionMethods, IntoCondition, IntoCursor, Operand,
    Order, OrderKeys, Part, TextMethods,
};
pub use orm_core::query::{
    Cte, CteBody, EntityOf, InList, OptionalOf, Quantified, ValueRow, all, all_of, any, any_of, cte, exists,
    recursive, recursive_distinct, scalar, scalar_one, values,
};
pub use orm_core::query::{
    Delete, Excludable, Fits, Insert, InsertRow, OnConflict, Returning, Settable, SettableList, Update,
    Upsert, Values, delete_from, excluded, insert_into, update_table,
};
pub use orm_core::query::{Loadable, Path};
pub use orm_core::result::{As, ColumnIndex, FromRow, Plan, Query, ResultSet, Row, Shape};
pub use orm_core::session::{
    AsyncSession, Attempts, Entities, EntityStream, FlushPlan, NoAutoflush, PlannedAction, PlannedBatch,
    PlannedRow, Related, Session, SessionMaker,
};
pub use orm_core::session::{Change, EntityState, History};
pub use orm_core::{DbValue, Elements, EnumType, Error, ErrorKind, Result, SqlType, Value};
pub use orm_core::{Fractional, Now, Number, Structured, Temporal, Textual, Whole};
pub use orm_derive::{BelongsToAny, DbEnum, DbValue, Embedded, FromRow, Model, create};

pub use open::Open;

/// SQL dialects, to see a query's SQL without a database: `query.to_sql(&orm::dialect::Sqlite)`.
pub mod dialect {
    pub use orm_core::query::{Dialect, Feature, Function};
    /// Two of them: `Mysql::MYSQL` and `Mysql::MARIADB`.
    #[cfg(feature = "mysql")]
    pub use orm_mysql::MysqlDialect as Mysql;
    #[cfg(feature = "postgres")]
    pub use orm_postgres::PostgresDialect as Postgres;
    #[cfg(feature = "sqlite")]
    pub use orm_sqlite::SqliteDialect as Sqlite;
}

/// Functions of SQL, as far as they mean the same on each database, and [`func`](functions::func) for any other one.
///
/// ```
/// use orm::functions::{lower, row_number, window};
/// use orm::prelude::*;
/// # #[derive(Model)]
/// # #[model(table = "users")]
/// # struct User {
/// #     #[model(key, auto)]
/// #     id: i64,
/// #     name: String,
/// #     age: Option<i32>,
/// # }
///
/// let engine = Engine::open("sqlite::memory:")?;
/// engine.create_all(&Metadata::of::<User>())?;
/// let mut session = engine.session();
/// session.add_all([User { age: Some(30), ..User::new("Alice") }, User::new("Bob")]);
///
/// let rows: Vec<(String, i32, i64)> = session.all(
///     select((
///         lower(User::NAME),
///         coalesce(User::AGE, 0) + 1,
///         row_number().over(window().order_by(User::NAME.desc())),
///     ))
///     .order_by(User::NAME.asc()),
/// )?;
/// assert_eq!(rows, [("alice".into(), 31, 2), ("bob".into(), 1, 1)]);
///
/// let adults = count_all().filter(User::AGE.ge(18));
/// let (all, adults, oldest): (i64, i64, Option<i32>) =
///     session.one(select((count_all(), adults, max(User::AGE))).from(User::entity()))?;
/// assert_eq!((all, adults, oldest), (2, 1, Some(30)));
/// # Ok::<(), orm::Error>(())
/// ```
pub mod functions {
    pub use orm_core::query::{
        Branches, Case, DatePart, case, cast, coalesce, current_date, current_timestamp, date_trunc, extract,
        func, nullif, value,
    };
    pub use orm_core::query::{
        Distance, Exclude, FrameBound, FrameRange, cume_dist, current_row, dense_rank, first_value,
        following, lag, lag_or, last_value, lead, lead_or, nth_value, ntile, percent_rank, preceding, rank,
        row_number, unbounded_following, unbounded_preceding, window,
    };
    pub use orm_core::query::{abs, ceil, floor, power, round, sqrt};
    pub use orm_core::query::{avg, count, count_all, count_distinct, max, min, string_agg, sum};
    pub use orm_core::query::{
        length, lower, ltrim, position, replace, rtrim, substring, substring_from, trim, upper,
    };
    pub use orm_core::query::{match_rank, matches, matches_in};
}

/// Tables as data: those that a program describes at run time, and what is found in a live database.
///
/// ```
/// use orm::prelude::*;
/// use orm::schema::{Action, ColumnDef, Index, References, Table};
/// # #[derive(Model)]
/// # #[model(table = "users")]
/// # struct User {
/// #     #[model(key, auto)]
/// #     id: i64,
/// # }
///
/// let mut metadata = Metadata::of::<User>();
/// metadata.add(
///     Table::new("audit_log")
///         .comment("who did what")
///         .column(ColumnDef::of::<i64>("id").auto_key())
///         .column(
///             ColumnDef::of::<Option<i64>>("user_id")
///                 .references(References::to("users", ["id"]).on_delete(Action::SetNull)),
///         )
///         .column(ColumnDef::of::<String>("what").check("length(what) < 100"))
///         .column(ColumnDef::of::<i32>("times").default("1"))
///         .unique(["user_id", "what"])
///         .index(Index::on(["what"]).desc("times").filter("times > 1")),
/// )?;
/// let engine = Engine::open("sqlite::memory:")?;
/// engine.create_all(&metadata)?;
///
/// let found = engine.inspect()?;
/// let log = found.table("audit_log").expect("it was created");
/// assert_eq!(log.primary_key, ["id"]);
/// assert_eq!(log.foreign_keys[0].on_delete, Action::SetNull);
/// # Ok::<(), orm::Error>(())
/// ```
pub mod schema {
    pub use orm_core::metadata::{
        Action, Check, FieldPart, ForeignKey, Index, RawSql, Table, TableName, TableRef, Target, Unique,
    };
    pub use orm_core::metadata::{
        CheckInfo, ColumnInfo, ForeignKeyInfo, IndexColumnInfo, IndexInfo, Inspection, TableInfo, UniqueInfo,
    };
    pub use orm_core::metadata::{ColumnDef, IndexDef, Metadata, References, TableDef};
}

/// What generated code names. Nothing here is meant for programs.
#[doc(hidden)]
pub mod __private {
    pub use orm_core::driver::Row;
    pub use orm_core::metadata::{Action, FieldBuilder, FieldOptions, FieldPart, IndexOptions, Table};
    pub use orm_core::model::{
        AnyField, AnyVariant, BelongsTo, BelongsToAny, Cascade, ChildOf, Collection, Create, Deferred,
        Embedded, Entity, Field, Found, JoinTable, Keeper, Key, Model, Nothing, OneOf, Record, Reference,
        Relation, RelationDef, RelationField, Required, Slot, TakeValues, ToOne, Token, arena_of_links,
        arena_of_same_links, back_reference, build_join_table, check_fields, describe_variant, hand_over,
        is_default, meet_entity, read_record, related,
    };
    pub use orm_core::query::{Column, Part};
    pub use orm_core::result::{Columns, FromRow, Optionable, RowReader, Shape};
    pub use orm_core::{
        DbValue, Elements, EnumType, Now, Result, SqlType, Textual, Value, not_a_variant, unknown_variant,
    };
}

/// The README's programs compile and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

/// So do those of the guide to the query language.
#[cfg(doctest)]
#[doc = include_str!("../../docs/queries.md")]
mod queries {}

/// And those of the guide to the session.
#[cfg(doctest)]
#[doc = include_str!("../../docs/sessions.md")]
mod sessions {}

/// And those of the guide to relations.
#[cfg(doctest)]
#[doc = include_str!("../../docs/relations.md")]
mod relations {}
