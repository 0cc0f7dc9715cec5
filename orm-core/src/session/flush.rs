//! Carrying out a plan: what needs nothing from each other is sent together, and memory moves on when it is acknowledged.

mod assigned;
mod links;
mod reread;
mod together;

use std::borrow::Cow;

use crate::Result;
use crate::driver::{Failed, Rows, Written};
use crate::engine::{EngineCore, Lease, counts};
use crate::error::{Error, ErrorKind};
use crate::query::{Dialect, WriteKind, WriteShape};
use crate::session::arena::{Arena, State};
use crate::session::entities::Entities;
use crate::session::identity::Identity;
use crate::session::maker::Options;
use crate::session::plan::{Step, fill_in_keys, saves_and_deletes};
use crate::session::relations::LinkStep;
use crate::session::rows::Selection;

use assigned::AssignedRows;
pub(in crate::session) use reread::reread;
use together::{Piece, Ready};

/// Runs the steps. If COMMIT is wanted it is sent with the last of them, where nothing waits for their answers; whether that
/// was done.
pub(super) async fn run(
    entities: &mut Entities,
    (steps, links): (&[Step], &[LinkStep]),
    engine: &EngineCore,
    lease: &mut Lease,
    options: &Options,
    commits: bool,
) -> Result<bool> {
    let (saves, deletes) = saves_and_deletes(steps);
    let mut pieces = Vec::with_capacity(steps.len() + links.len());
    pieces.extend(saves.iter().map(Piece::Step));
    pieces.extend(links.iter().map(Piece::Link));
    pieces.extend(deletes.iter().map(Piece::Step));
    let dialect = engine.backend().dialect();
    let (mut left, mut committed) = (&pieces[..], false);
    while let Some(&first) = left.first() {
        let (together, rest) = left.split_at(together::count(entities, left));
        left = rest;
        match first {
            Piece::Step(step) if step.is_done_already() => take_over(entities, step)?,
            Piece::Step(step) if is_set_alone(entities, step) => {
                run_each(entities, step, engine, lease).await?;
            }
            Piece::Step(_) | Piece::Link(_) => {
                let mut ready = Vec::with_capacity(together.len());
                for &piece in together {
                    ready.push(Ready::of(entities, piece)?);
                }
                committed =
                    commits && left.is_empty() && ready.iter().all(|ready| ready.may_be_committed(dialect));
                send(entities, &ready, engine, lease, options, committed).await?;
            }
        }
    }
    Ok(committed)
}

/// New entities whose rows are there already.
fn take_over(entities: &mut Entities, step: &Step) -> Result<()> {
    fill_in_keys(entities, step)?;
    still_there(entities, step)?;
    let mut pairs = step.slots.iter().zip(&step.replaces);
    pairs.try_for_each(|(&new, &old)| entities.replaced_by_equal(step.place(old), step.place(new)))
}

async fn run_each(
    entities: &mut Entities,
    step: &Step,
    engine: &EngineCore,
    lease: &mut Lease,
) -> Result<()> {
    fill_in_keys(entities, step)?;
    let slots = still_there(entities, step)?;
    entities.fill_in_automatic(step, &slots)?;
    assigned::run_each(entities, step, &slots, engine, lease).await
}

/// Sends what is ready, and takes in what became of it.
async fn send(
    entities: &mut Entities,
    ready: &[Ready<'_>],
    engine: &EngineCore,
    lease: &mut Lease,
    options: &Options,
    commits: bool,
) -> Result<()> {
    let dialect = engine.backend().dialect();
    let parts = together::parts(ready, engine)?;
    let mut rows = Vec::with_capacity(parts.len());
    for part in &parts {
        rows.push(part.rows(entities)?);
    }
    let mut entries: Vec<_> = parts.iter().zip(&rows).map(|(part, rows)| part.entry(&**rows)).collect();
    if let Err(Failed { at, error }) = lease.write_together(&mut entries, commits).await {
        let failed = parts.get(at).zip(rows.get(at));
        return Err(failed.map_or_else(
            || error.clone(),
            |(part, rows)| part.blame(entities, dialect, &**rows, error.clone()),
        ));
    }
    let mut answers = Vec::with_capacity(entries.len());
    answers.extend(entries.into_iter().map(|entry| (entry.written, entry.rows)));
    for ((part, rows), (written, made)) in parts.iter().zip(&rows).zip(&mut answers) {
        part.read_again(&**rows, written, made, engine, lease).await?;
    }
    drop(rows);
    for (part, (written, made)) in parts.iter().zip(answers) {
        part.take_answer(entities, written, &made, lease, options)?;
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
        columns: &step.columns,
        table: arena.table,
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
        WriteKind::Update => entities.updated(&step.columns, slots.iter().map(|&slot| step.place(slot))),
        WriteKind::Delete => {
            if written.affected > slots.len() as u64 {
                return Err(Error::new(
                    ErrorKind::Database,
                    counts("deleted", slots.len(), written.affected),
                ));
            }
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

/// Whether each row of a step is a statement of its own.
fn is_set_alone(entities: &Entities, step: &Step) -> bool {
    let is_alone = |&slot: &u32| entities.is_set_alone(step.place(slot));
    !step.assigned.is_empty() && step.slots.first().is_some_and(is_alone)
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
