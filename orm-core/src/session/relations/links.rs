//! Rows of join tables: what was put into many-to-many collections and taken out of them, as pairs to insert and to delete.
//!
//! The truth of a many-to-many relation is those rows. The same pair can be named from both sides; it is one row.

use foldhash::{HashMap, HashSet};

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::{Action, FieldPart, ForeignKey, Table};
use crate::model::{Collection, JoinTable, RelationKind, Token};
use crate::query::WriteKind;
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::relations::RelationPlace;
use crate::session::relations::through::in_order;

/// One batch: rows of a join table to insert or to delete.
#[derive(Debug)]
pub(in crate::session) struct LinkStep {
    pub(in crate::session) kind: WriteKind,
    pub(in crate::session) table: &'static Table,
    /// The foreign keys that a row is known by: both, or one if all rows that refer to an entity are to go.
    pub(in crate::session) keys: Vec<&'static ForeignKey>,
    /// The entities that they refer to, row by row.
    pub(in crate::session) ends: Vec<Place>,
    /// Rows may be there already, as nobody has looked.
    pub(in crate::session) unless_there: bool,
}

impl LinkStep {
    fn new(kind: WriteKind, table: &'static Table, keys: Vec<&'static ForeignKey>) -> Self {
        Self { kind, table, keys, ends: Vec::new(), unless_there: false }
    }

    /// How many rows there are.
    pub(in crate::session) fn len(&self) -> usize {
        self.ends.len() / self.keys.len().max(1)
    }

    /// The entities that a row refers to.
    pub(in crate::session) fn row(&self, row: usize) -> &[Place] {
        &self.ends[row * self.keys.len()..][..self.keys.len()]
    }

    /// The positions of the columns that are written, or that find the rows.
    pub(in crate::session) fn columns(&self) -> Vec<usize> {
        self.keys.iter().flat_map(|key| &key.columns).copied().collect()
    }
}

/// A change of a collection: an owner, its relation and the other end.
#[derive(Clone, Copy)]
pub(super) struct LinkEdit {
    pub(super) place: RelationPlace,
    pub(super) join: JoinTable,
    pub(super) other: Token,
    pub(super) kind: WriteKind,
    /// It is not known what was there before.
    is_blind: bool,
}

impl LinkEdit {
    /// Whether it may be there already as a row of a model.
    pub(super) fn may_be_a_row(&self) -> bool {
        self.is_blind && self.kind == WriteKind::Insert && self.join.is_model()
    }
}

/// The steps of a flush, and where each pair comes from.
#[derive(Default)]
struct LinkSteps {
    steps: Vec<LinkStep>,
    pairs: HashMap<(usize, [Place; 2]), LinkEdit>,
}

impl Entities {
    /// The rows of join tables that the next flush inserts and deletes, the insertions first.
    pub(in crate::session) fn links(&self) -> Result<Vec<LinkStep>> {
        let mut links = LinkSteps::default();
        for edit in self.link_edits() {
            self.add_link(&mut links, edit)?;
        }
        self.add_links_of_doomed(&mut links.steps);
        links.steps.sort_by_key(|step| step.kind == WriteKind::Delete);
        Ok(links.steps)
    }

    /// What was done to many-to-many collections since the last flush.
    pub(super) fn link_edits(&self) -> Vec<LinkEdit> {
        let mut edits = Vec::new();
        if self.known_joins().next().is_none() {
            return edits;
        }
        for owner in self.owners().filter(|&owner| !self.head(owner).doomed) {
            for (relation, def) in self.arena(owner).relations.iter().enumerate() {
                let place = RelationPlace { owner, relation };
                if let RelationKind::Linked(join) = def.kind
                    && let Some(now) =
                        self.collection(place).filter(|now| !now.tokens().is_empty() || now.is_edited())
                {
                    self.edits_of(place, join, now, &mut edits);
                }
            }
        }
        edits
    }

    fn edits_of(&self, place: RelationPlace, join: JoinTable, now: &Collection, edits: &mut Vec<LinkEdit>) {
        let is_new = self.head(place.owner).state == State::Pending;
        let is_current = now.is_loaded() && now.read_at() >= self.stale_before;
        let is_blind = !(is_new || is_current);
        let edit = |kind| move |other| LinkEdit { place, join, other, kind, is_blind };
        match is_new {
            // Nothing of a new row is in the database, whatever a transaction that was rolled back has written.
            true => edits.extend(now.tokens().iter().copied().map(edit(WriteKind::Insert))),
            false => edits.extend(now.additions().map(edit(WriteKind::Insert))),
        }
        edits.extend(now.removals().filter(|_| !is_new).map(edit(WriteKind::Delete)));
    }

    /// What was done from the other side of a relation since the last flush: to which entity of an arena, with whom it is linked by
    /// that or not any more.
    pub(in crate::session) fn unflushed_links(
        &self,
        owners: u32,
        join: JoinTable,
    ) -> Vec<(u32, Token, bool)> {
        let from_there = |edit: &LinkEdit| edit.other.arena() == owners && edit.join.leads_back(&join);
        let edits = self.link_edits().into_iter().filter(from_there);
        let link = |edit: LinkEdit| {
            (edit.other.slot(), self.handle(edit.place.owner), edit.kind == WriteKind::Insert)
        };
        edits.map(link).collect()
    }

