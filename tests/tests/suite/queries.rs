//! The query language, a file for each of its parts.

mod counting;
mod ctes;
mod deferred;
mod dynamic;
mod explain;
mod expressions;
mod identity_of_queries;
mod injection;
mod relations;
mod selecting;
mod sets;
mod subqueries;
