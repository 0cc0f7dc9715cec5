//! What a flush will do, in order: decided from memory alone, before anything is sent.
//!
//! Tables go in the order of their foreign keys, those referred to first. For each: updates in the order of the keys, then
//! inserts in the order of adding. Deletes come last, in the reverse order. Rows that refer to rows of the same table go
//! layer by layer; a circle of new rows is broken at a nullable key, which is written afterwards.

mod changes;
mod circle;
mod inserts;
mod release;
mod replaced;
mod report;
mod trace;

use foldhash::HashSet;

use crate::Result;
use crate::query::WriteKind;
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::order::components;

use changes::{Changes, Group, Waiting};
pub use report::{FlushPlan, PlannedAction, PlannedBatch, PlannedRow};
pub(super) use trace::Before;

/// One batch: the same columns of any number of rows of one table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) arena: u32,
    pub(super) kind: WriteKind,
    /// In the order of the table, in which structs hand over their values.
    pub(super) columns: Vec<usize>,
    /// Those of the columns whose values the session makes, right before the step runs.
    pub(super) automatic: Vec<usize>,
    /// Those of the columns that were set beside the structs: by an expression, or of rows that are not loaded.
    pub(super) assigned: Vec<usize>,
    pub(super) slots: Vec<u32>,
    /// The columns are set to NULL: the rows are about to be deleted, and let go of each other first.
    pub(super) clear: bool,
    /// Which versions the rows have is not known, so they are not looked at: the entities' values were thrown away, or never read.
    pub(super) blind: bool,
    /// Of new entities that take over the rows of deleted ones, these, one for each slot.
    pub(super) replaces: Vec<u32>,
}

impl Step {
    fn new(arena: u32, kind: WriteKind, group: Group) -> Self {
        let Group { mut columns, automatic, assigned, slots, replaces } = group;
        columns.sort_unstable();
        Self { arena, kind, columns, automatic, assigned, slots, clear: false, blind: false, replaces }
    }

    /// Whether there is nothing to send: the rows of deleted entities are what new ones are to have.
    pub(super) fn is_done_already(&self) -> bool {
        self.columns.is_empty() && !self.replaces.is_empty()
    }

    pub(super) fn place(&self, slot: u32) -> Place {
        Place { arena: self.arena, slot }
    }
}

/// The changes of one arena.
struct Part {
    arena: u32,
    changes: Changes,
}

impl Part {
    fn take_deletes(&mut self) -> Vec<Place> {
        let arena = self.arena;
        self.changes.deletes.drain(..).map(|slot| Place { arena, slot }).collect()
    }
}

/// The steps of a flush. Entities that were touched and not changed are not heard of again.
pub(super) fn plan(entities: &mut Entities) -> Result<Vec<Step>> {
    let waiting = changes::resolve(entities)?;
    let mut parts = changes::collect(entities, &waiting)?;
    let mut steps = release::releases(entities, &mut parts)?;
    match &mut parts[..] {
        [only] if !refers_to_itself(entities, only) => {
            plain_saves(only, &mut steps);
            plain_deletes(only, &mut steps);
        }
        _ => save_and_delete(entities, &mut parts, &waiting, &mut steps)?,
    }
    if !parts.iter().any(|part| entities.arenas[part.arena as usize].table.version().is_some()) {
        return Ok(steps);
    }
    Ok(steps.into_iter().flat_map(|step| apart(entities, step)).flatten().collect())
}

/// The steps of several tables, each after those that it depends on, and of rows that refer to rows of their own table.
fn save_and_delete(
    entities: &Entities,
    parts: &mut [Part],
    waiting: &[Waiting],
    steps: &mut Vec<Step>,
) -> Result<()> {
    let depends_on = dependencies(entities, parts);
    let order = components(&depends_on);
    for group in &order {
        match group[..] {
            [one] if !depends_on[one].contains(&one) => plain_saves(&mut parts[one], steps),
            _ => circle::saves(entities, parts, group, waiting, steps)?,
        }
    }
    for group in order.iter().rev() {
        match group[..] {
            [one] if !depends_on[one].contains(&one) => plain_deletes(&mut parts[one], steps),
            _ => circle::deletes(entities, parts, group, steps)?,
        }
    }
    Ok(())
}

/// The steps before rows of join tables are written, and those after it.
pub(super) fn saves_and_deletes(steps: &[Step]) -> (&[Step], &[Step]) {
    let saves = |step: &Step| !step.clear && step.kind != WriteKind::Delete;
    steps.split_at(steps.iter().rposition(saves).map_or(0, |last| last + 1))
}

/// Rows whose versions are not known are a step of their own.
fn apart(entities: &Entities, step: Step) -> [Option<Step>; 2] {
    let Step { arena, kind, .. } = step;
    let is_known = |&slot: &u32| entities.knows_version(Place { arena, slot });
    let holders = if step.replaces.is_empty() { &step.slots } else { &step.replaces };
    let looks = kind != WriteKind::Insert && entities.arenas[arena as usize].table.version().is_some();
    if !looks || holders.iter().all(is_known) {
        return [Some(step), None];
    }
    let known: HashSet<u32> = step
        .slots
        .iter()
        .zip(holders)
        .filter(|(_, holder)| is_known(holder))
        .map(|(&slot, _)| slot)
        .collect();
    let Step { columns, automatic, assigned, slots, replaces, clear, .. } = step;
    let group = Group { columns, automatic, assigned, slots, replaces };
    let [known, unknown] = group.split(|slot| known.contains(&slot));
    let step = |group: Group, blind| {
        (!group.slots.is_empty()).then(|| Step { clear, blind, ..Step::new(arena, kind, group) })
    };
    [step(known, false), step(unknown, true)]
}

/// Fills in, right before a step runs, the keys that its rows were waiting for. What is still missing then is a circle's
/// reference, which a later step writes.
pub(super) fn fill_in_keys(entities: &mut Entities, step: &Step) -> Result<()> {
    let refers = !entities.arenas[step.arena as usize].table.foreign_keys().is_empty();
    if step.kind == WriteKind::Delete || step.clear || !refers {
        return Ok(());
    }
    step.slots.iter().try_for_each(|&slot| changes::resolve_row(entities, step.place(slot), &mut Vec::new()))
}

fn refers_to_itself(entities: &Entities, part: &Part) -> bool {
    let table = entities.arenas[part.arena as usize].table;
    table.foreign_keys().iter().any(|key| key.is_to(table))
}

/// For each part the parts that its table refers to.
fn dependencies(entities: &Entities, parts: &[Part]) -> Vec<Vec<usize>> {
    let table = |part: &Part| entities.arenas[part.arena as usize].table;
    let targets = |part: &Part| {
        let keys = table(part).foreign_keys().iter();
        keys.filter_map(|key| parts.iter().position(|other| key.is_to(table(other)))).collect()
    };
    parts.iter().map(targets).collect()
}

fn plain_saves(part: &mut Part, steps: &mut Vec<Step>) {
    let arena = part.arena;
    let changes = &mut part.changes;
    steps.extend(changes.updates.drain(..).map(|group| Step::new(arena, WriteKind::Update, group)));
    steps.extend(changes.inserts.drain(..).map(|group| Step::new(arena, WriteKind::Insert, group)));
}

fn plain_deletes(part: &mut Part, steps: &mut Vec<Step>) {
    let slots = std::mem::take(&mut part.changes.deletes);
    if !slots.is_empty() {
        let group = Group::of(Vec::new(), slots);
        steps.push(Step::new(part.arena, WriteKind::Delete, group));
    }
}

#[cfg(test)]
mod tests;
