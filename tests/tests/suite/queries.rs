//! The query language, a file for each of its parts.

mod counting;
mod ctes;
mod deferred;
mod dynamic;
mod explain;
mod selecting;
mod sets;
mod subqueries;
