//! Filling in deferred columns of entities that are known.

use crate::Result;
use crate::Value;
use crate::driver::Row;
use crate::error::{Error, ErrorKind};
use crate::model::{Entity, Model};
use crate::query::Column;
use crate::result::RowReader;
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::undo::OldRow;

impl Entities {
    /// Takes from a row the deferred columns that it has and the entity does not.
    #[cold]
    pub(super) fn fill_deferred(&mut self, place: Place, row: &dyn Row) -> Result<()> {
        let arena = self.arena_mut(place);
        let table = arena.table;
        let is_news = |&position: &usize| row.has(position) && arena.lacks(place.slot, position);
        let news: Vec<_> = (0..table.columns().len()).filter(is_news).collect();
        if !news.is_empty() && self.wrote_rows && !self.head(place).touched {
            // What is read may be what this transaction wrote: a rollback forgets it.
            let Self { arenas, journal, .. } = self;
            let (_, snapshot) = journal.snapshot(place, []);
            arenas[place.arena as usize].records.pack(place.slot, snapshot);
        }
        let arena = self.arena_mut(place);
        for &position in &news {
            let value = Single(row.value(position)?);
            let field = table.columns()[position].field;
            let read = arena.records.read_field(place.slot, field, &mut RowReader::new(&value));
            read.map_err(|error| arena.blame(error, position))?;
        }
        if !news.is_empty() && self.head(place).touched {
            self.note_values(place, &news);
            self.remember(place, &news)?;
        }
        Ok(())
    }

    /// Forgets the value of a [deferred](crate::model::Deferred) column, and what was set in it and not flushed: it is not loaded any more, and
    /// the next `load_deferred` reads it. Other columns keep their values and changes. No I/O; for a whole entity there is
    /// [`expire`](Self::expire).
    pub fn unload<M: Model, T>(&mut self, entity: Entity<M>, column: Column<M, T>) -> Result<()> {
        let place = self.persistent(entity)?;
        let position = column.position();
        if M::table().columns()[position].deferred.is_none() {
            let message = "it is no deferred column, and is loaded with its row; expire the entity";
            return Err(self.arena(place).blame(Error::new(ErrorKind::Misuse, message), position));
        }
        self.unassign(place, position);
        let arena = self.arena_mut(place);
        let field = arena.table.columns()[position].field;
        let read = arena.records.read_field(place.slot, field, &mut RowReader::new(&OldRow(vec![None])));
        read.map_err(|error| arena.blame(error, position))?;
        if self.head(place).touched { self.remember(place, &[position]) } else { Ok(()) }
    }

    /// These columns of an entity that is being changed are now as the database has them, or not loaded: that is what they were before.
    pub(super) fn remember(&mut self, place: Place, news: &[usize]) -> Result<()> {
        let arena = self.arena(place);
        let mut before = self.snapshot(place);
        let mut values = Vec::new();
        for (position, column) in arena.table.columns().iter().enumerate() {
            let known = before.next_known().map(Value::into_owned);
            let is_news = news.contains(&position);
            values.push(match arena.records.get(place.slot, column) {
                _ if !is_news => known,
                Ok(value) => Some(value.into_owned()),
                Err(error) if error.kind() == ErrorKind::NotLoaded => None,
                Err(error) => return Err(arena.blame(error, position)),
            });
        }
        let collections = self.journal.collections_of(self.head(place).snapshot).to_vec();
        let (number, snapshot) = self.journal.snapshot(place, collections);
        for value in &values {
            match value {
                Some(value) => snapshot.push(value),
                None => snapshot.push_absent(),
            }
        }
        self.head_mut(place).snapshot = number;
        Ok(())
    }

    /// The entities among these that have a row and whose values, or those of these columns, have to be read.
    pub(super) fn to_be_read<M: Model>(
        &self,
        entities: &[Entity<M>],
        columns: &[usize],
    ) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        for &entity in entities {
            match self.persistent(entity) {
                Ok(place) => places.push(place),
                // A new one has what it was given; the handle of one that is gone is an error.
                Err(_) => drop(self.try_get(entity)?),
            }
        }
        let lacks =
            |place: &Place| columns.iter().any(|&column| self.arena(*place).lacks(place.slot, column));
        places.retain(|place| !self.is_fresh(*place) || lacks(place));
        places.sort_unstable_by_key(|place| place.slot);
        places.dedup();
        Ok(places)
    }
}

/// A row of one value.
struct Single<'a>(Value<'a>);

impl Row for Single<'_> {
    fn width(&self) -> usize {
        1
    }

    fn value(&self, _index: usize) -> Result<Value<'_>> {
        Ok(self.0.borrowed())
    }
}
