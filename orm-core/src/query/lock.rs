//! `FOR UPDATE` and its sisters: rows that others may not change before the transaction ends.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::query::source::Source;
use crate::query::{AsSource, Feature, Select, Sql};

/// The lock of a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lock {
    strength: Option<&'static str>,
    of: Vec<Source>,
    /// What happens if somebody else has a row locked, if it is not waited for.
    conflict: Option<&'static str>,
}

impl Lock {
    pub(crate) fn is_empty(&self) -> bool {
        !self.is_set() && self.of.is_empty() && self.conflict.is_none()
    }

    pub(crate) fn is_set(&self) -> bool {
        self.strength.is_some()
    }

    /// A database that locks no rows drops the clause; its transaction takes its lock at the beginning instead.
    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let Self { strength, of, conflict } = self;
        let Some(strength) = strength else {
            return if self.is_empty() { Ok(()) } else { Err(without_lock()) };
        };
        of.iter().try_for_each(|source| sql.look_up(source, "its rows").map(drop))?;
        if !sql.dialect().supports(Feature::RowLocks) {
            return Ok(());
        }
        sql.push(&sql.dialect().lock(strength));
        if !of.is_empty() {
            sql.require(Feature::LockOf)?;
            sql.push(" OF ").list(of, |sql, source| {
                sql.name(source.name());
            });
        }
        sql.push(conflict.unwrap_or_default());
        Ok(())
    }
}

fn without_lock() -> Error {
    let message = "of, skip_locked and nowait say more about a lock; say for_update() or for_share(), too";
    Error::new(ErrorKind::InvalidQuery, message)
}

impl<S> Select<S> {
    /// Locks the rows until the transaction ends: nobody else changes, deletes or locks them meanwhile. Waits for whoever has one
    /// locked already. Entities that are loaded take over what the rows say, since that is what is locked.
    ///
    /// SQLite locks no rows: there the clause is left out, and a transaction that begins with such a query takes the lock on the
    /// whole database at once, so that it may write later.
    pub fn for_update(self) -> Self {
        self.locked("UPDATE")
    }

    /// The same, but rows may go on to be referred to by new foreign keys: for an update that leaves keys alone.
    pub fn for_no_key_update(self) -> Self {
        self.locked("NO KEY UPDATE")
    }

    /// Locks the rows against changes; others may lock them in this way as well.
    pub fn for_share(self) -> Self {
        self.locked("SHARE")
    }

    /// Locks the rows against deletion and changes of their keys only.
    pub fn for_key_share(self) -> Self {
        self.locked("KEY SHARE")
    }

    /// Locks the rows of this table only, of those that are joined. Rows that an outer join may leave out cannot be locked.
    pub fn of(mut self, source: impl AsSource) -> Self {
        self.statement.lock.of.push(source.as_source());
        self
    }

    /// Leaves out rows that somebody else has locked, instead of waiting: what is left of a queue.
    pub fn skip_locked(mut self) -> Self {
        self.statement.lock.conflict = Some(" SKIP LOCKED");
        self
    }

    /// An error of kind [`LockTimeout`](ErrorKind::LockTimeout) if somebody else has a row locked, instead of waiting. It ends a
    /// transaction of PostgreSQL, as each error does.
    pub fn nowait(mut self) -> Self {
        self.statement.lock.conflict = Some(" NOWAIT");
        self
    }

    fn locked(mut self, strength: &'static str) -> Self {
        self.statement.lock.strength = Some(strength);
        self
    }
}
