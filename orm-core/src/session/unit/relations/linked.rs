//! Reading many-to-many relations: the rows of the other side, beside the keys that the join table has for this one.

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use super::super::many::CHUNK;
use super::Unit;
use crate::Result;
use crate::driver::Row;
use crate::metadata::{ForeignKey, Table};
use crate::model::{JoinTable, RelationKind, Token};
use crate::query::{
    Link, LinkedBy, Loads, Projection, Referred, RefersTo, Select, SelectStatement, Selection, Source,
    column_of,
};
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::relations::RelationPlace;
use crate::session::unit::beside::{Joining, Rows};

impl Unit {
    /// Reads what entities of one model are linked with, and fills it in.
    pub(super) async fn read_linked(
        &mut self,
        arena: u32,
        relation: usize,
        join: JoinTable,
        slots: &[u32],
        then: Option<&Loads>,
    ) -> Result<Option<Joining>> {
        let target = self.entities.arenas[arena as usize].of_relations.target;
        let (Some(target), Some(own), Some(other)) =
            (target(&mut self.entities, relation), join.own_key(), join.other_key())
        else {
            return Ok(None);
        };
        let mut query = self.select_linked(arena, relation, [own, other], join.table(), slots);
        let mut reading = Linked::new(RelationOf { owners: arena, relation, join }, slots);
        let mut rows = self.entities.rows_with(target, then, &mut query.statement).behind(own.columns.len());
        self.read_now(&query, |entities, row| reading.take(entities, row, own, &mut rows)).await?;
        reading.finish(&mut self.entities);
        Ok(rows.finish(&mut self.entities))
    }

    /// Reads the rows, of a model, that link an entity with some others.
    pub(in crate::session) async fn read_link_rows(
        &mut self,
        place: RelationPlace,
        others: &[Token],
    ) -> Result<()> {
        let links = self.entities.arena(place.owner).of_relations.links;
        let RelationKind::Linked(join) = self.entities.relation_def(place).kind else { return Ok(()) };
        let (Some(arena), Some(own), Some(other)) =
            (links(&mut self.entities, place.relation), join.own_key(), join.other_key())
        else {
            return Ok(());
        };
        let source = Source::table(join.table());
        for chunk in others.chunks(CHUNK) {
            let ends: Vec<_> = chunk.iter().filter_map(|&token| self.entities.place_of(token)).collect();
            let mut statement =
                SelectStatement { projection: Projection::all(source.clone()), ..Default::default() };
            for (key, ends) in [(own, &[place.owner][..]), (other, &ends)] {
                let ends = ends.iter().map(|&end| self.referred(end, key)).collect();
                let columns = join.table().typed(&key.columns);
                statement.filter.push(RefersTo::condition(source.clone(), columns, ends, false));
            }
            self.read_met(arena, &Select::from_statement(statement)).await?;
        }
        Ok(())
    }

    /// An entity, to be compared with a foreign key.
    fn referred(&self, place: Place, key: &ForeignKey) -> Referred {
        Referred::Key(Ok(self.entities.head(place).identity.values(key.columns.len())))
    }

    /// A query for the rows that these entities are linked with, in the order of the relation, and with whom each is linked.
    fn select_linked(
        &self,
        arena: u32,
        relation: usize,
        [own, other]: [&'static ForeignKey; 2],
        links: &'static Table,
        slots: &[u32],
    ) -> Select<()> {
        let def = &self.entities.arenas[arena as usize].relations[relation];
        let (target, links_source) = (Source::table((def.table)()), Source::table(links));
        let name = |position: usize| Cow::Borrowed(links.columns()[position].name.as_str());
        let mut projection = Projection::all(target.clone());
        for &position in &own.columns {
            // Whatever its type, it comes as it is.
            column_of::<i64>(&links_source, name(position)).project(&mut projection);
        }
        let columns = other.columns.iter().map(|&position| name(position).into_owned());
        let columns = columns.zip(other.target.columns().into_iter().map(str::to_owned)).collect();
        let along = Link { from: links_source.clone(), to: target.clone(), by: LinkedBy::Columns(columns) };
        let mut statement = SelectStatement { projection, ..Default::default() };
        let owners = slots.iter().map(|&slot| self.referred(Place { arena, slot }, own)).collect();
        let columns = links.typed(&own.columns);
        statement.filter.push(RefersTo::condition(links_source, columns, owners, false));
        statement.order_by.extend(&def.order);
        Select::from_statement(statement).join(along)
    }
}

/// A many-to-many relation of the entities of an arena.
#[derive(Clone, Copy)]
pub(in crate::session::unit) struct RelationOf {
    pub(in crate::session::unit) owners: u32,
    pub(in crate::session::unit) relation: usize,
    pub(in crate::session::unit) join: JoinTable,
}

/// Rows that are linked with some entities, while they are read.
pub(in crate::session::unit) struct Linked {
    of: RelationOf,
    /// The entities whose relation is read, and what was found for each.
    found: HashMap<u32, Vec<Token>>,
    /// Who was found for whom, where rows may come several times.
    pairs: HashSet<(u32, u32)>,
}

impl Linked {
    pub(in crate::session::unit) fn new(of: RelationOf, slots: &[u32]) -> Self {
        let mut found = HashMap::with_capacity(slots.len());
        found.extend(slots.iter().map(|&slot| (slot, Vec::new())));
        Self { of, found, pairs: HashSet::new() }
    }

    /// The relation of one more is read.
    pub(in crate::session::unit) fn expect(&mut self, owner: u32) {
        self.found.entry(owner).or_default();
    }

    /// Takes a row in: the columns of the target, and behind those, however many they are, the key that the join table has for the owner.
    fn take(
        &mut self,
        entities: &mut Entities,
        row: &dyn Row,
        key: &ForeignKey,
        rows: &mut Rows,
    ) -> Result<()> {
        let (token, _) = rows.meet(entities, row)?;
        let owner = rows.key_behind(row, self.of.join.table(), key)?;
        let Some(slot) = entities.arenas[self.of.owners as usize].find(&owner) else { return Ok(()) };
        if !rows.come_once() && !self.pairs.insert((slot, token.slot())) {
            return Ok(());
        }
        self.add(entities, slot, token);
        Ok(())
    }

    /// Adds an entity to one that it is linked with.
    pub(in crate::session::unit) fn add(&mut self, entities: &Entities, owner: u32, token: Token) {
        let is_doomed = entities.find_token(token).is_none_or(|head| head.doomed);
        if let Some(found) = self.found.get_mut(&owner)
            && !is_doomed
        {
            found.push(token);
        }
    }

    pub(in crate::session::unit) fn finish(mut self, entities: &mut Entities) {
        self.add_unflushed(entities);
        for (slot, mut found) in self.found {
            if self.of.join.is_model() {
                // Nothing need keep its rows from linking the same two twice.
                let mut seen = HashSet::new();
                found.retain(|&token| seen.insert(token));
            }
            let owner = Place { arena: self.of.owners, slot };
            entities.fill_relation(RelationPlace { owner, relation: self.of.relation }, found);
        }
    }

    /// What was done on the other side and is not flushed yet is in no row.
    fn add_unflushed(&mut self, entities: &Entities) {
        for (slot, other, is_there) in entities.unflushed_links(self.of.owners, self.of.join) {
            let Some(found) = self.found.get_mut(&slot) else { continue };
            found.retain(|&token| token != other);
            if is_there {
                found.push(other);
            }
        }
    }
}
