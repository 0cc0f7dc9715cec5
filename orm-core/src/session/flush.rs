//! Carrying out a plan: batch by batch, each acknowledged before memory moves on.

mod assigned;
mod links;

use std::borrow::Cow;

use crate::Result;
use crate::driver::{RowBuffer, Rows, Write, Written};
use crate::engine::{EngineCore, Lease, counts};
use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::query::{Dialect, Layout, WriteKind, WriteShape};
use crate::session::arena::{Arena, State};
use crate::session::entities::Entities;
use crate::session::fetched::{columns_to_fetch, generated_keys};
use crate::session::identity::Identity;
use crate::session::maker::Options;
use crate::session::plan::{Step, fill_in_keys, saves_and_deletes};
use crate::session::relations::LinkStep;
use crate::session::rows::Selection;

use assigned::AssignedRows;

pub(super) async fn run(
    entities: &mut Entities,
    (steps, links): (&[Step], &[LinkStep]),
    engine: &EngineCore,
    lease: &mut Lease,
    options: &Options,
) -> Result<()> {
    let (saves, deletes) = saves_and_deletes(steps);
    for step in saves {
        run_step(entities, step, engine, lease, options).await?;
    }
    for step in links {
        links::run(entities, step, engine, lease).await?;
    }
    for step in deletes {
        run_step(entities, step, engine, lease, options).await?;
    }
    Ok(())
}

async fn run_step(
    entities: &mut Entities,
    step: &Step,
    engine: &EngineCore,
    lease: &mut Lease,
    options: &Options,
) -> Result<()> {
    fill_in_keys(entities, step)?;
    let dialect = engine.backend().dialect();
    let table = entities.arenas[step.arena as usize].table;
    let shape = WriteShape::new(table, step.kind, step.columns.clone()).fetching(fetched(table, step));
    let shape = if step.blind { shape.by_key_alone() } else { shape };
    let slots = still_there(entities, step)?;
    if step.is_done_already() {
        let mut pairs = step.slots.iter().zip(&step.replaces);
        return pairs
            .try_for_each(|(&new, &old)| entities.replaced_by_equal(step.place(old), step.place(new)));
    }
    entities.fill_in_automatic(step, &slots)?;
    if step.slots.first().is_some_and(|&slot| is_set_alone(entities, step, slot)) {
        return assigned::run_each(entities, step, &slots, engine, lease).await;
    }
    let mut left = &*slots;
    while !left.is_empty() {
        let layout = dialect.layout(&shape, left.len());
        let (slots, rest) = match layout {
            Layout::PerRow | Layout::Arrays => (left, &[][..]),
            Layout::Flat(rows) => left.split_at_checked(rows).unwrap_or((left, &[])),
        };
        let statement = engine.statements().write(dialect, &shape, layout)?;
        let done = step.slots.len() - left.len();
        let holders = step.replaces.get(done..).unwrap_or_default();
        let rows = rows_of(entities, step, &shape, slots, holders)?;
        let keys = shape.generated_key().is_some();
        let write = Write { statement: &statement, layout, rows: &*rows, keys };
        let sent = send(lease, write, &shape).await;
        let arena = &entities.arenas[step.arena as usize];
        let (written, made) = sent.map_err(|error| blame(arena, dialect, &shape, &*rows, error))?;
        drop(rows);
        if options.warns_of_gone_rows {
            warn_of_gone(step, &shape, slots.len(), &written, lease);
        }
        acknowledge(entities, step, (slots, holders), &shape, &written)?;
        if !shape.fetched().is_empty() {
            entities.take_fetched(step.arena, shape.fetched(), &made)?;
        }
        if step.kind == WriteKind::Update && !step.clear {
            entities.forget_computed(step.arena, slots)?;
        }
        left = rest;
    }
    Ok(())
}

/// What is written to these slots, as a driver reads it.
fn rows_of<'e>(
    entities: &'e Entities,
    step: &'e Step,
    shape: &WriteShape,
    slots: &'e [u32],
    holders: &'e [u32],
) -> Result<Box<dyn Rows + Send + 'e>> {
    if !step.assigned.is_empty() {
        return Ok(Box::new(AssignedRows { entities, step, slots }));
    }
    let versions = entities.known_versions(step, shape, slots, holders)?;
    let arena = &entities.arenas[step.arena as usize];
    Ok(arena.records.rows(Selection {
        slots,
        holders,
        columns: Selection::columns_of(arena.table, shape.columns()),
        clear: step.clear,
        key: shape.key().len() - usize::from(!versions.is_empty()),
        versions,
        heads: &arena.heads,
    }))
}

/// A row that is gone when it is to be deleted is no error, unless its version was looked at.
fn warn_of_gone(step: &Step, shape: &WriteShape, expected: usize, written: &Written, lease: &Lease) {
    let is_complete = written.affected == expected as u64;
    if step.kind == WriteKind::Delete && !is_complete && shape.version().is_none() {
        let counts = counts("deleted", expected, written.affected);
        lease.warn(&format!("table {}: {counts}; some were gone already", shape.table().name()));
    }
}

