//! What a session knows, and what the tables hold, as the contract has it.

use std::collections::{BTreeMap, BTreeSet};

use orm::EntityState;

use super::kinds::{Fate, Kind, OWNERS, RELATIONS, TAGS};

/// A row: its value, which no other row has, and the keys that it refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) val: i64,
    pub(super) refers: [Option<i64>; 2],
}

/// The rows of all tables, and the links of owners with tags.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tables {
    pub(super) rows: BTreeMap<(Kind, i64), Row>,
    pub(super) links: BTreeSet<(i64, i64)>,
}

/// What a reference refers to: the number of an entity, or the key of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    Nothing,
    Key(i64),
    Entity(usize),
}

/// What a relation field holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Field {
    pub(super) loaded: bool,
    pub(super) members: Vec<usize>,
    /// The values of new structs that wait to be taken in.
    pub(super) new: Vec<i64>,
    pub(super) removed: Vec<usize>,
    /// It was not loaded, and is to hold only what was put in.
    pub(super) replaces: bool,
    /// When it was read.
    pub(super) read_at: u32,
    /// It may be what it is here, what is in the tables, or not loaded.
    pub(super) doubtful: bool,
}

/// What a struct shows.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) val: i64,
    pub(super) refers: [To; 2],
    pub(super) fields: Vec<Field>,
}

#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) kind: Kind,
    pub(super) state: EntityState,
    pub(super) key: i64,
    pub(super) shown: Shown,
    /// What that was when it was first changed since the last flush.
    pub(super) base: Option<Shown>,
    /// The program has added it.
    added: bool,
    pub(super) doomed: bool,
    pub(super) expired: bool,
    pub(super) read_at: u32,
    /// It may show this, or its row, or be expired, or be gone with its owner.
    pub(super) doubtful: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Mark {
    known: Vec<Known>,
    at: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    pub(super) known: Vec<Known>,
    pub(super) marks: Vec<Mark>,
    pub(super) clock: u32,
    /// What was read before is stale.
    pub(super) current: u32,
    /// The last mark was just set, and what is in doubt was not looked at yet.
    pub(super) is_marked: bool,
    /// How many transactions have ended.
    pub(super) ended: usize,
}

pub(super) fn fields(loaded: bool) -> Vec<Field> {
    vec![Field { loaded, ..Field::default() }; RELATIONS.len()]
}

impl Known {
    pub(super) fn of_row(kind: Kind, key: i64, row: Row, now: u32) -> Self {
        let refers = row.refers.map(|key| key.map_or(To::Nothing, To::Key));
        let shown = Shown { val: row.val, refers, fields: fields(false) };
        let state = EntityState::Persistent;
        Self {
            kind,
            state,
            key,
            shown,
            base: None,
            added: false,
            doomed: false,
            expired: false,
            read_at: now,
            doubtful: false,
        }
    }

    pub(super) fn new(kind: Kind, val: i64, refers: [To; 2]) -> Self {
        let row = Row { val, refers: [None; 2] };
        let shown = Shown { val, refers, fields: fields(true) };
        Self { state: EntityState::Pending, shown, added: true, ..Self::of_row(kind, 0, row, 0) }
    }

    pub(super) fn is_here(&self) -> bool {
        matches!(self.state, EntityState::Pending | EntityState::Persistent)
    }

    pub(super) fn is_persistent(&self) -> bool {
        self.state == EntityState::Persistent
    }

    /// What it was before it was changed.
    pub(super) fn before(&self) -> &Shown {
        self.base.as_ref().unwrap_or(&self.shown)
    }

