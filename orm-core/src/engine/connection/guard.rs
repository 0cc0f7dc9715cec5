//! Guards: a transaction or a savepoint that is undone unless it is committed.

use std::ops::{Deref, DerefMut};

use super::{AsyncConnection, Connection};
use crate::Result;
use crate::engine::wait;

/// A transaction of a connection or a session, which it dereferences to. Dropped without `commit` it is rolled back.
#[must_use = "a transaction that is dropped is rolled back"]
#[derive(Debug)]
pub struct Transaction<'c, C: Guarded = Connection> {
    pub(crate) connection: &'c mut C,
}

/// A savepoint in a transaction of a connection or a session, which it dereferences to. Dropped without `commit` it is rolled
/// back.
#[must_use = "a savepoint that is dropped is rolled back"]
#[derive(Debug)]
pub struct Savepoint<'c, C: Guarded = Connection> {
    pub(crate) connection: &'c mut C,
    pub(crate) number: u32,
}

/// What a guard can undo when it is dropped: a connection or a session, in either form.
pub trait Guarded {
    /// The transaction was left.
    #[doc(hidden)]
    fn abandon(&mut self);

    /// The savepoint with this number was left.
    #[doc(hidden)]
    fn abandon_savepoint(&mut self, number: u32);
}

macro_rules! guarded {
    ($connection:ident) => {
        impl Guarded for $connection {
            fn abandon(&mut self) {
                self.channel.abandon();
            }

            fn abandon_savepoint(&mut self, number: u32) {
                self.channel.abandon_savepoint(number);
            }
        }
    };
}

guarded!(Connection);
guarded!(AsyncConnection);

impl<'c, C: Guarded> Transaction<'c, C> {
    pub(crate) fn new(connection: &'c mut C) -> Self {
        Self { connection }
    }
}

impl<'c, C: Guarded> Savepoint<'c, C> {
    pub(crate) fn new(connection: &'c mut C, number: u32) -> Self {
        Self { connection, number }
    }
}

impl Transaction<'_, Connection> {
    /// Makes everything in it permanent.
    pub fn commit(self) -> Result<()> {
        self.connection.commit()
    }

    /// Undoes everything in it.
    pub fn rollback(self) -> Result<()> {
        self.connection.rollback()
    }
}

impl Transaction<'_, AsyncConnection> {
    /// Makes everything in it permanent.
    pub async fn commit(self) -> Result<()> {
        self.connection.commit().await
    }

    /// Undoes everything in it.
    pub async fn rollback(self) -> Result<()> {
        self.connection.rollback().await
    }
}

impl Savepoint<'_, Connection> {
    /// Keeps what was done since, as a part of the transaction around it.
    pub fn commit(self) -> Result<()> {
        wait(self.connection.channel.release(self.number))
    }

    /// Undoes what was done since. The transaction goes on, also if a statement has failed.
    pub fn rollback(self) -> Result<()> {
        wait(self.connection.channel.rollback_to(self.number))
    }
}

impl Savepoint<'_, AsyncConnection> {
    /// Keeps what was done since, as a part of the transaction around it.
    pub async fn commit(self) -> Result<()> {
        self.connection.channel.release(self.number).await
    }

    /// Undoes what was done since. The transaction goes on, also if a statement has failed.
    pub async fn rollback(self) -> Result<()> {
        self.connection.channel.rollback_to(self.number).await
    }
}

/// What was committed or rolled back has nothing left to undo.
impl<C: Guarded> Drop for Transaction<'_, C> {
    fn drop(&mut self) {
        self.connection.abandon();
    }
}

impl<C: Guarded> Drop for Savepoint<'_, C> {
    fn drop(&mut self) {
        self.connection.abandon_savepoint(self.number);
    }
}

macro_rules! dereferences {
    ($guard:ident) => {
        impl<C: Guarded> Deref for $guard<'_, C> {
            type Target = C;

            fn deref(&self) -> &C {
                self.connection
            }
        }

        impl<C: Guarded> DerefMut for $guard<'_, C> {
            fn deref_mut(&mut self) -> &mut C {
                self.connection
            }
        }
    };
}

dereferences!(Transaction);
dereferences!(Savepoint);
