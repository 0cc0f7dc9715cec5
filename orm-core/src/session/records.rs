//! The structs of one model, behind a face that does not know their type.

use std::any::Any;
use std::num::NonZeroU32;

use crate::driver::{Row, Rows};
use crate::error::{Error, ErrorKind};
use crate::metadata::{Column, FieldPart};
use crate::model::{Collection, Keeper, Model, Reference, TakeValues, Token};
use crate::result::RowReader;
use crate::session::paged::Paged;
use crate::session::rows::{ModelRows, Selection};
use crate::value::{Packed, Unpacked};
use crate::{Result, Value};

/// The structs of an arena, whatever their type. Calls are for an entity as a whole where they are made for each.
pub(super) trait Records: Send + Sync {
    /// Whether there is a struct: an entity that is known by its key alone has none.
    fn is_there(&self, slot: u32) -> bool;
    fn get(&self, slot: u32, column: &Column) -> Result<Value<'_>>;
    /// Copies its columns.
    fn pack(&self, slot: u32, snapshot: &mut Packed);
    fn pack_column(&self, slot: u32, column: &Column, snapshot: &mut Packed);
    /// Adds the positions of its columns that differ from a copy; an error has one with it.
    fn differ(&self, slot: u32, before: Unpacked<'_>, changed: &mut Vec<usize>)
    -> Result<(), (usize, Error)>;
    fn read(&mut self, slot: u32, row: &mut RowReader<'_>) -> Result<()>;
    fn read_field(&mut self, slot: u32, field: usize, row: &mut RowReader<'_>) -> Result<()>;
    fn renew(&mut self, slot: u32, field: usize);
    fn is_unset(&self, slot: u32, field: usize) -> bool;
    fn reference(&self, slot: u32, field: FieldPart) -> Option<&dyn Reference>;
    fn reference_mut(&mut self, slot: u32, field: FieldPart) -> Option<&mut dyn Reference>;
    /// Makes a reference one to this entity, or to nothing; whether it can be that.
    fn refer(&mut self, slot: u32, field: FieldPart, to: Option<Token>) -> bool;
    fn collection(&self, slot: u32, relation: usize) -> Option<&Collection>;
    fn collection_mut(&mut self, slot: u32, relation: usize) -> Option<&mut Collection>;
    /// Drops the new structs that stand in relation fields, which are in disorder then.
    fn drop_new(&mut self, slot: u32);
    fn rows<'a>(&'a self, selection: Selection<'a>) -> Box<dyn Rows + Send + 'a>;
    fn clear(&mut self, slot: u32);
    fn any(&self) -> &dyn Any;
    fn any_mut(&mut self) -> &mut dyn Any;
}

/// Structs by slot; `None` where a slot is free, or where nothing but the key is known.
pub(super) type Structs<M> = Paged<Option<M>>;

impl<M: Model> Records for Structs<M> {
    fn is_there(&self, slot: u32) -> bool {
        Paged::get(self, slot).is_some_and(Option::is_some)
    }

    fn get(&self, slot: u32, column: &Column) -> Result<Value<'_>> {
        match &self[slot] {
            Some(record) => record.get(column.field, column.part),
            None => Ok(Value::Null),
        }
    }

    fn pack(&self, slot: u32, snapshot: &mut Packed) {
        if let Some(record) = &self[slot] {
            // Packing refuses nothing.
            let _ = record.each_value(&mut Packing(snapshot));
        }
    }

    fn pack_column(&self, slot: u32, column: &Column, snapshot: &mut Packed) {
        let _ = Packing(snapshot).take(Records::get(self, slot, column));
    }

    fn differ(
        &self,
        slot: u32,
        before: Unpacked<'_>,
        changed: &mut Vec<usize>,
    ) -> Result<(), (usize, Error)> {
        let Some(record) = &self[slot] else { return Ok(()) };
        let mut comparing = Comparing { before, position: 0, changed };
        record.each_value(&mut comparing).map_err(|error| (comparing.position, error))
    }

    fn read(&mut self, slot: u32, row: &mut RowReader<'_>) -> Result<()> {
        let record = M::read(row)?;
        match self.get_mut(slot) {
            Some(place) => *place = Some(record),
            None => self.push(Some(record)),
        }
        Ok(())
    }

    fn read_field(&mut self, slot: u32, field: usize, row: &mut RowReader<'_>) -> Result<()> {
        self[slot].as_mut().map_or(Ok(()), |record| record.read_field(field, row))
    }

    fn renew(&mut self, slot: u32, field: usize) {
        if let Some(record) = self.get_mut(slot).and_then(Option::as_mut) {
            record.renew(field);
        }
    }

    fn is_unset(&self, slot: u32, field: usize) -> bool {
        self[slot].as_ref().is_some_and(|record| record.is_unset(field))
    }

    fn reference(&self, slot: u32, field: FieldPart) -> Option<&dyn Reference> {
        self[slot].as_ref()?.reference(field)
    }

    fn reference_mut(&mut self, slot: u32, field: FieldPart) -> Option<&mut dyn Reference> {
        self[slot].as_mut()?.reference_mut(field)
    }

    fn refer(&mut self, slot: u32, field: FieldPart, to: Option<Token>) -> bool {
        self[slot].as_mut().is_some_and(|record| record.refer(field, to))
    }

    fn collection(&self, slot: u32, relation: usize) -> Option<&Collection> {
        self[slot].as_ref()?.collection(relation)
    }

    fn collection_mut(&mut self, slot: u32, relation: usize) -> Option<&mut Collection> {
        self[slot].as_mut()?.collection_mut(relation)
    }

    fn drop_new(&mut self, slot: u32) {
        if let Some(record) = self.get_mut(slot).and_then(Option::as_mut) {
            record.hand_over(&mut Nobody);
        }
    }

    fn rows<'a>(&'a self, selection: Selection<'a>) -> Box<dyn Rows + Send + 'a> {
        Box::new(ModelRows { structs: self, selection })
    }

    fn clear(&mut self, slot: u32) {
        match self.get_mut(slot) {
            Some(place) => *place = None,
            None => self.push(None),
        }
    }

    fn any(&self) -> &dyn Any {
        self
    }

    fn any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// Copies the values that it takes.
struct Packing<'a>(&'a mut Packed);

impl TakeValues for Packing<'_> {
    // Always: with the type of a column known, next to nothing is left of it.
    #[inline(always)]
    fn take(&mut self, value: Result<Value<'_>>) -> Result<()> {
        match value {
            Ok(value) => self.0.push(&value),
            Err(error) if error.kind() == ErrorKind::NotLoaded => self.0.push_absent(),
            // A value that cannot be stored cannot have come from the row: it is different from anything.
            Err(_) => self.0.push(&Value::Null),
        }
        Ok(())
    }
}

/// Compares the values that it takes with a copy.
struct Comparing<'a> {
    before: Unpacked<'a>,
    position: usize,
    changed: &'a mut Vec<usize>,
}

impl TakeValues for Comparing<'_> {
    #[inline(always)]
    fn take(&mut self, value: Result<Value<'_>>) -> Result<()> {
        match value {
            Ok(now) if self.before.next_is(&now) => {}
            Ok(_) => self.changed.push(self.position),
            // What was not loaded was not set either.
            Err(error) if error.kind() == ErrorKind::NotLoaded => drop(self.before.next()),
            Err(error) => return Err(error),
        }
        self.position += 1;
        Ok(())
    }
}

/// Who keeps nothing.
struct Nobody;

impl Keeper for Nobody {
    fn arena<M: Model>(&mut self) -> u32 {
        u32::MAX
    }

    fn add<M: Model>(&mut self, _: M) -> Token {
        Token::new(u32::MAX, u32::MAX, 0, NonZeroU32::MIN)
    }

    fn meet(&mut self, _: u32, _: &dyn Row) -> Result<Token> {
        Err(Error::new(ErrorKind::Misuse, "nobody keeps rows here"))
    }
}
