//! Both sides of a relation are brought into line, before a flush plans.
//!
//! First what was put into collections and taken out of them becomes references of the children; then references that were changed show in
//! the collections that are loaded. A collection's word counts more than a reference's. Doing it twice changes nothing more.

use foldhash::{HashMap, HashMapExt, HashSet};

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::model::{Cascade, Collection, Reference, RelationKind, Token};
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::relations::spread::{Spread, Wants};
use crate::session::relations::{Mirror, RelationPlace};

/// What was done to collections since the last flush.
#[derive(Default)]
struct Edits {
    added: Vec<(Token, RelationPlace)>,
    removed: Vec<(Token, RelationPlace)>,
}

impl Entities {
    /// Brings references and collections into line, takes in the new structs that stand in collections, and says what deletions and
    /// other keys do to related rows. What has to be read before that is known is returned; nothing is done that would not be done again.
    pub(in crate::session) fn bring_into_line(&mut self, spread: &mut Spread) -> Result<Wants> {
        self.take_in_new();
        spread.begin(self);
        self.aligned = Some(std::mem::take(&mut spread.aligned));
        let wants = self.align(spread);
        spread.aligned = self.aligned.take().unwrap_or_default();
        wants
    }

    fn align(&mut self, spread: &mut Spread) -> Result<Wants> {
        let mut wants = Wants::default();
        if !spread.is_begun {
            wants = self.reconcile_known(spread)?;
            spread.is_begun = wants.is_empty();
        }
        if spread.is_begun {
            self.spread(spread, &mut wants)?;
        }
        Ok(wants)
    }

    /// Brings references and collections into line, unless something has to be read first.
    fn reconcile_known(&mut self, spread: &mut Spread) -> Result<Wants> {
        let mut edits = self.edits();
        self.forget_departed(&mut edits);
        let mut wants = self.edited_without_values(&edits);
        wants.links = self.unknown_link_rows(spread);
        if wants.is_empty() {
            self.reconcile(edits)?;
            self.want_replaced(&mut wants);
        }
        Ok(wants)
    }

    fn reconcile(&mut self, edits: Edits) -> Result<()> {
        let parents = self.add_children(&edits.added)?;
        for (child, from) in edits.removed {
            if !parents.contains_key(&(child, self.reference_of(from))) && self.is_taken_out(from) {
                self.remove_child(child, from)?;
            }
        }
        self.make_link_rows()?;
        self.show_references()?;
        self.show_links()
    }

    /// Whether what was taken out of a collection refers to nothing from now on. If the owner is to be deleted and the reference cannot
    /// be empty, it is a child of a deleted one instead.
    fn is_taken_out(&self, from: RelationPlace) -> bool {
        let def = self.relation_def(from);
        !self.head(from.owner).doomed || def.reference().is_some_and(|key| key.is_nullable((def.table)()))
    }

    /// Children of which nothing is known cannot be told what they are to refer to.
    fn edited_without_values(&self, edits: &Edits) -> Wants {
        let unknown = |edits: &[(Token, RelationPlace)], added: bool| {
            let unknown = |&(child, of): &(Token, RelationPlace)| {
                let child = self.place_of(child).filter(|&child| self.lacks_values(child))?;
                // The row of one that was never read may be told without reading it.
                let was_read = self.arena(child).records.is_there(child.slot);
                (was_read || !self.is_told_unread(child, of, added)).then_some(child)
            };
            edits.iter().filter_map(unknown).collect::<Vec<_>>()
        };
        Wants::rows(unknown(&edits.added, true).into_iter().chain(unknown(&edits.removed, false)))
    }

    /// Collections that were set without being loaded: what is to go is not known.
    fn want_replaced(&self, wants: &mut Wants) {
        for owner in self.owners().filter(|&owner| !self.head(owner).doomed) {
            for relation in 0..self.arena(owner).relations.len() {
                let place = RelationPlace { owner, relation };
                if self.collection(place).is_some_and(Collection::replaces) {
                    wants.members(owner.arena, relation, vec![owner.slot], false);
                }
            }
        }
    }

