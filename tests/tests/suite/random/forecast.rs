//! What a flush has to do: which changes it finds, whether the database can take them, and what the tables hold then.
//!
//! The contract fixes the order of tables and of the kinds of changes (R7), but not the order of rows within a batch, and
//! databases check keys row by row or statement by statement. So where rows of one batch pass keys on to each other the
//! flush *may* fail; everywhere else it *must* succeed, or fail.

use std::collections::{BTreeMap, BTreeSet};

use orm::ErrorKind;

use super::kinds::{Cell, ITEM, Key, Kind, Role, Row};
use super::memory::{Known, Memory, State};

/// The rows of all tables.
pub(super) type Tables = BTreeMap<(Kind, Key), Row>;

#[derive(Debug, Default)]
pub(super) struct Forecast {
    /// Errors that are told before anything is sent, and lose nothing.
    pub(super) refused: Vec<ErrorKind>,
    /// Errors that undo the transaction; it has one of these or of `may_fail`.
    pub(super) must_fail: Vec<ErrorKind>,
    pub(super) may_fail: Vec<ErrorKind>,
    /// [FLU-3] Whether there is anything to be written.
    pub(super) writes: bool,
    /// [FLU-2] [FLU-5] [FLU-7] How many statements, where no order of rows within a table makes more of them.
    pub(super) statements: Option<usize>,
    pub(super) updates: Vec<Update>,
    pub(super) inserts: Vec<usize>,
    /// [FLU-15] New entities that take over the rows of deleted ones, those, and the columns that differ.
    pub(super) replacements: Vec<(usize, usize, Vec<usize>)>,
    pub(super) deletes: Vec<usize>,
}

/// A row to be changed, and the columns that differ.
#[derive(Clone, Debug)]
pub(super) struct Update {
    pub(super) entity: usize,
    pub(super) columns: Vec<usize>,
}

impl Forecast {
    /// What a flush of this memory does to what its transaction sees.
    pub(super) fn of(memory: &Memory, view: &Tables) -> Self {
        let mut forecast = Self::default();
        forecast.find_changes(memory);
        forecast.find_refusals(memory);
        forecast.find_failures(memory, view);
        forecast.statements = forecast.count(memory, view);
        forecast
    }

    fn find_changes(&mut self, memory: &Memory) {
        for (entity, known) in memory.known.iter().enumerate() {
            match known.state {
                State::Persistent if known.doomed => self.deletes.push(entity),
                State::Persistent => {
                    let columns = memory.changed(entity);
                    if !columns.is_empty() {
                        self.updates.push(Update { entity, columns });
                    }
                }
                State::Pending => match memory.replaced_by(entity) {
                    Some(old) => self.replacements.push((entity, old, memory.differing(entity, old))),
                    None => self.inserts.push(entity),
                },
                State::Transient | State::Deleted | State::Gone => {}
            }
        }
        self.deletes.retain(|&doomed| self.replacements.iter().all(|&(_, old, _)| old != doomed));
        let is_nothing = self.updates.is_empty() && self.inserts.is_empty() && self.deletes.is_empty();
        self.writes = !is_nothing || !self.replacements.is_empty();
    }

    /// [R11] What is wrong is told before anything is sent.
    fn find_refusals(&mut self, memory: &Memory) {
        let is_looked_at =
            |known: &Known| known.state == State::Pending || (known.base.is_some() && !known.doomed);
        let refers_to_nobody = |known: &Known| {
            known
                .shown
                .iter()
                .any(|cell| matches!(cell, Cell::To(target, None) if !memory.known[*target].is_contained()))
        };
        if memory.known.iter().any(|known| is_looked_at(known) && refers_to_nobody(known)) {
            self.refused.push(ErrorKind::Detached);
            return;
        }
        for &entity in &self.inserts {
            let known = &memory.known[entity];
            if is_given(known)
                && memory.find(known.kind, known.key_shown()).is_some_and(|holder| memory.keeps_key(holder))
            {
                self.refused.push(ErrorKind::IdentityConflict);
            }
            if known.lacks_body() {
                self.refused.push(ErrorKind::NotLoaded);
            }
        }
        for (number, (entity, old, _)) in self.replacements.iter().enumerate() {
            let known = &memory.known[*entity];
            let goes_on = known.kind.version().is_some_and(|version| known.shown[version] == Cell::Is(0));
            if known.lacks_body() || (goes_on && memory.known_version(*old).is_none()) {
                self.refused.push(ErrorKind::NotLoaded);
            }
            if self.replacements[..number].iter().any(|(_, other, _)| other == old) {
                self.refused.push(ErrorKind::IdentityConflict);
            }
        }
    }

