//! An enum of references: a row that belongs to a row of one of several models, by a foreign key for each of them.

use std::marker::PhantomData;
use std::ops::Range;

use crate::error::{Error, ErrorKind};
use crate::metadata::{FieldBuilder, FieldPart};
use crate::model::field::each_of;
use crate::model::{BelongsTo, Entity, Field, Keeper, Model, Reference, Slot, TakeValues, ToOne, Token};
use crate::query::Column;
use crate::result::RowReader;
use crate::{Result, Value};

/// An enum of references to several models, each variant a `BelongsTo`. Derive it: `#[derive(BelongsToAny)]`.
///
/// A field of it, `#[model(any)] subject: Subject`, has a foreign key for each variant, and the database checks that exactly one of
/// them is set; for an `Option<Subject>`, at most one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an enum of references",
    label = "not an enum of `BelongsTo`",
    note = "put `#[derive(BelongsToAny)]` on an enum whose variants are each a `BelongsTo<Model>`; `#[model(any)]` is for fields of it"
)]
pub trait BelongsToAny: Sized + Send + Sync + 'static {
    #[doc(hidden)]
    const NAME: &'static str;

    /// How many columns all variants have together.
    #[doc(hidden)]
    const WIDTH: usize;

    /// Adds the columns of all variants.
    #[doc(hidden)]
    fn describe(name: &str, columns: &mut FieldBuilder<'_>);

    /// Takes the columns of all variants from a row, of which one at the most is set.
    #[doc(hidden)]
    fn read(row: &mut RowReader<'_>) -> Result<Option<Self>>;

    /// What it refers to, and by which of the columns.
    #[doc(hidden)]
    fn reference(&self) -> (Range<usize>, &dyn Reference);

    #[doc(hidden)]
    fn reference_mut(&mut self) -> (Range<usize>, &mut dyn Reference);

    /// The variant whose columns begin with this one, referring to nothing yet.
    #[doc(hidden)]
    fn unset(part: usize) -> Option<Self>;

    /// Where the entities are that the variant refers to whose columns begin with this one.
    #[doc(hidden)]
    fn referred_arena<K: Keeper>(part: usize, keeper: &mut K) -> Option<u32>;
}

/// A variant of an enum of references, which refers to the model `T`: `Subject::POST`. With a field of the enum it is a reference of the
/// field's model: `Comment::SUBJECT.to(Subject::POST)`.
pub struct AnyVariant<E, T> {
    part: usize,
    of: PhantomData<fn() -> (E, T)>,
}

impl<E, T> AnyVariant<E, T> {
    /// The variant whose columns begin with this one; derives call this.
    pub const fn new(part: usize) -> Self {
        Self { part, of: PhantomData }
    }
}

impl<E, T> Clone for AnyVariant<E, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, T> Copy for AnyVariant<E, T> {}

impl<E, T> std::fmt::Debug for AnyVariant<E, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AnyVariant({})", self.part)
    }
}

impl<M, E: BelongsToAny> Column<M, E> {
    /// The reference that one of the enum's variants is: `Comment::SUBJECT.to(Subject::POST)`, to be joined along, loaded, filtered by,
    /// compared with entities, and named by the relation on the other side, `via = Comment::SUBJECT.to(Subject::POST)`.
    pub const fn to<T>(self, variant: AnyVariant<E, T>) -> ToOne<M, T> {
        let (table, field) = self.place();
        ToOne::at(table, FieldPart { field, part: variant.part })
    }
}

/// A field that is an enum of references, or an option of one; what a derive calls.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an enum of references",
    label = "not an enum of `BelongsTo`",
    note = "put `#[derive(BelongsToAny)]` on an enum whose variants are each a `BelongsTo<Model>`; `#[model(any)]` is for fields of it"
)]
pub trait AnyField: Sized {
    type Column;
    type Enum: BelongsToAny;

