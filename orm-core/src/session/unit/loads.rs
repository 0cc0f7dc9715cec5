//! What is loaded with entities: the tree that a query or a call says, and what the mapping adds, level by level.

use foldhash::{HashSet, HashSetExt};

use super::Unit;
use super::beside::Joining;
use crate::Result;
use crate::driver::BoxFuture;
use crate::error::{Error, ErrorKind};
use crate::metadata::FieldPart;
use crate::model::Token;
use crate::query::{Edge, Load, Loads};
use crate::session::arena::{Arena, Place, State};
use crate::session::entities::Entities;
use crate::session::relations::RelationPlace;

impl Unit {
    /// Loads what a query says with the entities that it has found. Nothing is flushed for that: the query has.
    pub(super) async fn load_with_met(&mut self, loads: &Loads, refills: bool) -> Result<()> {
        let met = std::mem::take(&mut self.entities.met);
        let since = if refills { self.entities.tick() } else { self.entities.stale_before };
        for runs in met.chunk_by(|a, b| a.arena == b.arena) {
            let arena = runs[0].arena;
            let slots: Vec<_> = runs.iter().flat_map(|run| run.start..run.end).collect();
            let loads = loads.of(self.entities.arenas[arena as usize].table);
            self.load_all(arena, &slots, &loads, since).await?;
        }
        Ok(())
    }

    /// Loads what the mapping says with an entity that was read by its key.
    pub(in crate::session) async fn load_defaults(&mut self, arena: u32, slots: &[u32]) -> Result<()> {
        if !self.entities.arenas[arena as usize].loads_by_default() {
            return Ok(());
        }
        let since = self.entities.stale_before;
        self.load_all(arena, slots, &Loads::default(), since).await
    }

    /// Loads the relations again that were loaded before an entity was read anew. What it refers to is read only where it refers to
    /// something else by now that is not known.
    pub(super) async fn reload(&mut self, place: Place, loaded: Vec<Edge>) -> Result<()> {
        if loaded.is_empty() {
            return Ok(());
        }
        let table = self.entities.arena(place).table;
        let (anew, known) = (self.entities.tick(), 0);
        self.entities.keeps_changes = true;
        for edge in loaded {
            let since = match edge {
                Edge::Field(_) => anew,
                Edge::Reference(_) => known,
            };
            Box::pin(self.load_one(place.arena, &[place.slot], &Load::new(table, edge), since)).await?;
        }
        Ok(())
    }

    /// Loads relations of some entities of one model. What was read before `since` is read again.
    pub(in crate::session) fn load_all<'a>(
        &'a mut self,
        arena: u32,
        slots: &'a [u32],
        loads: &'a Loads,
        since: u32,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            // A mapping that leads back to itself ends where nothing more is found.
            if slots.is_empty() {
                return Ok(());
            }
            for load in self.entities.arenas[arena as usize].due(loads) {
                self.load_one(arena, slots, &load, since).await?;
            }
            Ok(())
        })
    }

    async fn load_one(&mut self, arena: u32, slots: &[u32], load: &Load, since: u32) -> Result<()> {
        self.entities.arenas[arena as usize].check_edge(load.edge)?;
        let since = if load.reload { self.entities.tick() } else { since };
        if let (Edge::Field(relation), true) = (load.edge, load.recursive) {
            return self.load_tree(arena, relation, slots, &load.then, since).await;
        }
        let lacking = self.entities.lacking(arena, load.edge, slots, since);
        match load.edge {
            Edge::Field(relation) => {
                let refills = since > self.entities.stale_before;
                self.read_relation_anew(arena, relation, &lacking, Some(&load.then), refills).await?;
            }
            Edge::Reference(field) => self.read_references(arena, field, &lacking, since).await?,
        }
        let Some(target) = self.entities.arena_behind(arena, load.edge) else { return Ok(()) };
        // What the mapping adds is loaded for what was just read, so that it ends where all is known.
        let from = match load.then.is_empty() {
            false => slots,
            true if self.entities.arenas[target as usize].loads_by_default() => &lacking,
            true => return Ok(()),
        };
        let behind = self.entities.slots_behind(arena, load.edge, from, target);
        self.load_all(target, &behind, &load.then, since).await
    }
}

impl Unit {
    /// Loads what a query with joins has left to other ways.
    pub(super) async fn load_beside(&mut self, joining: Joining, refills: bool) -> Result<()> {
        let since = if refills { self.entities.tick() } else { self.entities.stale_before };
        for (arena, slots, rest) in joining.into_rest() {
            self.load_all(arena, &slots, &rest, since).await?;
        }
        Ok(())
    }
}

