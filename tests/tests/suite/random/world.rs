//! The database, two sessions that share it, and what each of them may do while the other has a transaction open.

use super::forecast::{Forecast, Tables, Update, plain};
use super::kinds::{Cell, Key, Kind};
use super::memory::{Doubt, InDoubt, Memory};
use super::sequence::{Ending, Step};
use super::steps::Action;

/// How transactions get on with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    /// One at a time: SQLite in memory, where readers keep writers from committing.
    Turns,
    /// One writes, and each sees what was committed when it began; it can write only if that is still so: SQLite in a file.
    Snapshot,
    /// Each statement sees what is committed: servers at READ COMMITTED. That only one writes is this test's choice, so that
    /// nobody waits for a lock.
    ReadCommitted,
}

pub(super) struct World {
    sharing: Sharing,
    pub(super) committed: Tables,
    commits: u64,
    pub(super) memories: [Memory; 2],
    transactions: [Option<Transaction>; 2],
    names: i64,
}

#[derive(Clone)]
struct Transaction {
    view: Tables,
    since: u64,
    wrote: bool,
    /// What it saw when its savepoints were set.
    saved: Vec<Tables>,
}

impl World {
    pub(super) fn new(sharing: Sharing) -> Self {
        let memories = [Memory::new(), Memory::new()];
        Self {
            sharing,
            committed: Tables::new(),
            commits: 0,
            memories,
            transactions: [None, None],
            names: 10,
        }
    }

    /// A name that nobody has.
    pub(super) fn new_name(&mut self) -> i64 {
        self.names += 1;
        self.names
    }

    /// What a session's next statement sees.
    pub(super) fn view(&self, session: usize) -> &Tables {
        match &self.transactions[session] {
            Some(transaction) if transaction.wrote || self.sharing != Sharing::ReadCommitted => {
                &transaction.view
            }
            _ => &self.committed,
        }
    }

    pub(super) fn is_in_transaction(&self, session: usize) -> bool {
        self.transactions[session].is_some()
    }

    pub(super) fn wrote(&self, session: usize) -> bool {
        self.transactions[session].as_ref().is_some_and(|transaction| transaction.wrote)
    }

    /// Whether somebody else can read what is committed.
    pub(super) fn can_be_read(&self) -> bool {
        self.sharing != Sharing::Turns || self.transactions.iter().all(Option::is_none)
    }

    pub(super) fn forecast(&self, session: usize) -> Forecast {
        Forecast::of(&self.memories[session], self.view(session))
    }

    /// What has to be done first, so that a step is not blocked. It is done, as if it were a step of its own.
    pub(super) fn in_the_way(&self, step: Step<Action>) -> Option<Step<Action>> {
        let Step(session, action) = step;
        let other = 1 - session;
        let is_plain = matches!(
            action,
            Action::Add(..)
                | Action::AddAgain(_)
                | Action::Change(..)
                | Action::Delete(_)
                | Action::Detach(_)
                | Action::Expire(_)
                | Action::ExpireAll
                | Action::Undelete(_)
                | Action::Expunge(_)
                | Action::Reference(..)
                | Action::Attach(..)
                | Action::Raise(..)
                | Action::End(Ending::Undo | Ending::Drop)
                | Action::Rollback
        );
        if is_plain || self.memories[session].failed {
            return None;
        }
        let writes = !matches!(action, Action::AllUnflushed(..))
            && (matches!(action, Action::Update(..) | Action::DeleteNotes(_) | Action::BeginNested)
                || self.forecast(session).writes);
        let is_blocked = match self.sharing {
            Sharing::Turns => self.is_in_transaction(other),
            Sharing::Snapshot | Sharing::ReadCommitted => writes && self.wrote(other),
        };
        if is_blocked {
            let can_commit = !self.memories[other].failed && self.forecast(other).refused.is_empty();
            return Some(Step(other, if can_commit { Action::Commit } else { Action::Rollback }));
        }
        let is_old = |transaction: &Transaction| transaction.since != self.commits;
        let is_too_old =
            self.sharing == Sharing::Snapshot && self.transactions[session].as_ref().is_some_and(is_old);
        (writes && is_too_old).then_some(Step(session, Action::Rollback))
    }

    /// A statement is sent.
    pub(super) fn begin(&mut self, session: usize) {
        let since = self.commits;
        self.transactions[session].get_or_insert_with(|| Transaction {
            view: self.committed.clone(),
            since,
            wrote: false,
            saved: Vec::new(),
        });
    }

    /// A statement is sent that writes.
    pub(super) fn begin_writing(&mut self, session: usize) -> &mut Tables {
        self.begin(session);
        let view = self.view(session).clone();
        let since = self.commits;
        let saved = self.transactions[session].take().map_or_else(Vec::new, |transaction| transaction.saved);
        &mut self.transactions[session].insert(Transaction { view, since, wrote: true, saved }).view
    }

