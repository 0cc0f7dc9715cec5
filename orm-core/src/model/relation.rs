//! Relations in queries: joined along, filtered by, compared with entities.

use std::fmt;
use std::marker::PhantomData;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::{FieldPart, ForeignKey, Table};
use crate::model::{BelongsTo, Entity, Key, Model, Relation, Token};
use crate::query::{
    Alias, Condition, IntoCondition, JoinKind, JoinList, Joinable, Link, LinkedBy, Pairs, Referred, RefersTo,
    Related, Source,
};

/// A reference of the model `M` to the model `T`: the constant that a derive makes of a `BelongsTo<T>`, `Post::AUTHOR`.
///
/// It is joined along, `Post::select().join(Post::AUTHOR)`; filtered by, `Post::AUTHOR.has(User::AGE.gt(18))`; and compared
/// with entities, `Post::AUTHOR.eq(alice)`.
pub struct ToOne<M, T> {
    table: fn() -> &'static Table,
    field: FieldPart,
    from: Option<&'static str>,
    to: Option<&'static str>,
    of: PhantomData<fn() -> (M, T)>,
}

impl<M, T> ToOne<M, T> {
    /// The reference that is this field of the model; derives call this.
    pub const fn new(table: fn() -> &'static Table, field: usize) -> Self {
        Self::at(table, FieldPart::first(field))
    }

    /// The same where the field can hold several references.
    pub(crate) const fn at(table: fn() -> &'static Table, field: FieldPart) -> Self {
        Self { table, field, from: None, to: None, of: PhantomData }
    }

    pub(crate) const fn table(&self) -> fn() -> &'static Table {
        self.table
    }

    /// The name that the other side goes by, if not its own.
    pub(crate) const fn other_name(&self) -> Option<&'static str> {
        self.to
    }

    /// The field that it is.
    pub(crate) const fn field(&self) -> FieldPart {
        self.field
    }

    /// The same from the other side: one that is referred to has many that refer to it.
    ///
    /// It is the relation of a field `HasMany<M>` or `HasOne<M>` of `T`, and needs none for queries.
    pub const fn reverse(self) -> Relation<T, M> {
        Relation { from: self.to, to: self.from, ..Relation::by_reference(self.table, self.field) }
    }

    /// The same for rows of `M` under another name.
    #[must_use]
    pub fn from(self, alias: Alias<M>) -> Self {
        Self { from: alias.name(), ..self }
    }

    /// The same to rows of `T` under another name: `Employee::BOSS.to(boss)`.
    #[must_use]
    pub fn to(self, alias: Alias<T>) -> Self {
        Self { to: alias.name(), ..self }
    }

    fn key(&self) -> Result<&'static ForeignKey> {
        let keys = (self.table)().foreign_keys();
        let no_key = || Error::new(ErrorKind::Misuse, "a relation has no foreign key");
        keys.iter().find(|key| key.field == self.field).ok_or_else(no_key)
    }

    fn own_side(&self) -> Source {
        named(Source::table((self.table)()), self.from)
    }
}

pub(super) fn named(source: Source, alias: Option<&'static str>) -> Source {
    match alias {
        Some(alias) => source.named(alias),
        None => source,
    }
}

impl<M, T: Model> ToOne<M, T> {
    fn other_side(&self) -> Source {
        named(Source::table(T::table()), self.to)
    }

    /// The names of the columns on both sides, those of the foreign key first.
    fn columns(&self) -> Pairs {
        let Ok(key) = self.key() else { return Vec::new() };
        let own = (self.table)().names_of(&key.columns);
        let columns = own.into_iter().zip(key.target.columns());
        columns.map(|(own, other)| (own.to_owned(), other.to_owned())).collect()
    }

    fn link(&self) -> Link {
        Link { from: self.own_side(), to: self.other_side(), by: LinkedBy::Columns(self.columns()) }
    }

    /// Whether what is referred to is so: `Post::AUTHOR.has(User::AGE.gt(18))`. In the condition, `User` means the author. Rows that
    /// refer to nothing are not among them, and are among those of `!Post::AUTHOR.has(…)`.
    pub fn has(self, condition: impl IntoCondition) -> Condition {
        Related::exist(self.link(), condition)
    }

