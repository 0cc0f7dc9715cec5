//! What a derive says about a struct: its table, its key, and how its fields are read and written.

mod belongs_to;
mod belongs_to_any;
mod collection;
mod create;
mod cursor;
mod deferred;
mod derived;
mod entity;
mod field;
mod found;
mod join_table;
mod key;
mod loadable;
mod models;
mod query;
mod related;
mod related_query;
mod relation;
mod relation_def;
mod relation_field;
mod relation_path;
mod rows;
mod tokens;

use crate::Result;
use crate::Value;
use crate::error::Error;
use crate::metadata::{FieldPart, Metadata, Table};
use crate::query::{Alias, AsSource as _, Delete, Insert, Projection, Select, Update, Values};
use crate::result::{FromRow, RowReader, Shape};

pub use belongs_to::BelongsTo;
pub use belongs_to_any::{AnyField, AnyVariant, BelongsToAny, OneOf, describe_variant};
pub use collection::Collection;
pub use create::{Create, IntoField, Nothing, Required, Slot, back_reference, check_fields};
pub use deferred::Deferred;
pub use entity::{Entity, Token};
pub use field::{Embedded, Field, Reference, TakeValues, is_default};
pub use found::{Found, Keeper, meet_entity};
pub use join_table::{JoinTable, build_join_table};
pub use key::Key;
pub use models::Models;
pub use query::TextEntities;
pub use related::related;
pub use related_query::RelatedQuery;
pub use relation::{Referent, ToOne};
pub use relation_def::{Cascade, ChildOf, Relation, RelationDef, RelationKind};
pub(crate) use relation_field::refuse;
pub use relation_field::{HasMany, HasOne, Iter, ManyToMany, Member, RelationField};
pub(crate) use relation_path::reference_link;

/// A struct whose values are rows of a table. Derive it: `#[derive(Model)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model",
    label = "not a model",
    note = "put `#[derive(Model)]` on the struct"
)]
pub trait Model: Record + Shape<Row = Self> + Found<Found = Entity<Self>> {
    /// What its rows are told apart by: the key field's type, or a tuple of them.
    type Key: Key;

    /// Its table.
    fn table() -> &'static Table;

    /// A query for its rows.
    fn select() -> Select<Self> {
        Select::new(Projection::all(Self::entity().as_source()))
    }

    /// An INSERT of rows: `User::insert().set(User::NAME, "Alice")`, `User::insert().values(users)`.
    ///
    /// What is added to a session is inserted by its flush; this is for rows that no session needs to know.
    fn insert() -> Insert<Self> {
        Insert::new(Self::table().into(), Some(Self::NAME))
    }

    /// The values of some columns of a row, to be set one by one: `User::values().set(User::NAME, "Alice")`.
    fn values() -> Values<Self> {
        Values::new(Self::table().into(), Some(Self::NAME))
    }

    /// An UPDATE of rows: `User::update().set(User::AGE, 30).filter(User::NAME.eq("Alice"))`.
    ///
    /// It looks at no version, and raises it unless the statement sets it: whoever has loaded one of the rows is told.
    fn update() -> Update<Self> {
        Update::new(Self::table().into(), Some(Self::NAME))
    }

    /// A DELETE of rows: `User::delete().filter(User::AGE.lt(18))`. It looks at no version.
    fn delete() -> Delete<Self> {
        Delete::new(Self::table().into(), Some(Self::NAME))
    }

    /// Its table in a query, and all of its columns in a SELECT list: `select((User::entity(), count(Post::ID)))`.
    fn entity() -> Alias<Self> {
        Alias::new(Self::table, None)
    }

    /// Its table under another name, to have it twice in a query: `User::NAME.of(User::alias("boss"))`.
    fn alias(name: &'static str) -> Alias<Self> {
        Alias::new(Self::table, Some(name))
    }
}

