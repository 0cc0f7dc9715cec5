//! Reading relations: what refers to some entities, with one statement for many of them.

pub(super) mod linked;
mod some;
mod tree;

use std::collections::hash_map::Entry;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt, HashSet};

use super::Unit;
use super::beside::{Joining, Rows};
use super::many::CHUNK;
use crate::driver::{Row, Statement};
use crate::metadata::ForeignKey;
use crate::model::{Collection, RelationKind, Token};
use crate::query::{KeyAmong, Loads, Projection, Referred, RefersTo, Select, SelectStatement, Source};
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::identity::Identity;
use crate::session::relations::{Mirror, RelationPlace};
use crate::{Result, Value};

impl Unit {
    /// Reads a relation of these entities of one model, and fills it in. Nothing is flushed for that: who calls has done so, or is a
    /// flush.
    pub(in crate::session) async fn read_relation(
        &mut self,
        arena: u32,
        relation: usize,
        slots: &[u32],
    ) -> Result<()> {
        self.read_relation_anew(arena, relation, slots, None, false).await
    }

    /// The same, with what is to be loaded behind it by joins, and with the rows put over the values of entities that are known.
    pub(super) async fn read_relation_anew(
        &mut self,
        arena: u32,
        relation: usize,
        slots: &[u32],
        then: Option<&Loads>,
        refills: bool,
    ) -> Result<()> {
        self.entities.met.clear();
        let mut besides = Vec::new();
        for chunk in slots.chunks(CHUNK) {
            self.entities.refills = refills;
            match self.entities.arenas[arena as usize].relations[relation].kind {
                RelationKind::Many { .. } | RelationKind::One { .. } => {
                    besides.extend(self.read_referring(arena, relation, chunk, then).await?);
                }
                RelationKind::Linked(join) => {
                    besides.extend(self.read_linked(arena, relation, join, chunk, then).await?);
                }
            }
        }
        self.entities.settle_met();
        for joining in besides {
            self.load_beside(joining, refills).await?;
        }
        Ok(())
    }

    async fn read_referring(
        &mut self,
        arena: u32,
        relation: usize,
        slots: &[u32],
        then: Option<&Loads>,
    ) -> Result<Option<Joining>> {
        let def = &self.entities.arenas[arena as usize].relations[relation];
        let target = self.entities.arenas[arena as usize].of_relations.target;
        let (Some(target), Some(key)) = (target(&mut self.entities, relation), def.reference()) else {
            return Ok(None);
        };
        let mut query = self.select_referring(arena, relation, key, slots);
        let mut reading = Reading::new(&self.entities, Mirror { key, owner: arena, relation }, target, slots);
        let mut rows = self.entities.rows_with(target, then, &mut query.statement);
        self.read_now(&query, |entities, row| reading.take(entities, row, &mut rows)).await?;
        reading.finish(&mut self.entities);
        Ok(rows.finish(&mut self.entities))
    }

    /// A query for the rows that refer to these entities by a foreign key, in the order of the relation.
    pub(super) fn select_referring(
        &self,
        arena: u32,
        relation: usize,
        key: &'static ForeignKey,
        slots: &[u32],
    ) -> Select<()> {
        let owners = &self.entities.arenas[arena as usize];
        let def = &owners.relations[relation];
        let table = (def.table)();
        let source = Source::table(table);
        let column = |&position: &usize| {
            let column = &table.columns()[position];
            (column.name.clone(), column.sql_type)
        };
        let identity = |&slot: &u32| &owners.head(slot).identity;
        let refers = match (&key.columns[..], slots) {
            ([only], [_, _, ..]) => {
                let keys = slots.iter().map(|slot| identity(slot).value(0).into_owned());
                KeyAmong::condition(source.clone(), column(only), keys.collect())
            }
            (columns, _) => {
                let target = |slot| Referred::Key(Ok(identity(slot).values(columns.len())));
                let columns = columns.iter().map(column).collect();
                RefersTo::condition(source.clone(), columns, slots.iter().map(target).collect(), false)
            }
        };
        let mut statement = SelectStatement { projection: Projection::all(source), ..Default::default() };
        statement.filter.push(refers);
        statement.order_by.extend(&def.order);
        Select::from_statement(statement)
    }

    /// Runs a query of the session's own, without a flush before it.
    async fn read_now<F>(&mut self, query: &Select<()>, take: F) -> Result<()>
    where
        F: FnMut(&mut Entities, &dyn Row) -> Result<()> + Send,
    {
        let rendered = self.render_now(query)?;
        self.read_at_once(&rendered.statement, &rendered.values, take).await
    }

    /// Runs a statement of the session's own that reads, without a flush before it.
    pub(super) async fn read_at_once<F>(
        &mut self,
        statement: &Arc<Statement>,
        values: &[Value<'_>],
        take: F,
    ) -> Result<()>
    where
        F: FnMut(&mut Entities, &dyn Row) -> Result<()> + Send,
    {
        self.tidy().await?;
        self.begin(false).await?;
        match self.run_within(statement, values, take).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.fail_if_broken(error).await),
        }
    }
}

