//! Relations in memory: what stands in the relation fields of structs, and the references that they are made of.
//!
//! The truth of a one-to-many relation is the reference of each child. Collections are brought into the references and references into
//! the collections that are loaded (`reconcile.rs`), by each flush before it plans. The truth of a many-to-many relation is the rows of
//! its join table (`links.rs`), which a flush writes beside the rows of models.

mod aligned;
mod at_rest;
mod link;
mod links;
mod load;
mod marks;
mod reconcile;
mod related;
mod spread;
mod through;
mod unread;

pub use related::Related;

use crate::metadata::ForeignKey;
use crate::model::{Collection, Model, Reference, RelationDef, RelationKind, Token};
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::identity::Identity;

pub(super) use aligned::Aligned;
pub(super) use links::LinkStep;
pub(super) use spread::{Spread, Want, Wants};

/// One relation of one entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct RelationPlace {
    pub(super) owner: Place,
    pub(super) relation: usize,
}

/// A relation that shows, from the other side, what a foreign key says.
#[derive(Clone, Copy)]
pub(super) struct Mirror {
    pub(super) key: &'static ForeignKey,
    /// The arena of the rows referred to, which have the relation.
    pub(super) owner: u32,
    pub(super) relation: usize,
}

impl Entities {
    /// Takes in the new structs that stand in an entity's relation fields.
    pub(super) fn hand_over<M: Model>(&mut self, place: Place) {
        let mut collections = (0..self.arena(place).relations.len())
            .filter_map(|relation| self.collection(RelationPlace { owner: place, relation }));
        if !collections.any(Collection::waits) {
            return;
        }
        // It is out of its slot meanwhile, because others of its model may be taken in.
        let Some(mut record) = self.slot_mut::<M>(place).and_then(Option::take) else { return };
        record.hand_over(self);
        if let Some(home) = self.slot_mut::<M>(place) {
            *home = Some(record);
        }
    }

    fn slot_mut<M: Model>(&mut self, place: Place) -> Option<&mut Option<M>> {
        self.arena_mut(place).structs_mut::<M>()?.get_mut(place.slot)
    }

    pub(super) fn collection(&self, RelationPlace { owner, relation }: RelationPlace) -> Option<&Collection> {
        self.arena(owner).records.collection(owner.slot, relation)
    }

    pub(super) fn collection_mut(
        &mut self,
        RelationPlace { owner, relation }: RelationPlace,
    ) -> Option<&mut Collection> {
        self.arena_mut(owner).records.collection_mut(owner.slot, relation)
    }

