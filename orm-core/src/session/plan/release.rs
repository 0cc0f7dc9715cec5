//! Unique references that one row gives up and another one takes in the same flush: they are given up first, because a database looks at
//! a unique key row by row.

use foldhash::{HashMap, HashMapExt, HashSet};

use crate::Result;
use crate::metadata::{ForeignKey, Table};
use crate::query::WriteKind;
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::identity::Identity;
use crate::session::plan::changes::Group;
use crate::session::plan::circle::references;
use crate::session::plan::{Part, Step};

/// The steps by which rows let go of what others take; they come before all others.
///
/// A row that then refers to nothing is updated at once. One that takes another value itself, or is deleted, gets NULL first; if its
/// reference cannot be empty, it is deleted first, with what refers to it and is deleted as well.
pub(super) fn releases(entities: &Entities, parts: &mut [Part]) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut early = Vec::new();
    for part in parts.iter_mut().filter(|part| part.may_clash()) {
        let table = entities.arenas[part.arena as usize].table;
        for key in table.foreign_keys().iter().filter(|key| is_for_one(table, key)) {
            let taken = part.taken(entities, key);
            if !taken.is_empty() {
                part.release_updated(entities, key, &taken, &mut steps);
                part.release_deleted(entities, key, &taken, &mut steps, &mut early);
            }
        }
    }
    delete_early(entities, parts, early, &mut steps)?;
    Ok(steps)
}

/// Whether at most one row can refer to another one by a key.
fn is_for_one(table: &Table, key: &ForeignKey) -> bool {
    // What has a deleted row's primary key takes over that row.
    key.columns != table.primary_key() && table.is_unique(&key.columns)
}

impl Part {
    fn may_clash(&self) -> bool {
        let changes = &self.changes;
        // One gives up what another takes: two updates, or a deletion and an insertion.
        !changes.updates.is_empty() || !(changes.inserts.is_empty() || changes.deletes.is_empty())
    }

    fn place(&self, slot: u32) -> Place {
        Place { arena: self.arena, slot }
    }

    /// What rows are to refer to from now on, and which ones.
    fn taken(&self, entities: &Entities, key: &ForeignKey) -> HashMap<Identity, u32> {
        let arena = &entities.arenas[self.arena as usize];
        let groups = self.changes.updates.iter().chain(&self.changes.inserts);
        let writes = |group: &&Group| group.columns.contains(&key.columns[0]);
        let mut taken = HashMap::new();
        for &slot in groups.filter(writes).flat_map(|group| &group.slots) {
            taken.extend(arena.identity_referred_to(slot, key).map(|identity| (identity, slot)));
        }
        taken
    }

    /// Whether another row takes what this one has.
    fn clashes(
        &self,
        entities: &Entities,
        key: &ForeignKey,
        taken: &HashMap<Identity, u32>,
        slot: u32,
    ) -> bool {
        let held = entities.referred_to_before(self.place(slot), key);
        held.and_then(|held| taken.get(&held)).is_some_and(|&other| other != slot)
    }

    fn release_updated(
        &mut self,
        entities: &Entities,
        key: &ForeignKey,
        taken: &HashMap<Identity, u32>,
        steps: &mut Vec<Step>,
    ) {
        let arena = &entities.arenas[self.arena as usize];
        for group in std::mem::take(&mut self.changes.updates) {
            let writes = group.columns.contains(&key.columns[0]) && group.replaces.is_empty();
            if !writes || !group.slots.iter().any(|&slot| self.clashes(entities, key, taken, slot)) {
                self.changes.updates.push(group);
                continue;
            }
            let own = group.columns.iter().filter(|column| !group.automatic.contains(column));
            let is_all = own.eq(&key.columns) && group.assigned.is_empty();
            let lets_go = |slot| {
                let reference = arena.records.reference(slot, key.field);
                let waits = reference.is_some_and(|reference| reference.is_waiting());
                is_all && !waits && arena.identity_referred_to(slot, key).is_none()
            };
            let [clashing, others] = group.split(|slot| self.clashes(entities, key, taken, slot));
            let [going, taking] = clashing.split(lets_go);
            if !going.slots.is_empty() {
                steps.push(Step::new(self.arena, WriteKind::Update, going));
            }
            if key.is_nullable(arena.table) && !taking.slots.is_empty() {
                steps.push(clear(self.arena, key, taking.slots.clone()));
            }
            let slots = sorted(entities, self.arena, &taking, &others);
            if !slots.is_empty() {
                self.changes.updates.push(Group { slots, ..others });
            }
        }
    }

    fn release_deleted(
        &mut self,
        entities: &Entities,
        key: &ForeignKey,
        taken: &HashMap<Identity, u32>,
        steps: &mut Vec<Step>,
        early: &mut Vec<Place>,
    ) {
        let table = entities.arenas[self.arena as usize].table;
        let all = self.changes.deletes.iter().copied();
        let held: Vec<_> = all.filter(|&slot| self.clashes(entities, key, taken, slot)).collect();
        match key.is_nullable(table) {
            _ if held.is_empty() => {}
            true => steps.push(clear(self.arena, key, held)),
            false => early.extend(held.into_iter().map(|slot| self.place(slot))),
        }
    }
}

/// The slots of two parts of one group, in the order of their keys.
fn sorted(entities: &Entities, arena: u32, some: &Group, others: &Group) -> Vec<u32> {
    let arena = &entities.arenas[arena as usize];
    let mut slots = [&some.slots[..], &others.slots].concat();
    let parts = arena.table.primary_key().len();
    slots.sort_by(|&a, &b| arena.head(a).identity.order(&arena.head(b).identity, parts));
    slots
}

fn clear(arena: u32, key: &ForeignKey, slots: Vec<u32>) -> Step {
    let group = Group::of(key.columns.clone(), slots);
    Step { clear: true, ..Step::new(arena, WriteKind::Update, group) }
}

/// Deletes rows before anything else, and before them the rows that refer to them and are deleted as well.
fn delete_early(
    entities: &Entities,
    parts: &mut [Part],
    early: Vec<Place>,
    steps: &mut Vec<Step>,
) -> Result<()> {
    if early.is_empty() {
        return Ok(());
    }
    let mut known: HashSet<Place> = early.iter().copied().collect();
    let mut layers = vec![early];
    while let Some(last) = layers.last().filter(|last| !last.is_empty()) {
        let targets: HashSet<Place> = last.iter().copied().collect();
        let mut next = Vec::new();
        for part in &*parts {
            for place in part.changes.deletes.iter().map(|&slot| part.place(slot)) {
                let refers = |(_, target): &(usize, Place)| targets.contains(target);
                if !known.contains(&place) && references(entities, place)?.iter().any(refers) {
                    known.insert(place);
                    next.push(place);
                }
            }
        }
        layers.push(next);
    }
    for layer in layers.into_iter().rev() {
        for part in &mut *parts {
            let here: HashSet<u32> =
                layer.iter().filter(|place| place.arena == part.arena).map(|place| place.slot).collect();
            if !here.is_empty() {
                let (gone, left) = part.changes.deletes.iter().partition(|slot| here.contains(slot));
                part.changes.deletes = left;
                steps.push(Step::new(part.arena, WriteKind::Delete, Group::of(Vec::new(), gone)));
            }
        }
    }
    Ok(())
}