    /// Whether anything was done to a many-to-many collection of an entity that no flush has written yet.
    pub(in crate::session) fn has_link_edits(&self, owner: Place) -> bool {
        let is_linked = |&relation: &usize| self.is_linked(RelationPlace { owner, relation });
        let is_edited =
            |relation| self.collection(RelationPlace { owner, relation }).is_some_and(Collection::is_edited);
        (0..self.arena(owner).relations.len()).filter(is_linked).any(is_edited)
    }

    /// The same of any of its collections.
    pub(in crate::session) fn has_edited_relations(&self, owner: Place) -> bool {
        let is_edited = |relation| {
            let collection = self.collection(RelationPlace { owner, relation });
            collection.is_some_and(Collection::is_to_be_written)
        };
        (0..self.arena(owner).relations.len()).any(is_edited)
    }

    pub(super) fn is_linked(&self, place: RelationPlace) -> bool {
        matches!(self.relation_def(place).kind, RelationKind::Linked(_))
    }

    fn add_link(&self, links: &mut LinkSteps, edit: LinkEdit) -> Result<()> {
        let LinkEdit { place, join, other, kind, is_blind } = edit;
        let Some(end) = self.place_of(other) else {
            return if kind == WriteKind::Insert { Err(self.not_here(other, place)) } else { Ok(()) };
        };
        let head = self.head(end);
        // The rows of one that is deleted go with it, and one that has no row has none.
        if head.doomed || (kind == WriteKind::Delete && head.state == State::Pending) {
            return Ok(());
        }
        let (Some(own), Some(target)) = (join.own_key(), join.other_key()) else { return Ok(()) };
        let keys = if join.own <= join.other { [own, target] } else { [target, own] };
        let ends = in_order(join, place.owner, end);
        match links.pairs.insert((std::ptr::from_ref(join.table()).addr(), ends), edit) {
            Some(before) if before.kind != kind => return Err(self.contradiction(edit, before)),
            Some(_) => return Ok(()),
            None if join.is_model() && self.is_done_by_entity(edit, end) => return Ok(()),
            None => {}
        }
        let step = links.step(kind, join.table(), &keys);
        step.ends.extend(ends);
        step.unless_there |= is_blind && kind == WriteKind::Insert;
        Ok(())
    }

    /// Whether a pair is written as an entity of the model of the join table: new ones are, and those that are here.
    fn is_done_by_entity(&self, edit: LinkEdit, end: Place) -> bool {
        let LinkEdit { place, join, kind, .. } = edit;
        let is_here = |arena| {
            let rows = self.link_rows(arena, join, place.owner, end);
            rows.contains_key(&in_order(join, place.owner, end))
        };
        kind == WriteKind::Insert || self.arena_of_table(join.table()).is_some_and(is_here)
    }

    /// Where the database does not delete the rows of a join table along with those that they refer to, they are deleted first.
    fn add_links_of_doomed(&self, steps: &mut Vec<LinkStep>) {
        let mut seen = HashSet::default();
        for join in self.known_joins() {
            for key in [join.own_key(), join.other_key()].into_iter().flatten() {
                let stays = !matches!(key.on_delete, Action::Cascade | Action::SetNull | Action::SetDefault);
                if !stays || !seen.insert((std::ptr::from_ref(join.table()).addr(), key.field)) {
                    continue;
                }
                let refers_to = |place: &&Place| key.is_to(self.arena(**place).table);
                let ends: Vec<_> = self.doomed.iter().filter(refers_to).copied().collect();
                if !ends.is_empty() && !self.is_owned_otherwise(join.table(), key.field) {
                    let step = LinkStep::new(WriteKind::Delete, join.table(), vec![key]);
                    steps.push(LinkStep { ends, ..step });
                }
            }
        }
    }

    fn known_joins(&self) -> impl Iterator<Item = JoinTable> {
        self.arenas.iter().flat_map(|arena| arena.relations).filter_map(|def| match def.kind {
            RelationKind::Linked(join) => Some(join),
            RelationKind::Many { .. } | RelationKind::One { .. } => None,
        })
    }

    /// Whether another relation says what happens to the rows that refer by this field.
    fn is_owned_otherwise(&self, table: &Table, field: FieldPart) -> bool {
        let mut all = self.arenas.iter().flat_map(|arena| arena.relations);
        all.any(|def| (def.table)() == table && def.reference().is_some_and(|key| key.field == field))
    }

    /// All that was done to collections is in the database.
    pub(in crate::session) fn settle_links(&mut self) {
        let may_be_linked = |place: &Place| self.arena(*place).is_linked;
        for owner in self.owners().filter(may_be_linked).collect::<Vec<_>>() {
            for relation in 0..self.arena(owner).relations.len() {
                let place = RelationPlace { owner, relation };
                if self.is_linked(place)
                    && let Some(collection) = self.collection_mut(place)
                {
                    collection.settle();
                }
            }
            self.head_mut(owner).touched = false;
        }
    }

