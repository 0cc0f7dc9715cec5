//! The behaviour suite: each case written once, run on every backend in both forms. Names in brackets in a case's comment
//! are the behaviours of the contract that it shows.

#![expect(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

mod architecture;
mod cancel;
mod cancel_session;
mod cancelling;
mod commit;
mod compile_fail;
mod connections;
mod cost;
mod cycles;
mod edges;
mod engine;
mod error_kinds;
mod errors;
mod expire;
mod flush;
mod futures;
mod hooks;
mod identity;
mod inspect;
mod keys;
mod leaving;
mod life;
mod many;
mod merge;
mod migrations;
mod models;
mod plans;
mod pool;
mod pooler;
mod queries;
mod query;
mod readme;
mod replaced;
mod replay;
mod results;
mod round_trips;
mod schema;
mod scopes;
mod sql;
mod stand_ins;
mod states;
mod streams;
mod stress;
mod tables;
mod tls;
mod tpch;
mod traces;
mod tracing;
mod types;
mod updated_at;
mod values;
mod versions;
mod watching;
