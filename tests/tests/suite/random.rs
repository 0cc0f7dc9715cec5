//! Random sequences of what programs do with sessions, played against the database and against a plain model of it.

mod choices;
mod forecast;
mod graphs;
mod kinds;
mod memory;
mod numbers;
mod play;
mod report;
mod sequence;
mod steps;
mod world;
