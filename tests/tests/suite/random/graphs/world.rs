//! The database and two sessions that take turns, what a step may choose from, and what assignments do to memory.

use orm::EntityState;

use super::flush::{Outcome, flush};
use super::kinds::{Fate, Kind, RELATIONS, Relating};
use super::memory::{Field, Memory, Tables, To};

pub(super) struct World {
    pub(super) committed: Tables,
    pub(super) memories: [Memory; 2],
    /// What the transaction of a session sees, and what it saw at its savepoints.
    pub(super) open: [Option<(Tables, Vec<Tables>)>; 2],
    vals: i64,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            committed: Tables::default(),
            memories: [Memory::new(), Memory::new()],
            open: [None, None],
            vals: 100,
        }
    }

    pub(super) fn view(&self, session: usize) -> &Tables {
        self.open[session].as_ref().map_or(&self.committed, |(view, _)| view)
    }

    pub(super) fn begin(&mut self, session: usize) -> &mut (Tables, Vec<Tables>) {
        self.open[session].get_or_insert_with(|| (self.committed.clone(), Vec::new()))
    }

    pub(super) fn forecast(&self, session: usize) -> Outcome {
        flush(&self.memories[session], self.view(session))
    }

    /// A value that nobody has.
    pub(super) fn val(&mut self) -> i64 {
        self.vals += 1;
        self.vals
    }

    /// One of the entities that are as the model asks.
    pub(super) fn pick(&self, session: usize, number: u8, is_asked: impl Fn(usize) -> bool) -> Option<usize> {
        let all: Vec<_> =
            (0..self.memories[session].known.len()).filter(|&entity| is_asked(entity)).collect();
        all.get(usize::from(number) % all.len().max(1)).copied()
    }

    pub(super) fn is_true(&self, session: usize, entity: usize) -> bool {
        self.memories[session].is_true(self.view(session), entity)
    }

    pub(super) fn pick_true(&self, session: usize, number: u8, kind: Option<Kind>) -> Option<usize> {
        let known = &self.memories[session].known;
        let is_asked = |entity: usize| {
            kind.is_none_or(|kind| known[entity].kind == kind) && self.is_true(session, entity)
        };
        self.pick(session, number, is_asked)
    }

    /// An entity with relations, and one of these, that are known as they are.
    pub(super) fn pick_field(&self, session: usize, one: u8, two: u8) -> Option<(usize, usize)> {
        let known = &self.memories[session].known;
        let is_asked =
            |entity: usize| known[entity].kind.relations().next().is_some() && self.is_true(session, entity);
        let entity = self.pick(session, one, is_asked)?;
        let relation = relation_of(known[entity].kind, two);
        let is_true = self.memories[session].is_field_true(self.view(session), entity, relation);
        is_true.then_some((entity, relation))
    }

    /// What may be put into a relation of an entity. Circles are rare.
    pub(super) fn pick_member(
        &self,
        session: usize,
        entity: usize,
        relation: usize,
        number: u8,
    ) -> Option<usize> {
        let Relating { owner, member, reference, .. } = RELATIONS[relation];
        let found = self.pick_true(session, number, Some(member))?;
        let is_circle = owner == member && self.is_above(session, found, entity, reference);
        (!is_circle || number % 32 == 31).then_some(found)
    }

    /// Whether one is found on the way up from another.
    pub(super) fn is_above(&self, session: usize, one: usize, mut from: usize, reference: usize) -> bool {
        let memory = &self.memories[session];
        for _ in 0..memory.known.len() {
            match memory.refers(from, reference) {
                _ if from == one => return true,
                To::Entity(above) => from = above,
                To::Nothing | To::Key(_) => return false,
            }
        }
        true
    }

    /// A reference to an entity, to a row by its key, or to nothing.
    pub(super) fn reference(&self, session: usize, target: Kind, number: u8) -> To {
        let Some(entity) = self.pick_true(session, number / 4, Some(target)) else { return To::Nothing };
        let known = &self.memories[session].known[entity];
        match number % 4 {
            0 => To::Nothing,
            1 if known.is_persistent() => To::Key(known.key),
            _ => To::Entity(entity),
        }
    }

    fn field(&mut self, session: usize, entity: usize, relation: usize) -> &mut Field {
        &mut self.memories[session].touch(entity).fields[relation]
    }

    pub(super) fn push(&mut self, session: usize, entity: usize, relation: usize, member: usize) {
        if RELATIONS[relation].is_one {
            return self.replace(session, entity, relation, &[member], &[]);
        }
        let field = self.field(session, entity, relation);
        if !field.members.contains(&member) {
            field.removed.retain(|&other| other != member);
            field.members.push(member);
        }
    }

    pub(super) fn push_new(&mut self, session: usize, entity: usize, relation: usize, val: i64) {
        if RELATIONS[relation].is_one {
            return self.replace(session, entity, relation, &[], &[val]);
        }
        self.field(session, entity, relation).new.push(val);
    }

    pub(super) fn remove(&mut self, session: usize, entity: usize, relation: usize, member: usize) {
        if RELATIONS[relation].is_one {
            return self.replace(session, entity, relation, &[], &[]);
        }
        let field = self.field(session, entity, relation);
        if !field.loaded || field.members.contains(&member) {
            field.members.retain(|&other| other != member);
            field.removed.push(member);
        }
    }

    pub(super) fn replace(
        &mut self,
        session: usize,
        entity: usize,
        relation: usize,
        members: &[usize],
        new: &[i64],
    ) {
        let field = self.field(session, entity, relation);
        field.removed.append(&mut field.members);
        for &member in members {
            if !field.members.contains(&member) {
                field.members.push(member);
            }
        }
        field.removed.retain(|member| !field.members.contains(member));
        field.new = new.to_vec();
        field.replaces |= !field.loaded;
    }

    /// [REL-1] Both sides at once.
    pub(super) fn link(&mut self, session: usize, entity: usize, relation: usize, member: usize) {
        let relating = RELATIONS[relation];
        self.push(session, entity, relation, member);
        let memory = &mut self.memories[session];
        if relating.fate == Fate::Linked {
            let other = other_side(relation);
            let field = &mut memory.known[member].shown.fields[other];
            if field.loaded && !field.members.contains(&entity) {
                self.push(session, member, other, entity);
            }
            return;
        }
        let left = memory.refers(member, relating.reference);
        if left == To::Entity(entity) {
            return;
        }
        memory.touch(member).refers[relating.reference] = To::Entity(entity);
        if let To::Entity(left) = left {
            let field = &mut memory.known[left].shown.fields[relation];
            if field.loaded {
                field.members.retain(|&other| other != member);
            }
        }
    }

    /// The same the other way; whether it was there.
    pub(super) fn unlink(&mut self, session: usize, entity: usize, relation: usize, member: usize) -> bool {
        let relating = RELATIONS[relation];
        let field = &self.memories[session].known[entity].shown.fields[relation];
        if field.loaded && !field.members.contains(&member) {
            return false;
        }
        let field = self.field(session, entity, relation);
        field.members.retain(|&other| other != member);
        field.removed.push(member);
        let memory = &mut self.memories[session];
        if relating.fate == Fate::Linked {
            let other = other_side(relation);
            let field = &memory.known[member].shown.fields[other];
            if field.loaded {
                self.remove(session, member, other, entity);
            }
            return true;
        }
        let led = memory.refers(member, relating.reference);
        if led != To::Entity(entity) && led != To::Nothing {
            return true;
        }
        if relating.fate == Fate::Orphan {
            let known = &mut memory.known[member];
            match known.state {
                EntityState::Pending => known.state = EntityState::Transient,
                _ => known.doomed = true,
            }
        } else if led != To::Nothing {
            memory.touch(member).refers[relating.reference] = To::Nothing;
        }
        true
    }
}

/// One of the relations of a model.
pub(super) fn relation_of(kind: Kind, number: u8) -> usize {
    let all: Vec<_> = kind.relations().collect();
    all[usize::from(number) % all.len()]
}

fn other_side(relation: usize) -> usize {
    use super::kinds::{OWNERS, TAGS};
    if relation == TAGS { OWNERS } else { TAGS }
}
