//! The statements that a connection has prepared: a bounded store that lets go of the least recently used one.

use std::collections::HashMap;
use std::sync::Arc;

use mysql_async::Statement;
use orm_core::driver;

/// Prepared statements by [`orm_core::driver::Statement::id`].
pub(crate) struct Prepared {
    statements: HashMap<u64, Entry>,
    capacity: usize,
    /// Counts uses; the statement with the lowest number was not used for the longest time.
    clock: u64,
    /// The statements that were made of others for so many rows.
    multiples: HashMap<(u64, usize), Arc<driver::Statement>>,
}

struct Entry {
    statement: Statement,
    used: u64,
}

impl Prepared {
    pub(crate) fn new(capacity: usize) -> Self {
        // One has to be kept while it runs.
        Self { statements: HashMap::new(), capacity: capacity.max(1), clock: 0, multiples: HashMap::new() }
    }

    pub(crate) fn get(&mut self, id: u64) -> Option<Statement> {
        self.clock += 1;
        let entry = self.statements.get_mut(&id)?;
        entry.used = self.clock;
        Some(entry.statement.clone())
    }

    /// The statement that does for so many rows what this one does for one.
    pub(crate) fn multiple(
        &mut self,
        one: &driver::Statement,
        rows: usize,
        make: impl FnOnce() -> Arc<driver::Statement>,
    ) -> Arc<driver::Statement> {
        if self.multiples.len() > self.capacity {
            self.multiples.clear();
        }
        self.multiples.entry((one.id(), rows)).or_insert_with(make).clone()
    }

    /// Keeps one; another one may have to be closed for it.
    #[must_use]
    pub(crate) fn insert(&mut self, id: u64, statement: Statement) -> Option<Statement> {
        let is_full = self.statements.len() >= self.capacity;
        let oldest = self.statements.iter().min_by_key(|(_, entry)| entry.used).map(|(&id, _)| id);
        let closed = oldest.filter(|_| is_full).and_then(|id| self.remove(id));
        self.clock += 1;
        self.statements.insert(id, Entry { statement, used: self.clock });
        closed
    }

    pub(crate) fn remove(&mut self, id: u64) -> Option<Statement> {
        self.statements.remove(&id).map(|entry| entry.statement)
    }
}
