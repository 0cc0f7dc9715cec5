//! Blocks of a session that end with a guard: transactions, savepoints, and scopes without autoflush.

use std::ops::{Deref, DerefMut};

use crate::Result;
use crate::engine::{Guarded, Savepoint, Transaction, wait};
use crate::session::face::Face;
use crate::session::{AsyncSession, Session};

impl Session {
    /// Begins a transaction that ends with the guard: by its `commit` or `rollback`, or by a rollback when it is dropped. An
    /// error if one is open. BEGIN is sent with the first statement. What was changed before and not flushed belongs to it.
    pub fn begin(&mut self) -> Result<Transaction<'_, Self>> {
        wait(self.unit.begin_block())?;
        Ok(Transaction::new(self))
    }

    /// Sets a savepoint, after a flush, in the transaction that is open or in a new one. The guard's `commit` keeps what was done
    /// since; its `rollback` or its drop undoes it, in the database and in memory: values, keys and states are as they were. A
    /// flush that fails inside undoes only what was done since the savepoint.
    #[track_caller]
    pub fn begin_nested(&mut self) -> Result<Savepoint<'_, Self>> {
        let number = wait(self.unit.called().begin_nested())?;
        Ok(Savepoint::new(self, number))
    }
}

impl AsyncSession {
    /// Begins a transaction that ends with the guard: by its `commit` or `rollback`, or by a rollback when it is dropped. An
    /// error if one is open. BEGIN is sent with the first statement. What was changed before and not flushed belongs to it.
    pub async fn begin(&mut self) -> Result<Transaction<'_, Self>> {
        self.unit.begin_block().await?;
        Ok(Transaction::new(self))
    }

    /// Sets a savepoint, after a flush, in the transaction that is open or in a new one. The guard's `commit` keeps what was done
    /// since; its `rollback` or its drop undoes it, in the database and in memory: values, keys and states are as they were. A
    /// flush that fails inside undoes only what was done since the savepoint. A guard that is dropped undoes memory at once, and
    /// the database before the session's next statement.
    #[track_caller]
    pub fn begin_nested(&mut self) -> impl Future<Output = Result<Savepoint<'_, Self>>> {
        self.unit.called();
        async move {
            let number = self.unit.begin_nested().await?;
            Ok(Savepoint::new(self, number))
        }
    }
}

impl Transaction<'_, Session> {
    /// Makes everything in it permanent.
    #[track_caller]
    pub fn commit(self) -> Result<()> {
        self.connection.commit()
    }

    /// Undoes everything in it.
    pub fn rollback(self) -> Result<()> {
        self.connection.rollback()
    }
}

impl Transaction<'_, AsyncSession> {
    /// Makes everything in it permanent.
    #[track_caller]
    pub fn commit(self) -> impl Future<Output = Result<()>> {
        self.connection.unit.called();
        async move { self.connection.unit.commit().await }
    }

    /// Undoes everything in it.
    pub async fn rollback(self) -> Result<()> {
        self.connection.rollback().await
    }
}

impl Savepoint<'_, Session> {
    /// Keeps what was done since, after a flush, as a part of the transaction around it.
    #[track_caller]
    pub fn commit(self) -> Result<()> {
        wait(self.connection.unit.called().release(self.number))
    }

    /// Undoes what was done since. The transaction goes on, also if a statement has failed.
    pub fn rollback(self) -> Result<()> {
        wait(self.connection.unit.rollback_to(self.number))
    }
}

impl Savepoint<'_, AsyncSession> {
    /// Keeps what was done since, after a flush, as a part of the transaction around it.
    #[track_caller]
    pub fn commit(self) -> impl Future<Output = Result<()>> {
        self.connection.unit.called();
        async move { self.connection.unit.release(self.number).await }
    }

    /// Undoes what was done since. The transaction goes on, also if a statement has failed.
    pub async fn rollback(self) -> Result<()> {
        self.connection.unit.rollback_to(self.number).await
    }
}

/// A part of a program in which nothing is flushed unless it says `flush`; it dereferences to its session. When it ends, however
/// it does, the session is as before.
#[must_use = "the scope ends when this is dropped"]
#[derive(Debug)]
pub struct NoAutoflush<'s, F: Face = Session> {
    session: &'s mut F,
    before: bool,
}

impl<'s, F: Face> NoAutoflush<'s, F> {
    fn new(session: &'s mut F) -> Self {
        let before = std::mem::replace(&mut session.unit().options.autoflush, false);
        Self { session, before }
    }
}

impl<F: Face> Drop for NoAutoflush<'_, F> {
    fn drop(&mut self) {
        self.session.unit().options.autoflush = self.before;
    }
}

impl<F: Face> Deref for NoAutoflush<'_, F> {
    type Target = F;

    fn deref(&self) -> &F {
        self.session
    }
}

impl<F: Face> DerefMut for NoAutoflush<'_, F> {
    fn deref_mut(&mut self) -> &mut F {
        self.session
    }
}

macro_rules! scopes {
    ($session:ident) => {
        impl $session {
            /// A scope in which queries do not write unflushed changes first, and so do not find them.
            pub fn no_autoflush(&mut self) -> NoAutoflush<'_, Self> {
                NoAutoflush::new(self)
            }

            /// Whether a transaction is open.
            #[must_use]
            pub fn in_transaction(&self) -> bool {
                self.unit.in_transaction()
            }
        }

        impl Guarded for $session {
            fn abandon(&mut self) {
                self.unit.abandon_block();
            }

            fn abandon_savepoint(&mut self, number: u32) {
                self.unit.abandon_savepoint(number);
            }
        }
    };
}

scopes!(Session);
scopes!(AsyncSession);
