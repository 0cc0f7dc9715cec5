//! What the database makes of a row that is written, a computed column or one that it fills in, in the struct: it is read
//! with the statement that writes.

use crate::Result;
use crate::driver::{Row, RowBuffer};
use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::query::{Layout, WriteShape};
use crate::result::RowReader;
use crate::session::arena::{Arena, Place};
use crate::session::effects::{identity_at, keys_out_of_order};
use crate::session::entities::Entities;
use crate::session::journal::Entry;
use crate::session::undo::OldRow;

/// Values that the database has made were read into entities; what was in their place is in the journal.
pub(super) struct Fetched {
    pub(super) columns: Vec<usize>,
    pub(super) places: Vec<Place>,
    /// Where the values begin that were there before.
    pub(super) start: usize,
}

/// The columns that are read with a statement that writes these: those that the database computes, and, if the rows are new,
/// those that it fills in. Deferred ones are left for later.
pub(super) fn columns_to_fetch(table: &Table, is_new: bool, written: &[usize]) -> Vec<usize> {
    if table.generated_count() == 0 && table.filled().is_empty() {
        return Vec::new();
    }
    let is_made = |&position: &usize| {
        let column = &table.columns()[position];
        let is_filled = is_new && table.filled().contains(&position) && !written.contains(&position);
        column.deferred.is_none() && (column.generated.is_some() || is_filled)
    };
    (0..table.columns().len()).filter(is_made).collect()
}

/// The generated keys of new rows that came back with other columns.
pub(super) fn generated_keys(shape: &WriteShape, layout: Layout, rows: &RowBuffer) -> Result<Vec<i64>> {
    if shape.generated_key().is_none() {
        return Ok(Vec::new());
    }
    let key = |row: &dyn Row| match row.value(0)? {
        crate::Value::Int(key) => Ok(key),
        _ => Err(Error::new(ErrorKind::Decode, "a generated key is no integer")),
    };
    let keys: Vec<_> = rows.rows().map(|row| key(&row)).collect::<Result<_>>()?;
    // Rows that are written one by one come back so.
    match layout == Layout::Arrays && !keys.is_sorted_by(|a, b| a < b) {
        true => Err(keys_out_of_order()),
        false => Ok(keys),
    }
}

impl Entities {
    /// Takes the columns that came back behind the keys of rows that were written into the structs of their entities.
    pub(super) fn take_fetched(&mut self, arena: u32, columns: &[usize], rows: &RowBuffer) -> Result<()> {
        let table = self.arenas[arena as usize].table;
        let parts = table.primary_key().len();
        let mut fetched =
            Fetched { columns: columns.to_vec(), places: Vec::new(), start: self.journal.end_of_values() };
        let mut taken = Ok(());
        for row in rows.rows() {
            taken = identity_at(table, &row, 0).and_then(|identity| {
                let known = &self.arenas[arena as usize];
                let slot = known.find(&identity).ok_or_else(|| another_key(known.model))?;
                let place = Place { arena, slot };
                if self.has_values(place) {
                    self.journal_values(place, columns);
                    fetched.places.push(place);
                    self.arena_mut(place).read_columns(slot, columns, &Behind { row: &row, by: parts })?;
                }
                Ok(())
            });
            if taken.is_err() {
                break;
            }
        }
        self.journal.push(Entry::Fetched(Box::new(fetched)));
        taken
    }

    /// Forgets deferred columns that the database has computed anew.
    pub(super) fn forget_computed(&mut self, arena: u32, slots: &[u32]) -> Result<()> {
        let table = self.arenas[arena as usize].table;
        let is_forgotten = |&position: &usize| {
            let column = &table.columns()[position];
            column.deferred.is_some() && column.generated.is_some()
        };
        if table.generated_count() == 0 || !table.has_deferred() {
            return Ok(());
        }
        let columns: Vec<_> = (0..table.columns().len()).filter(is_forgotten).collect();
        let places: Vec<_> = slots.iter().map(|&slot| Place { arena, slot }).collect();
        let start = self.journal.end_of_values();
        places.iter().for_each(|&place| self.journal_values(place, &columns));
        let unknown = OldRow(columns.iter().map(|_| None).collect());
        let arena = &mut self.arenas[arena as usize];
        let forgotten = slots.iter().try_for_each(|&slot| arena.read_columns(slot, &columns, &unknown));
        self.journal.push(Entry::Fetched(Box::new(Fetched { columns, places, start })));
        forgotten
    }

    /// Copies these columns from an entity to another one of its model.
    pub(super) fn copy_columns(&mut self, from: Place, to: Place, columns: &[usize]) -> Result<()> {
        let start = self.journal.end_of_values();
        self.journal_values(to, columns);
        self.journal.push(Entry::Fetched(Box::new(Fetched {
            columns: columns.to_vec(),
            places: vec![to],
            start,
        })));
        let arena = self.arena(from);
        let value = |&position: &usize| {
            let value = arena.records.get(from.slot, &arena.table.columns()[position]);
            value.ok().map(crate::Value::into_owned)
        };
        let row = OldRow(columns.iter().map(value).collect());
        self.arena_mut(to).read_columns(to.slot, columns, &row)
    }

    fn journal_values(&mut self, place: Place, columns: &[usize]) {
        let Self { arenas, journal, .. } = self;
        let arena = &arenas[place.arena as usize];
        for &position in columns {
            let column = &arena.table.columns()[position];
            arena.records.pack_column(place.slot, column, journal.values_to_push());
        }
    }
}

impl Arena {
    /// Reads these columns, which are whole fields, out of a row that has nothing else.
    pub(super) fn read_columns(&mut self, slot: u32, columns: &[usize], row: &dyn Row) -> Result<()> {
        let mut reader = RowReader::new(row);
        let mut last = None;
        for &position in columns {
            let field = self.table.columns()[position].field;
            if last.replace(field) != Some(field) {
                let read = self.records.read_field(slot, field, &mut reader);
                read.map_err(|error| self.blame(error, position))?;
            }
        }
        Ok(())
    }
}

#[cold]
fn another_key(model: &'static str) -> Error {
    let message = "the database has given a row another key than it was written with";
    Error::new(ErrorKind::Database, message).with_model(model)
}

/// A row without its first columns.
struct Behind<'a> {
    row: &'a dyn Row,
    by: usize,
}

impl Row for Behind<'_> {
    fn width(&self) -> usize {
        self.row.width() - self.by
    }

    fn value(&self, index: usize) -> Result<crate::Value<'_>> {
        self.row.value(self.by + index)
    }
}
