//! What a field takes in `create!`: its own type, and what is plainly meant by it.

use std::borrow::Cow;

use crate::model::{BelongsTo, Deferred, Entity, HasMany, HasOne, ManyToMany, Member, Model};

/// What a field of the type `T` is made from in [`create!`](https://docs.rs/orm/latest/orm/macro.create.html): a `T`; for an
/// `Option` what is in it; for a `String` a `&str`; for a `BelongsTo` an entity; for a relation a list of entities and new structs.
#[diagnostic::on_unimplemented(
    message = "a field of the type `{T}` cannot be made from `{Self}`",
    label = "expected `{T}`"
)]
pub trait IntoField<T> {
    /// The field's value.
    fn into_field(self) -> T;
}

impl<T> IntoField<T> for T {
    fn into_field(self) -> T {
        self
    }
}

impl<T> IntoField<Option<T>> for T {
    fn into_field(self) -> Option<T> {
        Some(self)
    }
}

impl<T> IntoField<Deferred<T>> for T {
    fn into_field(self) -> Deferred<T> {
        Deferred::new(self)
    }
}

impl<T> IntoField<Deferred<Option<T>>> for T {
    fn into_field(self) -> Deferred<Option<T>> {
        Deferred::new(Some(self))
    }
}

/// `Into`.
macro_rules! made {
    ([$($generics:tt)*] $from:ty, $field:ty, $make:expr) => {
        impl<$($generics)*> IntoField<$field> for $from {
            fn into_field(self) -> $field {
                $make(self.into())
            }
        }
    };
}

/// The same for what may be optional, deferred, or both.
macro_rules! made_from {
    ($to:ty: $([$($generics:tt)*] $from:ty),+) => {$(
        made!([$($generics)*] $from, $to, |value| value);
        made!([$($generics)*] $from, Option<$to>, Some);
        made!([$($generics)*] $from, Deferred<$to>, Deferred::new);
        made!([$($generics)*] $from, Deferred<Option<$to>>, |value| Deferred::new(Some(value)));
    )+};
}

made_from!(String: [] &str, [] &String, [] Box<str>, [] Cow<'_, str>, [] char);
made_from!(Vec<u8>: [] &[u8], [] &str, [const N: usize] &[u8; N]);
made_from!(Vec<T>: [T, const N: usize] [T; N]);

impl<M: Model> IntoField<BelongsTo<M>> for Entity<M> {
    fn into_field(self) -> BelongsTo<M> {
        self.into()
    }
}

impl<M: Model> IntoField<Option<BelongsTo<M>>> for Entity<M> {
    fn into_field(self) -> Option<BelongsTo<M>> {
        self.into()
    }
}

impl<M: Model> IntoField<Option<BelongsTo<M>>> for Option<Entity<M>> {
    fn into_field(self) -> Option<BelongsTo<M>> {
        self.map(Into::into)
    }
}

impl<M: Model> IntoField<HasOne<M>> for Entity<M> {
    fn into_field(self) -> HasOne<M> {
        self.into()
    }
}

impl<M: Model> IntoField<HasOne<M>> for M {
    fn into_field(self) -> HasOne<M> {
        self.into()
    }
}

impl<M: Model> IntoField<Member<M>> for Entity<M> {
    fn into_field(self) -> Member<M> {
        self.into()
    }
}

impl<M: Model> IntoField<Member<M>> for M {
    fn into_field(self) -> Member<M> {
        self.into()
    }
}

/// An empty list, of whatever.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl<T> IntoField<Vec<T>> for Nothing {
    fn into_field(self) -> Vec<T> {
        Vec::new()
    }
}

impl<T> IntoField<Option<Vec<T>>> for Nothing {
    fn into_field(self) -> Option<Vec<T>> {
        Some(Vec::new())
    }
}

macro_rules! list {
    ($list:ident) => {
        impl<M: Model, R: IntoField<Member<M>>, const N: usize> IntoField<$list<M>> for [R; N] {
            fn into_field(self) -> $list<M> {
                self.into_iter().map(R::into_field).collect()
            }
        }

        impl<M: Model, R: IntoField<Member<M>>> IntoField<$list<M>> for Vec<R> {
            fn into_field(self) -> $list<M> {
                self.into_iter().map(R::into_field).collect()
            }
        }

        impl<M: Model> IntoField<$list<M>> for Nothing {
            fn into_field(self) -> $list<M> {
                $list::new()
            }
        }
    };
}

list!(HasMany);
list!(ManyToMany);
