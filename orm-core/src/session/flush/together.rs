//! What of a flush is sent together: steps that need nothing from each other's answers.

use std::borrow::Cow;
use std::sync::Arc;

use super::reread::{keys_of, reread};
use super::{acknowledge, blame, links, rows_of, still_there, warn_of_gone};
use crate::Result;
use crate::driver::{Entry, RowBuffer, Rows, Statement, Write, Written};
use crate::engine::{EngineCore, Lease};
use crate::error::Error;
use crate::metadata::{Action, Table};
use crate::model::Reference;
use crate::query::{Dialect, Layout, WriteKind, WriteShape};
use crate::session::arena::State;
use crate::session::entities::Entities;
use crate::session::fetched::{columns_to_fetch, generated_keys};
use crate::session::maker::Options;
use crate::session::plan::{Step, fill_in_keys};
use crate::session::relations::LinkStep;

/// A step of either kind.
#[derive(Clone, Copy)]
pub(super) enum Piece<'s> {
    Step(&'s Step),
    Link(&'s LinkStep),
}

/// How many of these, which are not done yet, can be sent together; at least one.
pub(super) fn count(entities: &Entities, pieces: &[Piece<'_>]) -> usize {
    let joins = |&at: &usize| {
        let (before, piece) = (&pieces[..at], &pieces[at]);
        !piece.waits(entities) && before.iter().all(|earlier| !piece.needs(earlier, entities))
    };
    (1..pieces.len()).take_while(joins).count() + 1
}

impl Piece<'_> {
    fn table(&self, entities: &Entities) -> &'static Table {
        match self {
            Self::Step(step) => entities.arenas[step.arena as usize].table,
            Self::Link(link) => link.table,
        }
    }

    /// Whether it cannot be sent with what is before it, whatever that is: it is no statement, or more than one, or one of its rows
    /// refers to a row that is not there yet.
    fn waits(&self, entities: &Entities) -> bool {
        let Self::Step(step) = self else { return false };
        let keys = self.table(entities).foreign_keys();
        let waits_for = |reference: &dyn Reference| {
            let target = reference.entity().and_then(|target| entities.find_token(target));
            reference.is_waiting() && target.is_none_or(|head| head.state != State::Persistent)
        };
        let records = &entities.arenas[step.arena as usize].records;
        let row_waits =
            |&slot: &u32| keys.iter().any(|key| records.reference(slot, key.field).is_some_and(waits_for));
        let writes = step.kind != WriteKind::Delete && !step.clear;
        !step.replaces.is_empty() || !step.assigned.is_empty() || (writes && step.slots.iter().any(row_waits))
    }

    /// Whether what is known of this one may change with the answer to an earlier one.
    fn needs(&self, earlier: &Self, entities: &Entities) -> bool {
        let (own, other) = (self.table(entities), earlier.table(entities));
        match (earlier, self) {
            // What follows rows of other keys, or those that are gone, may be anywhere.
            (Self::Step(step), _) if step.changes_what_follows(entities) => true,
            (Self::Step(before), Self::Step(step)) if before.arena == step.arena => {
                // A new row may get the key of one that is known here and was deleted by somebody else.
                before.clear || (before.kind != WriteKind::Update && before.kind != step.kind)
            }
            (Self::Step(before), Self::Link(link)) => {
                before.kind != WriteKind::Update && link.keys.iter().any(|key| key.is_to(other))
            }
            (Self::Link(_), Self::Step(_)) => own == other,
            (Self::Step(_), Self::Step(_)) | (Self::Link(_), Self::Link(_)) => false,
        }
    }
}

impl Step {
    /// Whether its answer changes what is known of other rows: those that refer to keys which it changes, or to rows which
    /// it deletes, and those of entities that it replaces.
    fn changes_what_follows(&self, entities: &Entities) -> bool {
        let table = entities.arenas[self.arena as usize].table;
        let acts = |action| !matches!(action, Action::NoAction | Action::Restrict);
        match self.kind {
            WriteKind::Insert => false,
            WriteKind::Update => {
                let is_key = |column: &usize| table.primary_key().contains(column);
                !self.replaces.is_empty() || !self.assigned.is_empty() || self.columns.iter().any(is_key)
            }
            WriteKind::Delete => {
                let keys = entities.arenas.iter().flat_map(|arena| arena.table.foreign_keys());
                keys.filter(|key| key.is_to(table)).any(|key| acts(key.on_delete))
            }
        }
    }
}

/// A step of which everything is known that it needs.
pub(super) struct Ready<'s> {
    piece: Piece<'s>,
    shape: WriteShape,
    /// The rows of a step that are still there.
    slots: Cow<'s, [u32]>,
}

impl<'s> Ready<'s> {
    /// Fills in what is made right before a step runs.
    pub(super) fn of(entities: &mut Entities, piece: Piece<'s>) -> Result<Self> {
        let step = match piece {
            Piece::Step(step) => step,
            Piece::Link(link) => {
                return Ok(Self { piece, shape: links::shape_of(link), slots: Cow::Borrowed(&[]) });
            }
        };
        fill_in_keys(entities, step)?;
        let table = entities.arenas[step.arena as usize].table;
        let shape = WriteShape::new(table, step.kind, step.columns.clone()).fetching(fetched(table, step));
        let shape = if step.blind { shape.by_key_alone() } else { shape };
        let slots = still_there(entities, step)?;
        entities.fill_in_automatic(step, &slots)?;
        Ok(Self { piece, shape, slots })
    }

