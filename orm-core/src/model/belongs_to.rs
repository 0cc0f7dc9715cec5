//! `BelongsTo<M>`: a foreign key. It holds the key of a row, or the entity that will have one.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::metadata::FieldBuilder;
use crate::model::relation_field::refuse;
use crate::model::{Entity, Field, Key, Model, Reference, Token};
use crate::result::RowReader;
use crate::{Result, Value};

/// A reference to a row of the model `M`, stored as a foreign key.
///
/// It is made from an entity, whose row need not exist yet: the flush inserts that first. Or from a key:
/// `BelongsTo::key(7)`. Wrap it in an `Option` to allow none.
pub struct BelongsTo<M: Model> {
    key: Option<M::Key>,
    entity: Option<Token>,
}

impl<M: Model> BelongsTo<M> {
    /// A reference to the row with this key.
    pub fn key(key: impl Into<M::Key>) -> Self {
        Self { key: Some(key.into()), entity: None }
    }

    /// A reference that is set by the collection of the row referred to: that of a new struct which is put into one. One that is
    /// still unset when it is flushed is an error.
    pub fn unset() -> Self {
        Self { key: None, entity: None }
    }

    /// The entity referred to, if it is known: the reference was made from it, or it was loaded along this relation. It panics if it is
    /// not known; [`try_entity`](Self::try_entity) gives an error instead. A reference that was read knows its key alone, also if the
    /// session has the entity: `session[&post.author]` finds the struct by it, and `peek` the entity.
    #[track_caller]
    pub fn entity(&self) -> Entity<M> {
        match self.try_entity() {
            Ok(entity) => entity,
            Err(error) => refuse(&error),
        }
    }

    /// The entity referred to, or the error that says that it is not known.
    pub fn try_entity(&self) -> Result<Entity<M>> {
        let not_loaded = || {
            let message = format!(
                "the {} referred to is not loaded; load it with the query, .with(…), or afterwards: session.load_with(entity, …)",
                M::NAME
            );
            Error::new(ErrorKind::NotLoaded, message)
        };
        self.entity.map(Entity::new).ok_or_else(not_loaded)
    }

    /// The key of the row referred to. A reference made from an entity has it from the flush that writes it, and is `None` until then,
    /// also if that entity has its row already.
    pub fn get(&self) -> Option<&M::Key> {
        self.key.as_ref()
    }

    pub(crate) fn token(&self) -> Option<Token> {
        self.entity
    }
}

impl<M: Model> From<Entity<M>> for BelongsTo<M> {
    fn from(entity: Entity<M>) -> Self {
        Self { key: None, entity: Some(entity.token) }
    }
}

impl<M: Model> From<Entity<M>> for Option<BelongsTo<M>> {
    fn from(entity: Entity<M>) -> Self {
        Some(entity.into())
    }
}

impl<M: Model> Clone for BelongsTo<M> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), entity: self.entity }
    }
}

impl<M: Model> fmt::Debug for BelongsTo<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "BelongsTo<{}>({key:?})", M::NAME),
            None if self.entity.is_none() => write!(f, "BelongsTo<{}>(unset)", M::NAME),
            None => write!(f, "BelongsTo<{}>(by its entity, until the next flush)", M::NAME),
        }
    }
}

/// Equal if they refer to the same row, or to the same entity while that has no row.
impl<M: Model> PartialEq for BelongsTo<M> {
    fn eq(&self, other: &Self) -> bool {
        match (&self.key, &other.key) {
            (Some(a), Some(b)) => a == b,
            (None, None) => self.entity == other.entity,
            _ => false,
        }
    }
}

impl<M: Model> BelongsTo<M> {
    fn describe(name: &str, nullable: bool, columns: &mut FieldBuilder<'_>) {
        match M::Key::TYPES {
            [one] => columns.column(name, *one, nullable),
            several => {
                // A name for each part: for a key of (shop, number) the columns order_shop and order_number.
                let stem = name.strip_suffix("_id").unwrap_or(name);
                for (part, sql_type) in several.iter().enumerate() {
                    let number = (part + 1).to_string();
                    let part = M::KEY.get(part).copied().unwrap_or(&number);
                    columns.column(&format!("{stem}_{part}"), *sql_type, nullable);
                }
            }
        }
        columns.references(M::table);
    }

    fn to_key(key: M::Key) -> Self {
        Self { key: Some(key), entity: None }
    }
}

impl<M: Model> Field for BelongsTo<M> {
    type Column = M::Key;

    const WIDTH: usize = M::Key::TYPES.len();

    fn describe(name: &str, columns: &mut FieldBuilder<'_>) {
        Self::describe(name, false, columns);
    }

    fn read(row: &mut RowReader<'_>) -> Result<Self> {
        M::Key::read(row).map(Self::to_key)
    }

    fn get(&self, part: usize) -> Result<Value<'_>> {
        self.key.as_ref().map_or(Ok(Value::Null), |key| key.get(part))
    }

    fn as_reference(&self, _part: usize) -> Option<&dyn Reference> {
        Some(self)
    }

    fn as_reference_mut(&mut self, _part: usize) -> Option<&mut dyn Reference> {
        Some(self)
    }

    fn refer(&mut self, _part: usize, to: Option<Token>) -> bool {
        *self = Self { key: None, entity: to };
        to.is_some()
    }
}

impl<M: Model> Reference for BelongsTo<M> {
    fn entity(&self) -> Option<Token> {
        self.entity
    }

    fn is_waiting(&self) -> bool {
        self.key.is_none() && self.entity.is_some()
    }

    fn is_unset(&self) -> bool {
        self.key.is_none() && self.entity.is_none()
    }

    fn value(&self, part: usize) -> Result<Value<'_>> {
        Field::get(self, part)
    }

    fn resolve(&mut self, key: &mut RowReader<'_>) -> Result<()> {
        self.key = Some(M::Key::read(key)?);
        Ok(())
    }

    fn belongs_to(&mut self, entity: Token) {
        self.entity = Some(entity);
    }

    fn wait_again(&mut self) {
        if self.entity.is_some() {
            self.key = None;
        }
    }

    fn keep_key(&mut self) {
        if self.key.is_some() {
            self.entity = None;
        }
    }
}

impl<M: Model> Field for Option<BelongsTo<M>> {
    type Column = Option<M::Key>;

    const WIDTH: usize = M::Key::TYPES.len();

    fn describe(name: &str, columns: &mut FieldBuilder<'_>) {
        BelongsTo::<M>::describe(name, true, columns);
    }

    fn read(row: &mut RowReader<'_>) -> Result<Self> {
        Ok(M::Key::read_if_there(row)?.map(BelongsTo::to_key))
    }

    fn get(&self, part: usize) -> Result<Value<'_>> {
        self.as_ref().map_or(Ok(Value::Null), |reference| Field::get(reference, part))
    }

    fn as_reference(&self, _part: usize) -> Option<&dyn Reference> {
        self.as_ref().map(|reference| reference as _)
    }

    fn as_reference_mut(&mut self, _part: usize) -> Option<&mut dyn Reference> {
        self.as_mut().map(|reference| reference as _)
    }

    fn refer(&mut self, _part: usize, to: Option<Token>) -> bool {
        *self = to.map(|entity| BelongsTo { key: None, entity: Some(entity) });
        true
    }
}
