//! Many-to-many relations by the rows of a model: what is put into a collection becomes an entity of it, with all that it has beside the
//! two references, and what is taken out is that entity's deletion.

use foldhash::{HashMap, HashMapExt};

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::{FieldPart, ForeignKey};
use crate::model::{JoinTable, Model, RelationKind, Token};
use crate::query::WriteKind;
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::relations::links::{LinkEdit, LinkStep};
use crate::session::relations::{Mirror, RelationPlace, Spread};

/// The entities that are rows of a join table, by those that they link.
pub(super) type LinkRows = HashMap<[Place; 2], Place>;

impl Entities {
    /// Adds a row of a join table that refers to two entities by these fields, if its model needs nothing else for one.
    pub(in crate::session) fn add_link_row<M: Model>(
        &mut self,
        ends: [(FieldPart, Token); 2],
    ) -> Option<Place> {
        let mut record = M::linking()?;
        let refers = ends.into_iter().all(|(field, token)| record.refer(field, Some(token)));
        let row = refers.then(|| self.add(record).token)?;
        Some(Place::of(row))
    }

    /// What was put into collections that are not loaded may be linked already, by rows that are not here.
    pub(super) fn unknown_link_rows(&self, spread: &Spread) -> Vec<(RelationPlace, Vec<Token>)> {
        let mut unknown: Vec<(RelationPlace, Vec<Token>)> = Vec::new();
        for LinkEdit { place, other, .. } in self.link_edits().into_iter().filter(LinkEdit::may_be_a_row) {
            let has_row = |place: Place| self.head(place).state == State::Persistent;
            if spread.knows_link(place, other) || !self.place_of(other).is_some_and(has_row) {
                continue;
            }
            match unknown.last_mut().filter(|(last, _)| *last == place) {
                Some((_, others)) => others.push(other),
                None => unknown.push((place, vec![other])),
            }
        }
        unknown
    }

    /// What was done to collections is done to the entities that link their members.
    pub(super) fn make_link_rows(&mut self) -> Result<()> {
        let mut edits = self.link_edits();
        edits.retain(|edit| edit.join.is_model());
        if !edits.is_empty() {
            // What contradicts itself is left as it is, to be seen.
            self.links()?;
        }
        let mut known: HashMap<u32, LinkRows> = HashMap::new();
        for edit in edits {
            let LinkEdit { place, join, other, kind, .. } = edit;
            let links = self.arena(place.owner).of_relations.links;
            let (Some(arena), Some(end)) = (links(self, place.relation), self.place_of(other)) else {
                continue;
            };
            let rows = known.entry(arena).or_insert_with(|| self.link_rows(arena, join, place.owner, end));
            let ends = in_order(join, place.owner, end);
            match (kind, rows.get(&ends).copied()) {
                (WriteKind::Delete, Some(row)) => self.doom(row),
                (WriteKind::Delete, None) => {}
                (WriteKind::Insert | WriteKind::Update, Some(row)) => self.spare(row),
                (WriteKind::Insert | WriteKind::Update, None) if self.head(end).doomed => {}
                (WriteKind::Insert | WriteKind::Update, None) => {
                    let tokens = [(join.own, self.handle(place.owner)), (join.other, other)];
                    let link = self.arenas[arena as usize].of_relations.link;
                    let row = link(self, tokens).ok_or_else(|| self.needs_more(place, arena))?;
                    rows.insert(ends, row);
                }
            }
        }
        Ok(())
    }

    /// The rows of a join table that are here. It costs a look at all entities of its model.
    pub(super) fn link_rows(&self, arena: u32, join: JoinTable, owner: Place, end: Place) -> LinkRows {
        let links = &self.arenas[arena as usize];
        let (Some(own), Some(other)) = (join.own_key(), join.other_key()) else { return LinkRows::new() };
        let is_there = |slot: &u32| matches!(links.head(*slot).state, State::Pending | State::Persistent);
        let places = links.slots().filter(is_there).map(|slot| Place { arena, slot });
        let row = |place| {
            let owner = self.end_of_link(place, own, owner.arena)?;
            let end = self.end_of_link(place, other, end.arena)?;
            Some((in_order(join, owner, end), place))
        };
        places.filter_map(row).collect()
    }

