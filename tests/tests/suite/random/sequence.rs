//! Sequences of steps, whatever the world is in which they are played.

use super::numbers::Numbers;

/// What the session with this number does. Its `Debug` form is Rust, to be pasted into a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step<A>(pub(super) usize, pub(super) A);

/// How a savepoint ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ending {
    Release,
    Undo,
    Drop,
}

/// A sequence of this many steps. Sessions go on for a while, about so many steps, before it is the other's turn.
pub(super) fn sequence<A>(
    seed: u64,
    length: usize,
    turn: u16,
    action: impl Fn(&mut Numbers) -> A,
) -> Vec<Step<A>> {
    let mut numbers = Numbers::of(seed);
    let mut session = 0;
    (0..length)
        .map(|_| {
            session = if numbers.below(turn) == 0 { 1 - session } else { session };
            Step(session, action(&mut numbers))
        })
        .collect()
}

/// The seeds of so many sequences, or the one that `ORM_RANDOM_SEED` names.
pub(super) fn seeds(count: u32) -> std::ops::Range<u64> {
    match std::env::var("ORM_RANDOM_SEED") {
        Ok(seed) => {
            let seed = seed.parse().unwrap();
            seed..seed + 1
        }
        Err(_) => 1..u64::from(count) + 1,
    }
}
