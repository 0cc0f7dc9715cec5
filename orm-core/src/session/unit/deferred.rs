//! Deferred columns of entities, read when they are asked for.

use super::Unit;
use super::many::CHUNK;
use crate::Result;
use crate::driver::Row;
use crate::model::{Entity, Model};
use crate::query::{Column, Positions};
use crate::result::Mapped;
use crate::session::arena::Place;
use crate::session::entities::Entities;

impl Unit {
    /// Reads a deferred column and the others of its group, where they are not loaded.
    pub(in crate::session) async fn load_deferred<M: Model, T>(
        &mut self,
        entities: &[Entity<M>],
        column: Column<M, T>,
    ) -> Result<()> {
        let columns = M::table().deferred_with(column.position());
        if self.entities.to_be_read(entities, &columns)?.is_empty() {
            return Ok(());
        }
        // A flush may give rows other keys.
        Box::pin(self.autoflush()).await?;
        let places = self.entities.to_be_read(entities, &columns)?;
        let (known, unknown): (Vec<_>, Vec<_>) =
            places.into_iter().partition(|&place| self.entities.is_fresh(place));
        for chunk in known.chunks(CHUNK) {
            self.read_columns(chunk, &columns, false).await?;
        }
        for chunk in unknown.chunks(CHUNK) {
            self.read_columns(chunk, &columns, true).await?;
        }
        match self.entities.to_be_read(entities, &columns)?.first() {
            None => Ok(()),
            Some(&place) => Err(self.row_gone(place)),
        }
    }

    /// Reads these columns of rows of one table, and the rest of the rows with them if that is not known either.
    async fn read_columns(&mut self, places: &[Place], columns: &[usize], whole: bool) -> Result<()> {
        let Some(&first) = places.first() else { return Ok(()) };
        let table = self.entities.arena(first).table;
        let only = (places.len() == 1 && !whole).then_some(first);
        let is_read = |&position: &usize| {
            columns.contains(&position)
                || (whole && table.columns()[position].deferred.is_none())
                || (only.is_none() && table.primary_key().contains(&position))
        };
        let read: Vec<_> = (0..table.columns().len()).filter(is_read).collect();
        let keys: Vec<_> = places.iter().map(|&place| self.entities.head(place).identity.clone()).collect();
        let rendered = self.select_rows(table, &read, &keys)?;
        let place = |position| read.iter().position(|&other| other == position);
        let positions: Positions = (0..table.columns().len()).map(place).collect();
        let take = |entities: &mut Entities, row: &dyn Row| {
            let row = Mapped::new(row, &positions);
            match only {
                Some(place) => entities.fill_deferred(place, &row),
                None => entities.meet(first.arena, &row, false).map(drop),
            }
        };
        let statement = self.engine.statements().query(&rendered);
        self.run(&statement, &rendered.values, false, take).await
    }
}