    pub(super) fn relation_def(&self, place: RelationPlace) -> &'static RelationDef {
        &self.arena(place.owner).relations[place.relation]
    }

    /// Notes the relations of an entity before the session itself changes them; a rollback puts them back.
    pub(super) fn remember_collections(&mut self, place: Place) {
        let Self { arenas, journal, .. } = self;
        let arena = &arenas[place.arena as usize];
        if arena.head(place.slot).state == State::Persistent {
            journal.collections(place, arena.collections(place.slot));
        }
    }

    /// What an entity's relations hold is what the database had then.
    pub(super) fn relations_known_since(&mut self, place: Place, then: u32) {
        let arena = self.arena_mut(place);
        for relation in 0..arena.relations.len() {
            if let Some(collection) = arena.records.collection_mut(place.slot, relation) {
                collection.set_read_at(then);
            }
        }
    }

    /// A struct was taken in as a row that is there: what it holds of other sessions is not known here, what was known is out of date,
    /// and what was put into its relations is to be saved.
    pub(super) fn relations_come_in(&mut self, place: Place) {
        self.forget_foreign_references(place);
        let outdated = self.stale_before - 1;
        let mut edited = Vec::new();
        for relation in 0..self.arena(place).relations.len() {
            let at = RelationPlace { owner: place, relation };
            let Some(known) = self.collection(at) else { continue };
            let (mut known, is_edited) = known.comes_in(|token| self.place_of(token).is_some());
            known.set_read_at(outdated);
            let first =
                if is_edited && !known.is_loaded() { Collection::not_loaded() } else { known.clone() };
            if let Some(collection) = self.collection_mut(at) {
                *collection = first;
            }
            edited.extend(is_edited.then_some((at, known)));
        }
        if !edited.is_empty() {
            self.touch(place);
        }
        for (at, known) in edited {
            if let Some(collection) = self.collection_mut(at) {
                *collection = known;
            }
        }
    }

    fn forget_foreign_references(&mut self, place: Place) {
        for key in self.arena(place).table.foreign_keys() {
            let entity =
                self.arena(place).records.reference(place.slot, key.field).and_then(Reference::entity);
            if entity.is_some_and(|entity| self.place_of(entity).is_none())
                && let Some(reference) = self.arena_mut(place).records.reference_mut(place.slot, key.field)
            {
                reference.keep_key();
            }
        }
    }

    /// Where an entity is that belongs to this session and is, or will be, a row.
    pub(super) fn place_of(&self, token: Token) -> Option<Place> {
        let head = self.find_token(token)?;
        let place = Place::of(token);
        matches!(head.state, State::Pending | State::Persistent).then_some(place)
    }

    /// The relations that show what the foreign keys of an arena's table say.
    pub(super) fn mirrors(&self, children: u32) -> Vec<Mirror> {
        let table = self.arenas[children as usize].table;
        let mut mirrors = Vec::new();
        for (owner, arena) in (0..).zip(&self.arenas) {
            for (relation, def) in arena.relations.iter().enumerate() {
                if !matches!(def.kind, RelationKind::Linked(_)) && (def.table)() == table {
                    mirrors.extend(def.reference().map(|key| Mirror { key, owner, relation }));
                }
            }
        }
        mirrors
    }

    /// Whom a row refers to along foreign keys with one of these columns, where collections may show it.
    pub(super) fn parents(&self, child: Place, columns: &[usize]) -> Vec<(Mirror, Option<Place>)> {
        if !self.has_relations {
            return Vec::new();
        }
        let is_asked = |mirror: &Mirror| mirror.key.columns.iter().any(|column| columns.contains(column));
        let mirrors = self.mirrors(child.arena).into_iter().filter(is_asked);
        mirrors.map(|mirror| (mirror, self.parent_now(child, &mirror))).collect()
    }

    /// The row has changed in the database, and may refer to others by now: loaded collections show it.
    pub(super) fn show_moved(&mut self, child: Place, before: Vec<(Mirror, Option<Place>)>) {
        let token = self.handle(child);
        for (mirror, before) in before {
            let now = self.parent_now(child, &mirror);
            let place = |owner| RelationPlace { owner, relation: mirror.relation };
            if let Some(before) = before.filter(|_| now != before) {
                self.show(place(before), |collection| collection.hide(token));
            }
            if let Some(now) = now.filter(|_| now != before) {
                self.show(place(now), |collection| {
                    if !collection.contains(token) {
                        collection.show(token);
                    }
                });
            }
        }
    }

    /// The entity that a reference of a row leads to as it is now, if that is known here.
    pub(super) fn parent_now(&self, child: Place, mirror: &Mirror) -> Option<Place> {
        let arena = self.arena(child);
        let reference = arena.records.reference(child.slot, mirror.key.field)?;
        // An entity that has left is not here; its row may be that of another one by now.
        let entity = reference.entity().filter(|&token| self.find_token(token).is_some());
        if let Some(token) = entity {
            return self.place_of(token);
        }
        let identity = arena.identity_referred_to(child.slot, mirror.key)?;
        let slot = self.arenas[mirror.owner as usize].find(&identity)?;
        Some(Place { arena: mirror.owner, slot })
    }

    /// The entity that the row of a touched entity refers to in the database, if that is known here.
    pub(super) fn parent_before(&self, child: Place, mirror: &Mirror) -> Option<Place> {
        let identity = self.referred_to_before(child, mirror.key)?;
        let slot = self.arenas[mirror.owner as usize].find(&identity)?;
        Some(Place { arena: mirror.owner, slot })
    }

    /// The key that an entity's row refers to in the database, if that is known and it refers to anything.
    pub(super) fn referred_to_before(&self, place: Place, key: &ForeignKey) -> Option<Identity> {
        let columns = &key.columns;
        if !self.head(place).touched {
            return self.arena(place).identity_referred_to(place.slot, key);
        }
        let mut snapshot = self.snapshot(place);
        let values: Vec<_> = (0..=columns.iter().copied().max()?).map(|_| snapshot.next()).collect();
        if columns.iter().any(|&column| values[column].is_null()) {
            return None;
        }
        Identity::of(columns.len(), |part| Ok(values[columns[part]].borrowed())).ok()
    }
}
