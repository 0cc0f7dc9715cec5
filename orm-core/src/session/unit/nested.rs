//! Savepoints of a unit of work: undone in memory to a mark in the journal, and in the database by their number.

use super::{Cursor, Unit, held};
use crate::Result;
use crate::driver::Control;
use crate::engine::Lease;
use crate::error::{Error, ErrorKind};
use crate::session::undo::Mark;

/// A savepoint, and what memory was when it was set.
pub(super) struct Nested {
    number: u32,
    mark: Mark,
    /// A failure has undone it in the database, where it is gone.
    undone: bool,
}

impl Unit {
    /// Sets a savepoint, after a flush.
    pub(in crate::session) async fn begin_nested(&mut self) -> Result<u32> {
        self.tidy().await?;
        self.flush_all().await?;
        self.begin(true).await?;
        let number = self.number_savepoint();
        let set = held(&mut self.lease)?.nested(Control::Savepoint(number)).await;
        if let Err(error) = set {
            return Err(self.fail_if_broken(error).await);
        }
        self.nested.push(Nested { number, mark: self.entities.mark(), undone: false });
        Ok(number)
    }

    /// Keeps what was done since a savepoint, after a flush.
    pub(in crate::session) async fn release(&mut self, number: u32) -> Result<()> {
        self.tidy().await?;
        let place = self.nested_at(number)?;
        self.flush_all().await?;
        if let Err(error) = held(&mut self.lease)?.nested(Control::Release(number)).await {
            return Err(self.fail(error).await);
        }
        self.nested.truncate(place);
        Ok(())
    }

    /// Undoes what was done since a savepoint.
    pub(in crate::session) async fn rollback_to(&mut self, number: u32) -> Result<()> {
        let place = match self.nested_at(number) {
            Ok(place) => place,
            // Everything has been undone, and more than the savepoint has to be given up.
            Err(gone) => return self.check().and(Err(gone)),
        };
        if self.lease.as_ref().is_some_and(Lease::is_busy) {
            return self.check();
        }
        (self.failed, self.left, self.cursor) = (None, None, Cursor::Closed);
        let is_undone = self.nested[place].undone;
        let result = self.undo_since(place);
        if !is_undone && let Err(error) = self.roll_back_in_database(number).await {
            return Err(self.fail(error).await);
        }
        result
    }

    /// The guard of a savepoint was dropped: what was done since is undone in memory now, and in the database, in async, by the
    /// next call.
    pub(in crate::session) fn abandon_savepoint(&mut self, number: u32) {
        let Ok(place) = self.nested_at(number) else { return };
        if !self.nested[place].undone {
            // An outer one, which is left later, undoes what is inside it as well.
            self.left = Some(number);
        }
        // An entity that cannot be put back is expired.
        let _ = self.undo_since(place);
        self.failed = None;
        self.tidy_if_blocking();
    }

    fn undo_since(&mut self, place: usize) -> Result<()> {
        let mark = self.nested[place].mark;
        self.nested.truncate(place);
        self.entities.rolled_back_to(mark)
    }

    pub(super) async fn roll_back_in_database(&mut self, number: u32) -> Result<()> {
        match &mut self.lease {
            Some(lease) => lease.nested(Control::RollbackTo(number)).await,
            None => Ok(()),
        }
    }

    fn nested_at(&self, number: u32) -> Result<usize> {
        let place = self.nested.iter().position(|nested| nested.number == number);
        let gone =
            || Error::new(ErrorKind::Misuse, "the savepoint is gone: the transaction around it has ended");
        place.ok_or_else(gone)
    }

    /// Whether it was enough to undo what was done since the innermost savepoint.
    pub(super) async fn fail_nested(&mut self) -> bool {
        let lives = |lease: &Lease| !lease.is_broken() && !lease.is_busy();
        let Some(&Nested { number, mark, .. }) = self.nested.last() else { return false };
        if !self.lease.as_ref().is_some_and(lives) || self.roll_back_in_database(number).await.is_err() {
            return false;
        }
        if let Some(nested) = self.nested.last_mut() {
            nested.undone = true;
        }
        self.cursor = Cursor::Closed;
        self.entities.rolled_back_to(mark).is_ok()
    }

    pub(super) fn number_savepoint(&mut self) -> u32 {
        let number = self.next_savepoint;
        self.next_savepoint += 1;
        number
    }
}
