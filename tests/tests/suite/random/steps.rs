//! The steps of a sequence. They name entities, rows and columns by numbers that are taken modulo what there is, so that a
//! step keeps its meaning when others are taken away.

use super::kinds::{CODE, ITEM, Kind, NOTE, PAIR};
use super::numbers::Numbers;
use super::sequence::{self, Ending, Step};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Action {
    /// Adds a struct of this kind, with this value and this reference.
    Add(Kind, u8, u8),
    /// Takes an entity out as a struct and adds that.
    AddAgain(u8),
    /// Sets a column of an entity to a value.
    Change(u8, u8, u8),
    /// Adds to the value of an entity, by an expression.
    Raise(u8, u8),
    Delete(u8),
    Undelete(u8),
    Detach(u8),
    Expunge(u8),
    Expire(u8),
    ExpireAll,
    Refresh(u8),
    Load(u8),
    LoadBody(u8),
    /// Gets the row with this number, in the order of keys, or one that does not exist.
    Get(Kind, u8),
    /// Gets two rows.
    GetMany(Kind, u8, u8),
    /// Puts a struct with the key of this row and this value over its entity.
    Merge(Kind, u8, u8),
    /// Takes a struct in as that row.
    Attach(Kind, u8, u8),
    /// An entity by its key alone.
    Reference(Kind, u8),
    /// All with a value that is at least this.
    All(Kind, u8),
    /// The same, and nothing is flushed before.
    AllUnflushed(Kind, u8),
    Count(Kind, u8),
    /// What the session's transaction sees of all tables.
    Rows,
    /// Sets the value of all rows that have at least this one.
    Update(Kind, u8, u8),
    /// Deletes all notes with a value that is at least this.
    DeleteNotes(u8),
    Flush,
    /// Begins a savepoint.
    BeginNested,
    /// Ends the innermost savepoint, if it is of this session.
    End(Ending),
    Commit,
    Rollback,
}

use Action::*;

/// A sequence of this many steps.
pub(super) fn sequence(seed: u64, length: usize) -> Vec<Step<Action>> {
    sequence::sequence(seed, length, 5, action)
}

fn action(numbers: &mut Numbers) -> Action {
    let kind = numbers.weighted(&[(4, ITEM), (3, CODE), (3, NOTE), (4, PAIR)]);
    let (one, two, three) = (numbers.byte(), numbers.byte(), numbers.byte());
    numbers.weighted(&[
        (40, Add(kind, one, two)),
        (6, AddAgain(one)),
        (75, Change(one, two, three)),
        (10, Raise(one, two)),
        (14, Delete(one)),
        (3, Undelete(one)),
        (4, Detach(one)),
        (3, Expunge(one)),
        (6, Expire(one)),
        (2, ExpireAll),
        (8, Refresh(one)),
        (8, Load(one)),
        (8, LoadBody(one)),
        (14, Get(kind, one)),
        (5, GetMany(kind, one, two)),
        (5, Reference(kind, one)),
        (10, Merge(kind, one, two)),
        (5, Attach(kind, one, two)),
        (14, All(kind, two % 6)),
        (5, AllUnflushed(kind, two % 6)),
        (4, Count(kind, two % 6)),
        (8, Rows),
        (6, Update(kind, one, two)),
        (2, DeleteNotes(one)),
        (14, Flush),
        (10, BeginNested),
        (6, End(Ending::Release)),
        (6, End(Ending::Undo)),
        (3, End(Ending::Drop)),
        (22, Commit),
        (7, Rollback),
    ])
}

impl Step<Action> {
    /// Forms of this step that are simpler.
    pub(super) fn simpler(self) -> Vec<Self> {
        let Self(session, action) = self;
        let lower = |number: u8| (0..number.min(8)).collect::<Vec<u8>>();
        let entity =
            |number: u8, make: fn(u8) -> Action| lower(number).into_iter().map(make).collect::<Vec<_>>();
        let actions = match action {
            Add(kind, value, reference) => {
                vec![Add(kind, 0, 0), Add(kind, value, 0), Add(kind, 0, reference)]
            }
            Change(entity, column, value) => {
                let other = lower(entity).into_iter().map(|entity| Change(entity, column, value));
                [Change(entity, column, 0)].into_iter().chain(other).collect()
            }
            Raise(number, by) => lower(number).into_iter().map(|number| Raise(number, by)).collect(),
            AddAgain(number) => entity(number, AddAgain),
            Delete(number) => entity(number, Delete),
            Undelete(number) => entity(number, Undelete),
            Detach(number) => entity(number, Detach),
            Expunge(number) => entity(number, Expunge),
            Expire(number) => entity(number, Expire),
            Refresh(number) => entity(number, Refresh),
            Load(number) => entity(number, Load),
            LoadBody(number) => entity(number, LoadBody),
            Get(kind, _) => vec![Get(kind, 0)],
            GetMany(kind, _, _) => vec![GetMany(kind, 0, 0)],
            Merge(kind, _, value) => vec![Merge(kind, 0, 0), Merge(kind, 0, value)],
            Attach(kind, _, value) => vec![Attach(kind, 0, 0), Attach(kind, 0, value)],
            Reference(kind, _) => vec![Reference(kind, 0)],
            All(kind, _) => vec![All(kind, 0)],
            AllUnflushed(kind, _) => vec![AllUnflushed(kind, 0), All(kind, 0)],
            Count(kind, _) => vec![Count(kind, 0)],
            Update(kind, _, value) => vec![Update(kind, 0, value), Update(kind, 0, 0)],
            ExpireAll | Rows | DeleteNotes(_) | BeginNested | End(_) | Flush | Commit | Rollback => {
                Vec::new()
            }
        };
        let actions = actions.into_iter().filter(|&other| other != action);
        [0, session]
            .into_iter()
            .flat_map(|session| actions.clone().chain([action]).map(move |action| Self(session, action)))
            .filter(|&step| step != self)
            .collect()
    }
}
