//! The statements that a connection has prepared: a bounded store that lets go of the least recently used one.

use std::collections::HashMap;

use tokio_postgres::Statement;

/// Prepared statements by [`orm_core::driver::Statement::id`]. Dropping one closes it on the server as well.
pub(crate) struct Prepared {
    statements: HashMap<u64, Entry>,
    capacity: usize,
    /// Counts uses; the statement with the lowest number was not used for the longest time.
    clock: u64,
}

struct Entry {
    statement: Statement,
    used: u64,
}

impl Prepared {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { statements: HashMap::new(), capacity, clock: 0 }
    }

    pub(crate) fn get(&mut self, id: u64) -> Option<Statement> {
        self.clock += 1;
        let entry = self.statements.get_mut(&id)?;
        entry.used = self.clock;
        Some(entry.statement.clone())
    }

    /// Whether any are kept.
    pub(crate) fn keeps(&self) -> bool {
        self.capacity > 0
    }

    pub(crate) fn insert(&mut self, id: u64, statement: Statement) {
        if self.capacity == 0 {
            return;
        }
        if self.statements.len() >= self.capacity {
            let oldest = self.statements.iter().min_by_key(|(_, entry)| entry.used).map(|(&id, _)| id);
            oldest.map(|id| self.statements.remove(&id));
        }
        self.clock += 1;
        self.statements.insert(id, Entry { statement, used: self.clock });
    }

    /// Lets go of all of them.
    pub(crate) fn clear(&mut self) {
        self.statements.clear();
    }

    pub(crate) fn remove(&mut self, id: u64) {
        self.statements.remove(&id);
    }
}
