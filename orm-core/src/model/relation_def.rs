//! Relations as data: what a derive says about a relation field, and the typed constant that leads to it.

use std::fmt;
use std::marker::PhantomData;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::{Action, FieldPart, ForeignKey, Table};
use crate::model::{JoinTable, Model, ToOne};
use crate::query::{Order, OrderKeys};

/// A relation of the model `M` to the model `T`: the constant that a derive makes of a `HasMany<T>`, a `HasOne<T>` or a `ManyToMany<T>`,
/// `User::POSTS`, or the other side of a reference, `Post::AUTHOR.reverse()`.
///
/// It is loaded, `User::select().with(User::POSTS)`; joined along, `User::select().join(User::POSTS)`; filtered by,
/// `User::POSTS.any(Post::TITLE.eq("x"))`; and counted, `User::POSTS.count()`.
pub struct Relation<M, T> {
    pub(super) field: RelationSide,
    pub(super) from: Option<&'static str>,
    pub(super) to: Option<&'static str>,
    pub(super) of: PhantomData<fn() -> (M, T)>,
}

/// Which one it is.
#[derive(Clone, Copy)]
pub(super) enum RelationSide {
    /// The field with this number, and its join table if it has one.
    Number(usize, Option<JoinTable>),
    /// Whatever shows, on the other side, what this field of a model of this table refers to.
    Reference(fn() -> &'static Table, FieldPart),
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
    pub(crate) relations: fn() -> &'static [RelationDef],
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
    Many { field: FieldPart },
    /// The same, and there is at most one.
    One { field: FieldPart },
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

impl Cascade {
    /// As an attribute says it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::SetNull => "set_null",
            Self::Delete => "delete",
            Self::DeleteOrphan => "delete_orphan",
            Self::Restrict => "restrict",
            Self::Database => "database",
        }
    }
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

    /// Whether the rows of that table refer to this model by that field.
    fn is_by(&self, table: &Table, by: FieldPart) -> bool {
        match self.kind {
            RelationKind::Many { field } | RelationKind::One { field } => {
                field == by && (self.table)() == table
            }
            RelationKind::Linked(_) => false,
        }
    }

    /// Its join table, if it has one.
    pub(crate) fn join_table(&self) -> Option<&JoinTable> {
        match &self.kind {
            RelationKind::Linked(join) => Some(join),
            RelationKind::Many { .. } | RelationKind::One { .. } => None,
        }
    }

    /// What was said to happen to the related rows.
    pub(crate) fn cascade_said(&self) -> Option<Cascade> {
        self.cascade
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
    const fn by(field: RelationSide) -> Self {
        Self { field, from: None, to: None, of: PhantomData }
    }

    /// The relation field with this number; derives call this.
    pub const fn new(number: usize) -> Self {
        Self::by(RelationSide::Number(number, None))
    }

    /// The same, by rows of a join table.
    #[doc(hidden)]
    pub const fn linked(number: usize, join: JoinTable) -> Self {
        Self::by(RelationSide::Number(number, Some(join)))
    }

    /// What refers to a row by this field, whether that has a field for it or not.
    pub(crate) const fn by_reference(table: fn() -> &'static Table, field: FieldPart) -> Self {
        Self::by(RelationSide::Reference(table, field))
    }

    /// Its join table.
    #[doc(hidden)]
    #[expect(clippy::panic, reason = "only constants call it: the panic is an error of the compiler")]
    pub const fn join_table(self) -> JoinTable {
        match self.field {
            RelationSide::Number(_, Some(join)) => join,
            RelationSide::Number(_, None) | RelationSide::Reference(..) => panic!(
                "`via` on a ManyToMany names the ManyToMany of the other model whose other side it is, as in `via = Post::TAGS`"
            ),
        }
    }
}

impl<M: Model, T> Relation<M, T> {
    /// The number of its field; an error if the model has none for it.
    pub(crate) fn number(self) -> Result<usize> {
        let found = match self.field {
            RelationSide::Number(number, _) => Some(number).filter(|&number| number < M::relations().len()),
            RelationSide::Reference(table, field) => {
                M::relations().iter().position(|def| def.is_by(table(), field))
            }
        };
        found.ok_or_else(|| {
            let message = "the model has no field for this relation: only queries can follow it; give it a `HasMany<…>`";
            Error::new(ErrorKind::Misuse, message).with_model(M::NAME)
        })
    }

    /// What is known of it; only an inconsistent derive, or a reference that the model has no field for, has nothing.
    pub(crate) fn def(self) -> Option<&'static RelationDef> {
        M::relations().get(self.number().ok()?)
    }

    /// The foreign key of the other model, by which its rows refer to this one; none for a join table.
    pub(super) fn reference(self) -> Option<&'static ForeignKey> {
        match self.field {
            RelationSide::Number(..) => self.def()?.reference(),
            RelationSide::Reference(table, field) => {
                table().foreign_keys().iter().find(|key| key.field == field)
            }
        }
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
