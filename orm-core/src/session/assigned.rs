//! `session.set`: columns that are set by expressions, and columns of entities whose values are not loaded. They are kept beside
//! the entity until the flush.

use crate::error::{Error, ErrorKind};
use crate::model::{Entity, Model, blame};
use crate::query::{Bound, Operand, Settable};
use crate::result::RowReader;
use crate::session::arena::{Arena, Place, State};
use crate::session::entities::Entities;
use crate::session::undo::OldRow;
use crate::value::Packed;
use crate::{Result, Value};

/// What a column is set to.
#[derive(Clone)]
pub(super) struct Cell {
    pub(super) position: usize,
    pub(super) value: Bound,
    /// What the field had when an expression was set: if it has something else by the flush, it was set directly since, and
    /// that counts. Nothing if the entity's values were not loaded.
    before: Packed,
}

impl Entities {
    /// Sets a column of an entity to a value or to an expression, which the database works out in the next flush:
    /// `session.set(page, Page::HITS, Page::HITS + 1)` loses no hit that somebody else has counted meanwhile. No I/O.
    ///
    /// A value is what an assignment of the field would be, but that the entity's values need not be loaded: an expired entity, or
    /// one made by [`reference`](Self::reference), is updated without being read. An expression is one UPDATE for that entity, with its
    /// other changes, and the field has what came out of it after the flush; until then it has its old value. The last one that a column
    /// is set to counts, and a field that is assigned after an expression as well, unless it is assigned what it had.
    ///
    /// What is set is dropped with the entity's other changes: by `expire`, `refresh` and a rollback. A new entity takes values alone,
    /// and a key no expression.
    pub fn set<M: Model, C: Settable<M>>(
        &mut self,
        entity: Entity<M>,
        column: C,
        value: impl Operand<C::Type>,
    ) -> Result<()> {
        let position = column.position_in(&M::table().into()).map_err(|error| error.with_model(M::NAME))?;
        let value = value.bound().map_err(|error| blame(M::NAME, M::table(), error, position))?;
        let (place, head) = self.look_up(entity.token, M::NAME)?;
        let is_new = head.state == State::Pending;
        if !is_new {
            self.persistent(entity)?;
        }
        let has_values = is_new || self.has_values(place);
        let refusal = refusal(self.arena(place), place.slot, position, &value, is_new, has_values);
        if let Some(error) = refusal {
            return Err(blame(M::NAME, M::table(), error, position));
        }
        self.assign(place, position, value, has_values)
    }

    pub(super) fn assign(
        &mut self,
        place: Place,
        position: usize,
        value: Bound,
        has_values: bool,
    ) -> Result<()> {
        if has_values {
            self.touch(place);
        }
        self.unassign(place, position);
        match value {
            Bound::Value(_, value) if has_values => self.write_column(place, position, value),
            Bound::Null if has_values => self.write_column(place, position, Value::Null),
            value => {
                let before = self.packed(place, position);
                let cells = self.assigned.entry(place).or_default();
                let at = cells.partition_point(|cell| cell.position < position);
                cells.insert(at, Cell { position, value, before });
                Ok(())
            }
        }
    }

    /// Forgets what a column was set to beside the struct.
    pub(super) fn unassign(&mut self, place: Place, position: usize) {
        if let Some(cells) = self.assigned.get_mut(&place) {
            cells.retain(|cell| cell.position != position);
            if cells.is_empty() {
                self.assigned.remove(&place);
            }
        }
    }

