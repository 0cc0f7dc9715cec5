//! Random sequences of what programs do with graphs: relations of each kind and cascade, changed from both sides, loaded, deleted, rolled
//! back. They are played against the database and against a plain model of it, like the sequences beside this one.
//!
//! It is a world of its own, with keys that the database makes and no two values that are the same, so that each row is known by its
//! value. What a flush does to rows and to memory is foreseen exactly, how many statements that takes is not.

mod flush;
mod kinds;
mod memory;
mod play;
mod steps;
mod world;