    /// [R7] [FLU-8] Updates, then inserts, then deletes.
    fn find_failures(&mut self, memory: &Memory, view: &Tables) {
        let mut tables = view.clone();
        self.update(memory, view, &mut tables);
        self.insert(memory, &mut tables);
        self.delete(memory, view, &mut tables);
        let numbered =
            self.inserts.iter().map(|&entity| &memory.known[entity]).filter(|known| !is_given(known));
        let new: Vec<(Kind, Row)> = self
            .inserts
            .iter()
            .map(|&entity| (memory.known[entity].kind, memory.written_row(entity)))
            .collect();
        // A key that is missing now may be the next one that the database gives.
        let may_come: BTreeSet<_> = numbered.map(|known| known.kind).collect();
        for (kind, row) in tables
            .iter()
            .map(|(&(kind, _), row)| (kind, row))
            .chain(new.iter().map(|(kind, row)| (*kind, row)))
        {
            for target in missing(kind, row, &tables) {
                let errors =
                    if may_come.contains(&target) { &mut self.may_fail } else { &mut self.must_fail };
                errors.push(ErrorKind::ForeignKeyViolation);
            }
        }
    }

    fn update(&mut self, memory: &Memory, view: &Tables, tables: &mut Tables) {
        let mut moved = Vec::new();
        let updates = self.updates.iter().map(|Update { entity, columns }| (*entity, *entity, columns));
        let replacements = self.replacements.iter().map(|(entity, old, columns)| (*entity, *old, columns));
        for (entity, holder, columns) in
            updates.chain(replacements.filter(|(_, _, columns)| !columns.is_empty()))
        {
            let known = &memory.known[entity];
            let key = memory.known[holder].key;
            match is_stale(memory, holder, view) {
                Some(true) => self.must_fail.push(ErrorKind::StaleData),
                Some(false) => {}
                None => self.may_fail.push(ErrorKind::StaleData),
            }
            let Some(mut row) = tables.remove(&(known.kind, key)) else {
                // [FLU-14]
                self.must_fail.push(ErrorKind::StaleData);
                continue;
            };
            let written = memory.written_row(entity);
            columns.iter().for_each(|&column| row[column] = written[column]);
            moved.push((known.kind, key, row));
        }
        for (kind, old, row) in moved {
            let key = kind.key_of(&row);
            if key != old && view.contains_key(&(kind, key)) {
                self.may_fail.push(ErrorKind::UniqueViolation);
            }
            if key != old && view.iter().any(|(&(other, _), row)| refers(other, row, kind, old)) {
                // Whoever refers to it would have to change first.
                self.may_fail.push(ErrorKind::ForeignKeyViolation);
            }
            if name(kind, &row).is_some_and(|new| holds_name(view, new, Some(old))) {
                self.may_fail.push(ErrorKind::UniqueViolation);
            }
            if kind == ITEM && self.is_written_now(memory, &row) {
                self.may_fail.push(ErrorKind::ForeignKeyViolation);
            }
            self.put(kind, row, tables);
        }
    }

    fn insert(&mut self, memory: &Memory, tables: &mut Tables) {
        let mut names = BTreeSet::new();
        for entity in self.inserts.clone() {
            let known = &memory.known[entity];
            let row = memory.written_row(entity);
            if known.kind == ITEM && self.is_written_now(memory, &row) {
                self.may_fail.push(ErrorKind::ForeignKeyViolation);
            }
            let is_numbered =
                |other: &usize| memory.known[*other].kind == known.kind && !is_given(&memory.known[*other]);
            if is_given(known) && self.inserts.iter().any(is_numbered) {
                // The database may number another new row like this one.
                self.may_fail.push(ErrorKind::UniqueViolation);
            }
            if is_given(known) {
                self.put(known.kind, row, tables);
            } else if name(known.kind, &row)
                .is_some_and(|new| holds_name(tables, new, None) || !names.insert(new))
            {
                self.must_fail.push(ErrorKind::UniqueViolation);
            }
        }
        if tables.iter().any(|(&(kind, _), row)| name(kind, row).is_some_and(|name| names.contains(&name))) {
            self.must_fail.push(ErrorKind::UniqueViolation);
        }
    }

    /// Puts a row into its table.
    fn put(&mut self, kind: Kind, row: Row, tables: &mut Tables) {
        let key = kind.key_of(&row);
        let is_taken = name(kind, &row).is_some_and(|name| holds_name(tables, name, None));
        if tables.insert((kind, key), row).is_some() || is_taken {
            self.must_fail.push(ErrorKind::UniqueViolation);
        }
    }