    /// What was done to these entities' collections is planned: by references, which a rollback puts back. What goes is in none of
    /// them, though it was put in, nor are new ones that leave (`left`) because another one goes.
    pub(in crate::session) fn settle(&mut self, owners: &[Place], left: &[Place]) {
        self.leave_collections(left.iter().copied());
        if owners.is_empty() && !self.arenas.iter().any(|arena| arena.is_linked) {
            return;
        }
        let gone = self.doomed.iter().chain(left).map(|&place| self.handle(place)).collect();
        self.forget_gone(&gone);
        for &owner in owners {
            for (relation, def) in self.arena(owner).relations.iter().enumerate() {
                let collection = self.collection_mut(RelationPlace { owner, relation });
                if !matches!(def.kind, RelationKind::Linked(_))
                    && let Some(collection) = collection
                {
                    if !gone.is_empty() {
                        collection.forget(|token| gone.contains(&token));
                    }
                    collection.settle();
                }
            }
        }
    }

    /// What stands in the relation fields of changed entities becomes new entities, with what stands in theirs.
    pub(in crate::session) fn take_in_new(&mut self) {
        let mut from = 0;
        while let Some(place) = self.touched.next(&mut from) {
            (self.arena(place).of_relations.hand_over)(self, place);
        }
        let mut from = 0;
        while let Some(place) = self.new.next(&mut from) {
            (self.arena(place).of_relations.hand_over)(self, place);
            self.add_again(place);
        }
    }

    /// What a new entity holds was rolled back with it, when it was new before: it is added again with it.
    fn add_again(&mut self, owner: Place) {
        for relation in 0..self.arena(owner).relations.len() {
            let Some(collection) = self.collection(RelationPlace { owner, relation }) else { continue };
            let was_added =
                |token: &&Token| self.find_token(**token).is_some_and(|head| head.state == State::Transient);
            let members: Vec<_> = collection.tokens().iter().filter(was_added).copied().collect();
            for member in members {
                let place = Place::of(member);
                self.head_mut(place).state = State::Pending;
                self.new.push(place);
            }
        }
    }

    /// Entities that were changed or are new, and may have other collections than before.
    pub(in crate::session) fn owners(&self) -> impl Iterator<Item = Place> {
        let all = self.touched.iter().chain(self.new.iter()).copied();
        all.filter(|&place| !self.arena(place).relations.is_empty())
    }

    fn edits(&self) -> Edits {
        let mut edits = Edits::default();
        let nothing = Collection::default();
        for owner in self.owners() {
            let head = self.head(owner);
            let before = if head.touched { self.journal.collections_of(head.snapshot) } else { &[] };
            for (relation, def) in self.arena(owner).relations.iter().enumerate() {
                let place = RelationPlace { owner, relation };
                let Some(now) = self.collection(place) else { continue };
                let before = before.get(relation).unwrap_or(&nothing);
                if !now.is_as(before) && !matches!(def.kind, RelationKind::Linked(_)) {
                    edits.add(now, before, place);
                }
            }
        }
        edits
    }

    /// Children that were put into collections refer to the entity whose collection it is; returns whom each refers to now, by which
    /// reference.
    fn add_children(
        &mut self,
        added: &[(Token, RelationPlace)],
    ) -> Result<HashMap<(Token, Option<usize>), Place>> {
        let mut parents = HashMap::new();
        for &(child, into) in added {
            let before = parents.insert((child, self.reference_of(into)), into.owner);
            if let Some(other) = before.filter(|&owner| owner != into.owner) {
                return Err(self.in_two_collections(child, into, other));
            }
            let Some(place) = self.place_of(child) else { return Err(self.not_here(child, into)) };
            if !self.head(place).doomed && !self.refers_to(place, into) {
                self.refer(place, into, true)?;
            }
        }
        Ok(parents)
    }

    /// The field by which the children of a relation refer to the one that has it: to one at a time, of whichever model.
    fn reference_of(&self, place: RelationPlace) -> Option<usize> {
        self.relation_def(place).reference().map(|key| key.field.field)
    }

    /// Whether a child refers to the owner of a collection.
    pub(in crate::session) fn refers_to(&self, child: Place, of: RelationPlace) -> bool {
        let Some(key) = self.relation_def(of).reference() else { return false };
        let mirror = Mirror { key, owner: of.owner.arena, relation: of.relation };
        self.parent_now(child, &mirror) == Some(of.owner)
    }