    fn len(&self) -> usize {
        match self.piece {
            Piece::Step(_) => self.slots.len(),
            Piece::Link(link) => link.len(),
        }
    }

    /// Whether nothing that its answer may say keeps it from being committed. Rows of an INSERT are all inserted or it fails; whose
    /// keys came back is a question only where there are several.
    pub(super) fn may_be_committed(&self, dialect: &dyn Dialect) -> bool {
        if !self.shape.fetched().is_empty() && !self.shape.returns(dialect) {
            return false;
        }
        let answers = self.shape.generated_key().is_some() || !self.shape.fetched().is_empty();
        match self.piece {
            Piece::Step(step) => match step.kind {
                WriteKind::Insert => self.slots.len() == 1 || !answers,
                WriteKind::Update => false,
                WriteKind::Delete => self.shape.version().is_none(),
            },
            Piece::Link(link) => link.kind == WriteKind::Delete || link.unless_there,
        }
    }
}

/// As many rows of a step as one statement takes.
pub(super) struct Part<'r> {
    ready: &'r Ready<'r>,
    first: usize,
    count: usize,
    statement: Arc<Statement>,
    layout: Layout,
    /// Whether what the database makes of the rows comes back with the statement.
    returns: bool,
}

/// The statements of steps.
pub(super) fn parts<'r>(ready: &'r [Ready<'r>], engine: &EngineCore) -> Result<Vec<Part<'r>>> {
    let dialect = engine.backend().dialect();
    let mut parts = Vec::with_capacity(ready.len());
    for ready in ready {
        let returns = !ready.shape.fetched().is_empty() && ready.shape.returns(dialect);
        let mut first = 0;
        while first < ready.len() {
            let left = ready.len() - first;
            let layout = dialect.layout(&ready.shape, left);
            let count = match layout {
                Layout::PerRow | Layout::Arrays | Layout::Runs | Layout::ByKey | Layout::Blocks(_) => left,
                Layout::Flat(rows) => rows.min(left),
            };
            let statement = engine.statements().write(dialect, &ready.shape, layout)?;
            parts.push(Part { ready, first, count, statement, layout, returns });
            first += count;
        }
    }
    Ok(parts)
}

impl<'r> Part<'r> {
    /// The slots of a step, and those whose rows they take over.
    fn slots(&self, step: &'r Step) -> (&'r [u32], &'r [u32]) {
        let rows = self.first..self.first + self.count;
        let slots = self.ready.slots.get(rows.clone()).unwrap_or_default();
        (slots, step.replaces.get(rows).unwrap_or_default())
    }

    /// What is written, as a driver reads it.
    pub(super) fn rows<'e>(&self, entities: &'e Entities) -> Result<Box<dyn Rows + Send + 'e>>
    where
        'r: 'e,
    {
        match self.ready.piece {
            Piece::Step(step) => {
                let (slots, holders) = self.slots(step);
                rows_of(entities, step, &self.ready.shape, slots, holders)
            }
            Piece::Link(link) => Ok(Box::new(links::LinkRows::of(entities, link, self.first, self.count))),
        }
    }

    pub(super) fn entry<'e>(&'e self, rows: &'e dyn Rows) -> Entry<'e> {
        let Ready { shape, .. } = self.ready;
        let keys = shape.generated_key().is_some();
        let write = Write { statement: &self.statement, layout: self.layout, rows, keys };
        Entry::new(write, self.returns)
    }

    /// Says what an error is about.
    pub(super) fn blame(
        &self,
        entities: &Entities,
        dialect: &dyn Dialect,
        rows: &dyn Rows,
        error: Error,
    ) -> Error {
        match self.ready.piece {
            Piece::Step(step) => {
                blame(&entities.arenas[step.arena as usize], dialect, &self.ready.shape, rows, error)
            }
            Piece::Link(_) => error,
        }
    }

    /// Reads what the database has made of the rows, where the statement could not hand it back.
    pub(super) async fn read_again(
        &self,
        rows: &dyn Rows,
        written: &Written,
        made: &mut RowBuffer,
        engine: &EngineCore,
        lease: &mut Lease,
    ) -> Result<()> {
        let shape = &self.ready.shape;
        if shape.fetched().is_empty() || self.returns || written.affected != rows.len() as u64 {
            return Ok(());
        }
        let keys = keys_of(shape, rows, written)?;
        *made = reread(engine, lease, shape.table_ref(), shape.fetched(), None, &keys).await?;
        Ok(())
    }

    /// Moves memory on.
    pub(super) fn take_answer(
        &self,
        entities: &mut Entities,
        mut written: Written,
        made: &RowBuffer,
        lease: &Lease,
        options: &Options,
    ) -> Result<()> {
        let shape = &self.ready.shape;
        let step = match self.ready.piece {
            Piece::Step(step) => step,
            Piece::Link(link) => {
                links::take_answer(entities, link, self.count, &written)?;
                return Ok(());
            }
        };
        if self.returns {
            written.keys = generated_keys(shape, self.layout, made)?;
        }
        let (slots, holders) = self.slots(step);
        if options.warns_of_gone_rows {
            warn_of_gone(step, shape, slots.len(), &written, lease);
        }
        acknowledge(entities, step, (slots, holders), shape, &written)?;
        if !shape.fetched().is_empty() {
            entities.take_fetched(step.arena, shape.fetched(), made)?;
        }
        match step.kind {
            WriteKind::Update if !step.clear => entities.forget_computed(step.arena, slots),
            WriteKind::Insert | WriteKind::Update | WriteKind::Delete => Ok(()),
        }
    }
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
