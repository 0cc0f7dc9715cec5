//! A plan in words: what a flush would send, and why.

use std::fmt;

use foldhash::HashMap;

use crate::engine::write_value;
use crate::model::Reference;
use crate::query::{Bound, WriteKind};
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::plan::trace::Before;
use crate::session::plan::{Step, plan, saves_and_deletes};
use crate::session::relations::{LinkStep, Spread, Want, Wants};
use crate::value::Unpacked;
use crate::{Result, Value};

/// What a flush would do now, batch by batch, and why; made by [`Entities::plan`]. `Display` writes it so that it can be pasted into
/// a bug report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlushPlan {
    reads: Vec<String>,
    batches: Vec<PlannedBatch>,
}

/// One batch of a [`FlushPlan`]: the same columns of some rows of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedBatch {
    /// What is done.
    pub action: PlannedAction,
    /// The table's name.
    pub table: String,
    /// The columns that are written; none for a deletion.
    pub columns: Vec<String>,
    /// The rows, in the order in which they are written.
    pub rows: Vec<PlannedRow>,
    /// Why it comes where it does.
    pub reasons: Vec<String>,
}

/// What a batch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedAction {
    /// New rows.
    Insert,
    /// Columns of rows that are there.
    Update,
    /// Rows go.
    Delete,
}

/// One row of a [`PlannedBatch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRow {
    /// The entity: its model, and its key unless that is hidden; of a row of a join table those on both sides.
    pub entity: String,
    /// What differs, as `column: old -> new`, unless values are hidden; what a new row waits for.
    pub changes: Vec<String>,
    /// Why it is written, if that is because of another row: `User with key 1 is deleted, posts: set_null`.
    pub because: Option<String>,
}

impl FlushPlan {
    /// What a flush would have to read before it could plan, one line for each SELECT: `posts of User with key 1`. What that would
    /// find is not known here, so what it leads to is not in the batches.
    #[must_use]
    pub fn reads(&self) -> &[String] {
        &self.reads
    }

    /// The batches, in the order in which they would be sent.
    #[must_use]
    pub fn batches(&self) -> &[PlannedBatch] {
        &self.batches
    }

    /// Whether a flush would send nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.reads.is_empty()
    }
}

impl Entities {
    /// What a flush would do now, and why; nothing is sent or read, and nothing changes but that new structs in collections become
    /// entities and that both sides of relations are brought into line, as by each call. Hooks are not run for it, and values that are
    /// made for the flush (versions, on-update values) are not there yet. An error is the one that the flush would give before it
    /// sends anything.
    pub fn plan(&mut self) -> Result<FlushPlan> {
        let mut spread = Spread::default();
        let reads = match self.has_relations {
            true => self.bring_into_line(&mut spread).map(|wants| self.reads_in_words(&wants)),
            false => Ok(Vec::new()),
        };
        let planned = reads.and_then(|reads| {
            let before = Before::of(self);
            let links = self.links();
            let steps = links.and_then(|links| Ok((plan(self)?, links)));
            let steps = steps.map(|(steps, links)| self.in_words(&steps, &links, &spread.reasons(self)));
            before.restore(self);
            steps.map(|batches| FlushPlan { reads, batches })
        });
        spread.undo(self);
        planned
    }

    fn reads_in_words(&self, wants: &Wants) -> Vec<String> {
        let mut rows: Vec<_> = wants.rows.clone();
        rows.sort_by_key(|place| (place.arena, place.slot));
        rows.dedup();
        let rows = rows.chunk_by(|a, b| a.arena == b.arena).map(|places| self.list_of(places));
        let members = wants.members.iter().map(|want| {
            let Want { arena, relation, ref slots, exists } = *want;
            let places: Vec<_> = slots.iter().map(|&slot| Place { arena, slot }).collect();
            let what = if exists { "whether there is anything in " } else { "" };
            let name = self.arenas[arena as usize].relations[relation].name;
            format!("{what}{name} of {}", self.list_of(&places))
        });
        let links = wants.links.iter().map(|(place, others)| {
            let places: Vec<_> = others.iter().filter_map(|&other| self.place_of(other)).collect();
            format!("what links {} with {}", self.named(place.owner), self.list_of(&places))
        });
        rows.chain(members).chain(links).collect()
    }

    fn list_of(&self, places: &[Place]) -> String {
        let names: Vec<_> = places.iter().take(ROWS).map(|&place| self.named(place)).collect();
        let more = places.len().checked_sub(ROWS).filter(|&more| more > 0);
        names.join(", ") + &more.map_or_else(String::new, |more| format!(" and {more} more"))
    }