    /// A flush has done what it was to do; `keys` are those that new rows were given.
    pub(super) fn flushed(&mut self, session: usize, forecast: &Forecast, keys: &[Key]) {
        if forecast.writes {
            self.begin_writing(session);
        }
        let Self { memories, transactions, .. } = self;
        let memory = &mut memories[session];
        let old: Vec<_> = forecast.updates.iter().map(|update| memory.known[update.entity].key).collect();
        for (&entity, &key) in forecast.inserts.iter().zip(keys) {
            memory.inserted(entity, key);
        }
        for &(entity, old, ref columns) in &forecast.replacements {
            memory.replaced(entity, old, !columns.is_empty());
        }
        let replacing = || forecast.replacements.iter().map(|&(entity, _, _)| entity);
        let is_new =
            |entity: usize| forecast.inserts.contains(&entity) || replacing().any(|new| new == entity);
        let is_written = |entity: usize| {
            !memory.known[entity].doomed && (memory.known[entity].base.is_some() || is_new(entity))
        };
        let written: Vec<_> = (0..memory.known.len()).filter(|&entity| is_written(entity)).collect();
        for entity in written {
            memory.known[entity].shown = memory.known[entity].shown.map(|cell| memory.resolved(cell));
        }
        let raised = forecast.updates.iter().map(|update| memory.known[update.entity].raised());
        let raised: Vec<_> = raised.collect();
        for Update { entity, columns } in &forecast.updates {
            if let Some((column, version)) = memory.next_version(*entity, columns) {
                memory.known[*entity].shown[column] = Cell::Is(version);
            }
        }
        let updated = forecast.updates.iter().map(|update| update.entity);
        let saved: Vec<_> = updated
            .chain(forecast.inserts.iter().copied())
            .chain(replacing())
            .map(|entity| (entity, memory.known[entity].key_after()))
            .collect();
        if let Some(Transaction { view, .. }) = &mut transactions[session] {
            let rows = forecast.updates.iter().zip(old).zip(raised).map(|((update, old), raised)| {
                let known = &mut memory.known[update.entity];
                let mut row = view.remove(&(known.kind, old)).unwrap();
                let val = known.kind.val();
                if let (Some(by), Cell::Is(value)) = (raised, row[val]) {
                    // [FLU-11] What is shown is what came out of it.
                    row[val] = Cell::Is(value + by);
                    known.shown[val] = if known.expired { known.shown[val] } else { row[val] };
                }
                let version = known.kind.version();
                update
                    .columns
                    .iter()
                    .copied()
                    .chain(version)
                    .filter(|&column| column != val || raised.is_none())
                    .for_each(|column| row[column] = plain(known.shown[column]));
                (known.kind, row)
            });
            let rows: Vec<_> = rows.collect();
            let new = forecast
                .inserts
                .iter()
                .map(|&entity| (memory.known[entity].kind, memory.known[entity].shown.map(plain)));
            for (kind, row) in rows.into_iter().chain(new) {
                view.insert((kind, kind.key_of(&row)), row);
            }
            for (entity, _, columns) in
                forecast.replacements.iter().filter(|(_, _, columns)| !columns.is_empty())
            {
                let known = &memory.known[*entity];
                let row = view.get_mut(&(known.kind, known.key)).unwrap();
                let version = known.kind.version();
                columns
                    .iter()
                    .copied()
                    .chain(version)
                    .for_each(|column| row[column] = plain(known.shown[column]));
            }
        }
        memory.written(&saved);
        for &entity in &forecast.deletes {
            if memory.known[entity].is_persistent() {
                let known = &memory.known[entity];
                if let Some(transaction) = &mut transactions[session] {
                    transaction.view.remove(&(known.kind, known.key));
                }
                memory.deleted(entity);
            }
        }
    }

    /// A flush was refused before anything was sent. What was only handed out for writing, and not changed, is known as it was.
    pub(super) fn refused(&mut self, session: usize, looked_at_all: bool) {
        let memory = &mut self.memories[session];
        for entity in 0..memory.known.len() {
            if looked_at_all && !memory.known[entity].doomed && memory.changed(entity).is_empty() {
                memory.known[entity].base = None;
            }
        }
    }

    /// Takes in what a query found of one table; the numbers of the entities.
    pub(super) fn meet(
        &mut self,
        session: usize,
        kind: Kind,
        key: Key,
        with_body: bool,
        refill: bool,
    ) -> Option<usize> {
        let mut row = *self.view(session).get(&(kind, key))?;
        if let Some(body) = kind.column(super::kinds::Role::Deferred).filter(|_| !with_body) {
            row[body] = Cell::Unloaded;
        }
        let place = (kind, key);
        let wrote = self.wrote(session);
        let saved = self.transactions[session].iter().flat_map(|transaction| &transaction.saved);
        let doubt = |before: &Tables| match wrote {
            true if self.view(session).get(&place) != before.get(&place) => Doubt::Grave,
            true => Doubt::Slight,
            false => Doubt::No,
        };
        let doubts: Vec<_> = [&self.committed].into_iter().chain(saved).map(doubt).collect();
        Some(self.memories[session].meet(kind, key, row, refill, &doubts))
    }

    /// [COM-5] A savepoint is set, after a flush; its depth.
    pub(super) fn begin_nested(&mut self, session: usize) -> usize {
        self.begin_writing(session);
        if let Some(transaction) = &mut self.transactions[session] {
            transaction.saved.push(transaction.view.clone());
        }
        self.memories[session].begin_nested();
        self.memories[session].depth()
    }

    /// [COM-7]
    pub(super) fn release(&mut self, session: usize, depth: usize) {
        self.memories[session].release(depth);
        if let Some(transaction) = &mut self.transactions[session] {
            transaction.saved.truncate(depth - 1);
        }
    }

    /// [COM-5] [COM-8] What was done since a savepoint is undone; it stays.
    pub(super) fn rolled_back_to(&mut self, session: usize, depth: usize) -> InDoubt {
        if let Some(transaction) = &mut self.transactions[session] {
            transaction.saved.truncate(depth);
            transaction.view = transaction.saved[depth - 1].clone();
        }
        self.memories[session].rolled_back_to(depth)
    }

    pub(super) fn committed(&mut self, session: usize) {
        if let Some(transaction) = self.transactions[session].take().filter(|transaction| transaction.wrote) {
            self.committed = transaction.view;
            self.commits += 1;
        }
        self.memories[session].committed();
    }

    pub(super) fn rolled_back(&mut self, session: usize) -> InDoubt {
        self.transactions[session] = None;
        self.memories[session].rolled_back()
    }
}
