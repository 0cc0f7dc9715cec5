//! From what was done in memory to what differs from the database.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::ForeignKey;
use crate::model::Reference;
use crate::result::RowReader;
use crate::session::arena::{Arena, Place, State};
use crate::session::automatic::add_automatic;
use crate::session::entities::Entities;
use crate::session::plan::Part;
use crate::session::plan::inserts::LeftOut;
use crate::session::plan::replaced::{self, Taken};

/// Rows of one table of which the same columns are written.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) columns: Vec<usize>,
    /// Those among them that the session writes by itself along with the others.
    pub(super) automatic: Vec<usize>,
    /// Those among them that were set beside the structs.
    pub(super) assigned: Vec<usize>,
    pub(super) slots: Vec<u32>,
    /// The entities whose rows new ones take over, one for each slot.
    pub(super) replaces: Vec<u32>,
}

impl Group {
    /// Rows of which the program has set all columns that are written.
    pub(super) fn of(columns: Vec<usize>, slots: Vec<u32>) -> Self {
        Self { columns, slots, ..Self::default() }
    }

    /// The rows for which this holds, and the others.
    pub(super) fn split(self, is_first: impl Fn(u32) -> bool) -> [Self; 2] {
        let empty = || Self {
            columns: self.columns.clone(),
            automatic: self.automatic.clone(),
            assigned: self.assigned.clone(),
            ..Self::default()
        };
        let mut sides = [empty(), empty()];
        for (index, &slot) in self.slots.iter().enumerate() {
            let side = &mut sides[usize::from(!is_first(slot))];
            side.slots.push(slot);
            side.replaces.extend(self.replaces.get(index));
        }
        sides
    }
}

/// What is to be written to one table.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) updates: Vec<Group>,
    pub(super) inserts: Vec<Group>,
    /// What the last of the inserts leave out.
    left_out: LeftOut,
    pub(super) deletes: Vec<u32>,
}

/// A reference to a row that has no key yet.
pub(super) struct Waiting {
    pub(super) place: Place,
    pub(super) foreign_key: usize,
    pub(super) target: Place,
}

/// Fills in the keys of rows that have one; returns the references to those that will get theirs in this flush.
pub(super) fn resolve(entities: &mut Entities) -> Result<Vec<Waiting>> {
    let mut waiting = Vec::new();
    let mut from = 0;
    while let Some(place) = entities.touched.next(&mut from) {
        if refers(entities, place) && !entities.head(place).doomed {
            resolve_row(entities, place, &mut waiting)?;
        }
    }
    let mut from = 0;
    while let Some(place) = entities.new.next(&mut from) {
        if refers(entities, place) {
            resolve_row(entities, place, &mut waiting)?;
        }
    }
    Ok(waiting)
}

/// Whether its table refers to any.
#[inline]
fn refers(entities: &Entities, place: Place) -> bool {
    !entities.arena(place).table.foreign_keys().is_empty()
}

pub(super) fn resolve_row(entities: &mut Entities, place: Place, waiting: &mut Vec<Waiting>) -> Result<()> {
    let table = entities.arena(place).table;
    for (foreign_key, key) in table.foreign_keys().iter().enumerate() {
        let reference = entities.arena(place).records.reference(place.slot, key.field);
        if reference.is_some_and(Reference::is_unset) {
            return Err(unset(entities.arena(place), key));
        }
        let Some(target) = reference.filter(|found| found.is_waiting()).and_then(Reference::entity) else {
            continue;
        };
        let state = entities.find_token(target).map_or(State::Free, |head| head.state);
        let target = Place::of(target);
        let identity = match state {
            State::Persistent => Some(entities.identity_after_flush(target)?),
            // Its row is there already: that of an entity that it replaces.
            State::Pending if replaced::holder(entities, target)?.is_some() => {
                Some(entities.arena(target).identity_of(target.slot)?)
            }
            State::Pending => None,
            State::Transient | State::Deleted | State::Free => {
                let message = "it refers to an entity that is not in this session, or whose row was deleted";
                let error = Error::new(ErrorKind::Detached, message);
                return Err(entities.arena(place).blame(error, key.columns[0]));
            }
        };
        let records = &mut entities.arena_mut(place).records;
        match (identity, records.reference_mut(place.slot, key.field)) {
            (Some(identity), Some(reference)) => reference.resolve(&mut RowReader::new(&identity))?,
            (Some(_), None) => {}
            (None, _) => waiting.push(Waiting { place, foreign_key, target }),
        }
    }
    Ok(())
}

#[cold]
fn unset(arena: &Arena, key: &ForeignKey) -> Error {
    let message = "the reference was never set: it was made to be set by the collection of the row referred to, and is in none";
    arena.blame(Error::new(ErrorKind::Misuse, message), key.columns[0])
}

/// All that differs, by arena.
pub(super) fn collect(entities: &mut Entities, waiting: &[Waiting]) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    collect_updates(entities, waiting, &mut parts)?;
    let mut taken = Taken::default();
    for &place in entities.new.iter() {
        if !entities.doomed.is_empty()
            && let Some(holder) = replaced::holder(entities, place)?
        {
            taken.add(entities, place, holder, waiting, &mut parts)?;
            continue;
        }
        let Changes { inserts, left_out, .. } = changes_of(&mut parts, place.arena);
        // Neighbours only: rows are inserted in the order in which they were added.
        match inserts.last_mut() {
            Some(group) if left_out.is_same_for(entities, place)? => group.slots.push(place.slot),
            _ => {
                *left_out = LeftOut::of(entities, place)?;
                inserts.push(Group::of(left_out.columns(entities.arena(place).table), vec![place.slot]));
            }
        }
    }
    for &place in entities.doomed.iter().filter(|&&place| !taken.contains(place)) {
        changes_of(&mut parts, place.arena).deletes.push(place.slot);
    }
    Ok(parts)
}