    fn in_words(
        &self,
        steps: &[Step],
        links: &[LinkStep],
        because: &HashMap<Place, String>,
    ) -> Vec<PlannedBatch> {
        let batch = |number| self.planned_batch(steps, number, because);
        let mut batches: Vec<_> = (0..steps.len()).map(batch).collect();
        let between = saves_and_deletes(steps).0.len();
        batches.splice(between..between, links.iter().map(|step| self.planned_links(step)));
        batches
    }

    fn planned_batch(&self, steps: &[Step], number: usize, because: &HashMap<Place, String>) -> PlannedBatch {
        let step = &steps[number];
        let arena = &self.arenas[step.arena as usize];
        PlannedBatch {
            action: PlannedAction::of(step.kind),
            table: arena.table.full_name().to_string(),
            columns: arena.table.names_of(&step.columns).into_iter().map(str::to_owned).collect(),
            rows: (0..step.slots.len()).map(|row| self.planned_row(step, row, because)).collect(),
            reasons: self.reasons(steps, number),
        }
    }

    fn planned_links(&self, step: &LinkStep) -> PlannedBatch {
        let columns = if step.kind == WriteKind::Insert { step.columns() } else { Vec::new() };
        let ends = |row| step.row(row).iter().map(|&end| self.named(end)).collect::<Vec<_>>().join(", ");
        let row = |row| PlannedRow { entity: ends(row), changes: Vec::new(), because: None };
        let reason = match step.kind {
            WriteKind::Insert | WriteKind::Update => "links, after the rows on both sides",
            WriteKind::Delete => "links, before the rows on either side",
        };
        PlannedBatch {
            action: PlannedAction::of(step.kind),
            table: step.table.full_name().to_string(),
            columns: step.table.names_of(&columns).into_iter().map(str::to_owned).collect(),
            rows: (0..step.len()).map(row).collect(),
            reasons: vec![reason.to_owned()],
        }
    }

    fn planned_row(&self, step: &Step, row: usize, because: &HashMap<Place, String>) -> PlannedRow {
        let place = step.place(step.slots[row]);
        let entity = match step.replaces.get(row) {
            None => self.named(place),
            Some(&old) => {
                format!(
                    "{}, which takes over the row {}",
                    self.named(place),
                    self.shown(self.head(step.place(old)))
                )
            }
        };
        let changes = match step.kind {
            WriteKind::Delete => Vec::new(),
            _ if step.clear => Vec::new(),
            WriteKind::Insert => {
                step.columns.iter().filter_map(|&column| self.awaited(place, column)).collect()
            }
            WriteKind::Update => step.columns.iter().map(|&column| self.change(step, row, column)).collect(),
        };
        PlannedRow { entity, changes, because: because.get(&place).cloned() }
    }

    fn named(&self, place: Place) -> String {
        let (head, model) = (self.head(place), self.arena(place).model);
        match head.state {
            State::Pending => format!("{model} (new)"),
            _ => format!("{model} {}", self.shown(head)),
        }
    }

    /// What a column waits for, if it is a part of a reference to a row that is new.
    fn awaited(&self, place: Place, column: usize) -> Option<String> {
        let arena = self.arena(place);
        let mut keys = arena.table.foreign_keys().iter();
        let key = keys.find(|key| key.columns.contains(&column))?;
        let reference = arena.records.reference(place.slot, key.field)?;
        let target = reference.is_waiting().then(|| Reference::entity(reference)).flatten()?;
        let name = self.arenas[target.arena() as usize].model;
        Some(format!("{}: the key of a new {name}", arena.table.columns()[column].name))
    }

    fn change(&self, step: &Step, row: usize, column: usize) -> String {
        let place = step.place(step.slots[row]);
        if let Some(awaited) = self.awaited(place, column) {
            return awaited;
        }
        let arena = self.arena(place);
        let name = &arena.table.columns()[column].name;
        if step.automatic.contains(&column) {
            return self.automatic_change(step, row, column);
        }
        if let Some(cell) = self.assigned(place).iter().find(|cell| cell.position == column) {
            return match &cell.value {
                _ if self.hidden => name.clone(),
                Bound::Value(_, value) => format!("{name}: {}", Shown(value)),
                Bound::Null => format!("{name}: {}", Shown(&Value::Null)),
                Bound::Node(_) => format!("{name}: what an expression gives"),
            };
        }
        let is_compared = self.head(place).touched && step.replaces.is_empty();
        let now = arena.records.get(place.slot, &arena.table.columns()[column]);
        match now {
            _ if self.hidden => name.clone(),
            Ok(now) if is_compared => {
                let mut before: Unpacked<'_> = self.snapshot(place);
                (0..column).for_each(|_| drop(before.next_known()));
                match before.next_known() {
                    Some(before) => format!("{name}: {} -> {}", Shown(&before), Shown(&now)),
                    None => format!("{name}: {}", Shown(&now)),
                }
            }
            Ok(now) => format!("{name}: {}", Shown(&now)),
            Err(_) => name.clone(),
        }
    }

