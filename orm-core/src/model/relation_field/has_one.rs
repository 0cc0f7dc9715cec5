//! `HasOne<T>`: at most one entity.

use std::fmt;

use crate::Result;
use crate::model::relation_field::{Content, Member, RelationField};
use crate::model::{Collection, Entity, Model};

/// The row of the model `T` that refers to this one by its [`BelongsTo`](crate::model::BelongsTo), of which there is at most one: the
/// reference is unique.
///
/// It is known to be none in a new struct, and *not loaded* in one that was read: see [`HasMany`](crate::model::HasMany).
pub struct HasOne<T> {
    content: Content<T>,
}

impl<T: Model> HasOne<T> {
    /// That of a new struct: there is none.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether it is known which it is.
    pub fn is_loaded(&self) -> bool {
        self.content.collection.is_loaded()
    }

    /// The entity, if there is one. It panics if it is not loaded.
    #[track_caller]
    pub fn get(&self) -> Option<Entity<T>> {
        self.content.known().tokens().last().map(|&token| Entity::new(token))
    }

    /// The entity, if there is one, or the error that says that it is not loaded.
    pub fn try_get(&self) -> Result<Option<Entity<T>>> {
        Ok(self.content.loaded()?.tokens().last().map(|&token| Entity::new(token)))
    }

    /// Puts in an entity, or a new struct, which the session takes in with its next flush, plan or statement. Whatever was there goes:
    /// the flush reads it if it is not loaded.
    pub fn set(&mut self, member: impl Into<Member<T>>) {
        self.content.set(std::iter::once(member.into()));
    }

    /// Takes out what is there: the flush reads it if it is not loaded.
    pub fn clear(&mut self) {
        self.content.set(std::iter::empty());
    }
}

impl<T: Model> RelationField for HasOne<T> {
    type Target = T;

    fn not_loaded(name: &'static &'static str) -> Self {
        Self { content: Content::not_loaded(name) }
    }

    fn collection(&self) -> &Collection {
        &self.content.collection
    }

    fn collection_mut(&mut self) -> &mut Collection {
        &mut self.content.collection
    }

    fn take_new(&mut self) -> Vec<(usize, T)> {
        self.content.take_new()
    }
}

impl<T> Default for HasOne<T> {
    fn default() -> Self {
        Self { content: Content::default() }
    }
}

impl<T: Model> From<T> for HasOne<T> {
    fn from(record: T) -> Self {
        Self::of(Member::New(record))
    }
}

impl<T: Model> From<Entity<T>> for HasOne<T> {
    fn from(entity: Entity<T>) -> Self {
        Self::of(Member::Entity(entity))
    }
}

impl<T: Model> HasOne<T> {
    fn of(member: Member<T>) -> Self {
        let mut one = Self::default();
        one.content.push(member);
        one
    }
}

impl<T: Model> fmt::Debug for HasOne<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_get() {
            Ok(entity) => entity.fmt(f),
            Err(_) => f.write_str("(not loaded)"),
        }
    }
}
