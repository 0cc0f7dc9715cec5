//! Entities that are read batch by batch.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};

use crate::Result;
use crate::engine::wait;
use crate::model::{Entity, EntityQuery, Model, Token};
use crate::session::{AsyncSession, Session};

/// The entities of a query that are still coming, a partition at a time. It dereferences to its session, so that entities can be
/// read and changed while it is open: `stream[user].age += 1`. Dropped before the end, it frees the session's connection for
/// the next statement.
#[must_use = "a stream gives entities only when it is read"]
#[derive(Debug)]
pub struct EntityStream<'s, M, S: Face = Session> {
    session: &'s mut S,
    reading: Reading,
    model: std::marker::PhantomData<fn() -> M>,
}

/// How far a stream has come.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) arena: u32,
    /// The names of the result's columns, if they are found by these.
    pub(super) names: Option<Vec<String>>,
    pub(super) size: usize,
    pub(super) met: VecDeque<Token>,
    pub(super) more: bool,
}

use face::Face;

mod face {
    use crate::session::unit::Unit;
    use crate::session::{AsyncSession, Session};

    /// A session in either form.
    pub trait Face {
        #[doc(hidden)]
        #[expect(private_interfaces, reason = "only this crate can call it")]
        fn unit(&mut self) -> &mut Unit;
    }

    impl Face for Session {
        #[expect(private_interfaces, reason = "only this crate can call it")]
        fn unit(&mut self) -> &mut Unit {
            &mut self.unit
        }
    }

    impl Face for AsyncSession {
        #[expect(private_interfaces, reason = "only this crate can call it")]
        fn unit(&mut self) -> &mut Unit {
            &mut self.unit
        }
    }
}

impl Reading {
    fn take<M>(&mut self) -> Option<Vec<Entity<M>>> {
        let size = self.size.min(self.met.len());
        (size > 0).then(|| self.met.drain(..size).map(Entity::new).collect())
    }

    pub(super) fn is_short(&self) -> bool {
        self.more && self.met.len() < self.size
    }
}

impl Session {
    /// The entities of a query in partitions of this many, of which only one is fetched at a time. Costs a round trip for each
    /// partition, and on SQLite a thread for as long as it is open.
    pub fn stream<Q: EntityQuery>(
        &mut self,
        query: Q,
        partition: usize,
    ) -> Result<EntityStream<'_, Q::Model, Self>> {
        let rendered = self.unit.render(&query)?;
        let reading = wait(self.unit.stream::<Q::Model>(rendered, Q::BY_NAME, partition))?;
        Ok(EntityStream { session: self, reading, model: std::marker::PhantomData })
    }
}

impl AsyncSession {
    /// The entities of a query in partitions of this many, of which only one is fetched at a time. Costs a round trip for each
    /// partition, and on SQLite a thread for as long as it is open.
    pub async fn stream<Q: EntityQuery>(
        &mut self,
        query: Q,
        partition: usize,
    ) -> Result<EntityStream<'_, Q::Model, Self>> {
        let rendered = self.unit.render(&query)?;
        drop(query);
        let reading = self.unit.stream::<Q::Model>(rendered, Q::BY_NAME, partition).await?;
        Ok(EntityStream { session: self, reading, model: std::marker::PhantomData })
    }
}

impl<M: Model> EntityStream<'_, M, Session> {
    /// The next partition, or `None` after the last one, which may be smaller.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator could not borrow the session for each step"
    )]
    pub fn next(&mut self) -> Result<Option<Vec<Entity<M>>>> {
        while self.reading.is_short() {
            wait(self.session.unit.fetch_entities(&mut self.reading))?;
        }
        Ok(self.reading.take())
    }
}

impl<M: Model> EntityStream<'_, M, AsyncSession> {
    /// The next partition, or `None` after the last one, which may be smaller.
    pub async fn next(&mut self) -> Result<Option<Vec<Entity<M>>>> {
        while self.reading.is_short() {
            self.session.unit.fetch_entities(&mut self.reading).await?;
        }
        Ok(self.reading.take())
    }
}

impl<M, S: Face> Drop for EntityStream<'_, M, S> {
    fn drop(&mut self) {
        self.session.unit().abandon_cursor();
    }
}

impl<M, S: Face> Deref for EntityStream<'_, M, S> {
    type Target = S;

    fn deref(&self) -> &S {
        self.session
    }
}

impl<M, S: Face> DerefMut for EntityStream<'_, M, S> {
    fn deref_mut(&mut self) -> &mut S {
        self.session
    }
}
