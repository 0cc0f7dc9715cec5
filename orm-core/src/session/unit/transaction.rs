//! The transaction of a unit of work: how it begins and ends, savepoints inside of it, and what a failure undoes.

use super::{Cursor, Unit, held};
use crate::Result;
use crate::driver::{Begin, Control};
use crate::engine::{Channel, Lease, Parked};
use crate::error::{Error, ErrorKind};
use crate::session::maker::Options;
use crate::session::undo::Mark;

/// The block that a program is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    None,
    /// `begin` was called.
    Begun,
    /// Its transaction has ended; the block was not left yet.
    Ended,
}

/// A savepoint, and what memory was when it was set.
pub(super) struct Nested {
    number: u32,
    mark: Mark,
    /// A failure has undone it in the database, where it is gone.
    undone: bool,
}

/// The transaction around a session that has joined it.
pub(super) struct Joined {
    parked: Parked,
    /// The savepoint that stands for the BEGIN of the session, if it has begun.
    base: Option<u32>,
}

impl Unit {
    /// A unit of work whose transactions are parts of the one that is open on a connection.
    pub(in crate::session) async fn join(channel: Channel, options: Options) -> Result<Self> {
        let (lease, parked) = channel.park().await?;
        let mut unit = Self::new(parked.engine().clone(), options);
        unit.next_savepoint = parked.next_savepoint();
        unit.lease = Some(lease);
        unit.joined = Some(Joined { parked, base: None });
        Ok(unit)
    }

    /// Gives the connection back that was joined; what was not committed is rolled back.
    pub(in crate::session) async fn leave(mut self) -> Result<Channel> {
        self.rollback().await?;
        match (self.lease.take(), self.joined.take()) {
            (Some(lease), Some(joined)) => Ok(Channel::unpark(lease, joined.parked)),
            (_, None) => Err(Error::new(ErrorKind::Misuse, "the session has joined no connection")),
            (None, Some(_)) => Err(lost()),
        }
    }

    /// Whether a transaction is open.
    #[inline]
    pub(in crate::session) fn in_transaction(&self) -> bool {
        match &self.joined {
            None => self.lease.is_some(),
            Some(joined) => joined.base.is_some() && self.lease.is_some(),
        }
    }

    /// Begins a block.
    pub(in crate::session) async fn begin_block(&mut self) -> Result<()> {
        self.tidy().await?;
        if self.in_transaction() || self.block != Block::None {
            let message = "begin: a transaction is open in this session; commit or roll back first";
            return Err(Error::new(ErrorKind::Misuse, message));
        }
        self.block = Block::Begun;
        Ok(())
    }

    /// Takes a connection and begins a transaction, unless there is one.
    pub(super) async fn begin(&mut self, writes: bool) -> Result<()> {
        if self.in_transaction() {
            return Ok(());
        }
        if self.block == Block::Ended {
            let message =
                "the transaction of this block has ended; leave the block before the next statement";
            return Err(Error::new(ErrorKind::Misuse, message));
        }
        if self.joined.is_some() {
            return self.begin_joined().await;
        }
        let options = &self.options;
        let usual = self.engine.begin();
        let begin = Begin {
            writes: (writes || options.begins_writing) && !options.read_only,
            isolation: options.isolation.or(usual.isolation),
            read_only: options.read_only,
        };
        // The session holds the lease before the BEGIN is sent: a future dropped there leaves it to be cleaned.
        let lease = self.lease.insert(self.engine.lease().await?);
        let begun = lease.begin(begin).await;
        if begun.is_err() {
            self.lease = None;
        }
        begun
    }

    async fn begin_joined(&mut self) -> Result<()> {
        let number = self.number_savepoint();
        self.lease.as_mut().ok_or_else(lost)?.nested(Control::Savepoint(number)).await?;
        if let Some(joined) = &mut self.joined {
            joined.base = Some(number);
        }
        Ok(())
    }

    fn number_savepoint(&mut self) -> u32 {
        let number = self.next_savepoint;
        self.next_savepoint += 1;
        number
    }

    pub(in crate::session) async fn commit(&mut self) -> Result<()> {
        self.check()?;
        let hooks = self.options.hooks.clone();
        if let Some(hooks) = &hooks {
            hooks.before_commit(&mut self.entities)?;
        }
        self.flush_all().await?;
        self.tidy().await?;
        let commits = self.in_transaction();
        if commits && let Err(error) = self.end(true).await {
            return Err(self.fail(error).await);
        }
        self.ended();
        self.entities.committed();
        if let Some(hooks) = hooks.filter(|_| commits) {
            hooks.after_commit(&mut self.entities);
        }
        Ok(())
    }

    pub(in crate::session) async fn rollback(&mut self) -> Result<()> {
        let result = self.abandon().await;
        self.failed = None;
        result
    }

    /// Ends the transaction in the database.
    async fn end(&mut self, commits: bool) -> Result<()> {
        let Some(joined) = &mut self.joined else {
            let lease = held(&mut self.lease)?;
            return if commits { lease.commit().await } else { lease.rollback().await };
        };
        let Some(base) = joined.base else { return Ok(()) };
        let lease = held(&mut self.lease)?;
        let control = if commits { Control::Release(base) } else { Control::RollbackTo(base) };
        lease.nested(control).await
    }

    /// The transaction is over: there are no savepoints and no cursor any more, and the connection goes back.
    fn ended(&mut self) {
        match &mut self.joined {
            None => self.lease = None,
            Some(joined) => joined.base = None,
        }
        if self.block == Block::Begun {
            self.block = Block::Ended;
        }
        self.nested.clear();
        self.left = None;
        self.cursor = Cursor::Closed;
    }

    /// Undoes what a failure has left half done, in the database and in memory, and refuses to go on until the program has said
    /// `rollback`: the innermost savepoint if there is one, else everything.
    pub(super) async fn fail(&mut self, error: Error) -> Error {
        // The first error is the one to report; what follows from it is not.
        if !self.fail_nested().await {
            let _ = self.abandon().await;
        }
        if error.is_commit_unknown() {
            self.entities.expire_known();
        }
        self.failed = Some(error.clone());
        error
    }

    /// Whether it was enough to undo what was done since the innermost savepoint.
    async fn fail_nested(&mut self) -> bool {
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

    async fn abandon(&mut self) -> Result<()> {
        let mut in_doubt = false;
        if let Some(lease) = &self.lease {
            in_doubt = lease.is_busy();
            if in_doubt {
                self.lease = None;
            } else if self.in_transaction() && self.end(false).await.is_err() {
                // A connection that cannot roll back is thrown away, and the server rolls back.
                self.lease = None;
            }
        }
        self.ended();
        let result = self.entities.rolled_back();
        if in_doubt {
            // What was not answered may have been a COMMIT.
            self.entities.expire_known();
        }
        result
    }

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

    /// A block was left: what was not committed is undone.
    pub(in crate::session) fn abandon_block(&mut self) {
        self.failed = None;
        if std::mem::replace(&mut self.block, Block::None) == Block::Ended {
            return;
        }
        let in_doubt = self.lease.as_ref().is_some_and(Lease::is_busy);
        let base = self.joined.as_ref().and_then(|joined| joined.base);
        if base.is_none() || in_doubt {
            // The pool rolls back, or closes what is in doubt.
            self.lease = None;
        }
        self.ended();
        let _ = self.entities.rolled_back();
        if in_doubt {
            self.entities.expire_known();
        }
        self.left = base;
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
}

fn lost() -> Error {
    Error::new(ErrorKind::ConnectionLost, "the connection that the session had joined is gone")
}