    /// Whether an item refers by its key to another one that gets that key in this flush.
    fn is_written_now(&self, memory: &Memory, row: &Row) -> bool {
        let Cell::Key(target) = row[3] else { return false };
        let is_it = |&entity: &usize| {
            let known = &memory.known[entity];
            known.kind == ITEM && known.key_shown() == target
        };
        let moved =
            self.updates.iter().filter(|update| update.columns.contains(&0)).map(|update| update.entity);
        moved.chain(self.inserts.iter().copied()).any(|entity| is_it(&entity))
    }

    /// Rows that refer to each other are deleted in the order of what is known of them, which may be out of date.
    fn delete(&mut self, memory: &Memory, view: &Tables, tables: &mut Tables) {
        let doomed_items = self.deletes.iter().filter(|&&entity| memory.known[entity].kind == ITEM).count();
        for &entity in &self.deletes {
            let known = &memory.known[entity];
            match is_stale(memory, entity, view) {
                Some(true) => self.must_fail.push(ErrorKind::StaleData),
                Some(false) => {}
                None => self.may_fail.push(ErrorKind::StaleData),
            }
            let row = tables.remove(&(known.kind, known.key));
            if known.kind != ITEM || doomed_items < 2 {
                continue;
            }
            let before = known.base.unwrap_or(known.shown);
            match row {
                Some(row) if plain(before[3]) == plain(row[3]) => {}
                Some(_) => self.may_fail.push(ErrorKind::ForeignKeyViolation),
                None => self.may_fail.push(ErrorKind::StaleData),
            }
        }
    }

    fn count(&self, memory: &Memory, view: &Tables) -> Option<usize> {
        let is_there =
            |&entity: &usize| view.contains_key(&(memory.known[entity].kind, memory.known[entity].key));
        if !self.deletes.iter().all(is_there) {
            // A key that was given up by somebody else may be given to a new row, which nobody wants to delete.
            return None;
        }
        let kind = |entity: usize| memory.known[entity].kind;
        let waits = |entity: usize| {
            let is_new = |cell: &Cell| matches!(memory.resolved(*cell), Cell::To(_, None));
            kind(entity) == ITEM && memory.known[entity].shown.iter().any(is_new)
        };
        let replacing = self.replacements.iter().map(|(entity, _, _)| *entity);
        let saved = self
            .updates
            .iter()
            .map(|update| update.entity)
            .chain(self.inserts.iter().copied())
            .chain(replacing);
        let doomed_items: Vec<_> = self
            .deletes
            .iter()
            .map(|&entity| &memory.known[entity])
            .filter(|known| known.kind == ITEM)
            .collect();
        if saved.into_iter().any(waits) || doomed_items.len() > 1 {
            return None;
        }
        let is_raised = |update: &&Update| memory.known[update.entity].raised().is_some();
        let raised = self.updates.iter().filter(is_raised).count();
        let updates: BTreeSet<_> = self
            .updates
            .iter()
            .filter(|update| !is_raised(update))
            .map(|update| (kind(update.entity), &update.columns))
            .collect();
        // A version that is not known is not looked at.
        let deletes: BTreeSet<_> = self
            .deletes
            .iter()
            .map(|&entity| (kind(entity), memory.known_version(entity).is_some()))
            .collect();
        let replacements = self.replacements.iter().filter(|(_, _, columns)| !columns.is_empty());
        let replacements: BTreeSet<_> =
            replacements.map(|(entity, _, columns)| (kind(*entity), columns)).collect();
        Some(updates.len() + raised + replacements.len() + self.count_inserts(memory) + deletes.len())
    }

    /// Neighbours with the same columns are one batch; in a table that refers to itself all of a level that have.
    fn count_inserts(&self, memory: &Memory) -> usize {
        let runs = Kind::ALL.map(|kind| {
            let of_kind =
                self.inserts.iter().map(|&entity| &memory.known[entity]).filter(|known| known.kind == kind);
            let mut shapes: Vec<bool> = of_kind.map(is_given).collect();
            if kind == ITEM {
                shapes.sort_unstable();
            }
            shapes.dedup();
            shapes.len()
        });
        runs.iter().sum()
    }
}

impl Known {
    /// The primary key that its struct says.
    pub(super) fn key_shown(&self) -> Key {
        self.kind.key_of(&self.shown)
    }
}