    /// Shows what was done to one side of many-to-many relations on the other.
    pub(super) fn show_links(&mut self) -> Result<()> {
        self.show_link_rows();
        let edits = self.link_edits();
        if !edits.is_empty() {
            // What contradicts itself is left as it is, to be seen.
            self.links()?;
        }
        for edit in edits {
            if let Some(end) = self.place_of(edit.other) {
                let shows = edit.kind == WriteKind::Insert && !self.head(end).doomed;
                self.show_on_other_side(edit.place, edit.join, end, shows);
            }
        }
        Ok(())
    }

    /// The relations of the other end that lead back by the same rows.
    pub(super) fn other_sides(&self, end: Place, join: JoinTable) -> Vec<RelationPlace> {
        let leads_back = |kind: &RelationKind| match kind {
            RelationKind::Linked(other) => other.leads_back(&join),
            RelationKind::Many { .. } | RelationKind::One { .. } => false,
        };
        let relations = self.arena(end).relations.iter().enumerate();
        let back = relations.filter(|(_, def)| leads_back(&def.kind));
        back.map(|(relation, _)| RelationPlace { owner: end, relation }).collect()
    }

    /// Shows an owner in the collection of the other end, or shows it there no longer.
    pub(super) fn show_on_other_side(
        &mut self,
        from: RelationPlace,
        join: JoinTable,
        end: Place,
        shows: bool,
    ) {
        for back in self.other_sides(end, join) {
            self.show_in(back, from.owner, shows);
        }
    }

    /// Shows an entity in a collection, or shows it there no longer, because the database will say so.
    pub(super) fn show_in(&mut self, place: RelationPlace, other: Place, shows: bool) {
        let token = self.handle(other);
        let Some(collection) = self.collection(place) else { return };
        let differs = if shows {
            (collection.is_loaded() && !collection.contains(token)) || collection.is_removed(token)
        } else {
            collection.contains(token)
        };
        if differs {
            self.note_collection(place);
            self.remember_collections(place.owner);
            if let Some(collection) = self.collection_mut(place) {
                if shows { collection.show(token) } else { collection.hide(token) }
            }
        }
    }

    /// What is to be deleted leaves the collections that are loaded.
    pub(super) fn forget_gone(&mut self, gone: &HashSet<Token>) {
        if gone.is_empty() {
            return;
        }
        for place in self.collections_with(gone) {
            self.remember_collections(place.owner);
            if let Some(collection) = self.collection_mut(place) {
                collection.forget(|token| gone.contains(&token));
            }
        }
    }

    /// The many-to-many collections that one of these is in. It costs a look at all that are loaded of the models that can have them.
    fn collections_with(&self, tokens: &HashSet<Token>) -> Vec<RelationPlace> {
        let tables: HashSet<&str> =
            tokens.iter().map(|token| self.arenas[token.arena() as usize].model).collect();
        let mut found = Vec::new();
        for (number, arena) in (0..).zip(&self.arenas) {
            for (relation, def) in arena.relations.iter().enumerate() {
                if matches!(def.kind, RelationKind::Linked(_)) && tables.contains(def.target) {
                    let places = arena.slots().map(|slot| Place { arena: number, slot });
                    let places = places.map(|owner| RelationPlace { owner, relation });
                    let has_one = |place: &RelationPlace| {
                        let collection = self.collection(*place);
                        collection.is_some_and(|now| now.tokens().iter().any(|token| tokens.contains(token)))
                    };
                    found.extend(places.filter(has_one));
                }
            }
        }
        found
    }

    #[cold]
    fn contradiction(&self, edit: LinkEdit, before: LinkEdit) -> Error {
        let side = |edit: LinkEdit| {
            let done = if edit.kind == WriteKind::Insert { "put into" } else { "taken out of" };
            let (owner, def) = (self.arena(edit.place.owner), self.relation_def(edit.place));
            format!("{done} `{}` of {} {}", def.name, owner.model, self.shown(self.head(edit.place.owner)))
        };
        let message = format!(
            "the same link was {} and {} since the last flush; say it on one side, or flush between",
            side(before),
            side(edit)
        );
        Error::new(ErrorKind::Misuse, message).with_model(self.arena(edit.place.owner).model)
    }
}

impl LinkSteps {
    fn step(
        &mut self,
        kind: WriteKind,
        table: &'static Table,
        keys: &[&'static ForeignKey; 2],
    ) -> &mut LinkStep {
        let is_it = |step: &LinkStep| {
            step.kind == kind
                && step.table == table
                && step.keys[0].field == keys[0].field
                && step.keys[1].field == keys[1].field
        };
        let index = self.steps.iter().position(is_it).unwrap_or_else(|| {
            self.steps.push(LinkStep::new(kind, table, keys.to_vec()));
            self.steps.len() - 1
        });
        &mut self.steps[index]
    }
}
