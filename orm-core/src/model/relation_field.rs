//! Relation fields: what a struct holds of other rows that refer to it, or are linked with it.

mod has_one;
mod list;

use crate::error::{Error, ErrorKind};
use crate::model::{Collection, Entity, Model};

pub use has_one::HasOne;
pub use list::{HasMany, Iter, ManyToMany};

/// A field of a model that holds related entities: what a derive and a session do with it, whatever its kind.
#[doc(hidden)]
pub trait RelationField: Default {
    type Target: Model;

    /// That of a row that was read, with the name of its constant, for messages.
    fn not_loaded(name: &'static &'static str) -> Self;

    fn collection(&self) -> &Collection;

    fn collection_mut(&mut self) -> &mut Collection;

    /// Takes out the structs that no session has yet, with the place that each is to have.
    fn take_new(&mut self) -> Vec<(usize, Self::Target)>;
}

/// What can be put into a relation: an entity, or a new struct, which the session takes in with its next flush, plan or
/// statement.
#[derive(Debug)]
pub enum Member<T> {
    /// An entity of the session.
    Entity(Entity<T>),
    /// A struct that becomes one.
    New(T),
}

impl<T> From<Entity<T>> for Member<T> {
    fn from(entity: Entity<T>) -> Self {
        Self::Entity(entity)
    }
}

impl<T: Model> From<T> for Member<T> {
    fn from(record: T) -> Self {
        Self::New(record)
    }
}

/// A collection, and the structs that were put in and are no entities yet.
pub(crate) struct Content<T> {
    collection: Collection,
    /// The relation's constant, in a struct that was read.
    name: Option<&'static &'static str>,
    /// Boxed, because hardly any struct has some.
    #[expect(clippy::box_collection, reason = "it is one word in each struct that is read")]
    new: Option<Box<Vec<(usize, T)>>>,
}

impl<T> Default for Content<T> {
    fn default() -> Self {
        Self { collection: Collection::default(), name: None, new: None }
    }
}

impl<T: Model> Content<T> {
    fn not_loaded(name: &'static &'static str) -> Self {
        Self { collection: Collection::not_loaded(), name: Some(name), new: None }
    }

    /// How many new structs there are.
    fn waiting(&self) -> usize {
        self.new.as_ref().map_or(0, |new| new.len())
    }

    fn push(&mut self, member: Member<T>) {
        match member {
            Member::Entity(entity) => self.collection.push(entity.token),
            Member::New(record) => {
                let place = self.collection.tokens().len() + self.waiting();
                self.new.get_or_insert_default().push((place, record));
                self.collection.set_waits(true);
            }
        }
    }

    fn set(&mut self, members: impl Iterator<Item = Member<T>>) {
        let (mut tokens, mut new) = (Vec::new(), Vec::new());
        for member in members {
            match member {
                Member::Entity(entity) => tokens.push(entity.token),
                Member::New(record) => new.push((tokens.len() + new.len(), record)),
            }
        }
        self.collection.set(tokens);
        self.collection.set_waits(!new.is_empty());
        self.new = (!new.is_empty()).then(|| Box::new(new));
    }

    fn take_new(&mut self) -> Vec<(usize, T)> {
        self.collection.set_waits(false);
        self.new.take().map_or_else(Vec::new, |new| *new)
    }

    /// The collection if it is known what is in it, or the error that says that it is not.
    fn loaded(&self) -> crate::Result<&Collection> {
        if self.collection.is_loaded() { Ok(&self.collection) } else { Err(not_loaded::<T>(self.name)) }
    }

    #[track_caller]
    fn known(&self) -> &Collection {
        match self.loaded() {
            Ok(collection) => collection,
            Err(error) => refuse(&error),
        }
    }
}

#[cold]
fn not_loaded<T: Model>(name: Option<&&str>) -> Error {
    let message = match name {
        Some(name) => format!(
            "{name} is not loaded; load it with the query, .with({name}), or afterwards: session.load_with(entity, {name})"
        ),
        None => format!(
            "a relation to {} is not loaded; load it with the query, .with(…), or afterwards: session.load_with(entity, …)",
            T::NAME
        ),
    };
    Error::new(ErrorKind::NotLoaded, message)
}

/// The panic of an index, for what cannot be shown.
#[cold]
#[track_caller]
pub(crate) fn refuse(error: &Error) -> ! {
    #[expect(clippy::panic, reason = "like indexing a session: the forms with `try_` do not panic")]
    {
        panic!("{error}")
    }
}
