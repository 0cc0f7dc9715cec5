//! Entities that are read batch by batch.

use std::collections::VecDeque;
use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::Result;
use crate::engine::wait;
use crate::model::Found;
use crate::query::Loads;
use crate::result::{Columns, Query};
use crate::session::face::Face;
use crate::session::{AsyncSession, Session};

/// What a query finds and that is still coming, a partition at a time. It dereferences to its session, so that entities can be
/// read and changed while it is open: `stream[user].age += 1`. Dropped before the end, it frees the session's connection for
/// the next statement.
#[must_use = "a stream gives entities only when it is read"]
pub struct EntityStream<'s, S: Found, F: Face = Session> {
    session: &'s mut F,
    reading: Reading<S>,
}

/// How far a stream has come.
pub(super) struct Reading<S: Found> {
    pub(super) place: S::Place,
    /// Entities that are known take over the values of their rows.
    pub(super) refills: bool,
    /// What is loaded with each partition.
    pub(super) loads: Loads,
    /// Where the columns are, if not in their order, and the names of the result's.
    pub(super) mapped: Option<(Columns, Vec<String>)>,
    pub(super) size: usize,
    pub(super) met: VecDeque<S::Found>,
    pub(super) more: bool,
}

impl<S: Found> Reading<S> {
    fn take(&mut self) -> Option<Vec<S::Found>> {
        let size = self.size.min(self.met.len());
        (size > 0).then(|| self.met.drain(..size).collect())
    }

    pub(super) fn is_short(&self) -> bool {
        self.more && self.met.len() < self.size
    }
}

impl Session {
    /// The entities of a query in partitions of this many, of which only one is fetched at a time. Costs a round trip for each
    /// partition, and on SQLite a thread for as long as it is open.
    #[track_caller]
    pub fn stream<Q: Query<Shape: Found>>(
        &mut self,
        query: Q,
        partition: usize,
    ) -> Result<EntityStream<'_, Q::Shape, Self>> {
        let columns = query.columns();
        let reading = wait(self.unit.called().stream(query, columns, partition))?;
        Ok(EntityStream { session: self, reading })
    }
}

impl AsyncSession {
    /// The entities of a query in partitions of this many, of which only one is fetched at a time. Costs a round trip for each
    /// partition, and on SQLite a thread for as long as it is open.
    #[track_caller]
    pub fn stream<Q: Query<Shape: Found>>(
        &mut self,
        query: Q,
        partition: usize,
    ) -> impl Future<Output = Result<EntityStream<'_, Q::Shape, Self>>> {
        self.unit.called();
        async move {
            let columns = query.columns();
            let reading = self.unit.stream(query, columns, partition).await?;
            Ok(EntityStream { session: self, reading })
        }
    }
}

impl<S: Found> EntityStream<'_, S, Session> {
    /// The next partition, or `None` after the last one, which may be smaller.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator could not borrow the session for each step"
    )]
    pub fn next(&mut self) -> Result<Option<Vec<S::Found>>> {
        while self.reading.is_short() {
            wait(self.session.unit.fetch_entities(&mut self.reading))?;
        }
        Ok(self.reading.take())
    }
}

impl<S: Found> EntityStream<'_, S, AsyncSession> {
    /// The next partition, or `None` after the last one, which may be smaller.
    pub async fn next(&mut self) -> Result<Option<Vec<S::Found>>> {
        while self.reading.is_short() {
            self.session.unit.fetch_entities(&mut self.reading).await?;
        }
        Ok(self.reading.take())
    }
}

impl<S: Found, F: Face> fmt::Debug for EntityStream<'_, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reading { met, more, .. } = &self.reading;
        write!(f, "EntityStream({} waiting{})", met.len(), if *more { ", more to come" } else { "" })
    }
}

impl<S: Found, F: Face> Drop for EntityStream<'_, S, F> {
    fn drop(&mut self) {
        self.session.unit().abandon_cursor();
    }
}

impl<S: Found, F: Face> Deref for EntityStream<'_, S, F> {
    type Target = F;

    fn deref(&self) -> &F {
        self.session
    }
}

impl<S: Found, F: Face> DerefMut for EntityStream<'_, S, F> {
    fn deref_mut(&mut self) -> &mut F {
        self.session
    }
}
