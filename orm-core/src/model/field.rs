//! A field of a model: one column, or several that belong together.

use crate::error::ErrorKind;
use crate::metadata::FieldBuilder;
use crate::model::Token;
use crate::result::RowReader;
use crate::types::DbValue;
use crate::{Result, Value};

/// What a model's field may be: any column type, or a reference to another model.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a column type",
    label = "not a column type",
    note = "columns are bool, integers, floats, String, Vec<u8>, a Vec or an Option of these, types of the features jiff, chrono, time, uuid, decimal and json, what derives or implements `orm::DbValue`, and in a model also BelongsTo<Model> and what derives `orm::Embedded`"
)]
pub trait Field: Sized {
    /// The type that the field's column holds, for typed queries.
    type Column;

    /// How many columns it has.
    const WIDTH: usize;

    /// Adds the field's columns to its table.
    fn describe(name: &str, columns: &mut FieldBuilder<'_>);

    /// Takes its columns from a row.
    fn read(row: &mut RowReader<'_>) -> Result<Self>;

    /// The value of one of its columns.
    fn get(&self, part: usize) -> Result<Value<'_>>;

    /// Hands over the values of its columns.
    #[doc(hidden)]
    #[inline]
    fn each_part<T: TakeValues>(&self, to: &mut T) -> Result<()> {
        each_of(Self::WIDTH, |part| self.get(part), to)
    }

    /// What it refers to by the columns that begin with this one, if they are a reference.
    #[doc(hidden)]
    fn as_reference(&self, _part: usize) -> Option<&dyn Reference> {
        None
    }

    /// What it refers to by the columns that begin with this one, if they are a reference.
    #[doc(hidden)]
    fn as_reference_mut(&mut self, _part: usize) -> Option<&mut dyn Reference> {
        None
    }

    /// Makes a reference one to this entity, or to nothing; whether it can be that.
    #[doc(hidden)]
    fn refer(&mut self, _part: usize, _to: Option<Token>) -> bool {
        false
    }
}

/// A struct whose fields are columns of the model that it is a field of. Derive it: `#[derive(Embedded)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an embedded struct",
    label = "has one column, and so a name instead of a prefix",
    note = "put `#[derive(Embedded)]` on the struct, or name the column with `#[model(column = \"...\")]`"
)]
pub trait Embedded: Field {
    /// Adds its columns to a table, with this in front of their names.
    fn describe_with(prefix: &str, columns: &mut FieldBuilder<'_>);
}

/// A foreign key that may know the entity behind it.
#[doc(hidden)]
pub trait Reference {
    /// The entity that it was made from.
    fn entity(&self) -> Option<Token>;

    /// Whether the key of that entity is still to be filled in.
    fn is_waiting(&self) -> bool;

    /// Whether it was made to be set by somebody else, and nobody did.
    fn is_unset(&self) -> bool;

    /// The value of one of its columns.
    fn value(&self, part: usize) -> Result<Value<'_>>;

    /// Fills in the key.
    fn resolve(&mut self, key: &mut RowReader<'_>) -> Result<()>;

    /// Says which entity has the key.
    fn belongs_to(&mut self, entity: Token);

    /// Forgets the key of an entity that has lost it.
    fn wait_again(&mut self);

    /// Forgets the entity, if the key is known.
    fn keep_key(&mut self);
}

/// Takes the values of a struct's columns. Its code is made for each column's type, so that nothing is asked about what is known.
#[doc(hidden)]
pub trait TakeValues {
    /// Whether the next value is wanted; the others are not even made.
    fn wants_next(&mut self) -> bool {
        true
    }

    /// Takes the next value; an error ends it.
    fn take(&mut self, value: Result<Value<'_>>) -> Result<()>;
}

/// Hands over the values of a field of so many columns.
#[inline(always)]
pub(crate) fn each_of<'v, T: TakeValues>(
    width: usize,
    value: impl Fn(usize) -> Result<Value<'v>>,
    to: &mut T,
) -> Result<()> {
    for part in 0..width {
        if to.wants_next() {
            to.take(value(part))?;
        }
    }
    Ok(())
}

/// Whether a field holds its type's default, or was not loaded: a derive asks that of fields that the database fills in.
#[doc(hidden)]
pub fn is_default<F: Field + Default>(field: &F) -> bool {
    let default = F::default();
    (0..F::WIDTH).all(|part| match (field.get(part), default.get(part)) {
        (Ok(value), Ok(default)) => value == default,
        (Err(error), _) => error.kind() == ErrorKind::NotLoaded,
        (Ok(_), Err(_)) => false,
    })
}

impl<T: DbValue> Field for T {
    type Column = T;

    const WIDTH: usize = 1;

    fn describe(name: &str, columns: &mut FieldBuilder<'_>) {
        columns.column(name, T::TYPE, T::NULLABLE);
    }

    #[inline]
    fn read(row: &mut RowReader<'_>) -> Result<Self> {
        if let Some(value) = row.shortcut() {
            return Ok(value);
        }
        // Looked at where it lies: a value that is moved right after it was written makes the processor wait.
        match &row.next() {
            Ok(value) => T::decode(value),
            Err(error) => Err(error.clone()),
        }
    }

    #[inline]
    fn get(&self, _part: usize) -> Result<Value<'_>> {
        self.encode()
    }
}

impl RowReader<'_> {
    /// The next field.
    #[inline]
    pub fn field<F: Field>(&mut self) -> Result<F> {
        F::read(self)
    }
}