    /// What the session will write there by itself: the next version is known, other values are not made before the flush.
    fn automatic_change(&self, step: &Step, row: usize, column: usize) -> String {
        let table = self.arenas[step.arena as usize].table;
        let name = &table.columns()[column].name;
        let holder = step.replaces.get(row).copied().unwrap_or(step.slots[row]);
        match self.known_version(step.place(holder), column) {
            _ if self.hidden => name.clone(),
            Ok(version) if table.version() == Some(column) => {
                format!("{name}: {version} -> {}", version.saturating_add(1))
            }
            Ok(_) | Err(_) => format!("{name}: made by the flush"),
        }
    }

    /// Why a step stands where it does.
    fn reasons(&self, steps: &[Step], number: usize) -> Vec<String> {
        let step = &steps[number];
        let table = |step: &Step| self.arenas[step.arena as usize].table;
        let mut reasons = Vec::new();
        if step.clear {
            let saves = |other: &Step| !other.clear && other.kind != WriteKind::Delete;
            let reason = match steps[number + 1..].iter().any(saves) {
                true => "other rows are to refer to the same, and only one may at a time",
                false => "the rows are about to be deleted, and refer to each other",
            };
            reasons.push(reason.to_owned());
            return reasons;
        }
        let is_insert = |other: &&Step| other.kind == WriteKind::Insert;
        for key in table(step).foreign_keys() {
            let columns = table(step).names_of(&key.columns).join(", ");
            let earlier = steps[..number].iter().filter(is_insert).find(|other| key.is_to(table(other)));
            let later = steps[number + 1..]
                .iter()
                .find(|other| other.kind == WriteKind::Delete && key.is_to(table(other)));
            match (step.kind, earlier, later) {
                (WriteKind::Delete, _, Some(other)) => {
                    reasons.push(format!(
                        "before rows of {} go, to which {columns} refers",
                        table(other).full_name()
                    ));
                }
                (WriteKind::Insert | WriteKind::Update, Some(other), _) => {
                    reasons.push(format!(
                        "after new rows of {}, to which {columns} refers",
                        table(other).full_name()
                    ));
                }
                (WriteKind::Insert | WriteKind::Update | WriteKind::Delete, _, _) => {}
            }
        }
        let is_new = |&slot: &u32| self.head(step.place(slot)).state == State::Pending;
        if step.kind == WriteKind::Update && step.replaces.is_empty() && step.slots.iter().all(is_new) {
            reasons.push("the rows were inserted without it, because they refer to each other".to_owned());
        }
        reasons
    }
}

impl PlannedAction {
    fn of(kind: WriteKind) -> Self {
        match kind {
            WriteKind::Insert => Self::Insert,
            WriteKind::Update => Self::Update,
            WriteKind::Delete => Self::Delete,
        }
    }
}

struct Shown<'v>(&'v Value<'v>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, self.0)
    }
}

/// How many rows of a batch are shown; the others are counted.
const ROWS: usize = 20;

impl fmt::Display for FlushPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing to flush");
        }
        let reads = self.reads.iter().map(|read| format!("SELECT {read}"));
        let batches = self.batches.iter().map(PlannedBatch::to_string);
        for (number, line) in reads.chain(batches).enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}. {line}", number + 1)?;
        }
        Ok(())
    }
}

impl fmt::Display for PlannedBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, table, columns, rows, reasons } = self;
        let columns = columns.join(", ");
        match action {
            PlannedAction::Insert => write!(f, "INSERT INTO {table} ({columns})")?,
            PlannedAction::Update if columns.is_empty() => write!(f, "nothing to send for {table}")?,
            PlannedAction::Update => write!(f, "UPDATE {table} SET {columns}")?,
            PlannedAction::Delete => write!(f, "DELETE FROM {table}")?,
        }
        write!(f, ": {} row{}", rows.len(), if rows.len() == 1 { "" } else { "s" })?;
        for reason in reasons {
            write!(f, "; {reason}")?;
        }
        for row in rows.iter().take(ROWS) {
            write!(f, "\n   {}", row.entity)?;
            for (index, change) in row.changes.iter().enumerate() {
                f.write_str(if index == 0 { ": " } else { ", " })?;
                f.write_str(change)?;
            }
            if let Some(because) = &row.because {
                write!(f, " ({because})")?;
            }
        }
        match rows.len().checked_sub(ROWS) {
            Some(more @ 1..) => write!(f, "\n   … {more} more"),
            _ => Ok(()),
        }
    }
}