    fn describe(name: &str, columns: &mut FieldBuilder<'_>);
    fn read(row: &mut RowReader<'_>) -> Result<Self>;
    fn any(&self) -> Option<&Self::Enum>;
    fn any_mut(&mut self) -> Option<&mut Self::Enum>;
    /// Makes it refer by this variant.
    fn put(&mut self, any: Self::Enum);
    /// Makes the variant that it is refer to nothing; whether it may.
    fn empty(&mut self, part: usize) -> bool;

    fn get(&self, part: usize) -> Result<Value<'_>> {
        let Some((range, reference)) = self.any().map(Self::Enum::reference) else { return Ok(Value::Null) };
        if range.contains(&part) { reference.value(part - range.start) } else { Ok(Value::Null) }
    }

    fn each_part<T: TakeValues>(&self, to: &mut T) -> Result<()> {
        each_of(Self::Enum::WIDTH, |part| self.get(part), to)
    }

    fn as_reference(&self, part: usize) -> Option<&dyn Reference> {
        let (range, reference) = self.any()?.reference();
        (range.start == part).then_some(reference)
    }

    fn as_reference_mut(&mut self, part: usize) -> Option<&mut dyn Reference> {
        let (range, reference) = self.any_mut()?.reference_mut();
        (range.start == part).then_some(reference)
    }

    fn refer(&mut self, part: usize, to: Option<Token>) -> bool {
        match to {
            Some(entity) => {
                let Some(mut any) = Self::Enum::unset(part) else { return false };
                any.reference_mut().1.belongs_to(entity);
                self.put(any);
                true
            }
            None => self.as_reference(part).is_none() || self.empty(part),
        }
    }

    fn referred_arena<K: Keeper>(part: usize, keeper: &mut K) -> Option<u32> {
        <Self::Enum as BelongsToAny>::referred_arena(part, keeper)
    }
}

impl<E: BelongsToAny> AnyField for E {
    type Column = E;
    type Enum = E;

    fn describe(name: &str, columns: &mut FieldBuilder<'_>) {
        <E as BelongsToAny>::describe(name, columns);
        columns.one_of(name, true);
    }

    fn read(row: &mut RowReader<'_>) -> Result<Self> {
        let none = || {
            let message =
                format!("none of the references of {} is set; an Option of it allows that", E::NAME);
            Error::new(ErrorKind::Decode, message)
        };
        <E as BelongsToAny>::read(row)?.ok_or_else(none)
    }

    fn any(&self) -> Option<&E> {
        Some(self)
    }

    fn any_mut(&mut self) -> Option<&mut E> {
        Some(self)
    }

    fn put(&mut self, any: E) {
        *self = any;
    }

    fn empty(&mut self, part: usize) -> bool {
        if let Some(unset) = E::unset(part) {
            *self = unset;
        }
        false
    }
}

impl<E: BelongsToAny> AnyField for Option<E> {
    type Column = E;
    type Enum = E;

    fn describe(name: &str, columns: &mut FieldBuilder<'_>) {
        <E as BelongsToAny>::describe(name, columns);
        columns.one_of(name, false);
    }

    fn read(row: &mut RowReader<'_>) -> Result<Self> {
        <E as BelongsToAny>::read(row)
    }

    fn any(&self) -> Option<&E> {
        self.as_ref()
    }

    fn any_mut(&mut self) -> Option<&mut E> {
        self.as_mut()
    }

    fn put(&mut self, any: E) {
        *self = Some(any);
    }

    fn empty(&mut self, _part: usize) -> bool {
        *self = None;
        true
    }
}

/// Finds the variant that is set in a row; what a derive calls.
#[doc(hidden)]
pub struct OneOf<E> {
    found: Option<E>,
    is_several: bool,
}

impl<E: BelongsToAny> OneOf<E> {
    pub const fn none() -> Self {
        Self { found: None, is_several: false }
    }

    /// Takes the columns of the next variant.
    pub fn next<M: Model>(&mut self, row: &mut RowReader<'_>, variant: fn(BelongsTo<M>) -> E) -> Result<()> {
        if let Some(reference) = <Option<BelongsTo<M>> as Field>::read(row)? {
            self.is_several |= self.found.is_some();
            self.found = Some(variant(reference));
        }
        Ok(())
    }

    pub fn finish(self) -> Result<Option<E>> {
        if self.is_several {
            let message = format!("several of the references of {} are set, and only one may be", E::NAME);
            return Err(Error::new(ErrorKind::Decode, message));
        }
        Ok(self.found)
    }
}

/// Adds the columns of a variant; what a derive calls.
#[doc(hidden)]
pub fn describe_variant<M: Model>(name: &str, variant: &str, columns: &mut FieldBuilder<'_>) {
    <Option<BelongsTo<M>> as Field>::describe(&format!("{name}_{variant}_id"), columns);
}

impl<E: BelongsToAny> Slot<E> {
    /// The reference that was given; one that was not is left to the collection that the struct is put into.
    pub fn or_unset_any(self) -> E {
        match E::unset(0) {
            Some(unset) => self.or(|| unset),
            None => self.given(),
        }
    }
}

impl<M: Model, E: BelongsToAny + From<Entity<M>>> crate::model::IntoField<E> for Entity<M> {
    fn into_field(self) -> E {
        self.into()
    }
}

impl<M: Model, E: BelongsToAny + From<Entity<M>>> crate::model::IntoField<Option<E>> for Entity<M> {
    fn into_field(self) -> Option<E> {
        Some(self.into())
    }
}
