//! The rows of a query with related rows beside its own.

use foldhash::{HashSet, HashSetExt};

use crate::Result;
use crate::driver::Row;
use crate::metadata::{FieldPart, ForeignKey, Table};
use crate::model::{Keeper, RelationKind, Token};
use crate::query::{Edge, Load, Loads, Positions, Strategy};
use crate::result::{Mapped, RowReader};
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::identity::Identity;
use crate::session::relations::{Mirror, RelationPlace};
use crate::session::unit::relations::Reading;
use crate::session::unit::relations::linked::{Linked, RelationOf};

/// Related rows beside those of a query, while they are read.
pub(in crate::session::unit) struct Joining {
    arena: u32,
    /// The entities of the query itself.
    roots: Seen,
    nodes: Vec<Node>,
    /// So many columns stand between those of the entities and what is beside.
    skipped: usize,
    /// What is to be loaded with the entities of the query in other ways.
    rest: Loads,
    /// The last row comes first.
    pub(in crate::session::unit) backwards: bool,
    /// An entity comes once, however many rows it comes with.
    pub(super) once: bool,
}

/// Entities, each once, in the order in which they came.
#[derive(Default)]
struct Seen {
    slots: Vec<u32>,
    known: HashSet<u32>,
}

impl Seen {
    fn add(&mut self, slot: u32) -> bool {
        let is_new = self.slots.last() != Some(&slot) && self.known.insert(slot);
        if is_new {
            self.slots.push(slot);
        }
        is_new
    }
}

/// A relation that is joined.
pub(super) struct Node {
    behind: Option<usize>,
    owner: u32,
    target: u32,
    /// Its number, if it is a relation field.
    relation: Option<usize>,
    key: &'static [usize],
    width: usize,
    /// It is filled though it is loaded.
    forced: bool,
    /// It is filled from the query's own join, and need not be whole.
    is_cut: bool,
    rest: Loads,
    filling: Option<Filling>,
    /// The entity in the row that is being read.
    current: Option<Token>,
    owners: HashSet<u32>,
    pairs: HashSet<(u32, u32)>,
    found: Seen,
}

/// What is filled in.
enum Filling {
    /// Rows that refer to the owner.
    Referring(Reading),
    /// Rows that are linked with it.
    Linked(Linked),
    /// A reference, by the number of its field.
    Reference(FieldPart),
}

impl Joining {
    pub(super) fn new(arena: u32, rest: Loads, backwards: bool) -> Self {
        Self { arena, roots: Seen::default(), nodes: Vec::new(), skipped: 0, rest, backwards, once: false }
    }

    /// Adds a relation, which need not be loaded in another way then.
    pub(super) fn add(&mut self, node: Node, load: Load) {
        let rest = match node.behind {
            None => &mut self.rest,
            Some(behind) => &mut self.nodes[behind].rest,
        };
        rest.leave_out(load);
        self.nodes.push(node);
    }

    /// Takes in what stands in a row beside the entity that was just met; whether that comes for the first time, or may come again.
    pub(in crate::session::unit) fn take(&mut self, entities: &mut Entities, row: &dyn Row) -> Result<bool> {
        let Some(root) = entities.met.last().map(|run| run.end - 1) else { return Ok(true) };
        let is_new = self.roots.add(root);
        let root = entities.handle(Place { arena: self.arena, slot: root });
        let mut reader = RowReader::new(row);
        reader.with_rest(entities.arenas[self.arena as usize].table.columns().len() + self.skipped, |_| ());
        for number in 0..self.nodes.len() {
            let owner = match self.nodes[number].behind {
                None => Some(root),
                Some(behind) => self.nodes[behind].current,
            };
            self.nodes[number].take(owner, entities, &mut reader)?;
        }
        Ok(is_new || !self.once)
    }

    /// All rows were read: relations are what was found.
    pub(in crate::session::unit) fn finish(&mut self, entities: &mut Entities) {
        for node in &mut self.nodes {
            match node.filling.take() {
                Some(Filling::Referring(reading)) => reading.finish(entities),
                Some(Filling::Linked(linked)) => linked.finish(entities),
                Some(Filling::Reference(_)) | None => {}
            }
            node.doubt_if_cut(entities);
        }
    }

    /// Entities of an arena, and what is to be loaded with them in other ways.
    pub(in crate::session::unit) fn into_rest(self) -> impl Iterator<Item = (u32, Vec<u32>, Loads)> {
        let of_nodes = self.nodes.into_iter().map(|node| (node.target, node.found.slots, node.rest));
        std::iter::once((self.arena, self.roots.slots, self.rest)).chain(of_nodes)
    }
}

/// The rows of a query of the session's own, with what may stand beside them.
pub(in crate::session::unit) struct Rows {
    pub(super) target: u32,
    /// How many columns of a row are the entity's.
    pub(super) width: usize,
    /// Where the columns are, if not all are there.
    pub(super) positions: Option<Positions>,
    pub(super) joining: Option<Joining>,
}

impl Rows {
    /// So many columns stand behind those of the entities.
    pub(in crate::session::unit) fn behind(mut self, skipped: usize) -> Self {
        if let Some(joining) = &mut self.joining {
            joining.skipped = skipped;
        }
        self
    }