/// [VER-2] Whether the row of a change or a deletion has another version than is known, if that can be said.
fn is_stale(memory: &Memory, entity: usize, view: &Tables) -> Option<bool> {
    let known = &memory.known[entity];
    let Some(column) = known.kind.version() else { return Some(false) };
    let found = view.get(&(known.kind, known.key)).map(|row| row[column]);
    match memory.known_version(entity) {
        Some(version) => Some(found != Some(Cell::Is(version))),
        None => found.map(|_| false),
    }
}

impl Known {
    /// The key of its row once it is written.
    pub(super) fn key_after(&self) -> Key {
        if self.is_persistent() && self.base.is_none() { self.key } else { self.key_shown() }
    }
}

/// Whether a new row comes with its key.
fn is_given(known: &Known) -> bool {
    !known.kind.is_numbered() || known.shown[0] != Cell::Is(0)
}

impl Memory {
    /// [FLU-2] [FLU-3] The columns of a persistent entity that differ from its row as it was loaded.
    pub(super) fn changed(&self, entity: usize) -> Vec<usize> {
        let known = &self.known[entity];
        let raised = known.raised().map(|_| known.kind.val());
        let Some(base) = known.base else { return raised.into_iter().collect() };
        let is_changed = |column: usize| plain(self.resolved(known.shown[column])) != plain(base[column]);
        let differs = |&column: &usize| raised == Some(column) || is_changed(column);
        (0..known.kind.columns().len()).filter(differs).collect()
    }

    /// [FLU-15] The entity that is to be deleted and whose key a new one has.
    fn replaced_by(&self, entity: usize) -> Option<usize> {
        let known = &self.known[entity];
        let holder = is_given(known).then(|| self.find(known.kind, known.key_shown()))?;
        holder.filter(|&holder| self.known[holder].doomed)
    }

    /// The columns of a new entity that differ from the row that it takes over: all, if that is not known.
    fn differing(&self, entity: usize, old: usize) -> Vec<usize> {
        let (known, old) = (&self.known[entity], &self.known[old]);
        let before = old.base.unwrap_or(old.shown);
        let goes_on = known.kind.version().filter(|&version| known.shown[version] == Cell::Is(0));
        let differs = |&column: &usize| {
            Some(column) != goes_on
                && (old.expired || plain(self.resolved(known.shown[column])) != plain(before[column]))
        };
        (known.kind.key_width()..known.kind.columns().len()).filter(differs).collect()
    }

    /// An entity's cells as they are to be written; references to rows that are new themselves wait.
    pub(super) fn written_row(&self, entity: usize) -> Row {
        self.known[entity].shown.map(|cell| plain(self.resolved(cell)))
    }

    /// Fills in the key of an entity that is referred to, as it will be after the flush.
    pub(super) fn resolved(&self, cell: Cell) -> Cell {
        match cell {
            Cell::To(target, None) if self.known[target].is_persistent() => {
                let known = &self.known[target];
                let moves = known.base.is_some() && !known.doomed;
                Cell::To(target, Some(if moves { known.key_shown() } else { known.key }))
            }
            Cell::To(target, None)
                if self.known[target].state == State::Pending && self.replaced_by(target).is_some() =>
            {
                Cell::To(target, Some(self.known[target].key_shown()))
            }
            other => other,
        }
    }

    /// Whether an entity will have its key until others are inserted.
    fn keeps_key(&self, entity: usize) -> bool {
        let known = &self.known[entity];
        known.base.is_none() || known.key_shown() == known.key
    }
}

/// A cell as a database has it.
pub(super) fn plain(cell: Cell) -> Cell {
    match cell {
        Cell::To(_, Some(key)) => Cell::Key(key),
        other => other,
    }
}

fn name(kind: Kind, row: &Row) -> Option<i64> {
    match kind.column(Role::Unique).map(|column| row[column]) {
        Some(Cell::Is(name)) => Some(name),
        _ => None,
    }
}

fn holds_name(tables: &Tables, wanted: i64, except: Option<Key>) -> bool {
    tables.iter().any(|(&(kind, key), row)| Some(key) != except && name(kind, row) == Some(wanted))
}

fn refers(kind: Kind, row: &Row, target: Kind, key: Key) -> bool {
    kind.references().any(|(column, to)| to == target && row[column] == Cell::Key(key))
}

/// The tables in which a row refers to rows that are not there.
fn missing(kind: Kind, row: &Row, tables: &Tables) -> impl Iterator<Item = Kind> {
    let is_missing = |(column, target): &(usize, Kind)| matches!(row[*column], Cell::Key(key) if !tables.contains_key(&(*target, key)));
    kind.references().filter(is_missing).map(|(_, target)| target)
}