    /// [EXP-1] What was not flushed is dropped.
    pub(super) fn forget_changes(&mut self) {
        if let Some(base) = self.base.take() {
            self.shown = base;
        }
    }
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { marks: vec![Mark::default()], clock: 1, current: 1, ..Self::default() }
    }

    pub(super) fn depth(&self) -> usize {
        self.marks.len() - 1
    }

    pub(super) fn find(&self, kind: Kind, key: i64) -> Option<usize> {
        self.known.iter().position(|known| known.is_persistent() && (known.kind, known.key) == (kind, key))
    }

    /// Whether anything waits for a flush.
    pub(super) fn has_changes(&self) -> bool {
        let changed = |known: &Known| {
            known.state == EntityState::Pending
                || known.base.is_some()
                || (known.is_persistent() && known.doomed)
        };
        self.known.iter().any(changed)
    }

    /// Hands an entity out for writing.
    pub(super) fn touch(&mut self, entity: usize) -> &mut Shown {
        let known = &mut self.known[entity];
        if known.is_persistent() && known.base.is_none() {
            known.base = Some(known.shown.clone());
        }
        &mut known.shown
    }

    /// Whom a reference leads to, an entity if there is one.
    pub(super) fn led_to(&self, kind: Kind, reference: usize, to: To) -> To {
        match to {
            To::Key(key) => self.find(kind.references()[reference], key).map_or(to, To::Entity),
            To::Nothing | To::Entity(_) => to,
        }
    }

    pub(super) fn refers(&self, entity: usize, reference: usize) -> To {
        let known = &self.known[entity];
        self.led_to(known.kind, reference, known.shown.refers[reference])
    }

    /// A reference as a row has it.
    pub(super) fn key_of(&self, to: To) -> Option<i64> {
        match to {
            To::Nothing => None,
            To::Key(key) => Some(key),
            To::Entity(entity) => Some(self.known[entity].key),
        }
    }

    pub(super) fn row(&self, shown: &Shown) -> Row {
        Row { val: shown.val, refers: shown.refers.map(|to| self.key_of(to)) }
    }

    /// The members of a relation in the tables, those that are known.
    pub(super) fn members_in(&self, tables: &Tables, entity: usize, relation: usize) -> BTreeSet<usize> {
        let relating = RELATIONS[relation];
        let key = self.known[entity].key;
        let keys: Vec<i64> = match relation {
            TAGS => tables.links.iter().filter(|link| link.0 == key).map(|link| link.1).collect(),
            OWNERS => tables.links.iter().filter(|link| link.1 == key).map(|link| link.0).collect(),
            _ => {
                let rows = tables.rows.iter().filter(|((kind, _), row)| {
                    *kind == relating.member && row.refers[relating.reference] == Some(key)
                });
                rows.map(|((_, key), _)| *key).collect()
            }
        };
        keys.into_iter().filter_map(|key| self.find(relating.member, key)).collect()
    }

    /// Whether what is known of an entity was so when its session was last asked: only that is changed here.
    pub(super) fn is_true(&self, tables: &Tables, entity: usize) -> bool {
        let known = &self.known[entity];
        match known.state {
            EntityState::Pending => true,
            EntityState::Persistent => {
                let row = tables.rows.get(&(known.kind, known.key));
                !known.expired && !known.doomed && row == Some(&self.row(known.before()))
            }
            EntityState::Transient | EntityState::Deleted | EntityState::Detached => false,
        }
    }

    /// The same of a relation.
    pub(super) fn is_field_true(&self, tables: &Tables, entity: usize, relation: usize) -> bool {
        let known = &self.known[entity];
        let field = &known.before().fields[relation];
        let members: BTreeSet<_> = field.members.iter().copied().collect();
        !known.is_persistent() || !field.loaded || members == self.members_in(tables, entity, relation)
    }

    /// [IDM-1] A row was read: its entity takes it over unless that is current.
    pub(super) fn meet(&mut self, tables: &Tables, kind: Kind, key: i64, refill: bool) -> Option<usize> {
        let row = *tables.rows.get(&(kind, key))?;
        let now = self.clock;
        let Some(entity) = self.find(kind, key) else {
            self.known.push(Known::of_row(kind, key, row, now));
            return Some(self.known.len() - 1);
        };
        let known = &mut self.known[entity];
        let is_current = !known.expired && (known.base.is_some() || known.read_at >= self.current);
        if refill || !is_current {
            let new = Known::of_row(kind, key, row, now);
            if known.expired || refill {
                known.shown.fields.iter_mut().for_each(|field| field.doubtful = true);
            }
            known.shown = Shown { fields: known.shown.fields.clone(), ..new.shown };
            (known.base, known.expired, known.read_at) = (None, false, now);
        }
        Some(entity)
    }

    /// [EAG-9] A relation was read: this is in it.
    pub(super) fn fill(&mut self, tables: &Tables, entity: usize, relation: usize) {
        let field = &self.known[entity].shown.fields[relation];
        let (is_loaded, is_current) = (field.loaded, field.loaded && field.read_at >= self.current);
        if is_current {
            return;
        }
        let relating = RELATIONS[relation];
        let key = self.known[entity].key;
        let keys: Vec<i64> = match relating.fate {
            Fate::Linked if relation == TAGS => {
                tables.links.iter().filter(|link| link.0 == key).map(|link| link.1).collect()
            }
            Fate::Linked => tables.links.iter().filter(|link| link.1 == key).map(|link| link.0).collect(),
            Fate::SetNull | Fate::Delete | Fate::Orphan | Fate::Database => {
                let rows = tables.rows.iter().filter(|((kind, _), row)| {
                    *kind == relating.member && row.refers[relating.reference] == Some(key)
                });
                rows.map(|((_, key), _)| *key).collect()
            }
        };
        let meet = |key| match self.find(relating.member, key).filter(|_| is_loaded) {
            Some(member) => {
                // A savepoint may have left it as it is.
                self.known[member].doubtful = true;
                Some(member)
            }
            None => self.meet(tables, relating.member, key, false),
        };
        let members = keys.into_iter().filter_map(meet).collect();
        let read_at = self.clock;
        self.known[entity].shown.fields[relation] =
            Field { loaded: true, members, read_at, ..Field::default() };
    }

    /// What is deleted is in no collection.
    pub(super) fn forget_everywhere(&mut self, member: usize) {
        let kind = self.known[member].kind;
        for known in &mut self.known {
            for (field, relating) in known.shown.fields.iter_mut().zip(&RELATIONS) {
                if relating.member == kind && field.loaded {
                    field.members.retain(|&other| other != member);
                }
            }
        }
    }

    /// The database has made the keys of new rows. [R1] Who was known under one of them has lost its own row to somebody else.
    pub(super) fn given_keys(&mut self, keys: &BTreeMap<(Kind, i64), i64>) {
        let mut lost = Vec::new();
        for (entity, known) in self.known.iter_mut().enumerate() {
            if known.is_persistent() && keys.iter().any(|(new, &key)| (new.0, key) == (known.kind, known.key))
            {
                known.state = EntityState::Deleted;
                lost.push(entity);
            }
            known.key = keys.get(&(known.kind, known.key)).copied().unwrap_or(known.key);
        }
        for entity in lost {
            self.forget_everywhere(entity);
        }
    }

    /// [A2] [COM-1]
    pub(super) fn committed(&mut self) {
        for known in self.known.iter_mut().filter(|known| known.state == EntityState::Deleted) {
            known.state = EntityState::Detached;
        }
        self.end();
    }

    fn end(&mut self) {
        self.ended += 1;
        self.current = self.tick();
        self.marks.clear();
        self.begin_nested();
    }

    pub(super) fn tick(&mut self) -> u32 {
        self.clock += 1;
        self.clock
    }

    /// [COM-5] A point that can be returned to, with nothing unflushed.
    pub(super) fn begin_nested(&mut self) {
        let at = self.tick();
        self.marks.push(Mark { known: self.known.clone(), at });
        self.is_marked = true;
    }

    /// What was in doubt when the last mark was set is known by now.
    pub(super) fn mark_again(&mut self) {
        if std::mem::take(&mut self.is_marked)
            && let Some(mark) = self.marks.last_mut()
        {
            mark.known.clone_from(&self.known);
        }
    }

    /// [COM-7]
    pub(super) fn release(&mut self, depth: usize) {
        self.marks.truncate(depth);
    }

    /// [COM-3] [R8] What the whole transaction did is undone.
    pub(super) fn rolled_back(&mut self) {
        self.return_to(0);
        self.end();
    }

    /// [COM-5] What was done since a savepoint is undone; the savepoint stays.
    pub(super) fn rolled_back_to(&mut self, depth: usize) {
        self.return_to(depth);
        self.marks.truncate(depth + 1);
    }

    fn return_to(&mut self, depth: usize) {
        let Mark { known: before, at } = self.marks[depth].clone();
        for (entity, known) in self.known.iter_mut().enumerate() {
            let was_read = known.read_at >= at;
            let Some(before) = before.get(entity) else {
                // Added since: it is nobody's. Or read since.
                let is_there = !known.added && known.state != EntityState::Detached;
                known.forget_changes();
                known.doomed = false;
                known.state = if is_there { EntityState::Persistent } else { EntityState::Transient };
                known.doubtful = is_there;
                known.shown.fields.iter_mut().for_each(|field| field.doubtful = true);
                continue;
            };
            let now = std::mem::replace(known, before.clone());
            if now.state == EntityState::Detached {
                known.state = EntityState::Detached;
            }
            known.expired |= now.expired && now.state == EntityState::Persistent;
            known.doubtful = was_read || now.expired || known.expired;
            for (field, now) in known.shown.fields.iter_mut().zip(&now.shown.fields) {
                // What was expired since is not loaded again by that.
                let is_lost = field.loaded && !now.loaded;
                field.doubtful = now.read_at >= at || now.doubtful || field.doubtful || is_lost;
            }
            known.read_at = now.read_at;
        }
    }
}
