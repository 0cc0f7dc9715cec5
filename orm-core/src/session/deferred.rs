//! Filling in deferred columns of entities that are known.

use crate::Result;
use crate::Value;
use crate::driver::Row;
use crate::model::{Entity, Model};
use crate::result::RowReader;
use crate::session::arena::Place;
use crate::session::entities::Entities;

impl Entities {
    /// Takes from a row the deferred columns that it has and the entity does not.
    #[cold]
    pub(super) fn fill_deferred(&mut self, place: Place, row: &dyn Row) -> Result<()> {
        let arena = self.arena_mut(place);
        let table = arena.table;
        let is_news = |&position: &usize| row.has(position) && arena.lacks(place.slot, position);
        let news: Vec<_> = (0..table.columns().len()).filter(is_news).collect();
        for &position in &news {
            let value = Single(row.value(position)?);
            let field = table.columns()[position].field;
            let read = arena.records.read_field(place.slot, field, &mut RowReader::new(&value));
            read.map_err(|error| arena.blame(error, position))?;
        }
        if !news.is_empty() && self.head(place).touched {
            self.remember(place, &news)?;
        }
        Ok(())
    }

    /// These columns of an entity that is being changed came from the database just now: they are part of what it was before.
    fn remember(&mut self, place: Place, news: &[usize]) -> Result<()> {
        let arena = self.arena(place);
        let mut before = self.snapshot(place);
        let mut values = Vec::new();
        for (position, column) in arena.table.columns().iter().enumerate() {
            let known = before.next_known().map(Value::into_owned);
            let is_news = news.contains(&position);
            values.push(if is_news {
                Some(arena.records.get(place.slot, column)?.into_owned())
            } else {
                known
            });
        }
        let (number, snapshot) = self.journal.snapshot(place);
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
