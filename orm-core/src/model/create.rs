//! What `create!` is made of: a struct's fields before it is one, and what each of them takes.

mod into_field;

use crate::model::{BelongsTo, Model};

pub use into_field::{IntoField, Nothing};

/// A struct that `create!` can make, with its fields by their names.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`create!` knows no fields of `{Self}`: it is neither a model nor an embedded struct",
    note = "a struct of another kind is a value like any other if it is in brackets: `(Point {{ x: 1 }})`"
)]
pub trait Create: Sized {
    /// A [`Slot`] for each field.
    type Fields;

    /// The fields without a value of their own.
    const REQUIRED: &'static [Required];

    /// For each relation field by which rows refer to this one: its name, and the number of that reference among the fields there.
    const CHILDREN: &'static [(&'static str, usize)];

    /// Fields without values.
    fn fields() -> Self::Fields;

    /// The struct.
    fn create(fields: Self::Fields) -> Self;
}

/// A field that needs a value.
#[doc(hidden)]
pub struct Required {
    pub field: usize,
    pub name: &'static str,
    /// What to say if it has none.
    pub missing: &'static str,
}

/// A field that may have been given a value.
#[doc(hidden)]
pub struct Slot<T>(Option<T>);

impl<T> Slot<T> {
    /// One without.
    pub const fn empty() -> Self {
        Self(None)
    }

    /// Gives it a value.
    pub fn set<V: IntoField<T>>(&mut self, value: V) {
        self.0 = Some(value.into_field());
    }

    /// The value that was given, or this one.
    pub fn or(self, default: impl FnOnce() -> T) -> T {
        self.0.unwrap_or_else(default)
    }

    /// The value of a field that [`check_fields`] has found among those that were given.
    pub fn given(self) -> T {
        match self.0 {
            Some(value) => value,
            None => unreachable!("a constant has checked that it was given"),
        }
    }
}

impl<M: Model> Slot<BelongsTo<M>> {
    /// The reference that was given; one that was not is left to the collection that the struct is put into.
    pub fn or_unset(self) -> BelongsTo<M> {
        self.or(BelongsTo::unset)
    }
}

/// Does not compile unless all fields that need a value have one. The reference to the parent does not need one in a struct that is
/// written into one of the parent's relations.
#[doc(hidden)]
#[track_caller]
#[expect(clippy::panic, reason = "only constants call it: the panic is an error of the compiler")]
pub const fn check_fields(required: &[Required], given: &[&str], parent: Option<usize>) {
    let mut i = 0;
    while i < required.len() {
        let Required { field, name, missing } = &required[i];
        let is_parent = match parent {
            Some(parent) => parent == *field,
            None => false,
        };
        if !is_parent && !contains(given, name) {
            panic!("{}", *missing);
        }
        i += 1;
    }
}

/// The reference by which the structs in this relation refer to the one that it is a field of.
#[doc(hidden)]
pub const fn back_reference(children: &[(&str, usize)], relation: &str) -> Option<usize> {
    let mut i = 0;
    while i < children.len() {
        if is_same(children[i].0, relation) {
            return Some(children[i].1);
        }
        i += 1;
    }
    None
}

const fn contains(names: &[&str], name: &str) -> bool {
    let mut i = 0;
    while i < names.len() {
        if is_same(names[i], name) {
            return true;
        }
        i += 1;
    }
    false
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

impl<M, T> crate::model::ToOne<M, T> {
    /// The number of its field.
    #[doc(hidden)]
    pub const fn number(&self) -> usize {
        self.field().field
    }
}