#[inline]
pub(super) fn changes_of(parts: &mut Vec<Part>, arena: u32) -> &mut Changes {
    let index = parts.iter().rposition(|part| part.arena == arena).unwrap_or_else(|| {
        parts.push(Part { arena, changes: Changes::default() });
        parts.len() - 1
    });
    &mut parts[index].changes
}

fn collect_updates(entities: &mut Entities, waiting: &[Waiting], parts: &mut Vec<Part>) -> Result<()> {
    let touched = std::mem::take(&mut entities.touched).into_vec();
    let (mut changed, mut waiting) = (Vec::new(), waiting);
    for (index, &place) in touched.iter().enumerate() {
        // References wait in the order of the rows that hold them.
        let here = waiting.iter().take_while(|reference| reference.place == place).count();
        let (here, rest) = waiting.split_at(here);
        waiting = rest;
        let result = diff(entities, place, here, &mut changed);
        if let Err(error) = result {
            // Nothing is lost: what was looked at already and differs, and what was not, is still touched.
            let (seen, rest) = touched.split_at(index);
            entities.touched =
                seen.iter().filter(|place| entities.head(**place).touched).chain(rest).copied().collect();
            return Err(error);
        }
        let doomed = entities.head(place).doomed;
        let expressions = entities.expressions_of(place);
        if !expressions.is_empty() {
            changed.extend(&expressions);
            changed.sort_unstable();
            changed.dedup();
        }
        if changed.is_empty() {
            // What was done to its collections is written beside the rows of models.
            let is_linked = entities.has_link_edits(place);
            entities.head_mut(place).touched = is_linked;
            if is_linked {
                entities.touched.push(place);
            }
            continue;
        }
        entities.touched.push(place);
        if !doomed {
            add_update(&mut changes_of(parts, place.arena).updates, place.slot, &changed, expressions);
        }
    }
    collect_unloaded(entities, parts);
    complete(entities, parts);
    Ok(())
}

/// Adds a row to those of which the same columns are written; one with expressions stands alone.
fn add_update(groups: &mut Vec<Group>, slot: u32, changed: &[usize], expressions: Vec<usize>) {
    let joins = |group: &&mut Group| group.columns == changed && group.assigned.is_empty();
    let known = if expressions.is_empty() { groups.iter_mut().find(joins) } else { None };
    match known {
        Some(group) => group.slots.push(slot),
        None => groups.push(Group { assigned: expressions, ..Group::of(changed.to_vec(), vec![slot]) }),
    }
}

/// Puts the rows of each group in the order of their keys, and adds the columns that the session writes by itself.
fn complete(entities: &Entities, parts: &mut [Part]) {
    for part in parts {
        let arena = &entities.arenas[part.arena as usize];
        for group in &mut part.changes.updates {
            group.slots.sort_by(|&a, &b| by_key(arena, a, b));
            group.automatic = add_automatic(arena.table, &mut group.columns);
            if group.slots.iter().any(|&slot| !arena.head(slot).touched) {
                // It is not known, and raised by the database.
                group.automatic.retain(|&column| Some(column) != arena.table.version());
                group.columns.retain(|&column| Some(column) != arena.table.version());
            }
        }
    }
}

/// The updates of entities that were set without being loaded.
fn collect_unloaded(entities: &Entities, parts: &mut Vec<Part>) {
    for place in entities.assigned_unloaded() {
        if entities.head(place).doomed {
            continue;
        }
        let columns: Vec<_> = entities.assigned(place).iter().map(|cell| cell.position).collect();
        let is_alone = entities.is_set_alone(place);
        let groups = &mut changes_of(parts, place.arena).updates;
        let joins = |group: &&mut Group| {
            let first = Place { slot: group.slots[0], ..place };
            group.assigned == columns && group.columns == columns && !entities.is_set_alone(first)
        };
        let known = if is_alone { None } else { groups.iter_mut().find(joins) };
        match known {
            Some(group) => group.slots.push(place.slot),
            None => {
                let group = Group::of(columns.clone(), vec![place.slot]);
                groups.push(Group { assigned: columns, ..group });
            }
        }
    }
}

fn by_key(arena: &Arena, a: u32, b: u32) -> std::cmp::Ordering {
    arena.head(a).identity.order(&arena.head(b).identity, arena.table.primary_key().len())
}

/// The columns that differ from the snapshot, and those of references that wait.
fn diff(entities: &Entities, place: Place, waiting: &[Waiting], changed: &mut Vec<usize>) -> Result<()> {
    changed.clear();
    let arena = entities.arena(place);
    let differ = arena.records.differ(place.slot, entities.snapshot(place), changed);
    differ.map_err(|(position, error)| arena.blame(error, position))?;
    add_waiting(arena, waiting.iter(), changed);
    if arena.table.generated_count() > 0 {
        changed.retain(|&column| arena.table.columns()[column].generated.is_none());
    }
    Ok(())
}

/// Adds the columns of references that wait.
pub(super) fn add_waiting<'w>(
    arena: &Arena,
    waiting: impl Iterator<Item = &'w Waiting>,
    columns: &mut Vec<usize>,
) {
    let known = columns.len();
    for reference in waiting {
        columns.extend(&arena.table.foreign_keys()[reference.foreign_key].columns);
    }
    if columns.len() > known {
        columns.sort_unstable();
        columns.dedup();
    }
}