    fn end_of_link(&self, link: Place, key: &'static ForeignKey, of: u32) -> Option<Place> {
        self.parent_now(link, &Mirror { key, owner: of, relation: 0 })
    }

    /// Entities that are rows of join tables, and are new, to be deleted or refer elsewhere, show in the collections that are loaded.
    pub(super) fn show_link_rows(&mut self) {
        let joins: Vec<_> = self.joins_by_models();
        if joins.is_empty() {
            return;
        }
        let (mut left, mut joined) = (Vec::new(), Vec::new());
        for &link in self.doomed.iter().chain(self.touched.iter()).chain(self.new.iter()) {
            let head = self.head(link);
            for &(owners, relation, join, ends) in &joins {
                let (Some(own), Some(other)) = (join.own_key(), join.other_key()) else { continue };
                if self.arena(link).table != join.table() {
                    continue;
                }
                let pair = |owner: Option<Place>, end: Option<Place>| {
                    Some((RelationPlace { owner: owner?, relation }, end?))
                };
                let now = pair(self.end_of_link(link, own, owners), self.end_of_link(link, other, ends));
                let was = |key, owner| self.parent_before(link, &Mirror { key, owner, relation: 0 });
                let before = if head.touched { pair(was(own, owners), was(other, ends)) } else { None };
                if head.doomed {
                    left.extend(before.into_iter().chain(now));
                } else if before != now {
                    left.extend(before);
                    joined.extend(now);
                }
            }
        }
        let left = left.into_iter().map(|pair| (pair, false));
        for ((place, end), shows) in left.chain(joined.into_iter().map(|pair| (pair, true))) {
            self.show_in(place, end, shows);
        }
    }

    /// Relations by rows of models: whose, which, by what, and where the other side is.
    fn joins_by_models(&self) -> Vec<(u32, usize, JoinTable, u32)> {
        let mut joins = Vec::new();
        for (owners, arena) in (0..).zip(&self.arenas) {
            for (relation, def) in arena.relations.iter().enumerate() {
                if let RelationKind::Linked(join) = def.kind
                    && join.is_model()
                    && let Some(ends) = self.arena_of_table((def.table)())
                {
                    joins.push((owners, relation, join, ends));
                }
            }
        }
        joins
    }

    /// The rows of a step were deleted by whom they refer to: entities that are these rows have lost them.
    pub(in crate::session) fn lose_link_rows(&mut self, step: &LinkStep) {
        let ([key], Some(arena)) = (&step.keys[..], self.arena_of_table(step.table)) else { return };
        let links = &self.arenas[arena as usize];
        let is_there = |slot: &u32| links.head(*slot).state == State::Persistent;
        let places = links.slots().filter(is_there).map(|slot| Place { arena, slot });
        let is_of =
            |link: &Place| step.ends.iter().any(|end| self.end_of_link(*link, key, end.arena) == Some(*end));
        let lost: Vec<_> = places.filter(is_of).collect();
        lost.into_iter().for_each(|link| self.lose_row(link));
    }

    #[cold]
    fn needs_more(&self, place: RelationPlace, links: u32) -> Error {
        let (model, def) = (self.arenas[links as usize].model, self.relation_def(place));
        let message = format!(
            "`{}` leads through {model}, which needs more than its two references: add a {model} instead of putting a {} in",
            def.name, def.target
        );
        Error::new(ErrorKind::Misuse, message).with_model(self.arena(place.owner).model)
    }
}

/// Both ends of a link, whichever of its sides it is seen from.
pub(super) fn in_order(join: JoinTable, owner: Place, end: Place) -> [Place; 2] {
    if join.own <= join.other { [owner, end] } else { [end, owner] }
}