/// The rows of a step that an earlier step has not shown to be gone: it gave their key to another entity, which nobody
/// may change or delete in their name.
fn still_there<'s>(entities: &Entities, step: &'s Step) -> Result<Cow<'s, [u32]>> {
    let is_there = |slot: &u32| entities.head(step.place(*slot)).state != State::Deleted;
    match step.kind {
        WriteKind::Insert => Ok(Cow::Borrowed(&step.slots)),
        WriteKind::Delete => Ok(step.slots.iter().copied().filter(is_there).collect()),
        WriteKind::Update if step.slots.iter().chain(&step.replaces).all(is_there) => {
            Ok(Cow::Borrowed(&step.slots))
        }
        WriteKind::Update => {
            let message =
                "a row that was changed here was deleted by somebody else, and its key is another row's now";
            Err(Error::new(ErrorKind::StaleData, message)
                .with_model(entities.arenas[step.arena as usize].model))
        }
    }
}

/// Moves memory on to what the database has acknowledged.
fn acknowledge(
    entities: &mut Entities,
    step: &Step,
    (slots, holders): (&[u32], &[u32]),
    shape: &WriteShape,
    written: &Written,
) -> Result<()> {
    let complete = written.affected == slots.len() as u64;
    match step.kind {
        WriteKind::Insert
            if !complete || (shape.generated_key().is_some() && written.keys.len() != slots.len()) =>
        {
            Err(Error::new(ErrorKind::Database, counts("inserted", slots.len(), written.affected)))
        }
        WriteKind::Insert => inserted(entities, step, slots, shape, written),
        WriteKind::Update if !complete => {
            Err(stale(entities, step, &counts("updated", slots.len(), written.affected)))
        }
        WriteKind::Update if step.clear => Ok(()),
        WriteKind::Update if !holders.is_empty() => {
            let mut pairs = slots.iter().zip(holders);
            pairs.try_for_each(|(&new, &old)| entities.replaced(step.place(old), step.place(new)))
        }
        WriteKind::Update => entities.updated(slots.iter().map(|&slot| step.place(slot))),
        WriteKind::Delete => {
            if !complete && shape.version().is_some() {
                return Err(stale(entities, step, &counts("deleted", slots.len(), written.affected)));
            }
            let places: Vec<_> = slots.iter().map(|&slot| step.place(slot)).collect();
            entities.deleted_rows(&places)
        }
    }
}

fn stale(entities: &Entities, step: &Step, counts: &str) -> Error {
    let Arena { table, model, .. } = &entities.arenas[step.arena as usize];
    let message = format!("table {}: {counts}; a row was changed or deleted by somebody else", table.name());
    Error::new(ErrorKind::StaleData, message).with_model(model)
}

fn is_set_alone(entities: &Entities, step: &Step, slot: u32) -> bool {
    !step.assigned.is_empty() && entities.is_set_alone(step.place(slot))
}

/// What is read with the statement of a step.
fn fetched(table: &Table, step: &Step) -> Vec<usize> {
    match step.kind {
        WriteKind::Delete => Vec::new(),
        WriteKind::Update if step.clear => Vec::new(),
        WriteKind::Insert | WriteKind::Update => {
            let is_new = step.kind == WriteKind::Insert || !step.replaces.is_empty();
            columns_to_fetch(table, is_new, &step.columns)
        }
    }
}

/// Runs a statement for its rows. What the database has made of them comes back as rows, their keys in front.
async fn send(lease: &mut Lease, write: Write<'_>, shape: &WriteShape) -> Result<(Written, RowBuffer)> {
    let mut made = RowBuffer::new(false);
    if shape.fetched().is_empty() {
        return Ok((lease.write(write).await?, made));
    }
    let affected = lease.write_returning(write, &mut made).await?;
    let keys = generated_keys(shape, write.layout, &made)?;
    Ok((Written { affected, keys }, made))
}

fn inserted(
    entities: &mut Entities,
    step: &Step,
    slots: &[u32],
    shape: &WriteShape,
    written: &Written,
) -> Result<()> {
    let Some(column) = shape.generated_key() else {
        return slots.iter().try_for_each(|&slot| {
            let identity = entities.arenas[step.arena as usize].identity_of(slot)?;
            entities.inserted(step.place(slot), identity, false);
            Ok(())
        });
    };
    slots.iter().zip(&written.keys).try_for_each(|(&slot, &key)| {
        entities.arenas[step.arena as usize].set_key(slot, column, key)?;
        entities.inserted(step.place(slot), Identity::Int(key), true);
        Ok(())
    })
}

/// Says which model an error is about, and which column if a value could not be encoded. That is looked for only now: values
/// are handed over where they are written, without a look at each.
fn blame(arena: &Arena, dialect: &dyn Dialect, shape: &WriteShape, rows: &dyn Rows, error: Error) -> Error {
    if error.kind() != ErrorKind::Encode {
        return error.with_model(arena.model);
    }
    let written = shape.columns().iter().chain(shape.key()).enumerate();
    let refused = written.filter(|&(place, &column)| {
        let sql_type = arena.table.columns()[column].sql_type;
        let holds = |row| rows.value(row, place).and_then(|value| dialect.holds(sql_type, &value));
        (0..rows.len()).any(|row| holds(row).is_err())
    });
    match refused.map(|(_, &column)| column).next() {
        Some(column) => arena.blame(error, column),
        None => error.with_model(arena.model),
    }
}
