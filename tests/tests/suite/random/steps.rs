//! The steps of a sequence. They name entities, rows and columns by numbers that are taken modulo what there is, so that a
//! step keeps its meaning when others are taken away.

use super::kinds::{CODE, ITEM, Kind, NOTE, PAIR};
use super::numbers::Numbers;

/// What the session with this number does. Its `Debug` form is Rust, to be pasted into a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step(pub(super) usize, pub(super) Action);

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Action {
    /// Adds a struct of this kind, with this value and this reference.
    Add(Kind, u8, u8),
    /// Takes an entity out as a struct and adds that.
    AddAgain(u8),
    /// Sets a column of an entity to a value.
    Change(u8, u8, u8),
    Delete(u8),
    Detach(u8),
    Expire(u8),
    ExpireAll,
    Refresh(u8),
    Load(u8),
    LoadBody(u8),
    /// Gets the row with this number, in the order of keys, or one that does not exist.
    Get(Kind, u8),
    /// All with a value that is at least this.
    All(Kind, u8),
    Count(Kind, u8),
    /// What the session's transaction sees of all tables.
    Rows,
    /// Sets the value of all rows that have at least this one.
    Update(Kind, u8, u8),
    /// Deletes all notes with a value that is at least this.
    DeleteNotes(u8),
    Flush,
    Commit,
    Rollback,
}

use Action::*;

/// A sequence of this many steps. Sessions go on for a while before it is the other's turn.
pub(super) fn sequence(seed: u64, length: usize) -> Vec<Step> {
    let mut numbers = Numbers::of(seed);
    let mut session = 0;
    (0..length)
        .map(|_| {
            session = if numbers.below(8) == 0 { 1 - session } else { session };
            Step(session, action(&mut numbers))
        })
        .collect()
}

fn action(numbers: &mut Numbers) -> Action {
    let kind = numbers.weighted(&[(4, ITEM), (3, CODE), (3, NOTE), (2, PAIR)]);
    let (one, two, three) = (numbers.below(255), numbers.below(255), numbers.below(255));
    numbers.weighted(&[
        (40, Add(kind, one, two)),
        (6, AddAgain(one)),
        (60, Change(one, two, three)),
        (20, Delete(one)),
        (6, Detach(one)),
        (6, Expire(one)),
        (2, ExpireAll),
        (8, Refresh(one)),
        (8, Load(one)),
        (4, LoadBody(one)),
        (14, Get(kind, one)),
        (12, All(kind, two % 6)),
        (4, Count(kind, two % 6)),
        (8, Rows),
        (6, Update(kind, one, two)),
        (2, DeleteNotes(one)),
        (16, Flush),
        (20, Commit),
        (10, Rollback),
    ])
}

impl Step {
    /// Forms of this step that are simpler.
    pub(super) fn simpler(self) -> Vec<Self> {
        let Self(session, action) = self;
        let actions = match action {
            Add(kind, value, reference) => {
                vec![Add(kind, 0, 0), Add(kind, value, 0), Add(kind, 0, reference)]
            }
            Change(entity, column, _) => vec![Change(entity, column, 0)],
            Get(kind, _) => vec![Get(kind, 0)],
            All(kind, _) => vec![All(kind, 0)],
            Count(kind, _) => vec![Count(kind, 0)],
            Update(kind, _, value) => vec![Update(kind, 0, value), Update(kind, 0, 0)],
            AddAgain(_) | Delete(_) | Detach(_) | Expire(_) | ExpireAll | Refresh(_) | Load(_)
            | LoadBody(_) | Rows | DeleteNotes(_) | Flush | Commit | Rollback => Vec::new(),
        };
        let actions = actions.into_iter().filter(|&other| other != action);
        [0, session]
            .into_iter()
            .flat_map(|session| actions.clone().chain([action]).map(move |action| Self(session, action)))
            .filter(|&step| step != self)
            .collect()
    }
}