    /// Whether a child refers to nothing by the field that a relation is by, to no row of another model either.
    pub(super) fn refers_to_nobody(&self, child: Place, of: RelationPlace) -> bool {
        let Some(field) = self.reference_of(of) else { return false };
        let arena = self.arena(child);
        let mut keys = arena.table.foreign_keys().iter().filter(|key| key.field.field == field);
        keys.all(|key| arena.records.reference(child.slot, key.field).is_none_or(Reference::is_unset))
    }

    /// Makes a child refer to the owner of a collection, or to nothing.
    pub(in crate::session) fn refer(
        &mut self,
        child: Place,
        of: RelationPlace,
        to_owner: bool,
    ) -> Result<()> {
        let Some(key) = self.relation_def(of).reference() else { return Ok(()) };
        if self.lacks_values(child) && self.is_told_unread(child, of, to_owner) {
            return self.tell_unread(child, of, key, to_owner);
        }
        self.note_reference(child, key.field);
        self.touch(child);
        let owner = to_owner.then(|| self.handle(of.owner));
        if self.arena_mut(child).records.refer(child.slot, key.field, owner) {
            return Ok(());
        }
        Err(self.cannot_be_empty(child, of))
    }

    /// A child was taken out of a collection: if it does not refer to somebody else by now, it refers to nothing, or is to be deleted.
    pub(super) fn remove_child(&mut self, child: Token, from: RelationPlace) -> Result<()> {
        let Some(place) = self.place_of(child) else { return Ok(()) };
        let belonged = self.refers_to(place, from) || self.refers_to_nobody(place, from);
        if self.head(place).doomed || !belonged {
            return Ok(());
        }
        match self.relation_def(from).on_removal() {
            Cascade::DeleteOrphan => {
                self.doom(place);
                Ok(())
            }
            _ if self.lacks_values(place) => self.refer(place, from, false),
            _ if self.refers_to_nobody(place, from) => Ok(()),
            Cascade::SetNull | Cascade::Delete | Cascade::Restrict | Cascade::Database => {
                let def = self.relation_def(from);
                if def.reference().is_some_and(|key| !key.is_nullable((def.table)())) {
                    return Err(self.cannot_be_empty(place, from));
                }
                self.refer(place, from, false)
            }
        }
    }

    /// Marks an entity for deletion; one that has no row yet leaves instead.
    pub(in crate::session) fn doom(&mut self, place: Place) {
        let head = self.head_mut(place);
        match head.state {
            State::Pending => {
                head.state = State::Transient;
                self.new.remove(place);
            }
            State::Persistent if !head.doomed => {
                head.doomed = true;
                self.doomed.push(place);
            }
            State::Persistent | State::Transient | State::Deleted | State::Free => {}
        }
    }

    /// References that were changed show in the collections that are loaded. What is to be deleted leaves them when it is.
    fn show_references(&mut self) -> Result<()> {
        let mut mirrors = MirrorsOfLast::default();
        let (mut joined, mut left, mut outlive) = (Vec::new(), Vec::new(), Vec::new());
        for &child in self.touched.iter().chain(self.new.iter()).filter(|&&child| !self.head(child).doomed) {
            for mirror in mirrors.of(self, child) {
                let is_known = self.head(child).touched;
                let before = if is_known { self.parent_before(child, mirror) } else { None };
                let now = self.parent_now(child, mirror);
                if before != now {
                    let place = |owner| RelationPlace { owner, relation: mirror.relation };
                    // What refers to a row that goes is seen to when that is planned.
                    match before {
                        Some(owner) if self.head(owner).doomed => outlive.push((child, place(owner))),
                        before => left.extend(before.map(|owner| (place(owner), self.handle(child)))),
                    }
                    joined.extend(now.map(|owner| (place(owner), self.handle(child))));
                }
            }
        }
        for (place, children) in by_place::<Vec<_>>(left) {
            self.show_left(place, &children);
        }
        for (child, owner) in outlive {
            self.doom_orphan(child, owner);
        }
        for (place, children) in by_place(joined) {
            self.show_joined(place, children)?;
        }
        Ok(())
    }

