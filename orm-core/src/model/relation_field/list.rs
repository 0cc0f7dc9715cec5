//! `HasMany<T>` and `ManyToMany<T>`: lists of entities.

use std::fmt;

use crate::Result;
use crate::model::relation_field::{Content, Member, RelationField};
use crate::model::{Collection, Entity, Model, Token};

/// The entities of a relation, in their order.
pub struct Iter<'a, T> {
    tokens: std::slice::Iter<'a, Token>,
    of: std::marker::PhantomData<fn() -> T>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = Entity<T>;

    fn next(&mut self) -> Option<Entity<T>> {
        self.tokens.next().map(|&token| Entity::new(token))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.tokens.size_hint()
    }
}

impl<T> DoubleEndedIterator for Iter<'_, T> {
    fn next_back(&mut self) -> Option<Entity<T>> {
        self.tokens.next_back().map(|&token| Entity::new(token))
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Self { tokens: self.tokens.clone(), of: std::marker::PhantomData }
    }
}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

macro_rules! list {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<T> {
            content: Content<T>,
        }

        impl<T: Model> $name<T> {
            /// That of a new struct, with nothing in it.
            pub fn new() -> Self {
                Self::default()
            }

            /// Whether it is known what is in it.
            pub fn is_loaded(&self) -> bool {
                self.content.collection.is_loaded()
            }

            /// How many there are, with structs that were put in and that the session has not taken in yet. Like all that reads the
            /// entities without `try_`, it panics if they are not loaded.
            #[track_caller]
            pub fn len(&self) -> usize {
                self.content.known().tokens().len() + self.content.waiting()
            }

            /// Whether there are none.
            #[track_caller]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// The entities in their order. It panics if they are not loaded.
            #[track_caller]
            pub fn iter(&self) -> Iter<'_, T> {
                Iter { tokens: self.content.known().tokens().iter(), of: std::marker::PhantomData }
            }

            /// The entities in their order, or the error that says that they are not loaded.
            pub fn try_iter(&self) -> Result<Iter<'_, T>> {
                Ok(Iter { tokens: self.content.loaded()?.tokens().iter(), of: std::marker::PhantomData })
            }

            /// The entities as a list of its own, for when the session is to be changed meanwhile.
            #[track_caller]
            pub fn to_vec(&self) -> Vec<Entity<T>> {
                self.iter().collect()
            }

            /// The entity at a place.
            #[track_caller]
            pub fn get(&self, index: usize) -> Option<Entity<T>> {
                self.content.known().tokens().get(index).map(|&token| Entity::new(token))
            }

            /// The first entity.
            #[track_caller]
            pub fn first(&self) -> Option<Entity<T>> {
                self.get(0)
            }

            /// The last entity.
            #[track_caller]
            pub fn last(&self) -> Option<Entity<T>> {
                self.iter().next_back()
            }

            /// Whether an entity is in it.
            #[track_caller]
            pub fn contains(&self, entity: Entity<T>) -> bool {
                self.content.known().contains(entity.token)
            }

            /// Puts in an entity, or a new struct, which the session takes in with its next flush, plan or statement. Nothing has to be
            /// loaded for that. If its reference was set to something else as well, the collection counts.
            pub fn push(&mut self, member: impl Into<Member<T>>) {
                self.content.push(member.into());
            }

            /// Takes an entity out; whether it was there, or may have been if it is not known what is. Nothing has to be loaded for that.
            pub fn remove(&mut self, entity: Entity<T>) -> bool {
                self.content.collection.remove(entity.token)
            }

            /// Puts these in and takes out all others, those included that are not loaded: the flush reads them.
            pub fn set<I: IntoIterator<Item: Into<Member<T>>>>(&mut self, members: I) {
                self.content.set(members.into_iter().map(Into::into));
            }

            /// Takes out all, those included that are not loaded: the flush reads them.
            pub fn clear(&mut self) {
                self.content.set(std::iter::empty());
            }

            /// Takes out those for which this does not hold.
            #[track_caller]
            pub fn retain(&mut self, mut keeps: impl FnMut(Entity<T>) -> bool) {
                let all = self.content.known().tokens();
                let kept: Vec<_> = all.iter().copied().filter(|&token| keeps(Entity::new(token))).collect();
                if kept.len() < all.len() {
                    self.content.collection.set(kept);
                }
            }
        }

        impl<T: Model> RelationField for $name<T> {
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

        impl<T> Default for $name<T> {
            fn default() -> Self {
                Self { content: Content::default() }
            }
        }

        impl<T: Model, R: Into<Member<T>>, const N: usize> From<[R; N]> for $name<T> {
            fn from(members: [R; N]) -> Self {
                members.into_iter().collect()
            }
        }

        impl<T: Model, R: Into<Member<T>>> From<Vec<R>> for $name<T> {
            fn from(members: Vec<R>) -> Self {
                members.into_iter().collect()
            }
        }

        impl<T: Model, R: Into<Member<T>>> FromIterator<R> for $name<T> {
            fn from_iter<I: IntoIterator<Item = R>>(members: I) -> Self {
                let mut list = Self::default();
                list.set(members);
                list
            }
        }

        impl<T: Model, R: Into<Member<T>>> Extend<R> for $name<T> {
            fn extend<I: IntoIterator<Item = R>>(&mut self, members: I) {
                members.into_iter().for_each(|member| self.push(member));
            }
        }

        impl<'a, T: Model> IntoIterator for &'a $name<T> {
            type Item = Entity<T>;
            type IntoIter = Iter<'a, T>;

            #[track_caller]
            fn into_iter(self) -> Iter<'a, T> {
                self.iter()
            }
        }

        impl<T: Model> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.try_iter() {
                    Ok(entities) => f.debug_list().entries(entities).finish(),
                    Err(_) => f.write_str("(not loaded)"),
                }
            }
        }
    };
}

list! {
    /// The rows of the model `T` that refer to this one by their [`BelongsTo`](crate::model::BelongsTo).
    ///
    /// It is known to be empty in a new struct, and *not loaded* in one that was read: reading it then panics, as indexing a session does,
    /// and the forms with `try_` give an error. It is loaded with a query, `User::select().with(User::POSTS)`, or afterwards,
    /// `session.load_with(user, User::POSTS)`. What is put in and taken out is written to the references of those rows by the next flush.
    HasMany
}

list! {
    /// The rows of the model `T` that are linked with this one by rows of a join table.
    ///
    /// It is read and written as a [`HasMany`]; what is put in and taken out are rows of the join table.
    ManyToMany
}
