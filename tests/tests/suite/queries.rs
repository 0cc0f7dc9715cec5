//! The query language, a file for each of its parts.

mod aggregates;
mod counting;
mod ctes;
mod deferred;
mod distinct;
mod dynamic;
mod explain;
mod expressions;
mod identity_of_queries;
mod injection;
mod json;
mod keyset;
mod locks;
mod relations;
mod search;
mod selecting;
mod sets;
mod subqueries;
mod windows;