impl Arena {
    /// An error if the model has no field for a relation.
    fn check_edge(&self, edge: Edge) -> Result<()> {
        match edge {
            Edge::Field(number) if number >= self.relations.len() => {
                let message = "the model has no field for this relation: only queries can follow it; give it a `HasMany<…>`";
                Err(Error::new(ErrorKind::Misuse, message).with_model(self.model))
            }
            Edge::Field(_) | Edge::Reference(_) => Ok(()),
        }
    }

    /// Whether the mapping says that relations are loaded with each query.
    pub(in crate::session) fn loads_by_default(&self) -> bool {
        self.relations.iter().any(|relation| relation.load.is_some())
    }

    /// What is to be loaded: what was said, and what the mapping adds.
    pub(super) fn due(&self, loads: &Loads) -> Vec<Load> {
        let is_added = |edge| !loads.with.iter().chain(&loads.without).any(|load| load.edge == edge);
        let by_default = self.relations.iter().enumerate().filter(|(_, relation)| relation.load.is_some());
        let added = by_default.map(|(number, _)| Edge::Field(number)).filter(|&edge| is_added(edge));
        let added = added.map(|edge| Load::new(self.table, edge));
        loads.with.iter().cloned().chain(added).collect()
    }
}

impl Entities {
    /// Those of some entities whose relation has to be read: it is not loaded, or was read before this.
    pub(in crate::session) fn lacking(
        &mut self,
        arena: u32,
        edge: Edge,
        slots: &[u32],
        since: u32,
    ) -> Vec<u32> {
        let mut lacking = match edge {
            Edge::Field(relation) => self.lacking_collection(arena, relation, slots, since),
            Edge::Reference(field) => self.lacking_referred(arena, field, slots, since),
        };
        if lacking.len() > 1 {
            let mut seen = HashSet::with_capacity(lacking.len());
            lacking.retain(|slot| seen.insert(*slot));
        }
        lacking
    }

    fn lacking_collection(&self, arena: u32, relation: usize, slots: &[u32], since: u32) -> Vec<u32> {
        let lacks = |slot: &u32| {
            let place = RelationPlace { owner: Place { arena, slot: *slot }, relation };
            self.head(place.owner).state == State::Persistent && !self.is_current(place, since)
        };
        slots.iter().copied().filter(lacks).collect()
    }

    /// The relations of an entity that are loaded.
    pub(super) fn loaded_edges(&self, place: Place) -> Vec<Edge> {
        let home = self.arena(place);
        if !home.records.is_there(place.slot) {
            return Vec::new();
        }
        let is_loaded = |&number: &usize| {
            home.records.collection(place.slot, number).is_some_and(|relation| relation.is_loaded())
        };
        let is_known = |&field: &FieldPart| {
            home.records
                .reference(place.slot, field)
                .and_then(|reference| reference.entity())
                .is_some_and(|entity| self.place_of(entity).is_some())
        };
        let fields = (0..home.relations.len()).filter(is_loaded).map(Edge::Field);
        let keys = home.table.foreign_keys().iter().map(|key| key.field);
        fields.chain(keys.filter(is_known).map(Edge::Reference)).collect()
    }

    /// Where the entities are that a relation leads to.
    pub(super) fn arena_behind(&mut self, arena: u32, edge: Edge) -> Option<u32> {
        let of_relations = self.arenas[arena as usize].of_relations;
        match edge {
            Edge::Field(relation) => (of_relations.target)(self, relation),
            Edge::Reference(field) => (of_relations.referred)(self, field),
        }
    }

    /// The entities that a relation of these leads to, each once.
    fn slots_behind(&self, arena: u32, edge: Edge, slots: &[u32], target: u32) -> Vec<u32> {
        let records = &self.arenas[arena as usize].records;
        let mut seen = HashSet::new();
        let mut behind = Vec::new();
        let mut add = |token: Token| {
            let is_there = self.place_of(token).is_some_and(|place| place.arena == target);
            if is_there && seen.insert(token.slot()) {
                behind.push(token.slot());
            }
        };
        for &slot in slots {
            match edge {
                Edge::Field(relation) => {
                    let tokens = records.collection(slot, relation).map_or(&[][..], |found| found.tokens());
                    tokens.iter().copied().for_each(&mut add);
                }
                Edge::Reference(field) => {
                    records.reference(slot, field).and_then(|to| to.entity()).into_iter().for_each(&mut add);
                }
            }
        }
        behind
    }
}
