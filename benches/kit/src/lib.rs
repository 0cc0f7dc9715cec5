//! What all contestants share: the tables, the workloads, the clock, and the conversation with `cargo xtask bench`.
//!
//! A contestant is a type that implements [`Library`], each workload as the users of that library would write it, and a `main`
//! that calls [`serve`]. The kit prepares the tables before a workload and looks afterwards whether the work was done, so nobody
//! is fast by leaving something out. What is not measured stays outside of [`Clock::start`] and [`Clock::stop`].

mod clock;
mod conversation;
mod count;
mod tables;
mod work;

pub use clock::Clock;
pub use conversation::{Contestant, serve};
pub use tables::{BODY, Database, Kind, email, keys, name, shares, title};
pub use work::Library;

#[global_allocator]
static ALLOCATOR: count::Counting = count::Counting;

/// How many posts each user has.
pub const POSTS: i64 = 10;

/// What `save` sets each age to. No user has it before.
pub const SAVED_AGE: i32 = 99;

/// When the user of this number was created.
pub fn created(number: i64) -> i64 {
    1_700_000_000_000_000 + number
}

/// The age of the user of this number.
pub fn age(number: i64) -> i32 {
    18 + (number % 50) as i32
}
