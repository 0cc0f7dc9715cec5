//! What a flush makes of memory and of the tables.

use std::collections::{BTreeMap, BTreeSet};

use orm::{EntityState, ErrorKind};

use super::kinds::{Fate, Kind, ONE, OWNERS, RELATIONS, TAGS};
use super::memory::{Field, Known, Memory, Row, Tables, To};

/// What is to come of a flush.
#[derive(Debug)]
pub(super) enum Outcome {
    /// All is written. New rows have the number of their entity, below 0, for a key.
    Done(Box<After>),
    /// It fails with this.
    Fails(ErrorKind),
    /// It may fail with this, by the order of rows in a batch; otherwise it comes to this.
    MayFail(ErrorKind, Box<After>),
    /// The contract does not say.
    Open(&'static str),
}

#[derive(Debug)]
pub(super) struct After {
    pub(super) memory: Memory,
    pub(super) tables: Tables,
    /// Something was sent.
    pub(super) writes: bool,
}

struct Work<'t> {
    memory: Memory,
    before: &'t Tables,
    /// What each entity referred to before it was changed.
    referred: Vec<[To; 2]>,
    /// What clean entities show, who need not be current.
    shown: Vec<[To; 2]>,
    changed: BTreeSet<usize>,
    /// Who was taken out of the relation of whom.
    released: BTreeSet<(usize, usize)>,
    /// How many entities are known, not counting the rows that nobody has read.
    count: usize,
    linked: BTreeSet<(usize, usize)>,
    unlinked: BTreeSet<(usize, usize)>,
}

/// What a flush of this memory does to what its transaction sees.
pub(super) fn flush(memory: &Memory, tables: &Tables) -> Outcome {
    let mut work = Work {
        memory: memory.clone(),
        before: tables,
        referred: Vec::new(),
        shown: Vec::new(),
        changed: BTreeSet::new(),
        released: BTreeSet::new(),
        count: 0,
        linked: BTreeSet::new(),
        unlinked: BTreeSet::new(),
    };
    work.run()
}

