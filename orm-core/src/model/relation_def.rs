//! Relations as data: what a derive says about a relation field, and the typed constant that leads to it.

use std::fmt;
use std::marker::PhantomData;

use crate::metadata::{Action, ForeignKey, Table};
use crate::model::{JoinTable, Model, ToOne};
use crate::query::{Order, OrderKeys};

/// A relation of the model `M` to the model `T`: the constant that a derive makes of a `HasMany<T>`, a `HasOne<T>` or a `ManyToMany<T>`,
/// `User::POSTS`.
pub struct Relation<M, T> {
    number: usize,
    join: Option<JoinTable>,
    of: PhantomData<fn() -> (M, T)>,
}

/// A model with exactly one reference to the model `T`, so that a relation of `T` to it need not say which one is meant.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not refer to `{T}` by exactly one `BelongsTo<{T}>`",
    label = "its rows cannot be told to belong to a `{T}`",
    note = "give `{Self}` a field of the type `BelongsTo<{T}>`; if it has several, say which one is meant: `via = {Self}::FIELD`, of an association model `through({Self}::ONE, {Self}::OTHER)`"
)]
pub trait ChildOf<T: Model>: Model {
    /// That reference.
    const REFERENCE: ToOne<Self, T>;
}

/// What is known of a relation.
#[doc(hidden)]
pub struct RelationDef {
    /// The field's name.
    pub(crate) name: &'static str,
    pub(crate) kind: RelationKind,
    /// The model that it leads to.
    pub(crate) target: &'static str,
    pub(crate) table: fn() -> &'static Table,
    /// The relations of that model.
    relations: fn() -> &'static [RelationDef],
    cascade: Option<Cascade>,
    pub(crate) order: Vec<Order>,
    /// Each query loads it, by a join if this is true.
    pub(crate) load: Option<bool>,
}

/// How rows belong together.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum RelationKind {
    /// Rows of the other model refer to this one by this field of theirs.
    Many { field: usize },
    /// The same, and there is at most one.
    One { field: usize },
    /// Rows of a join table refer to both.
    Linked(JoinTable),
}

/// What happens to related rows when the row that they refer to is deleted, or when they are taken out of its collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cascade {
    /// They refer to nothing from then on; where their reference cannot be empty, it is an error.
    SetNull,
    /// They are deleted with it; one that is taken out of the collection refers to nothing.
    Delete,
    /// They are deleted in both cases.
    DeleteOrphan,
    /// It is an error as long as there are any.
    Restrict,
    /// The foreign key does what it says: the session reads and writes nothing.
    Database,
}

impl RelationDef {
    /// That of a `HasMany` or a `HasOne`, by the reference of the other model.
    pub fn by_reference<M: Model, T: Model>(name: &'static str, reference: ToOne<T, M>, one: bool) -> Self {
        let field = reference.field();
        let kind = if one { RelationKind::One { field } } else { RelationKind::Many { field } };
        Self::new::<T>(name, kind)
    }

    /// That of a `ManyToMany`, by its join table.
    pub fn by_links<T: Model>(name: &'static str, join: JoinTable) -> Self {
        Self::new::<T>(name, RelationKind::Linked(join))
    }

    fn new<T: Model>(name: &'static str, kind: RelationKind) -> Self {
        Self {
            name,
            kind,
            target: T::NAME,
            table: T::table,
            relations: T::relations,
            cascade: None,
            order: Vec::new(),
            load: None,
        }
    }

    /// What happens to the related rows.
    #[must_use]
    pub fn cascade(self, cascade: Cascade) -> Self {
        Self { cascade: Some(cascade), ..self }
    }

    /// The order in which they come.
    #[must_use]
    pub fn order_by(mut self, keys: impl OrderKeys) -> Self {
        keys.add_to(&mut self.order);
        self
    }

    /// Each query of the model loads it.
    #[must_use]
    pub fn load(self, joined: bool) -> Self {
        Self { load: Some(joined), ..self }
    }

    /// The foreign key by which the rows of the other model refer to this one; none for a join table.
    pub(crate) fn reference(&self) -> Option<&'static ForeignKey> {
        match self.kind {
            RelationKind::Many { field } | RelationKind::One { field } => {
                (self.table)().foreign_keys().iter().find(|key| key.field == field)
            }
            RelationKind::Linked(_) => None,
        }
    }

    /// What happens to the related rows: what was said, else what their foreign key says.
    pub(crate) fn on_removal(&self) -> Cascade {
        let by_key = || match self.reference().map(|key| key.on_delete) {
            Some(Action::Cascade | Action::SetNull | Action::SetDefault) => Cascade::Database,
            Some(Action::Restrict) => Cascade::Restrict,
            Some(Action::NoAction) | None => Cascade::SetNull,
        };
        self.cascade.unwrap_or_else(by_key)
    }
}

impl<M, T> Relation<M, T> {
    /// The relation field with this number; derives call this.
    pub const fn new(number: usize) -> Self {
        Self { number, join: None, of: PhantomData }
    }

    /// The same, by rows of a join table.
    #[doc(hidden)]
    pub const fn linked(number: usize, join: JoinTable) -> Self {
        Self { number, join: Some(join), of: PhantomData }
    }

    /// Its join table.
    #[doc(hidden)]
    #[expect(clippy::panic, reason = "only constants call it: the panic is an error of the compiler")]
    pub const fn join_table(self) -> JoinTable {
        match self.join {
            Some(join) => join,
            None => panic!(
                "`via` on a ManyToMany names the ManyToMany of the other model whose other side it is, as in `via = Post::TAGS`"
            ),
        }
    }

    pub(crate) fn number(self) -> usize {
        self.number
    }
}

impl<M: Model, T> Relation<M, T> {
    /// What is known of it; only an inconsistent derive has nothing.
    pub(crate) fn def(self) -> Option<&'static RelationDef> {
        M::relations().get(self.number)
    }
}

impl<M, T> Clone for Relation<M, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, T> Copy for Relation<M, T> {}

impl<M: Model, T> fmt::Debug for Relation<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relation({}::{})", M::NAME, self.def().map_or("?", |def| def.name))
    }
}
