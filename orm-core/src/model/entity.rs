//! Handles: small tokens for entities that a session owns.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// Which entity of which session; the type is known to whoever holds it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    pub(crate) session: u32,
    pub(crate) arena: u32,
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// A handle to an entity of a session: `session[entity]` is the struct.
///
/// It is `Copy` and holds nothing alive; two handles are equal exactly if they mean the same row in the same session.
pub struct Entity<M> {
    pub(crate) token: Token,
    model: PhantomData<fn() -> M>,
}

impl<M> Entity<M> {
    pub(crate) fn new(token: Token) -> Self {
        Self { token, model: PhantomData }
    }
}

impl<M> Clone for Entity<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Entity<M> {}

impl<M> PartialEq for Entity<M> {
    fn eq(&self, other: &Self) -> bool {
        self.token == other.token
    }
}

impl<M> Eq for Entity<M> {}

impl<M> Hash for Entity<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.token.hash(state);
    }
}

impl<M> fmt::Debug for Entity<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = std::any::type_name::<M>().rsplit("::").next().unwrap_or_default();
        write!(f, "Entity<{name}>({}.{})", self.token.slot, self.token.generation)
    }
}
