//! Statements that write, in the transaction of a unit of work: what they do shows in memory once they are done.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Unit, held};
use crate::driver::{RowBuffer, Rows as _, Sink, Statement, Write};
use crate::engine::{Prepared, update_many};
use crate::error::{Error, ErrorKind};
use crate::query::{Batch, Effect, EffectKind, Feature, Layout, Rendered, UpdateGroup};
use crate::result::{Columns, Once};
use crate::session::effects::{Moves, Unknown, check_order, identity_at, identity_of};
use crate::session::entities::Entities;
use crate::session::flush::reread;
use crate::session::meet::Rearranged;
use crate::{Result, Value};

/// What a statement did.
pub(super) struct Done {
    pub(super) rows: RowBuffer,
    pub(super) affected: u64,
    pub(super) statement: Arc<Statement>,
    unknown: Option<Unknown>,
}

impl Unit {
    /// Runs a statement whose rows travel apart, or that loaded entities are to show.
    pub(super) async fn write(&mut self, rendered: &Prepared) -> Result<Done> {
        self.get_ready(true).await?;
        self.entities.wrote_rows = true;
        let (moves, keys) = self.moves(rendered).await?;
        let found = self.rows_before(rendered).await?;
        let statement = rendered.statement.clone();
        let (mut rows, affected) = match inserts_to_read(rendered) {
            Some((effect, batch)) => self.insert_and_read(&statement, effect, batch).await?,
            None => self.run_to_rows(&statement, rendered).await?,
        };
        let Some(effect) = &rendered.effect else {
            return Ok(Done { rows, affected, statement, unknown: None });
        };
        rows = found.unwrap_or(rows);
        let dialect = self.engine.backend().dialect();
        if effect.kind == EffectKind::Upserted && !dialect.supports(Feature::ReturningRows) {
            // Which rows were there already, and what they are now, nobody has said.
            self.entities.expire_known();
            return Ok(Done { rows, affected, statement, unknown: None });
        }
        if effect.kind == EffectKind::Updated && !dialect.supports(Feature::ReturningUpdated) {
            let lease = held(&mut self.lease)?;
            match reread(&self.engine, lease, &effect.table, &effect.columns, effect.again.as_ref(), &keys)
                .await
            {
                Ok(read) => rows = read,
                Err(error) => return Err(self.fail_if_broken(error).await),
            }
        }
        let as_arrays = rendered.batch.as_ref().is_some_and(|batch| batch.layout == Layout::Arrays);
        let ordered = if as_arrays { check_order(effect, &rows) } else { Ok(()) };
        let taken = ordered.and_then(|()| self.entities.take_effect(effect, &rows, &moves));
        match taken {
            Ok(unknown) => Ok(Done { rows: rows.narrowed(effect.at), affected, statement, unknown }),
            // The database has done what memory could not follow.
            Err(error) => Err(self.fail(error).await),
        }
    }

    /// The keys that rows have by those that the statement will give them, and the latter.
    async fn moves(&mut self, rendered: &Rendered) -> Result<(Moves, Vec<Vec<Value<'static>>>)> {
        let Some(effect) = &rendered.effect else { return Ok(Default::default()) };
        let Some(moves) = &effect.moves else { return Ok(Default::default()) };
        let statement = self.engine.statements().query(moves);
        let mut rows = RowBuffer::new(false);
        if let Err(error) = held(&mut self.lease)?.run(&statement, &moves.values, &mut rows).await {
            return Err(self.fail_if_broken(error).await);
        }
        let parts = effect.table.primary_key().len();
        let pair = |row| {
            let row = rows.at(row);
            Ok((identity_at(&effect.table, &row, parts)?, identity_at(&effect.table, &row, 0)?))
        };
        let moves: Moves = (0..rows.len()).map(pair).collect::<Result<_>>()?;
        let keys = moves.keys().map(|identity| identity.values(parts)).collect();
        Ok((moves, keys))
    }

    async fn run_to_rows(
        &mut self,
        statement: &Arc<Statement>,
        rendered: &Rendered,
    ) -> Result<(RowBuffer, u64)> {
        let mut rows = RowBuffer::new(true);
        let dialect = self.engine.backend().dialect();
        match held(&mut self.lease)?.run_rendered(statement, rendered, dialect, &mut rows).await {
            Ok(affected) => Ok((rows, affected)),
            Err(error) => Err(self.fail_if_broken(error).await),
        }
    }