    /// The key that stands behind the entity's columns, in those of a foreign key of this table.
    pub(in crate::session::unit) fn key_behind(
        &self,
        row: &dyn Row,
        table: &Table,
        key: &ForeignKey,
    ) -> Result<Identity> {
        let columns = table.columns();
        Identity::of(key.columns.len(), |part| {
            columns[key.columns[part]].sql_type.shape(row.value(self.width + part)?)
        })
    }

    /// Whether no entity comes several times with the same owner.
    pub(in crate::session::unit) fn come_once(&self) -> bool {
        self.joining.is_none()
    }

    /// The entity of a row, and whether it comes for the first time.
    pub(in crate::session::unit) fn meet(
        &mut self,
        entities: &mut Entities,
        row: &dyn Row,
    ) -> Result<(Token, bool)> {
        let mut meet = |row: &dyn Row| {
            let token = Keeper::meet(entities, self.target, row)?;
            let is_new = self.joining.as_mut().map_or(Ok(true), |joining| joining.take(entities, row))?;
            Ok((token, is_new))
        };
        match &self.positions {
            None => meet(row),
            Some(positions) => meet(&Mapped::new(row, positions)),
        }
    }

    pub(in crate::session::unit) fn finish(self, entities: &mut Entities) -> Option<Joining> {
        let mut joining = self.joining?;
        joining.finish(entities);
        Some(joining)
    }
}

impl Node {
    pub(super) fn new(
        entities: &Entities,
        behind: Option<usize>,
        owner: u32,
        target: u32,
        load: &Load,
    ) -> Option<Self> {
        let filling = match load.edge {
            Edge::Field(relation) => {
                let def = &entities.arenas[owner as usize].relations[relation];
                match def.kind {
                    RelationKind::Linked(join) => {
                        Filling::Linked(Linked::new(RelationOf { owners: owner, relation, join }, &[]))
                    }
                    RelationKind::Many { .. } | RelationKind::One { .. } => {
                        let mirror = Mirror { key: def.reference()?, owner, relation };
                        Filling::Referring(Reading::new(entities, mirror, target, &[]))
                    }
                }
            }
            Edge::Reference(field) => Filling::Reference(field),
        };
        let table = entities.arenas[target as usize].table;
        let is_cut = matches!(load.strategy, Some(Strategy::Own(_)));
        Some(Self {
            behind,
            owner,
            target,
            key: table.primary_key(),
            width: table.columns().len(),
            forced: load.reload || is_cut,
            is_cut,
            rest: load.then.clone(),
            relation: match load.edge {
                Edge::Field(relation) => Some(relation),
                Edge::Reference(_) => None,
            },
            filling: Some(filling),
            current: None,
            owners: HashSet::new(),
            pairs: HashSet::new(),
            found: Seen::default(),
        })
    }

    /// Takes in the related row that stands in a row, if there is one.
    fn take(&mut self, owner: Option<Token>, entities: &mut Entities, row: &mut RowReader<'_>) -> Result<()> {
        self.current = None;
        if let Some(owner) = owner {
            self.meet_owner(owner, entities);
        }
        if row.skip_missing(self.key, self.width)? {
            return Ok(());
        }
        let target = self.target;
        let token = row.with_rest(self.width, |row| Keeper::meet(entities, target, row))?;
        self.current = Some(token);
        self.found.add(token.slot());
        let Some(owner) = owner else { return Ok(()) };
        if !self.pairs.insert((owner.slot(), token.slot())) {
            return Ok(());
        }
        match &mut self.filling {
            Some(Filling::Referring(reading)) => {
                reading.add(entities, token);
            }
            Some(Filling::Linked(linked)) => linked.add(entities, owner.slot(), token),
            Some(Filling::Reference(field)) => {
                let records = &mut entities.arenas[self.owner as usize].records;
                if let Some(reference) = records.reference_mut(owner.slot(), *field) {
                    reference.belongs_to(token);
                }
            }
            None => {}
        }
        Ok(())
    }

    /// What holds only the rows of the query's own join is shown, and is out of date for whoever needs all: the next load, a cascade.
    fn doubt_if_cut(&self, entities: &mut Entities) {
        let Some(relation) = self.relation.filter(|_| self.is_cut) else { return };
        let outdated = entities.stale_before - 1;
        for &slot in &self.owners {
            let place = RelationPlace { owner: Place { arena: self.owner, slot }, relation };
            if let Some(collection) = entities.collection_mut(place) {
                collection.set_read_at(outdated);
            }
        }
    }

    /// One whose relation is read, unless that is known already.
    fn meet_owner(&mut self, owner: Token, entities: &Entities) {
        if !self.owners.insert(owner.slot()) {
            return;
        }
        let Some(relation) = self.relation else { return };
        let place = RelationPlace { owner: Place { arena: self.owner, slot: owner.slot() }, relation };
        // What is being changed is never read over.
        let since = if self.forced || entities.refills { u32::MAX } else { entities.stale_before };
        if entities.is_current(place, since) {
            return;
        }
        match &mut self.filling {
            Some(Filling::Referring(reading)) => reading.expect(owner),
            Some(Filling::Linked(linked)) => linked.expect(owner.slot()),
            Some(Filling::Reference(_)) | None => {}
        }
    }
}
