//! What a session knows, by the contract: an entity for each handle, in the order in which the handles were given out.
//!
//! A rollback is undone by copies: at each point that can be returned to there is one of all entities, of which what is
//! read later is a part as well, until the transaction itself changes the entity.

use std::collections::BTreeSet;

use orm::{EntityState, ErrorKind};

use super::kinds::{Cell, Key, Kind, Role, Row};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Transient,
    Pending,
    Persistent,
    /// The DELETE is flushed, the transaction is open.
    Deleted,
    /// Detached, or deleted and committed.
    Gone,
}

impl State {
    /// As a session tells it.
    pub(super) fn seen(self) -> EntityState {
        match self {
            Self::Transient => EntityState::Transient,
            Self::Pending => EntityState::Pending,
            Self::Persistent => EntityState::Persistent,
            Self::Deleted => EntityState::Deleted,
            Self::Gone => EntityState::Detached,
        }
    }
}

/// An entity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) kind: Kind,
    pub(super) state: State,
    /// The key of its row, if it has one.
    pub(super) key: Key,
    /// What its struct shows.
    pub(super) shown: Row,
    /// What that was when it was first handed out for writing since the last flush.
    pub(super) base: Option<Row>,
    pub(super) doomed: bool,
    /// How much the next flush adds to the value, and what that was when this was said.
    pub(super) raise: Option<(i64, Cell)>,
    pub(super) expired: bool,
    /// Read in this transaction: it need not be read again.
    fresh: bool,
    /// Its key was made by the database.
    pub(super) numbered: bool,
    /// Its version was begun by a flush.
    pub(super) versioned: bool,
    /// It was made from its key alone, and has never been read.
    stand_in: bool,
}

/// Whether a rollback knows what to show of an entity that was read after its transaction had written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    No,
    /// It was read as it was committed, or is known from before: it may be shown or be expired.
    Slight,
    /// It is known only as the transaction had written it: it has to be expired.
    Grave,
}

/// An entity as it was at a point that can be returned to.
#[derive(Clone, Copy, Debug)]
struct Before {
    state: State,
    key: Key,
    /// What it showed when it was first changed since then.
    written: Option<Row>,
    /// It was read since then.
    read: bool,
    doubt: Doubt,
}

/// A point that can be returned to.
#[derive(Clone, Debug, Default)]
struct Mark {
    before: Vec<Before>,
    /// The marks before this one, as they were when it was set.
    outer: Vec<Mark>,
}

/// What the contract leaves open after a rollback.
#[derive(Default)]
pub(super) struct InDoubt {
    /// Entities that may have to be read again.
    pub(super) entities: Vec<usize>,
    /// Those that were read beside what is undone: they may be last known values now.
    pub(super) read: Vec<usize>,
    /// References of rows that were not inserted after all to others that were detached: they may have kept their keys.
    pub(super) references: Vec<(usize, usize, Key)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    pub(super) known: Vec<Known>,
    /// The last end of a transaction, and each savepoint that is open.
    marks: Vec<Mark>,
    /// How many transactions have ended.
    pub(super) ended: usize,
    /// A flush has failed, and nobody has said `rollback` yet.
    pub(super) failed: bool,
    /// A statement has written in this transaction.
    pub(super) wrote_by_statement: bool,
    /// Rows whose entities were detached in this transaction.
    left: BTreeSet<(Kind, Key)>,
}

impl Known {
    fn new(kind: Kind, state: State, key: Key, shown: Row) -> Self {
        let fresh = state == State::Persistent;
        Self {
            kind,
            state,
            key,
            shown,
            base: None,
            doomed: false,
            raise: None,
            expired: false,
            fresh,
            numbered: false,
            versioned: false,
            stand_in: false,
        }
    }

    /// [FLU-11] What the next flush adds to the value, unless that was set since.
    pub(super) fn raised(&self) -> Option<i64> {
        let (by, before) = self.raise?;
        (self.expired || self.shown[self.kind.val()] == before).then_some(by)
    }

    pub(super) fn is_persistent(&self) -> bool {
        self.state == State::Persistent
    }

    pub(super) fn is_contained(&self) -> bool {
        matches!(self.state, State::Pending | State::Persistent)
    }

