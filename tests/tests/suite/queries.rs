//! The query language, a file for each of its parts.

mod deferred;
mod explain;
mod selecting;
