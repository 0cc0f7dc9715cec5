//! Steps whose values were set beside the structs: a row by itself where an expression sets a column, else in batches.

use crate::driver::{RowBuffer, Rows};
use crate::engine::{EngineCore, Lease, counts};
use crate::error::{Error, ErrorKind};
use crate::metadata::Column;
use crate::query::{Assignments, Bound, Feature, UpdateOne, Written, rendered_to_run};
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::fetched::columns_to_fetch;
use crate::session::plan::Step;
use crate::{Result, Value};

use super::{reread, stale};

/// Runs an UPDATE for each row of a step.
pub(super) async fn run_each(
    entities: &mut Entities,
    step: &Step,
    slots: &[u32],
    engine: &EngineCore,
    lease: &mut Lease,
) -> Result<()> {
    for &slot in slots {
        let update = update_one(entities, step, step.place(slot))?;
        let model = entities.arenas[step.arena as usize].model;
        let rendered = rendered_to_run(&update, engine.backend().dialect(), Some(&*entities))
            .map_err(|error| error.with_model(model))?;
        if rendered.waits {
            let message = "an expression names an entity whose row is not there yet; flush that one first";
            return Err(Error::new(ErrorKind::NotPersistent, message).with_model(model));
        }
        let statement = engine.statements().query(&rendered);
        let mut made = RowBuffer::new(false);
        let ran = lease.run(&statement, &rendered.values, &mut made).await;
        let affected = ran.map_err(|error| error.with_model(model))?;
        if affected != 1 {
            return Err(stale(entities, step, &counts("updated", 1, affected)));
        }
        if !update.fetched.is_empty() && !engine.backend().dialect().supports(Feature::ReturningUpdated) {
            made =
                reread(engine, lease, &update.of.table, &update.fetched, None, &[update.key_after()]).await?;
        }
        entities.updated(&step.columns, std::iter::once(step.place(slot)))?;
        entities.take_fetched(step.arena, &update.fetched, &made)?;
        entities.forget_computed(step.arena, &[slot])?;
    }
    Ok(())
}

fn update_one(entities: &Entities, step: &Step, place: Place) -> Result<UpdateOne> {
    let arena = entities.arena(place);
    let (table, columns) = (arena.table, arena.table.columns());
    let mut assignments = Assignments::default();
    for &position in &step.columns {
        let cell = entities.assigned(place).iter().find(|cell| cell.position == position);
        let value = match cell {
            Some(cell) => cell.value.clone(),
            None => match arena.records.get(place.slot, &columns[position]) {
                Ok(Value::Null) => Bound::Null,
                Ok(value) => Bound::Value(columns[position].sql_type, value.into_owned()),
                Err(error) => return Err(arena.blame(error, position)),
            },
        };
        assignments.push(table, position, Ok(value));
    }
    let keys = table.primary_key();
    let values = arena.head(place.slot).identity.values(keys.len());
    let mut found_by: Vec<_> = keys.iter().copied().zip(values).collect();
    let mut fetched = Vec::new();
    // What is not loaded is not checked either, and is not shown.
    if entities.has_values(place) {
        if let Some(version) = table.version() {
            found_by.push((version, Value::Int(entities.known_version(place, version)?)));
        }
        let made = columns_to_fetch(table, false, &step.columns);
        let is_set = |column: &Column| step.assigned.iter().any(|&set| columns[set].field == column.field);
        let is_fetched = |&position: &usize| made.contains(&position) || is_set(&columns[position]);
        fetched.extend((0..columns.len()).filter(is_fetched));
    }
    let of = Written { table: table.into(), model: Some(arena.model) };
    Ok(UpdateOne { of, assignments, found_by, fetched })
}

impl Entities {
    /// Whether an entity that was set has an UPDATE of its own.
    pub(in crate::session) fn is_set_alone(&self, place: Place) -> bool {
        let is_expression = |value: &Bound| matches!(value, Bound::Node(_));
        self.arena(place).table.version().is_some()
            || self.assigned(place).iter().any(|cell| is_expression(&cell.value))
    }
}

/// The values of entities that are not loaded.
pub(super) struct AssignedRows<'a> {
    pub(super) entities: &'a Entities,
    pub(super) step: &'a Step,
    pub(super) slots: &'a [u32],
}

impl Rows for AssignedRows<'_> {
    fn len(&self) -> usize {
        self.slots.len()
    }

    fn width(&self) -> usize {
        let table = self.entities.arenas[self.step.arena as usize].table;
        self.step.columns.len() + table.primary_key().len()
    }

    fn value(&self, row: usize, column: usize) -> Result<Value<'_>> {
        let place = self.step.place(self.slots[row]);
        let arena = self.entities.arena(place);
        let Some(&position) = self.step.columns.get(column) else {
            return Ok(arena.head(place.slot).identity.value(column - self.step.columns.len()));
        };
        let cell = self.entities.assigned(place).iter().find(|cell| cell.position == position);
        match cell.map(|cell| &cell.value) {
            Some(Bound::Value(_, value)) => Ok(value.borrowed()),
            Some(Bound::Null | Bound::Node(_)) => Ok(Value::Null),
            None => arena.records.get(place.slot, &arena.table.columns()[position]),
        }
    }
}
