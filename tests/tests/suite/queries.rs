//! The query language, a file for each of its parts.

mod aggregates;
mod bulk;
mod counting;
mod ctes;
mod deferred;
mod deletes;
mod distinct;
mod dynamic;
mod explain;
mod expressions;
mod identity_of_queries;
mod injection;
mod inserts;
mod json;
mod keyset;
mod locks;
mod relations;
mod returning;
mod search;
mod selecting;
mod sets;
mod subqueries;
mod together;
mod updates;
mod upserts;
mod windows;