/// The fields of a model, as a derive hands them to the session. Fields are numbered as they are declared.
#[doc(hidden)]
pub trait Record: FromRow + Send + Sync + 'static {
    const NAME: &'static str;
    /// The names of the key's columns.
    const KEY: &'static [&'static str];

    fn get(&self, field: usize, part: usize) -> Result<Value<'_>>;
    /// Hands over the values of all columns, in their order, until an error is made of one.
    fn each_value<T: TakeValues>(&self, to: &mut T) -> Result<()>;
    fn read_field(&mut self, field: usize, row: &mut RowReader<'_>) -> Result<()>;
    /// Whether a field that the database fills in has no value yet.
    fn is_unset(&self, _field: usize) -> bool {
        false
    }
    fn reference(&self, field: FieldPart) -> Option<&dyn Reference>;
    fn reference_mut(&mut self, field: FieldPart) -> Option<&mut dyn Reference>;

    /// Gives a field the value that each change of the row brings.
    fn renew(&mut self, _field: usize) {}

    /// Makes a reference one to this entity, or to nothing; whether it can be that.
    fn refer(&mut self, _field: FieldPart, _to: Option<Token>) -> bool {
        false
    }

    /// Its relation fields, which are numbered apart from those with columns.
    fn relations() -> &'static [RelationDef] {
        &[]
    }

    /// The state of a relation field.
    fn collection(&self, _relation: usize) -> Option<&Collection> {
        None
    }

    /// The state of a relation field.
    fn collection_mut(&mut self, _relation: usize) -> Option<&mut Collection> {
        None
    }

    /// Where the entities are that a relation leads to.
    fn related_arena<K: Keeper>(_relation: usize, _keeper: &mut K) -> Option<u32> {
        None
    }

    /// Where the entities are that a reference leads to.
    fn referred_arena<K: Keeper>(_field: FieldPart, _keeper: &mut K) -> Option<u32> {
        None
    }

    /// Where the entities are that are the rows of a relation's join table, if those are a model's.
    fn link_arena<K: Keeper>(_relation: usize, _keeper: &mut K) -> Option<u32> {
        None
    }

    /// A new one for a row of a join table, if it is known by two references that are yet to be set: all other fields have values of
    /// their own.
    fn linking() -> Option<Self> {
        None
    }

    /// Hands the new structs in its relation fields over to who keeps them.
    fn hand_over<K: Keeper>(&mut self, _keeper: &mut K) {}
}

/// Hands over the new structs of one relation field; what a derive calls.
#[doc(hidden)]
pub fn hand_over<F: RelationField, K: Keeper>(field: &mut F, keeper: &mut K) {
    for (place, record) in field.take_new() {
        let token = keeper.add(record);
        field.collection_mut().insert(place, token);
    }
}

/// Where the rows of a join table are that refer by this field; what a derive calls.
#[doc(hidden)]
pub fn arena_of_links<P: Model, T, K: Keeper>(_: ToOne<P, T>, keeper: &mut K) -> Option<u32> {
    Some(keeper.arena::<P>())
}

/// The same where the other side says which model that is.
#[doc(hidden)]
pub fn arena_of_same_links<M: Model, T, K: Keeper>(other: Relation<M, T>, keeper: &mut K) -> Option<u32> {
    M::link_arena(other.number().ok()?, keeper)
}

impl Metadata {
    /// The tables of these models, of all models that they refer to, and of all that their relations lead to, with join tables.
    pub fn of<M: Models>() -> Self {
        Self::from_tables(M::tables())
    }
}

/// Adds to an error which model and column it is about.
pub(crate) fn blame(model: &'static str, table: &Table, error: Error, column: usize) -> Error {
    let error = error.with_model(model);
    match table.columns().get(column) {
        Some(column) => error.with_column(&column.name),
        None => error,
    }
}

/// Reads a struct; what a derive calls.
#[doc(hidden)]
pub fn read_record<M: Model>(row: &mut RowReader<'_>) -> Result<M> {
    let start = row.taken();
    M::read(row).map_err(|error| blame(M::NAME, M::table(), error, row.position().saturating_sub(start)))
}