impl Work<'_> {
    fn run(&mut self) -> Outcome {
        self.take_in_new();
        let count = self.memory.known.len();
        self.see_rows();
        self.count = count;
        let reads = self.memory.known.iter().any(|known| {
            known.is_persistent() && (known.doomed || known.shown.fields.iter().any(|field| field.replaces))
        });
        if let Err(error) = self.bring_into_line() {
            return Outcome::Fails(error);
        }
        self.link();
        self.spread();
        if let Some(open) = self.is_open() {
            return Outcome::Open(open);
        }
        self.show();
        self.settle();
        let may_fail = self.may_clash();
        let writes = self.memory.has_changes() || self.before.links != self.links();
        let (tables, gone) = self.write();
        let seen = gone.iter().copied().filter(|&entity| {
            let to = self.shown[entity][0];
            !self.memory.known[entity].expired && matches!(self.memory.led_to(Kind::Remote, 0, to), To::Entity(owner) if self.memory.known[owner].doomed)
        });
        let seen: BTreeSet<_> = seen.collect();
        if let Some(error) = violated(&tables) {
            return Outcome::Fails(error);
        }
        self.finish(count, &gone, &seen, reads);
        let after =
            Box::new(After { memory: std::mem::take(&mut self.memory), tables, writes: writes || reads });
        if may_fail { Outcome::MayFail(ErrorKind::UniqueViolation, after) } else { Outcome::Done(after) }
    }

    /// [CAS-7] New structs in relation fields become entities.
    fn take_in_new(&mut self) {
        for entity in 0..self.memory.known.len() {
            let known = &self.memory.known[entity];
            for relation in known.kind.relations().filter(|_| known.is_here()).collect::<Vec<_>>() {
                let new = std::mem::take(&mut self.memory.known[entity].shown.fields[relation].new);
                for val in new {
                    let kind = RELATIONS[relation].member;
                    self.memory.known.push(Known::new(kind, val, [To::Nothing; 2]));
                    let number = self.memory.known.len() - 1;
                    self.memory.known[entity].shown.fields[relation].members.push(number);
                }
            }
        }
        for entity in 0..self.memory.known.len() {
            let known = &mut self.memory.known[entity];
            if known.state == EntityState::Pending {
                known.key = -1 - i64::try_from(entity).unwrap();
            }
        }
    }

    /// All rows are entities for a while, and who has no changes shows its row.
    fn see_rows(&mut self) {
        for (&(kind, key), &row) in &self.before.rows {
            if self.memory.find(kind, key).is_none() {
                self.memory.known.push(Known::of_row(kind, key, row, 0));
            }
        }
        self.shown = self.memory.known.iter().map(|known| known.shown.refers).collect();
        for known in &mut self.memory.known {
            if known.is_persistent() && known.base.is_none() {
                let row = self.before.rows.get(&(known.kind, known.key));
                let refers = row.map_or([None; 2], |row| row.refers);
                known.shown.refers = refers.map(|key| key.map_or(To::Nothing, To::Key));
            }
        }
        let before = |known: &Known| match known.state {
            EntityState::Persistent => known.before().refers,
            _ => [To::Nothing; 2],
        };
        self.referred = self.memory.known.iter().map(before).collect();
    }

    /// [A4] [CAS-4] [REL-3] What was put into collections and taken out of them.
    fn bring_into_line(&mut self) -> Result<(), ErrorKind> {
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        for (owner, known) in self.memory.known.iter().enumerate() {
            if !(known.state == EntityState::Pending || known.base.is_some()) || !known.is_here() {
                continue;
            }
            for relation in
                known.kind.relations().filter(|&relation| RELATIONS[relation].fate != Fate::Linked)
            {
                let (came, went) = self.edits(owner, relation);
                added.extend(came.into_iter().map(|member| (member, owner, relation)));
                removed.extend(went.into_iter().map(|member| (member, owner, relation)));
            }
        }
        let mut put: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (member, owner, relation) in added {
            let reference = RELATIONS[relation].reference;
            if put.insert((member, reference), owner).is_some_and(|other| other != owner) {
                return Err(ErrorKind::Misuse);
            }
            if !self.memory.known[member].is_here() {
                return Err(ErrorKind::Detached);
            }
            if !self.memory.known[member].doomed && self.memory.refers(member, reference) != To::Entity(owner)
            {
                self.refer(member, reference, To::Entity(owner));
            }
        }
        for (member, owner, relation) in removed {
            let reference = RELATIONS[relation].reference;
            let known = &self.memory.known[member];
            let led = self.memory.refers(member, reference);
            let is_settled = put.contains_key(&(member, reference)) || known.doomed || !known.is_here();
            if is_settled || (led != To::Entity(owner) && led != To::Nothing) {
                continue;
            }
            self.released.insert((member, owner));
            if RELATIONS[relation].fate == Fate::Orphan {
                self.doom(member);
            } else if led != To::Nothing {
                self.refer(member, reference, To::Nothing);
            }
        }
        self.doom_orphans();
        self.make_room();
        Ok(())
    }

    /// [REL-5] Where an owner has room for one, and it is known who was there, that one lets go.
    fn make_room(&mut self) {
        for one in 0..self.count {
            let known = &self.memory.known[one];
            let To::Entity(owner) = self.memory.refers(one, 0) else { continue };
            let is_new = self.memory.led_to(known.kind, 0, self.referred[one][0]) != To::Entity(owner);
            if known.kind != Kind::One || !known_changes(known) || known.doomed || !known.is_here() || !is_new
            {
                continue;
            }
            let field = &self.memory.known[owner].shown.fields[ONE];
            for other in field.members.clone() {
                if field_is_loaded(&self.memory, owner)
                    && other != one
                    && self.memory.refers(other, 0) == To::Entity(owner)
                    && !self.memory.known[other].doomed
                    && self.memory.led_to(Kind::One, 0, self.referred[other][0]) == To::Entity(owner)
                {
                    self.released.insert((other, owner));
                    self.refer(other, 0, To::Nothing);
                }
            }
        }
    }

    /// Who refers to nobody any more, where orphans are deleted.
    fn doom_orphans(&mut self) {
        for member in 0..self.memory.known.len() {
            let known = &self.memory.known[member];
            if known.kind == Kind::Own && known.is_persistent() && !known.doomed && known.base.is_some() {
                let before = self.memory.led_to(Kind::Own, 0, self.referred[member][0]);
                let was_known = matches!(before, To::Entity(owner) if owner < self.count);
                if was_known && known.shown.refers[0] == To::Nothing {
                    self.doom(member);
                }
            }
        }
    }

    /// Who was put into a relation, and who was taken out of it.
    fn edits(&self, owner: usize, relation: usize) -> (Vec<usize>, Vec<usize>) {
        let known = &self.memory.known[owner];
        let now = &known.shown.fields[relation];
        let empty = Field { loaded: true, ..Field::default() };
        let before = known.base.as_ref().map_or(&empty, |base| &base.fields[relation]);
        let is_new = |member: &&usize| !before.loaded || !before.members.contains(member);
        let added = now.members.iter().filter(is_new).copied().collect();
        let mut removed: Vec<_> = before.members.iter().chain(&now.removed).copied().collect();
        if now.replaces {
            removed.extend(match RELATIONS[relation].fate {
                Fate::Linked => self.memory.members_in(self.before, owner, relation).into_iter().collect(),
                _ => self.members_now(owner, relation),
            });
        }
        removed.retain(|member| !now.members.contains(member));
        removed.sort_unstable();
        removed.dedup();
        (added, removed)
    }

    fn members_now(&self, owner: usize, relation: usize) -> Vec<usize> {
        let relating = RELATIONS[relation];
        let is_member = |&member: &usize| {
            let known = &self.memory.known[member];
            known.kind == relating.member
                && known.is_here()
                && self.memory.refers(member, relating.reference) == To::Entity(owner)
        };
        (0..self.memory.known.len()).filter(is_member).collect()
    }

    fn refer(&mut self, member: usize, reference: usize, to: To) {
        // Of one that is expired the rest is read first.
        let known = &mut self.memory.known[member];
        if known.is_persistent()
            && std::mem::take(&mut known.expired)
            && let Some(row) = self.before.rows.get(&(known.kind, known.key))
        {
            known.shown.val = row.val;
            known.shown.fields.iter_mut().for_each(|field| field.doubtful = true);
        }
        self.memory.touch(member).refers[reference] = to;
        self.changed.insert(member);
    }

    fn doom(&mut self, entity: usize) {
        let known = &mut self.memory.known[entity];
        match known.state {
            EntityState::Pending => known.state = EntityState::Transient,
            EntityState::Persistent => known.doomed = true,
            EntityState::Transient | EntityState::Deleted | EntityState::Detached => {}
        }
    }

    /// [REL-6]
    fn link(&mut self) {
        for (entity, known) in self.memory.known.iter().enumerate() {
            if !(known.state == EntityState::Pending || known.base.is_some()) || !known.is_here() {
                continue;
            }
            for relation in
                known.kind.relations().filter(|&relation| RELATIONS[relation].fate == Fate::Linked)
            {
                let (added, removed) = self.edits(entity, relation);
                let pair = |member| if relation == TAGS { (entity, member) } else { (member, entity) };
                self.linked.extend(added.into_iter().map(pair));
                self.unlinked.extend(removed.into_iter().map(pair));
            }
        }
    }

    /// [CAS-2] [CAS-3] What deletions do to those who refer to what is deleted.
    fn spread(&mut self) {
        let is_doomed = |known: &Known| known.is_persistent() && known.doomed;
        let mut queue: Vec<_> =
            (0..self.memory.known.len()).filter(|&entity| is_doomed(&self.memory.known[entity])).collect();
        let mut next = 0;
        while let Some(&owner) = queue.get(next) {
            next += 1;
            for relation in self.memory.known[owner].kind.relations() {
                let relating = RELATIONS[relation];
                let members = match relating.fate {
                    Fate::Linked | Fate::Database => Vec::new(),
                    Fate::SetNull | Fate::Delete | Fate::Orphan => self.members_now(owner, relation),
                };
                for member in members
                    .into_iter()
                    .filter(|&member| !self.memory.known[member].doomed)
                    .collect::<Vec<_>>()
                {
                    if relating.fate == Fate::SetNull {
                        self.refer(member, relating.reference, To::Nothing);
                    } else {
                        self.doom(member);
                        queue.push(member);
                    }
                }
            }
        }
    }

    /// What is not said, or said elsewhere.
    fn is_open(&self) -> Option<&'static str> {
        let memory = &self.memory;
        if self.linked.intersection(&self.unlinked).next().is_some() {
            return Some("linked and unlinked");
        }
        let says = |one: usize, relation: usize, other: usize| {
            let known = &memory.known[one];
            known.base.is_some() && known.shown.fields[relation].members.contains(&other)
        };
        if self.unlinked.iter().any(|&(owner, tag)| says(owner, TAGS, tag) || says(tag, OWNERS, owner)) {
            return Some("linked and unlinked");
        }
        for (entity, known) in memory.known.iter().enumerate() {
            let is_saved = known.is_here() && !known.doomed;
            for reference in 0..known.kind.references().len() {
                let To::Entity(target) = memory.refers(entity, reference) else { continue };
                let other = &memory.known[target];
                if is_saved && known_changes(known) && !other.is_here() {
                    return Some("refers to nobody");
                }
                let is_written = known.state == EntityState::Pending || known.base.is_some();
                if is_saved && other.doomed && (known.kind != Kind::Remote || is_written) {
                    return Some("refers to what is deleted");
                }
                if self.is_in_circle(entity, reference, |known| known.state == EntityState::Pending)
                    || self.is_in_circle(entity, reference, |known| known.doomed)
                {
                    return Some("a circle");
                }
            }
            let linked = self.linked.iter().any(|&(a, b)| a == entity || b == entity);
            if linked && !known.is_here() {
                return Some("linked with nobody");
            }
        }
        None
    }

    fn is_in_circle(&self, entity: usize, reference: usize, among: impl Fn(&Known) -> bool) -> bool {
        let memory = &self.memory;
        let mut at = entity;
        for _ in 0..memory.known.len() {
            // What is deleted refers as its row does.
            let to = match memory.known[at].doomed {
                true => memory.led_to(memory.known[at].kind, reference, self.referred[at][reference]),
                false => memory.refers(at, reference),
            };
            match to {
                To::Entity(next)
                    if among(&memory.known[at]) && memory.known[next].kind == memory.known[at].kind =>
                {
                    at = next;
                }
                _ => return false,
            }
            if at == entity {
                return among(&memory.known[at]);
            }
        }
        false
    }

    /// [A4] Collections that are loaded show what changed.
    fn show(&mut self) {
        for member in 0..self.memory.known.len() {
            let known = &self.memory.known[member];
            let (kind, doomed, is_here) = (known.kind, known.doomed, known.is_here());
            if doomed || !is_here {
                self.memory.forget_everywhere(member);
                continue;
            }
            for relation in (0..RELATIONS.len()).filter(|&relation| {
                RELATIONS[relation].member == kind && RELATIONS[relation].fate != Fate::Linked
            }) {
                let reference = RELATIONS[relation].reference;
                let before = self.memory.led_to(kind, reference, self.referred[member][reference]);
                let now = self.memory.refers(member, reference);
                if before != now && (known_changes(&self.memory.known[member])) {
                    self.show_one(before, relation, member, false);
                    self.show_one(now, relation, member, true);
                }
            }
        }
        for (&(owner, tag), is_there) in self
            .linked
            .clone()
            .iter()
            .map(|pair| (pair, true))
            .chain(self.unlinked.clone().iter().map(|pair| (pair, false)))
        {
            let is_here = [owner, tag]
                .iter()
                .all(|&end| self.memory.known[end].is_here() && !self.memory.known[end].doomed);
            self.show_one(To::Entity(owner), TAGS, tag, is_there && is_here);
            self.show_one(To::Entity(tag), OWNERS, owner, is_there && is_here);
        }
    }

    fn show_one(&mut self, owner: To, relation: usize, member: usize, is_there: bool) {
        let To::Entity(owner) = owner else { return };
        let field = &mut self.memory.known[owner].shown.fields[relation];
        if !field.loaded {
            return;
        }
        if !is_there {
            field.members.retain(|&other| other != member);
        } else if !field.members.contains(&member) {
            field.members.push(member);
        }
    }

    fn settle(&mut self) {
        for known in &mut self.memory.known {
            for field in &mut known.shown.fields {
                field.removed.clear();
                if field.replaces {
                    (field.loaded, field.replaces, field.doubtful) = (true, false, true);
                } else if !field.loaded {
                    field.members.clear();
                }
            }
        }
    }

    fn links(&self) -> BTreeSet<(i64, i64)> {
        let key = |entity: usize| self.memory.known[entity].key;
        let keys = |pairs: &BTreeSet<(usize, usize)>| -> BTreeSet<_> {
            pairs.iter().map(|&(owner, tag)| (key(owner), key(tag))).collect()
        };
        let mut links = &self.before.links | &keys(&self.linked);
        links = &links - &keys(&self.unlinked);
        let is_gone = |kind: Kind, key: i64| {
            self.memory.known.iter().any(|known| {
                let is_lost = known.state == EntityState::Transient && key < 0;
                (known.kind, known.key) == (kind, key) && ((known.is_persistent() && known.doomed) || is_lost)
            })
        };
        links.retain(|&(owner, tag)| !is_gone(Kind::Owner, owner) && !is_gone(Kind::Tag, tag));
        links
    }

    /// [REL-5] Whether one takes the owner of another, where nothing says who is written first. Who is put into the place of another by
    /// the owner's field is.
    fn may_clash(&self) -> bool {
        let ones = || self.memory.known.iter().enumerate().filter(|(_, known)| known.kind == Kind::One);
        ones().any(|(one, known)| {
            let To::Entity(owner) = self.memory.refers(one, 0) else { return false };
            let key = self.memory.known[owner].key;
            let is_held = ones().any(|(other, holder)| {
                let row = self.before.rows.get(&(Kind::One, holder.key));
                other != one
                    && row.is_some_and(|row| row.refers[0] == Some(key))
                    && !self.released.contains(&(other, owner))
            });
            known.is_here() && !known.doomed && is_held
        })
    }

    /// The tables after it, and whom the database has deleted.
    fn write(&self) -> (Tables, BTreeSet<usize>) {
        let mut tables = Tables { links: self.links(), ..self.before.clone() };
        for known in &self.memory.known {
            let place = (known.kind, known.key);
            if known.is_persistent() && known.doomed {
                tables.rows.remove(&place);
            } else if known.state == EntityState::Pending || (known.is_persistent() && (known.base.is_some()))
            {
                tables.rows.insert(place, self.memory.row(&known.shown));
            }
        }
        let mut gone = BTreeSet::new();
        for (entity, known) in self.memory.known.iter().enumerate() {
            let doomed = |owner: usize| self.memory.known[owner].doomed;
            if known.kind == Kind::Remote
                && known.is_persistent()
                && matches!(self.memory.refers(entity, 0), To::Entity(owner) if doomed(owner))
            {
                tables.rows.remove(&(known.kind, known.key));
                gone.insert(entity);
            }
        }
        (tables, gone)
    }

    /// Memory after it.
    fn finish(&mut self, count: usize, gone: &BTreeSet<usize>, seen: &BTreeSet<usize>, reads: bool) {
        let (now, current) = (self.memory.clock, self.memory.current);
        let mut lost = Vec::new();
        for entity in 0..self.memory.known.len() {
            let known = &mut self.memory.known[entity];
            let is_written = known.state == EntityState::Pending || known.base.is_some();
            let is_stale = known.expired || known.read_at < current;
            match known.state {
                EntityState::Persistent if known.doomed => {
                    // They may have been read.
                    known.shown.fields.iter_mut().for_each(|field| field.doubtful = true);
                    known
                        .base
                        .iter_mut()
                        .flat_map(|base| &mut base.fields)
                        .for_each(|field| field.doubtful = true);
                    (known.state, known.doomed, known.base) = (EntityState::Deleted, false, None);
                    continue;
                }
                EntityState::Persistent | EntityState::Pending => {}
                EntityState::Transient | EntityState::Deleted | EntityState::Detached => continue,
            }
            if known.state == EntityState::Pending {
                known.shown.fields.iter_mut().for_each(|field| field.read_at = now);
            }
            if is_written {
                (known.state, known.base, known.read_at) = (EntityState::Persistent, None, now);
            } else {
                known.shown.refers = self.shown[entity];
            }
            if reads && is_stale {
                known.doubtful = true;
            }
            if gone.contains(&entity) {
                lost.push(entity);
            }
        }
        for entity in lost {
            let known = &mut self.memory.known[entity];
            if seen.contains(&entity) {
                (known.state, known.doomed) = (EntityState::Deleted, false);
            } else {
                known.doubtful = true;
            }
        }
        if self.memory.known.len() > count {
            self.memory.known.truncate(count);
        }
    }
}

fn field_is_loaded(memory: &Memory, owner: usize) -> bool {
    memory.known[owner].shown.fields[ONE].loaded
}

fn known_changes(known: &Known) -> bool {
    known.state == EntityState::Pending || known.base.is_some()
}

/// What the database would refuse.
fn violated(tables: &Tables) -> Option<ErrorKind> {
    let mut owners = BTreeSet::new();
    let ones = tables.rows.iter().filter(|((kind, _), _)| *kind == Kind::One);
    let mut taken = ones.filter_map(|(_, row): (_, &Row)| row.refers[0]);
    (!taken.all(|owner| owners.insert(owner))).then_some(ErrorKind::UniqueViolation)
}