    /// Inserts rows and reads what is wanted of them by their keys, in the order in which they were given.
    async fn insert_and_read(
        &mut self,
        statement: &Arc<Statement>,
        effect: &Effect,
        batch: &Batch,
    ) -> Result<(RowBuffer, u64)> {
        let keys = effect.kind == (EffectKind::Inserted { generated: true });
        let write = Write { statement, layout: batch.layout, rows: batch, keys };
        let written = match held(&mut self.lease)?.write(write).await {
            Ok(written) => written,
            Err(error) => {
                let error = batch.blame(self.engine.backend().dialect(), error);
                return Err(self.fail_if_broken(error).await);
            }
        };
        match self.read_inserted(effect, batch, &written.keys).await {
            Ok(rows) => Ok((rows, written.affected)),
            // The rows are there, and memory cannot have them.
            Err(error) => Err(self.fail(error).await),
        }
    }

    async fn read_inserted(&mut self, effect: &Effect, batch: &Batch, made: &[i64]) -> Result<RowBuffer> {
        let (table, parts) = (&effect.table, effect.table.primary_key().len());
        let identity = |row| identity_of(table, |column| batch.key(row, column, made));
        let identities = (0..batch.len()).map(identity).collect::<Result<Vec<_>>>()?;
        let keys: Vec<_> = identities.iter().map(|identity| identity.values(parts)).collect();
        let lease = held(&mut self.lease)?;
        let mut rows = reread(&self.engine, lease, table, &[], effect.again.as_ref(), &keys).await?;
        let found: HashMap<_, _> = (0..rows.len())
            .map(|row| Ok((identity_at(table, &rows.at(row), effect.at)?, row)))
            .collect::<Result<_>>()?;
        let order: Option<Vec<_>> = identities.iter().map(|identity| found.get(identity).copied()).collect();
        rows.arrange(&order.ok_or_else(not_found_again)?);
        Ok(rows)
    }

    /// What the statement will delete, if it cannot return that itself.
    async fn rows_before(&mut self, rendered: &Rendered) -> Result<Option<RowBuffer>> {
        let before = rendered.effect.as_ref().and_then(|effect| effect.before.as_ref());
        let Some(before) = before else { return Ok(None) };
        let statement = self.engine.statements().query(before);
        let mut rows = RowBuffer::new(true);
        match held(&mut self.lease)?.run(&statement, &before.values, &mut rows).await {
            Ok(_) => Ok(Some(rows)),
            Err(error) => Err(self.fail_if_broken(error).await),
        }
    }

    /// Updates rows by their keys; a row that is not there ends the unit of work, as in a flush.
    pub(in crate::session) async fn update_many(&mut self, groups: Vec<UpdateGroup>) -> Result<u64> {
        if groups.is_empty() {
            return Ok(0);
        }
        self.get_ready(true).await?;
        self.entities.wrote_rows = true;
        let Self { entities, engine, lease, .. } = self;
        let result = update_many(engine, held(lease)?, &groups).await;
        match result.and_then(|updated| entities.take_values(&groups).map(|()| updated)) {
            Ok(updated) => Ok(updated),
            // What was written before it is not in memory.
            Err(error) => Err(self.fail(error).await),
        }
    }

    /// Runs one and reads the rows that it returns.
    pub(super) async fn write_and_read<F>(
        &mut self,
        rendered: &Prepared,
        columns: Columns,
        mut take: F,
    ) -> Result<()>
    where
        F: FnMut(&mut Entities, &dyn crate::driver::Row) -> Result<()> + Send,
    {
        let Done { rows, unknown, .. } = self.write(rendered).await?;
        let entities = &mut self.entities;
        let mut sink =
            Rearranged::new(columns, Once::default(), |row: &dyn crate::driver::Row| take(entities, row));
        if let Some(names) = sink.columns() {
            names.extend_from_slice(rows.names());
        }
        let taken = rows.rows().try_for_each(|row| sink.row(&row));
        if let Some(unknown) = unknown {
            self.entities.note_unknown(unknown);
        }
        match taken {
            Ok(()) => Ok(()),
            Err(error) => Err(self.fail(error).await),
        }
    }
}

/// What is to be read of rows once they are inserted, and these rows.
fn inserts_to_read(rendered: &Rendered) -> Option<(&Effect, &Batch)> {
    let effect = rendered.effect.as_deref().filter(|effect| effect.again.is_some())?;
    let batch = rendered.batch.as_deref()?;
    matches!(effect.kind, EffectKind::Inserted { .. }).then_some((effect, batch))
}

#[cold]
fn not_found_again() -> Error {
    let message = "new rows are not found by their keys, so what is in them is not known; do they have other keys by a trigger?";
    Error::new(ErrorKind::Unsupported, message)
}

/// An error if entities are wanted of rows that are gone.
pub(super) fn check_entities(rendered: &Rendered) -> Result<()> {
    let is_gone = |effect: &Effect| effect.kind == EffectKind::Deleted && effect.entities;
    if !rendered.effect.as_ref().is_some_and(|effect| is_gone(effect)) {
        return Ok(());
    }
    let message = "rows that are deleted are no entities any more; take them as structs, by session.rows(…), or return columns";
    Err(Error::new(ErrorKind::InvalidQuery, message))
}