    /// Children refer to somebody else by now, or to nobody: where orphans are deleted, those are.
    fn show_left(&mut self, place: RelationPlace, children: &[Token]) {
        let gone: HashSet<Token> = children.iter().copied().collect();
        self.show(place, |collection| collection.forget(|token| gone.contains(&token)));
        for &child in children {
            if let Some(child) = self.place_of(child) {
                self.doom_orphan(child, place);
            }
        }
    }

    /// A child does not refer to its former owner any more.
    fn doom_orphan(&mut self, child: Place, of: RelationPlace) {
        let deletes = self.relation_def(of).on_removal() == Cascade::DeleteOrphan;
        if deletes && self.refers_to_nobody(child, of) {
            self.doom(child);
        }
    }

    /// Changes a collection that is loaded because references have changed.
    pub(in crate::session) fn show(&mut self, place: RelationPlace, change: impl FnOnce(&mut Collection)) {
        if self.collection(place).is_some_and(Collection::is_loaded) {
            self.note_collection(place);
            self.remember_collections(place.owner);
            if let Some(collection) = self.collection_mut(place) {
                change(collection);
            }
        }
    }

    fn show_joined(&mut self, place: RelationPlace, children: Vec<Token>) -> Result<()> {
        let Some(known) = self.collection(place).filter(|known| known.is_loaded()) else { return Ok(()) };
        let news: Vec<_> = children.iter().copied().filter(|&child| !known.contains(child)).collect();
        if matches!(self.relation_def(place).kind, RelationKind::One { .. }) {
            // There is room for one: who was there before lets go.
            let others = known.tokens().iter().copied().filter(|other| !children.contains(other));
            for other in others.collect::<Vec<_>>() {
                self.remove_child(other, place)?;
                self.show(place, |collection| collection.hide(other));
            }
        }
        if !news.is_empty() {
            self.show(place, |collection| news.into_iter().for_each(|child| collection.show(child)));
        }
        Ok(())
    }

    /// An entity leaves the session, and its row stays: what is known of the collections in which it is, is out of date. They hold its
    /// handle until they are read again.
    pub(in crate::session) fn left_alone(&mut self, child: Place) {
        let outdated = self.stale_before - 1;
        for mirror in self.mirrors(child.arena) {
            let owner = self.parent_now(child, &mirror);
            let owner = owner.filter(|&owner| self.head(owner).state == State::Persistent);
            let place = owner.map(|owner| RelationPlace { owner, relation: mirror.relation });
            if let Some(collection) = place.and_then(|place| self.collection_mut(place)) {
                collection.set_read_at(outdated);
            }
        }
    }

    /// What was put into collections and has left the session since is not saved.
    fn forget_departed(&mut self, edits: &mut Edits) {
        let departed = std::mem::take(&mut self.departed);
        if departed.is_empty() {
            return;
        }
        let children = edits.added.extract_if(.., |(token, _)| departed.contains(token));
        let mut left: Vec<_> = children.map(|(child, from)| (from, child)).collect();
        let links = self.link_edits().into_iter().map(|edit| (edit.place, edit.other));
        left.extend(links.filter(|(_, other)| departed.contains(other)));
        for (place, gone) in by_place::<HashSet<_>>(left) {
            if let Some(collection) = self.collection_mut(place) {
                collection.forget(|token| gone.contains(&token));
            }
        }
    }

    /// The rows of these entities go: loaded collections in which they are do not have them any more.
    pub(in crate::session) fn leave_collections(&mut self, gone: impl Iterator<Item = Place>) {
        let (mut mirrors, mut left) = (MirrorsOfLast::default(), Vec::new());
        for child in gone {
            for mirror in mirrors.of(self, child) {
                let before = self.head(child).touched.then(|| self.parent_before(child, mirror)).flatten();
                let now = self.parent_now(child, mirror).filter(|&now| Some(now) != before);
                let place = |owner| RelationPlace { owner, relation: mirror.relation };
                let owners = before.into_iter().chain(now);
                left.extend(owners.map(|owner| (place(owner), self.handle(child))));
            }
        }
        for (place, gone) in by_place::<HashSet<_>>(left) {
            self.show(place, |collection| collection.forget(|token| gone.contains(&token)));
        }
    }

