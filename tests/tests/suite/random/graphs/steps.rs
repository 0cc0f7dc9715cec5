//! The steps of a sequence. They name entities, rows and relations by numbers that are taken modulo what there is, so that a step keeps
//! its meaning when others are taken away.

use super::super::numbers::Numbers;
use super::super::sequence::{self, Ending, Step};
use super::kinds::Kind;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Action {
    /// Adds a struct with references to these.
    Add(Kind, u8, u8),
    /// Sets the value.
    Change(u8),
    /// Sets a reference of a member to this owner.
    Refer(u8, u8, u8),
    /// Puts an entity into a relation of an owner.
    Push(u8, u8, u8),
    PushNew(u8, u8),
    Remove(u8, u8, u8),
    Clear(u8, u8),
    /// Puts these two, or one, or a new one, in the place of all.
    Replace(u8, u8, u8, u8),
    Link(u8, u8, u8),
    Unlink(u8, u8, u8),
    Delete(u8),
    LoadWith(u8, u8),
    /// For all entities of the owner's kind that have rows.
    LoadWithAll(u8, u8),
    Load(u8),
    Refresh(u8),
    Expire(u8),
    All(Kind),
    /// The same with a relation, by a join or not.
    AllWith(Kind, u8),
    Flush,
    BeginNested,
    /// Ends the innermost savepoint, if it is of this session.
    End(Ending),
    Commit,
    Rollback,
}

use Action::*;

/// A sequence of this many steps.
pub(super) fn sequence(seed: u64, length: usize) -> Vec<Step<Action>> {
    sequence::sequence(seed, length, 10, action)
}

fn action(numbers: &mut Numbers) -> Action {
    let kind = numbers.weighted(&[
        (5, Kind::Owner),
        (2, Kind::Tag),
        (4, Kind::Node),
        (2, Kind::Soft),
        (3, Kind::Hard),
        (2, Kind::Own),
        (2, Kind::Remote),
        (2, Kind::One),
    ]);
    let (one, two, three, four) = (numbers.byte(), numbers.byte(), numbers.byte(), numbers.byte());
    numbers.weighted(&[
        (24, Add(kind, one, two)),
        (3, Change(one)),
        (18, Refer(one, two, three)),
        (18, Push(one, two, three)),
        (12, PushNew(one, two)),
        (14, Remove(one, two, three)),
        (4, Clear(one, two)),
        (7, Replace(one, two, three, four)),
        (10, Link(one, two, three)),
        (8, Unlink(one, two, three)),
        (14, Delete(one)),
        (18, LoadWith(one, two)),
        (5, LoadWithAll(one, two)),
        (5, Load(one)),
        (4, Refresh(one)),
        (3, Expire(one)),
        (6, All(kind)),
        (9, AllWith(kind, one)),
        (16, Flush),
        (8, BeginNested),
        (4, End(Ending::Release)),
        (5, End(Ending::Undo)),
        (2, End(Ending::Drop)),
        (16, Commit),
        (7, Rollback),
    ])
}
