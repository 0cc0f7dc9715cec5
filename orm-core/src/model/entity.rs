//! Handles: small tokens for entities that a session owns.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::num::{NonZeroU32, NonZeroU64};

/// Which entity of which session; the type is known to whoever holds it.
///
/// Two words, so that it travels in registers: tokens are made for each row that is loaded.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    /// Session and arena.
    place: u64,
    /// Slot and generation; generations begin at 1.
    slot: NonZeroU64,
}

impl Token {
    pub(crate) fn new(session: u32, arena: u32, slot: u32, generation: NonZeroU32) -> Self {
        let slot = NonZeroU64::from(generation) | u64::from(slot) << 32;
        Self { place: u64::from(session) << 32 | u64::from(arena), slot }
    }

    /// As a statement carries it, which knows nothing of sessions.
    pub(crate) fn words(self) -> [u64; 2] {
        [self.place, self.slot.get()]
    }

    /// The token of these words.
    pub(crate) fn from_words([place, slot]: [u64; 2]) -> Option<Self> {
        NonZeroU64::new(slot).map(|slot| Self { place, slot })
    }

    #[inline]
    pub(crate) fn session(self) -> u32 {
        high(self.place)
    }

    #[inline]
    pub(crate) fn arena(self) -> u32 {
        low(self.place)
    }

    #[inline]
    pub(crate) fn slot(self) -> u32 {
        high(self.slot.get())
    }

    #[inline]
    pub(crate) fn generation(self) -> u32 {
        low(self.slot.get())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "half of it is what is wanted")]
fn low(word: u64) -> u32 {
    word as u32
}

fn high(word: u64) -> u32 {
    low(word >> 32)
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.slot(), self.generation())
    }
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
        write!(f, "Entity<{name}>({:?})", self.token)
    }
}
