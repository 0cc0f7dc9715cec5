//! The query language, a file for each of its parts.

mod explain;
mod selecting;