/// Rows that refer to some entities, while they are read.
pub(super) struct Reading {
    mirror: Mirror,
    target: u32,
    /// The entities whose relation is read, and what was found for each.
    found: Vec<(Token, Vec<Token>)>,
    /// Where each of those entities is there.
    places: HashMap<Place, usize>,
    /// The key that the last row referred to, and where that entity is: rows often come one owner after the other.
    last: Option<(Identity, usize)>,
}

impl Reading {
    pub(super) fn new(entities: &Entities, mirror: Mirror, target: u32, slots: &[u32]) -> Self {
        let (found, places) = (Vec::with_capacity(slots.len()), HashMap::with_capacity(slots.len()));
        let mut reading = Self { mirror, target, found, places, last: None };
        let owner = |&slot: &u32| entities.handle(Place { arena: mirror.owner, slot });
        slots.iter().map(owner).for_each(|owner| reading.expect(owner));
        reading
    }

    fn take(&mut self, entities: &mut Entities, row: &dyn Row, rows: &mut Rows) -> Result<()> {
        let (token, is_new) = rows.meet(entities, row)?;
        if is_new {
            self.add(entities, token);
        }
        Ok(())
    }

    /// The relation of one more is read.
    pub(super) fn expect(&mut self, owner: Token) {
        if let Entry::Vacant(place) = self.places.entry(Place::of(owner)) {
            place.insert(self.found.len());
            self.found.push((owner, Vec::new()));
        }
    }

    /// Adds an entity to what it refers to, as it is in memory.
    pub(super) fn add(&mut self, entities: &mut Entities, child: Token) {
        let at = Place::of(child);
        if entities.head(at).doomed {
            return;
        }
        let Some(index) = self.owner_of(entities, at) else { return };
        let (owner, found) = &mut self.found[index];
        found.push(child);
        let records = &mut entities.arena_mut(at).records;
        if let Some(reference) = records.reference_mut(at.slot, self.mirror.key.field) {
            reference.belongs_to(*owner);
        }
    }

    /// Where the entity is, among those whose relation is read, that one refers to as it is in memory.
    fn owner_of(&mut self, entities: &Entities, child: Place) -> Option<usize> {
        let home = entities.arena(child);
        let reference = home.records.reference(child.slot, self.mirror.key.field)?;
        if reference.entity().is_some() {
            let owner = entities.parent_now(child, &self.mirror)?;
            return self.places.get(&owner).copied();
        }
        let identity = Identity::of(self.mirror.key.columns.len(), |part| reference.value(part)).ok()?;
        if let Some((last, index)) = &self.last
            && *last == identity
        {
            return Some(*index);
        }
        let slot = entities.arenas[self.mirror.owner as usize].find(&identity)?;
        let index = *self.places.get(&Place { arena: self.mirror.owner, slot })?;
        self.last = Some((identity, index));
        Some(index)
    }

    pub(super) fn finish(mut self, entities: &mut Entities) {
        self.add_unflushed(entities);
        for (owner, found) in self.found {
            let owner = Place::of(owner);
            entities.fill_relation(RelationPlace { owner, relation: self.mirror.relation }, found);
        }
    }

    /// What was added or changed and not flushed yet is in no row.
    fn add_unflushed(&mut self, entities: &mut Entities) {
        let all = entities.touched.iter().chain(entities.new.iter());
        let changed: Vec<_> =
            all.filter(|place| place.arena == self.target).map(|&place| entities.handle(place)).collect();
        if changed.is_empty() {
            return;
        }
        let known: HashSet<Token> = self.found.iter().flat_map(|(_, found)| found).copied().collect();
        for child in changed {
            if !known.contains(&child) {
                self.add(entities, child);
            }
        }
    }
}

impl Entities {
    /// A relation was read: this is in it. What was done to it since is kept.
    pub(in crate::session) fn fill_relation(&mut self, place: RelationPlace, found: Vec<Token>) {
        let is_news = !self.journal.is_empty() || self.wrote_rows || !self.doomed.is_empty();
        if is_news {
            // It may be what this transaction wrote, or lack what is to be deleted: a rollback forgets it.
            self.remember_collections(place.owner);
        }
        let now = self.clock;
        if let Some(collection) = self.collection_mut(place) {
            collection.fill(found, now);
        }
    }

    /// Whether a relation of an entity was changed and not flushed yet.
    pub(super) fn is_edited(&self, place: RelationPlace, now: &Collection) -> bool {
        let head = self.head(place.owner);
        let before = self.journal.collections_of(head.snapshot).get(place.relation);
        head.touched && now.is_loaded() && before.is_some_and(|before| !now.is_as(before))
    }

    /// Whether a relation of an entity need not be read: it is loaded and was read since, or is being changed.
    pub(super) fn is_current(&self, place: RelationPlace, since: u32) -> bool {
        let is_current =
            |now: &Collection| (now.is_loaded() && now.read_at() >= since) || self.is_edited(place, now);
        self.collection(place).is_some_and(is_current)
    }
}
