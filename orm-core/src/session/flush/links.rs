//! Rows of join tables: written between the rows that they link and those that are deleted.

use crate::driver::{Rows, Written};
use crate::engine::counts;
use crate::error::{Error, ErrorKind};
use crate::metadata::ForeignKey;
use crate::query::{WriteKind, WriteShape};
use crate::session::entities::Entities;
use crate::session::identity::Identity;
use crate::session::relations::LinkStep;
use crate::{Result, Value};

/// Moves memory on when some rows of a step were written.
pub(super) fn take_answer(
    entities: &mut Entities,
    step: &LinkStep,
    count: usize,
    written: &Written,
) -> Result<()> {
    if step.kind == WriteKind::Insert && !step.unless_there && written.affected != count as u64 {
        return Err(Error::new(ErrorKind::Database, counts("inserted", count, written.affected)));
    }
    if step.kind == WriteKind::Delete {
        entities.lose_link_rows(step);
    }
    Ok(())
}

pub(super) fn shape_of(step: &LinkStep) -> WriteShape {
    let columns = step.columns();
    match step.kind {
        WriteKind::Insert | WriteKind::Update => {
            let shape = WriteShape::new(step.table, WriteKind::Insert, columns);
            shape.without_keys().unless_there(step.unless_there)
        }
        WriteKind::Delete => WriteShape::new(step.table, WriteKind::Delete, Vec::new()).found_by(columns),
    }
}

/// The keys of the entities that rows link.
pub(super) struct LinkRows<'e> {
    identities: Vec<&'e Identity>,
    /// For each column of a row: which of the identities, and which part of it.
    columns: Vec<(usize, usize)>,
    ends: usize,
}

impl<'e> LinkRows<'e> {
    pub(super) fn of(entities: &'e Entities, step: &LinkStep, first: usize, count: usize) -> Self {
        let ends = step.keys.len();
        let places = &step.ends[first * ends..][..count * ends];
        let parts = |(end, key): (usize, &&ForeignKey)| (0..key.columns.len()).map(move |part| (end, part));
        Self {
            identities: places.iter().map(|&place| &entities.head(place).identity).collect(),
            columns: step.keys.iter().enumerate().flat_map(parts).collect(),
            ends,
        }
    }
}

impl Rows for LinkRows<'_> {
    fn len(&self) -> usize {
        self.identities.len() / self.ends.max(1)
    }

    fn width(&self) -> usize {
        self.columns.len()
    }

    fn value(&self, row: usize, column: usize) -> Result<Value<'_>> {
        let (end, part) = self.columns[column];
        Ok(self.identities[row * self.ends + end].value(part))
    }
}