    /// What was set beside the struct, in the order of the columns.
    pub(super) fn assigned(&self, place: Place) -> &[Cell] {
        self.assigned.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The entities that were set without being loaded, in the order of their keys.
    pub(super) fn assigned_unloaded(&self) -> Vec<Place> {
        let is_wanted = |place: &Place| {
            let head = self.head(*place);
            head.state == State::Persistent && !head.touched
        };
        let mut places: Vec<_> = self.assigned.keys().copied().filter(is_wanted).collect();
        places.sort_by(|a, b| {
            let parts = self.arena(*a).table.primary_key().len();
            let by_key = || self.head(*a).identity.order(&self.head(*b).identity, parts);
            a.arena.cmp(&b.arena).then_with(by_key)
        });
        places
    }

    /// The columns of a loaded entity that expressions set. Those whose fields were set directly since are given up.
    #[inline]
    pub(super) fn expressions_of(&mut self, place: Place) -> Vec<usize> {
        if self.assigned.is_empty() {
            return Vec::new();
        }
        self.expressions_that_stand(place)
    }

    fn expressions_that_stand(&mut self, place: Place) -> Vec<usize> {
        let Some(mut cells) = self.assigned.remove(&place) else { return Vec::new() };
        cells.retain(|cell| self.is_as_before(place, cell));
        let positions: Vec<_> = cells.iter().map(|cell| cell.position).collect();
        if !cells.is_empty() {
            self.assigned.insert(place, cells);
        }
        positions
    }

    /// Whether a column of an entity will be set by what is kept beside it.
    pub(super) fn is_assigned(&self, place: Place) -> bool {
        let is_loaded = self.head(place).touched;
        self.assigned(place).iter().any(|cell| !is_loaded || self.is_as_before(place, cell))
    }

    pub(super) fn is_as_before(&self, place: Place, cell: &Cell) -> bool {
        let (now, then) = (self.packed(place, cell.position), &cell.before);
        now.as_bytes() == then.as_bytes()
    }

    fn packed(&self, place: Place, position: usize) -> Packed {
        let (arena, mut packed) = (self.arena(place), Packed::default());
        arena.records.pack_column(place.slot, &arena.table.columns()[position], &mut packed);
        packed
    }

    /// These columns of an entity have other values now, but not because the program has set them.
    #[cold]
    pub(super) fn note_values(&mut self, place: Place, columns: &[usize]) {
        let Some(mut cells) = self.assigned.remove(&place) else { return };
        for cell in cells.iter_mut().filter(|cell| columns.contains(&cell.position)) {
            cell.before = self.packed(place, cell.position);
        }
        self.assigned.insert(place, cells);
    }

    /// The row of an entity was read: what was set without it is a change of it now.
    #[cold]
    pub(super) fn apply_assigned(&mut self, place: Place) -> Result<()> {
        if self.head(place).touched || !self.has_values(place) {
            return Ok(());
        }
        let Some(cells) = self.assigned.remove(&place) else { return Ok(()) };
        cells.into_iter().try_for_each(|cell| self.assign(place, cell.position, cell.value, true))
    }

    /// Puts a value into the field of a column.
    fn write_column(&mut self, place: Place, position: usize, value: Value<'static>) -> Result<()> {
        let arena = self.arena_mut(place);
        let columns = arena.table.columns();
        let field = columns[position].field;
        let mut value = Some(value);
        let mut values = Vec::new();
        for (other, column) in columns.iter().enumerate().filter(|(_, column)| column.field == field) {
            values.push(match other == position {
                true => value.take(),
                false => Some(arena.records.get(place.slot, column)?.into_owned()),
            });
        }
        let row = OldRow(values);
        let read = arena.records.read_field(place.slot, field, &mut RowReader::new(&row));
        read.map_err(|error| arena.blame(error, position))
    }
}

/// Why a column cannot be set so.
fn refusal(
    arena: &Arena,
    slot: u32,
    position: usize,
    value: &Bound,
    is_new: bool,
    has_values: bool,
) -> Option<Error> {
    let table = arena.table;
    let is_key = table.primary_key().contains(&position);
    let is_found_by = is_key || table.version() == Some(position);
    let is_expression = matches!(value, Bound::Node(_));
    let error = |kind, message: &str| Some(Error::new(kind, message.to_owned()));
    if is_expression && is_found_by {
        return error(ErrorKind::Misuse, "a key or version is known to the session: set it to a value");
    }
    if is_expression && is_new {
        let message = "the entity is new, and an expression needs a row: flush it first, or set a value";
        return error(ErrorKind::NotPersistent, message);
    }
    if !has_values && is_found_by {
        let message =
            "a key or version is changed only of an entity that is loaded; call session.load(entity) first";
        return error(ErrorKind::NotLoaded, message);
    }
    if !arena.records.is_there(slot) && !table.renewed().is_empty() {
        let message = "the model has values that each update brings, which are made in its struct; call session.load(entity) first";
        return error(ErrorKind::NotLoaded, message);
    }
    None
}