    /// [QRY-10] [A2] Nothing has to be read to answer a question for it: it was read in this transaction, or is being changed.
    pub(super) fn is_current(&self) -> bool {
        self.is_persistent() && (self.base.is_some() || (self.fresh && !self.expired))
    }

    /// [A3] What reading it gives.
    pub(super) fn readable(&self) -> Result<&Row, ErrorKind> {
        match self.state {
            State::Transient | State::Pending => Ok(&self.shown),
            State::Persistent if self.stand_in => Err(ErrorKind::NotLoaded),
            State::Persistent if self.expired => Err(ErrorKind::Expired),
            State::Persistent => Ok(&self.shown),
            State::Deleted | State::Gone => Err(ErrorKind::Detached),
        }
    }

    /// [STA-6] What is to be deleted, expired or refreshed must have its row.
    pub(super) fn persistent(&self) -> Result<(), ErrorKind> {
        match self.state {
            State::Persistent => Ok(()),
            State::Transient | State::Pending | State::Deleted => Err(ErrorKind::NotPersistent),
            State::Gone => Err(ErrorKind::Detached),
        }
    }

    /// Whether an expired entity reads its row over what it has.
    fn lacks(&self, column: usize) -> bool {
        self.shown[column] == Cell::Unloaded
    }

    /// [QRY-14] Whether its deferred column would have to be read.
    pub(super) fn lacks_body(&self) -> bool {
        self.kind.column(Role::Deferred).is_some_and(|body| self.lacks(body))
    }
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { marks: vec![Mark::default()], ..Self::default() }
    }

    /// How many savepoints are open.
    pub(super) fn depth(&self) -> usize {
        self.marks.len() - 1
    }

    /// The entity that stands for a row.
    pub(super) fn find(&self, kind: Kind, key: Key) -> Option<usize> {
        let is_it = |known: &Known| known.is_persistent() && known.kind == kind && known.key == key;
        self.known.iter().position(is_it)
    }

    fn enter(&mut self, known: Known, state: State, doubts: &[Doubt]) -> usize {
        for (level, mark) in self.marks.iter_mut().enumerate() {
            let doubt = doubts.get(level).copied().unwrap_or(Doubt::No);
            mark.before.push(Before { state, key: known.key, written: None, read: true, doubt });
        }
        self.known.push(known);
        self.known.len() - 1
    }

    /// [STA-1]
    pub(super) fn add(&mut self, kind: Kind, row: Row) -> usize {
        self.enter(Known::new(kind, State::Pending, [0, 0], row), State::Transient, &[])
    }

    /// Hands an entity out for writing.
    pub(super) fn touch(&mut self, entity: usize) -> Result<&mut Row, ErrorKind> {
        self.known[entity].readable()?;
        match self.known[entity].state {
            State::Persistent => {
                self.write(entity);
                let known = &mut self.known[entity];
                known.base.get_or_insert(known.shown);
            }
            State::Pending => {}
            State::Transient | State::Deleted | State::Gone => return Err(ErrorKind::NotPersistent),
        }
        Ok(&mut self.known[entity].shown)
    }

    /// [FLU-11] [EXP-5] The next flush adds this to the value, loaded or not.
    pub(super) fn raise(&mut self, entity: usize, by: i64) -> Result<(), ErrorKind> {
        self.known[entity].persistent()?;
        if !self.known[entity].expired {
            self.touch(entity)?;
        }
        let known = &mut self.known[entity];
        known.raise = Some((by, known.shown[known.kind.val()]));
        Ok(())
    }

    /// The transaction changes an entity: a rollback gives back what it shows now.
    pub(super) fn write(&mut self, entity: usize) {
        for mark in &mut self.marks {
            mark.before[entity].written.get_or_insert(self.known[entity].shown);
        }
    }

    /// [EXP-1] [EXP-3]
    pub(super) fn expire(&mut self, entity: usize) {
        self.forget_changes(entity);
        self.known[entity].expired = true;
        self.known[entity].fresh = false;
    }

    /// [EXP-3] What was deleted in this transaction is expired as well, if it comes back.
    pub(super) fn expire_all(&mut self) {
        for entity in 0..self.known.len() {
            if matches!(self.known[entity].state, State::Persistent | State::Deleted) {
                self.expire(entity);
            }
        }
    }

    pub(super) fn forget_changes(&mut self, entity: usize) {
        let known = &mut self.known[entity];
        known.shown = known.base.take().unwrap_or(known.shown);
        known.raise = None;
    }

    /// [A8] It leaves, with what was not flushed.
    pub(super) fn detach(&mut self, entity: usize) {
        let known = &mut self.known[entity];
        if known.is_persistent() {
            self.left.insert((known.kind, known.key));
        }
        known.state = State::Gone;
        (known.base, known.raise, known.doomed) = (None, None, false);
    }

    /// [IDM-1] [QRY-12] A row is read: its entity takes it over unless it is current; or it is a new one. `refill` puts it
    /// over whatever there is. `doubts` says for each mark what a return to it knows of the row.
    pub(super) fn meet(&mut self, kind: Kind, key: Key, row: Row, refill: bool, doubts: &[Doubt]) -> usize {
        let Some(entity) = self.find(kind, key) else {
            let least = if self.left.contains(&(kind, key)) { Doubt::Slight } else { Doubt::No };
            let doubts: Vec<_> = doubts.iter().map(|&doubt| doubt.max(least)).collect();
            return self.enter(Known::new(kind, State::Persistent, key, row), State::Persistent, &doubts);
        };
        if refill || !self.known[entity].is_current() {
            if self.left.contains(&(kind, key)) {
                for mark in &mut self.marks {
                    mark.before[entity].doubt = mark.before[entity].doubt.max(Doubt::Slight);
                }
            }
            if self.known[entity].expired {
                for (mark, &doubt) in self.marks.iter_mut().zip(doubts) {
                    let before = &mut mark.before[entity];
                    let is_known = before.written.is_some() || self.known[entity].state != before.state;
                    before.doubt = before.doubt.max(if is_known { doubt.min(Doubt::Slight) } else { doubt });
                }
            } else if self.wrote_by_statement {
                self.write(entity);
            }
            for mark in &mut self.marks {
                mark.before[entity].read = true;
            }
            let known = &mut self.known[entity];
            (known.shown, known.base, known.fresh, known.expired, known.stand_in) =
                (row, None, true, false, false);
            if let Some((_, before)) = &mut known.raise {
                // [EXP-5] What was set survives.
                *before = row[kind.val()];
                known.base = Some(row);
                self.write(entity);
            }
        }
        entity
    }

    /// [VER-1] The version with which a row was loaded or last written, if it has one and that is known.
    pub(super) fn known_version(&self, entity: usize) -> Option<i64> {
        let known = &self.known[entity];
        match known.base.unwrap_or(known.shown)[known.kind.version()?] {
            Cell::Is(version) if known.base.is_some() || !known.expired => Some(version),
            _ => None,
        }
    }

    /// [VER-1] [VER-4] The version that an update of these columns gives to its row, unless the program has set another one.
    pub(super) fn next_version(&self, entity: usize, columns: &[usize]) -> Option<(usize, i64)> {
        let column = self.known[entity].kind.version().filter(|column| !columns.contains(column))?;
        Some((column, self.known_version(entity)? + 1))
    }

    /// [A8] The entity of a row that the program says is there.
    pub(super) fn attach(&mut self, kind: Kind, key: Key, row: Row) -> usize {
        let doubts = vec![Doubt::Slight; self.marks.len()];
        self.enter(Known::new(kind, State::Persistent, key, row), State::Persistent, &doubts)
    }

    /// [STA-8] The entity with this key, read or not.
    pub(super) fn stand_in(&mut self, kind: Kind, key: Key) -> usize {
        self.find(kind, key).unwrap_or_else(|| {
            let known = Known::new(kind, State::Persistent, key, [Cell::Null; 5]);
            self.enter(Known { expired: true, fresh: false, stand_in: true, ..known }, State::Persistent, &[])
        })
    }

    /// [QRY-14] A deferred column was read.
    pub(super) fn meet_column(&mut self, entity: usize, column: usize, cell: Cell) {
        let known = &mut self.known[entity];
        known.shown[column] = cell;
        if let Some(base) = &mut known.base {
            base[column] = cell;
        }
    }

    /// The row was deleted, or is found to be gone.
    pub(super) fn deleted(&mut self, entity: usize) {
        let known = &mut self.known[entity];
        (known.state, known.doomed, known.base, known.raise) = (State::Deleted, false, None, None);
    }

    /// [STA-1] A row was inserted, under this key.
    pub(super) fn inserted(&mut self, entity: usize, key: Key) {
        let known = &mut self.known[entity];
        (known.state, known.key, known.fresh) = (State::Persistent, key, true);
        if known.kind.is_numbered() {
            known.numbered = known.shown[0] == Cell::Is(0);
            known.shown[0] = Cell::Is(key[0]);
        }
        // [VER-1]
        self.begin_version(entity, 1);
    }

    /// A version that was never set is this one.
    fn begin_version(&mut self, entity: usize, version: i64) {
        let known = &mut self.known[entity];
        if let Some(column) = known.kind.version() {
            known.versioned = known.shown[column] == Cell::Is(0);
            if known.versioned {
                known.shown[column] = Cell::Is(version);
            }
        }
    }

    /// [FLU-15] A new entity has taken over the row of a deleted one, and knows it as well as that one did.
    pub(super) fn replaced(&mut self, entity: usize, old: usize, is_written: bool) {
        if let Some(version) = self.known_version(old) {
            self.begin_version(entity, version + i64::from(is_written));
        }
        let old = self.known[old];
        let known = &mut self.known[entity];
        (known.state, known.key) = (State::Persistent, old.key);
        known.fresh = old.fresh || old.expired;
    }

    /// All that was changed is written. The rows of these entities have these keys now; [R1] an identity is one entity, so who
    /// was known under one of them has lost its row to somebody else.
    pub(super) fn written(&mut self, keys: &[(usize, Key)]) {
        for &(entity, key) in keys {
            self.known[entity].key = key;
        }
        for other in 0..self.known.len() {
            let known = self.known[other];
            let has_taken =
                |&(entity, key): &(usize, Key)| (self.known[entity].kind, key) == (known.kind, known.key);
            let is_there = keys.iter().any(|&(entity, _)| entity == other);
            if known.is_persistent() && !is_there && keys.iter().any(has_taken) {
                self.deleted(other);
            }
        }
        for known in self.known.iter_mut().filter(|known| !known.doomed) {
            (known.base, known.raise) = (None, None);
        }
    }

    /// [A2] [COM-1] All is stale, what was deleted is gone, and there is nothing to go back to.
    pub(super) fn committed(&mut self) {
        for known in self.known.iter_mut().filter(|known| known.state == State::Deleted) {
            known.state = State::Gone;
        }
        self.end();
    }

    /// What an entity shows is to be read again.
    pub(super) fn make_stale(&mut self, entity: usize) {
        self.known[entity].fresh = false;
    }

    /// [COM-5] A savepoint is set, with nothing unflushed.
    pub(super) fn begin_nested(&mut self) {
        let before = |known: &Known| Before {
            state: known.state,
            key: known.key,
            written: None,
            read: false,
            doubt: Doubt::No,
        };
        let before = self.known.iter().map(before).collect();
        self.marks.push(Mark { before, outer: self.marks.clone() });
    }

    /// [COM-7] The savepoint of this depth is released, and those inside of it.
    pub(super) fn release(&mut self, depth: usize) {
        self.marks.truncate(depth);
    }

    /// [COM-3] [R8] [STA-2] [STA-3]
    pub(super) fn rolled_back(&mut self) -> InDoubt {
        let in_doubt = self.return_to(0);
        self.end();
        in_doubt
    }

    /// [COM-5] [COM-6] What was changed since the savepoint of this depth is as it was, and to be read again; the rest is current.
    /// The savepoint itself stays.
    pub(super) fn rolled_back_to(&mut self, depth: usize) -> InDoubt {
        let in_doubt = self.return_to(depth);
        self.marks.truncate(depth + 1);
        let outer = self.marks[depth].outer.clone();
        for (mark, outer) in self.marks.iter_mut().zip(outer) {
            mark.before[..outer.before.len()].copy_from_slice(&outer.before);
            mark.before[outer.before.len()..].iter_mut().for_each(|before| before.written = None);
        }
        self.marks[depth].before.iter_mut().for_each(|before| before.written = None);
        in_doubt
    }

    fn return_to(&mut self, depth: usize) -> InDoubt {
        let mark = self.marks[depth].before.clone();
        self.give_way(&mark);
        let mut in_doubt = InDoubt::default();
        let (mut added, mut undone) = (Vec::new(), Vec::new());
        for (entity, before) in mark.iter().enumerate() {
            let known = &mut self.known[entity];
            if known.state == State::Gone {
                continue;
            }
            if before.read {
                in_doubt.read.push(entity);
            }
            match before.doubt {
                Doubt::No => {}
                Doubt::Grave => known.expired = true,
                Doubt::Slight => in_doubt.entities.push(entity),
            }
            let is_changed =
                before.written.is_some() || (known.state, known.key) != (before.state, before.key);
            known.fresh &= !is_changed && !known.expired;
            known.shown = before.written.unwrap_or(known.shown);
            let had_row = !matches!(known.state, State::Transient | State::Pending);
            if had_row && (before.state == State::Transient || known.key != before.key) {
                undone.push((known.kind, known.key, entity));
            }
            if before.state == State::Transient && known.state != State::Transient {
                added.push((entity, known.state != State::Pending));
            }
            (known.state, known.key) = (before.state, before.key);
            (known.base, known.raise, known.doomed) = (None, None, false);
        }
        self.keep_first();
        for (entity, inserted) in added {
            self.undo_add(entity, inserted, &undone, &mut in_doubt);
        }
        in_doubt
    }

    /// [STA-3] What was added is no longer anybody's. It shows what it did, without keys that are not there any more: its own if
    /// the database made it, and those of rows that were written in the same transaction (`undone`, and who had them), for which
    /// it waits again.
    fn undo_add(
        &mut self,
        entity: usize,
        inserted: bool,
        undone: &[(Kind, Key, usize)],
        in_doubt: &mut InDoubt,
    ) {
        let mut known = self.known[entity];
        known.expired = false;
        if inserted && known.numbered {
            known.shown[0] = Cell::Is(0);
        }
        if let Some(version) = known.kind.version().filter(|_| known.versioned) {
            known.shown[version] = Cell::Is(0);
        }
        for (column, kind) in known.kind.references() {
            let waits_for = match known.shown[column] {
                Cell::To(target, Some(key)) => {
                    let has_key = self.known[target].is_persistent() && self.known[target].key == key;
                    (!has_key).then_some(target)
                }
                Cell::Key(key) => {
                    undone.iter().find(|lost| (lost.0, lost.1) == (kind, key)).map(|lost| lost.2)
                }
                Cell::Null | Cell::Is(_) | Cell::To(_, None) | Cell::Unloaded => None,
            };
            if let Some(target) = waits_for {
                if self.known[target].state == State::Gone
                    && let Cell::To(_, Some(key)) | Cell::Key(key) = known.shown[column]
                {
                    in_doubt.references.push((entity, column, key));
                }
                known.shown[column] = Cell::To(target, None);
            }
        }
        self.known[entity] = known;
    }

    /// Who stands for a row that was inserted and deleted since has to go as well: on the way back the identity is the other's.
    fn give_way(&mut self, mark: &[Before]) {
        let passed = |(known, before): &(&Known, &Before)| {
            known.state == State::Deleted && before.state == State::Transient
        };
        let passed = self.known.iter().zip(mark).filter(passed);
        let passed: BTreeSet<_> = passed.map(|(known, _)| (known.kind, known.key)).collect();
        for (known, before) in self.known.iter_mut().zip(mark) {
            let was_met = known.is_persistent() && before.state == State::Persistent;
            if was_met && passed.contains(&(known.kind, known.key)) {
                known.state = State::Gone;
            }
        }
    }

    /// Who was met under an identity that has come back to another entity has to go.
    fn keep_first(&mut self) {
        let mut seen = BTreeSet::new();
        for known in self.known.iter_mut().filter(|known| known.is_persistent()) {
            if !seen.insert((known.kind, known.key)) {
                known.state = State::Gone;
            }
        }
    }

    fn end(&mut self) {
        self.known.iter_mut().for_each(|known| known.fresh = false);
        self.left.clear();
        self.wrote_by_statement = false;
        self.ended += 1;
        self.marks.clear();
        self.begin_nested();
    }
}
