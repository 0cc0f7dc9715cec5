//! The transaction of a unit of work: how it begins and ends, and what a failure undoes.

use super::{Cursor, Failure, Unit, held};
use crate::Result;
use crate::driver::{Begin, Control};
use crate::engine::Lease;
use crate::error::{Error, ErrorKind};

/// The block that a program is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    None,
    /// `begin` was called.
    Begun,
    /// Its transaction has ended; the block was not left yet.
    Ended,
}

impl Unit {
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
        lease.listen(self.listener.clone());
        let begun = lease.begin(begin).await;
        if begun.is_err() {
            self.lease = None;
        }
        begun
    }

    pub(in crate::session) async fn commit(&mut self) -> Result<()> {
        self.check()?;
        let hooks = self.options.hooks.clone();
        if let Some(hooks) = &hooks {
            hooks.before_commit(&mut self.entities)?;
        }
        let committed = self.flush_to_commit().await?;
        self.tidy().await?;
        let commits = self.in_transaction();
        if commits
            && !committed
            && let Err(error) = self.end(true).await
        {
            return Err(self.fail(error).await);
        }
        self.ended();
        self.entities.committed();
        if let Some(hooks) = hooks.filter(|_| commits) {
            hooks.after_commit(&mut self.entities);
        }
        Ok(())
    }

    /// Writes everything; whether COMMIT went with it. Hooks run before that, and a joined session has none.
    async fn flush_to_commit(&mut self) -> Result<bool> {
        if self.options.hooks.is_none() && self.joined.is_none() && self.nested.is_empty() {
            return self.flush_and(true).await;
        }
        self.flush_all().await.map(|()| false)
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
        self.failed = Some(Failure::Of(error.clone()));
        error
    }

    async fn abandon(&mut self) -> Result<()> {
        let mut in_doubt = false;
        if let Some(lease) = &self.lease {
            in_doubt = lease.is_busy();
            if in_doubt {
                self.lease = None;
            } else if self.undo_in_database().await.is_err() {
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

    /// Rolls back the transaction, or what a block has left that was a part of a joined one.
    async fn undo_in_database(&mut self) -> Result<()> {
        match self.left {
            _ if self.in_transaction() => self.end(false).await,
            Some(savepoint) => self.roll_back_in_database(savepoint).await,
            None => Ok(()),
        }
    }

    /// A block was left: what was not committed is undone.
    pub(in crate::session) fn abandon_block(&mut self) {
        self.failed = None;
        if std::mem::replace(&mut self.block, Block::None) == Block::Ended {
            return;
        }
        let in_doubt = self.lease.as_ref().is_some_and(Lease::is_busy);
        let base = self.joined.as_ref().and_then(|joined| joined.base);
        if self.joined.is_none() || in_doubt {
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
}