    #[cold]
    fn in_two_collections(&self, child: Token, into: RelationPlace, other: Place) -> Error {
        let def = self.relation_def(into);
        let (model, other) = (self.arena(into.owner).model, self.arena(other).model);
        let owners = if model == other {
            format!("`{}` of two entities of {model}", def.name)
        } else {
            format!("`{}` of an entity of {model} and into a relation of one of {other}", def.name)
        };
        let message = format!("it was put into {owners}; take it out of one of them");
        let shown = self.place_of(child).map_or_else(String::new, |place| self.shown(self.head(place)));
        Error::new(ErrorKind::Misuse, format!("{} {shown}: {message}", def.target)).with_model(def.target)
    }

    #[cold]
    pub(super) fn not_here(&self, child: Token, into: RelationPlace) -> Error {
        let def = self.relation_def(into);
        let problem = match self.find_token(child).map(|head| head.state) {
            Some(State::Transient) => {
                "the transaction that added it was rolled back; detach it and add it again"
            }
            Some(State::Deleted) => "its row was deleted",
            _ if child.session() == self.session => {
                "it had left the session, or its row was deleted, before it was put there; take it out"
            }
            _ => "it is not in this session",
        };
        let owner = self.arena(into.owner).model;
        let message =
            format!("`{}` of an entity of {owner} has one that cannot be saved: {problem}", def.name);
        Error::new(ErrorKind::Detached, message).with_model(def.target)
    }

    #[cold]
    fn cannot_be_empty(&self, child: Place, of: RelationPlace) -> Error {
        let (def, arena) = (self.relation_def(of), self.arena(child));
        let message = format!(
            "the entity {} was taken out of `{}` of {}, and its reference cannot be empty: delete it, put it into another one's, or \
             say `cascade = \"delete_orphan\"` there",
            self.shown(arena.head(child.slot)),
            def.name,
            self.arena(of.owner).model
        );
        let error = Error::new(ErrorKind::Misuse, message);
        match def.reference() {
            Some(key) => arena.blame(error, key.columns[0]),
            None => error,
        }
    }
}

/// The relations that show the row that was asked for last, and those of its model: neighbours are of one, mostly.
#[derive(Default)]
struct MirrorsOfLast {
    arena: Option<u32>,
    mirrors: Vec<Mirror>,
}

impl MirrorsOfLast {
    fn of(&mut self, entities: &Entities, row: Place) -> &[Mirror] {
        if self.arena != Some(row.arena) {
            (self.arena, self.mirrors) = (Some(row.arena), entities.mirrors(row.arena));
        }
        &self.mirrors
    }
}

impl Edits {
    fn add(&mut self, now: &Collection, before: &Collection, place: RelationPlace) {
        // Most of it is as it was.
        let (was, is) = without_common_ends(before.tokens(), now.tokens());
        let before_all: HashSet<Token> = was.iter().copied().collect();
        let news = match before.is_loaded() {
            true => is.iter().filter(|token| !before_all.contains(token)).collect(),
            false => now.tokens().iter().collect::<Vec<_>>(),
        };
        self.added.extend(news.into_iter().map(|&token| (token, place)));
        let gone = was.iter().chain(now.removed()).filter(|&&token| !now.contains(token));
        let mut seen = HashSet::default();
        self.removed.extend(gone.filter(|&&token| seen.insert(token)).map(|&token| (token, place)));
    }
}

/// What is left of two lists without what both begin and end with.
fn without_common_ends<'t>(a: &'t [Token], b: &'t [Token]) -> (&'t [Token], &'t [Token]) {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    let same = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    (&a[..a.len() - same], &b[..b.len() - same])
}

/// The same by collection, in the order of their first.
fn by_place<C: Default + Extend<Token>>(pairs: Vec<(RelationPlace, Token)>) -> Vec<(RelationPlace, C)> {
    let mut numbers: HashMap<RelationPlace, usize> = HashMap::new();
    let mut groups: Vec<(RelationPlace, C)> = Vec::new();
    for (place, child) in pairs {
        let number = *numbers.entry(place).or_insert_with(|| {
            groups.push((place, C::default()));
            groups.len() - 1
        });
        groups[number].1.extend([child]);
    }
    groups
}
