//! A field of a model: one column, or several that belong together.

use crate::driver::{Row, no_such_column};
use crate::metadata::FieldBuilder;
use crate::model::Token;
use crate::types::DbValue;
use crate::{Result, Value};

/// What a model's field may be: any column type, or a reference to another model.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a column type",
    label = "not a column type",
    note = "columns are bool, i16, i32, i64, f32, f64, String, Vec<u8>, an Option of these, BelongsTo<Model>, or any type that implements `orm::DbValue`"
)]
pub trait Field: Sized {
    /// The type that the field's column holds, for typed queries.
    type Column;

    /// Adds the field's columns to its table.
    fn describe(name: &str, columns: &mut FieldBuilder<'_>);

    /// Takes its columns from a row.
    fn read(row: &mut RowReader<'_>) -> Result<Self>;

    /// The value of one of its columns.
    fn get(&self, part: usize) -> Result<Value<'_>>;

    /// What it refers to, if it is a reference.
    #[doc(hidden)]
    fn as_reference(&self) -> Option<&dyn Reference> {
        None
    }

    /// What it refers to, if it is a reference.
    #[doc(hidden)]
    fn as_reference_mut(&mut self) -> Option<&mut dyn Reference> {
        None
    }
}

/// A foreign key that may know the entity behind it.
#[doc(hidden)]
pub trait Reference {
    /// The entity that it was made from.
    fn entity(&self) -> Option<Token>;

    /// Whether the key of that entity is still to be filled in.
    fn is_waiting(&self) -> bool;

    /// Fills in the key.
    fn resolve(&mut self, key: &mut RowReader<'_>) -> Result<()>;

    /// Forgets the key of an entity that has lost it.
    fn wait_again(&mut self);
}

impl<T: DbValue> Field for T {
    type Column = T;

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

/// Hands out the values of a row from left to right.
pub struct RowReader<'a> {
    row: &'a dyn Row,
    next: usize,
    /// The first value, if it is an integer and known already: a driver's value is not free to fetch.
    first: Option<i64>,
}

impl<'a> RowReader<'a> {
    pub(crate) fn new(row: &'a dyn Row) -> Self {
        Self { row, next: 0, first: None }
    }

    /// Hands out one integer.
    pub(crate) fn of_int(value: i64) -> Self {
        Self { row: &NoRow, next: 0, first: Some(value) }
    }

    /// The row's first value is known already.
    pub(crate) fn after_first(row: &'a dyn Row, first: i64) -> Self {
        Self { row, next: 0, first: Some(first) }
    }

    /// The next value; an error if the row has no more.
    #[inline]
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would end silently where this is an error"
    )]
    pub fn next(&mut self) -> Result<Value<'a>> {
        let index = self.next;
        self.next += 1;
        match self.first.take() {
            Some(first) => Ok(Value::Int(first)),
            None => self.row.value(index),
        }
    }

    /// The next value, if there is a shorter way to it.
    #[inline]
    fn shortcut<T: DbValue>(&mut self) -> Option<T> {
        if self.first.is_some() {
            return None;
        }
        let value = T::shortcut(self.row, self.next)?;
        self.next += 1;
        Some(value)
    }

    /// The next field.
    #[inline]
    pub fn field<F: Field>(&mut self) -> Result<F> {
        F::read(self)
    }

    /// The position of the value that was taken last.
    pub(crate) fn position(&self) -> usize {
        self.next.saturating_sub(1)
    }
}

/// A row without values.
struct NoRow;

impl Row for NoRow {
    fn width(&self) -> usize {
        0
    }

    fn value(&self, _index: usize) -> Result<Value<'_>> {
        Err(no_such_column())
    }
}