    /// Whether it refers to this entity, or to the row with this key, `BelongsTo::key(7)`; with `None`, whether it refers to nothing.
    ///
    /// An entity that is not inserted yet is flushed first. Only its own session can run a query that names one.
    pub fn eq(self, other: impl Referent<T>) -> Condition {
        self.refers_to(vec![other.referred()], false)
    }

    /// Whether it refers to another row than this one; with `None`, whether it refers to anything. As everywhere in SQL, a row that
    /// refers to nothing does not refer to another one.
    pub fn ne(self, other: impl Referent<T>) -> Condition {
        self.refers_to(vec![other.referred()], true)
    }

    /// Whether it refers to one of these.
    pub fn in_<R: Referent<T>>(self, others: impl IntoIterator<Item = R>) -> Condition {
        self.refers_to(others.into_iter().map(Referent::referred).collect(), false)
    }

    /// Whether it refers to a row that is none of these.
    pub fn not_in<R: Referent<T>>(self, others: impl IntoIterator<Item = R>) -> Condition {
        self.refers_to(others.into_iter().map(Referent::referred).collect(), true)
    }

    /// Whether it refers to nothing.
    pub fn is_null(self) -> Condition {
        self.refers_to(vec![Referred::Nothing], false)
    }

    /// Whether it refers to anything.
    pub fn is_not_null(self) -> Condition {
        self.refers_to(vec![Referred::Nothing], true)
    }

    fn refers_to(&self, targets: Vec<Referred>, negated: bool) -> Condition {
        let table = (self.table)();
        let column = |&position: &usize| {
            let column = &table.columns()[position];
            (column.name.clone(), column.sql_type)
        };
        let columns = self.key().map(|key| key.columns.iter().map(column).collect()).unwrap_or_default();
        RefersTo::condition(self.own_side(), columns, targets, negated)
    }
}

impl<M, T: Model> Joinable for ToOne<M, T> {
    fn add_to(self, kind: JoinKind, joins: &mut JoinList<'_>) {
        self.link().add_to(kind, joins);
    }
}

/// What a reference to the model `T` can be compared with: an entity, an `Option` of one, or a [`BelongsTo`].
#[diagnostic::on_unimplemented(
    message = "a reference to `{T}` cannot be compared with `{Self}`",
    label = "expected an `Entity<{T}>`",
    note = "the row with a certain key is `BelongsTo::key(7)`; or compare the column: `Post::AUTHOR_ID.eq(7)`"
)]
pub trait Referent<T> {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only this crate makes and reads one")]
    fn referred(self) -> Referred;
}

fn entity<T: Model>(token: Token) -> Referred {
    Referred::Entity(token.words(), T::NAME)
}

#[expect(private_interfaces, reason = "only this crate makes and reads one")]
impl<T: Model> Referent<T> for Entity<T> {
    fn referred(self) -> Referred {
        entity::<T>(self.token)
    }
}

#[expect(private_interfaces, reason = "only this crate makes and reads one")]
impl<T: Model> Referent<T> for Option<Entity<T>> {
    fn referred(self) -> Referred {
        self.map_or(Referred::Nothing, Referent::referred)
    }
}

#[expect(private_interfaces, reason = "only this crate makes and reads one")]
impl<T: Model> Referent<T> for &BelongsTo<T> {
    fn referred(self) -> Referred {
        match (self.get(), self.token()) {
            (Some(key), _) => {
                let values = (0..T::Key::TYPES.len()).map(|part| Ok(key.get(part)?.into_owned()));
                Referred::Key(values.collect())
            }
            (None, Some(token)) => entity::<T>(token),
            (None, None) => Referred::Nothing,
        }
    }
}

#[expect(private_interfaces, reason = "only this crate makes and reads one")]
impl<T: Model> Referent<T> for BelongsTo<T> {
    fn referred(self) -> Referred {
        (&self).referred()
    }
}

impl<M, T> Clone for ToOne<M, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, T> Copy for ToOne<M, T> {}

impl<M, T> fmt::Debug for ToOne<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.key().map_or("?", |key| key.name.as_str());
        write!(f, "ToOne({name})")
    }
}
