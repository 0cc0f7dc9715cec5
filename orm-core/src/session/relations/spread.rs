//! What the deletion of a row, or another key of it, does to the rows that refer to it: found before a flush plans, and undone if nothing
//! is sent after all.

use foldhash::{HashMap, HashMapExt, HashSet};

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::{Action, ForeignKey};
use crate::model::{Cascade, Collection, Token};
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::places::Places;
use crate::session::relations::aligned::Aligned;
use crate::session::relations::marks::Marks;
use crate::session::relations::{Mirror, RelationPlace};

/// What a flush has done to memory before it plans, with what is needed to undo it: references and collections that were brought into line,
/// and what deletions and other keys do to related rows.
#[derive(Default)]
pub(in crate::session) struct Spread {
    /// Who was new and who was to be deleted before it began.
    before: Option<[Places; 2]>,
    deeds: Vec<Deed>,
    pub(super) aligned: Aligned,
    /// Relations along which it went: because of a deletion, because of another key.
    handled: [Marks; 2],
    /// Collections and references are in line: what is read from now on changes nothing about that.
    pub(super) is_begun: bool,
    /// Relations that were read for it, whatever their structs can hold.
    read: Marks,
    /// Pairs of which it was read whether they are linked.
    linked: HashSet<(RelationPlace, Token)>,
}

/// What is done to one row because of another one.
struct Deed {
    child: Place,
    because: RelationPlace,
    /// The key of the other one changes; otherwise it is deleted.
    follows: bool,
}

/// What has to be read before a flush can go on.
#[derive(Default)]
pub(in crate::session) struct Wants {
    /// Entities without values.
    pub(in crate::session) rows: Vec<Place>,
    /// Relations, each of some entities of one arena.
    pub(in crate::session) members: Vec<Want>,
    /// The rows, of models, that may link an entity with these by a relation already.
    pub(in crate::session) links: Vec<(RelationPlace, Vec<Token>)>,
}

pub(in crate::session) struct Want {
    pub(in crate::session) arena: u32,
    pub(in crate::session) relation: usize,
    pub(in crate::session) slots: Vec<u32>,
    /// It is enough to know whether there are any.
    pub(in crate::session) exists: bool,
}

impl Wants {
    pub(super) fn rows(rows: impl Iterator<Item = Place>) -> Self {
        Self { rows: rows.collect(), ..Self::default() }
    }

    pub(super) fn members(&mut self, arena: u32, relation: usize, slots: Vec<u32>, exists: bool) {
        let same =
            |want: &&mut Want| want.arena == arena && want.relation == relation && want.exists == exists;
        match self.members.iter_mut().find(same) {
            Some(want) => want.slots.extend(slots),
            None if slots.is_empty() => {}
            None => self.members.push(Want { arena, relation, slots, exists }),
        }
    }

    pub(in crate::session) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.members.is_empty() && self.links.is_empty()
    }
}

impl Spread {
    pub(super) fn begin(&mut self, entities: &Entities) {
        self.before.get_or_insert_with(|| [entities.new.clone(), entities.doomed.clone()]);
    }

    /// Hooks may have done something to what was looked at.
    pub(in crate::session) fn look_again(&mut self) {
        self.handled = Default::default();
        self.is_begun = false;
    }

    /// New entities that leave because another one is deleted.
    pub(in crate::session) fn left(&self, entities: &Entities) -> Vec<Place> {
        let all = self.deeds.iter().map(|deed| deed.child);
        all.filter(|&child| entities.head(child).state == State::Transient).collect()
    }

    /// These relations were read.
    pub(in crate::session) fn was_read(&mut self, want: &Want) {
        let read = self.read.of(want.arena, want.relation);
        want.slots.iter().for_each(|&slot| read.insert(slot));
    }

    /// The rows that link these were read.
    pub(in crate::session) fn were_linked(&mut self, (place, others): &(RelationPlace, Vec<Token>)) {
        self.linked.extend(others.iter().map(|&other| (*place, other)));
    }

    /// Whether it is known if an entity is linked with another one.
    pub(super) fn knows_link(&self, place: RelationPlace, other: Token) -> bool {
        self.linked.contains(&(place, other))
    }

    /// Puts back what was done to related rows: nothing of it was sent.
    pub(in crate::session) fn undo(self, entities: &mut Entities) {
        entities.undo_alignment(self.aligned);
        let Some([new, doomed]) = self.before else { return };
        let meant: HashSet<Place> = doomed.iter().copied().collect();
        for place in std::mem::replace(&mut entities.doomed, doomed).into_vec() {
            entities.head_mut(place).doomed = meant.contains(&place);
        }
        let known: HashSet<Place> = new.iter().copied().collect();
        for &place in &known {
            if entities.head(place).state == State::Transient {
                entities.head_mut(place).state = State::Pending;
            }
        }
        let since = std::mem::replace(&mut entities.new, new).into_vec();
        since.into_iter().filter(|place| !known.contains(place)).for_each(|place| entities.new.push(place));
    }

    /// Why a row is written, where that is because of another one.
    pub(in crate::session) fn reasons(&self, entities: &Entities) -> HashMap<Place, String> {
        let mut reasons = HashMap::with_capacity(self.deeds.len());
        for Deed { child, because, follows, .. } in &self.deeds {
            let (arena, def) = (entities.arena(because.owner), entities.relation_def(*because));
            let owner = format!("{} {}", arena.model, entities.shown(arena.head(because.owner.slot)));
            let reason = match follows {
                true => format!("the key of {owner} changes, {}", def.name),
                false => format!("{owner} is deleted, {}: {}", def.name, def.on_removal().word()),
            };
            reasons.entry(*child).or_insert(reason);
        }
        reasons
    }
}

/// The entities whose relations are looked at, and what is found out.
struct Walk<'s> {
    spread: &'s mut Spread,
    wants: &'s mut Wants,
    /// Entities that go, or get another key; those behind this number were not looked at yet.
    queue: Vec<(Place, bool)>,
}

impl Entities {
    /// Finds what deletions and other keys do to related rows, and does it in memory.
    pub(super) fn spread(&mut self, spread: &mut Spread, wants: &mut Wants) -> Result<()> {
        let queue = self.doomed.iter().map(|&place| (place, false)).collect();
        let mut walk = Walk { spread, wants, queue };
        let rekeyed: Vec<_> = self.owners().filter(|&place| self.has_other_key(place)).collect();
        walk.queue.extend(rekeyed.into_iter().map(|place| (place, true)));
        let mut result = Ok(());
        let mut next = 0;
        while result.is_ok() && next < walk.queue.len() {
            let batch = next..walk.queue.len();
            next = batch.end;
            result = self.spread_batch(&mut walk, batch);
        }
        result
    }

    /// Whether the next flush gives an entity another key.
    pub(super) fn has_other_key(&self, place: Place) -> bool {
        let head = self.head(place);
        let has_other = || self.identity_after_flush(place).map_or(true, |key| key != head.identity);
        head.state == State::Persistent && head.touched && !head.doomed && has_other()
    }

    fn spread_batch(&mut self, walk: &mut Walk<'_>, batch: std::ops::Range<usize>) -> Result<()> {
        let mut groups: Vec<((u32, bool), Vec<u32>)> = Vec::new();
        for &(owner, follows) in &walk.queue[batch] {
            let key = (owner.arena, follows);
            // Neighbours are of one model, mostly.
            match groups.iter_mut().rfind(|(other, _)| *other == key) {
                Some((_, slots)) => slots.push(owner.slot),
                None => groups.push((key, vec![owner.slot])),
            }
        }
        for ((arena, follows), slots) in groups {
            let relations = self.arenas[arena as usize].relations;
            for (relation, def) in relations.iter().enumerate() {
                let is_asked = match (def.reference(), follows) {
                    (None, _) => false,
                    (Some(key), true) => matches!(key.on_update, Action::NoAction | Action::Restrict),
                    (Some(_), false) => def.on_removal() != Cascade::Database,
                };
                if is_asked {
                    self.spread_along(walk, (arena, relation), follows, &slots)?;
                }
            }
        }
        Ok(())
    }

    /// The same for one relation of entities of one model.
    fn spread_along(
        &mut self,
        walk: &mut Walk<'_>,
        (arena, relation): (u32, usize),
        follows: bool,
        slots: &[u32],
    ) -> Result<()> {
        let home = &self.arenas[arena as usize];
        let (def, target) = (&home.relations[relation], home.of_relations.target);
        let (Some(target), Some(key)) = (target(self, relation), def.reference()) else { return Ok(()) };
        let mirror = Mirror { key, owner: arena, relation };
        let deed = what_to_do(def.on_removal(), key.is_nullable((def.table)()), follows);
        let handled = walk.spread.handled[usize::from(follows)].of(arena, relation);
        let slots: Vec<_> = slots.iter().copied().filter(|&slot| !handled.contains(slot)).collect();
        let read = walk.spread.read.of(arena, relation);
        let place = |slot| RelationPlace { owner: Place { arena, slot }, relation };
        let (known, unknown): (Vec<_>, Vec<_>) =
            slots.into_iter().partition(|&slot| read.contains(slot) || self.is_known(place(slot)));
        walk.wants.members(arena, relation, unknown, deed == What::Refuse);
        for (slot, children) in self.children(known, target, &mirror) {
            let lacking: Vec<_> =
                children.iter().copied().filter(|&child| self.lacks_values(child)).collect();
            if !lacking.is_empty() && matches!(deed, What::Release | What::Follow) {
                walk.wants.rows.extend(lacking);
                continue;
            }
            walk.spread.handled[usize::from(follows)].of(arena, relation).insert(slot);
            for child in children {
                self.do_to_child(walk, child, place(slot), deed)?;
            }
        }
        Ok(())
    }

    fn do_to_child(
        &mut self,
        walk: &mut Walk<'_>,
        child: Place,
        because: RelationPlace,
        what: What,
    ) -> Result<()> {
        match what {
            What::Refuse => return Err(self.has_children(child, because)),
            What::Release | What::Follow => {
                self.refer(child, because, what == What::Follow)?;
                if self.has_other_key(child) {
                    walk.queue.push((child, true));
                }
            }
            What::Delete => {
                walk.queue.push((child, false));
                self.doom(child);
            }
        }
        walk.spread.deeds.push(Deed { child, because, follows: what == What::Follow });
        Ok(())
    }

    /// Whether memory knows what is in a relation, in this transaction.
    fn is_known(&self, place: RelationPlace) -> bool {
        let is_current = |known: &Collection| known.is_loaded() && known.read_at() >= self.stale_before;
        let is_new = self.head(place.owner).state != State::Persistent;
        is_new || self.collection(place).is_some_and(is_current)
    }

    /// Those that refer to these entities and are not to be deleted themselves, by entity.
    fn children(&self, owners: Vec<u32>, target: u32, mirror: &Mirror) -> Vec<(u32, Vec<Place>)> {
        let place = |slot| Place { arena: mirror.owner, slot };
        let collection = |slot| {
            let collection = self.collection(RelationPlace { owner: place(slot), relation: mirror.relation });
            collection.filter(|known| known.is_loaded())
        };
        let (loaded, others): (Vec<_>, Vec<_>) =
            owners.into_iter().partition(|&owner| collection(owner).is_some());
        let mut found = Vec::with_capacity(loaded.len());
        for owner in loaded {
            let Some(known) = collection(owner) else { continue };
            let all = known.tokens().iter().chain(known.removed());
            let mut seen = HashSet::default();
            let all = all.filter_map(|&token| self.place_of(token)).filter(|&child| seen.insert(child));
            found.push((owner, all.filter(|&child| self.is_child(child, place(owner), mirror)).collect()));
        }
        found.extend(self.children_in_memory(others, target, mirror));
        found
    }

    /// The same where no struct holds them: of all rows that are known, those that refer to these entities.
    fn children_in_memory(&self, owners: Vec<u32>, target: u32, mirror: &Mirror) -> Vec<(u32, Vec<Place>)> {
        let mut found: Vec<_> = owners.into_iter().map(|owner| (owner, Vec::new())).collect();
        if found.is_empty() || self.arenas[target as usize].slots().is_empty() {
            return found;
        }
        let place = |slot| Place { arena: mirror.owner, slot };
        let numbers: HashMap<Place, usize> =
            found.iter().enumerate().map(|(number, (owner, _))| (place(*owner), number)).collect();
        for slot in self.arenas[target as usize].slots() {
            let child = Place { arena: target, slot };
            let owner = self.parent_now(child, mirror);
            if let Some(&number) = owner.and_then(|owner| numbers.get(&owner))
                && self.is_child(child, place(found[number].0), mirror)
            {
                found[number].1.push(child);
            }
        }
        found
    }

    fn is_child(&self, child: Place, owner: Place, mirror: &Mirror) -> bool {
        let head = self.head(child);
        let is_saved = matches!(head.state, State::Pending | State::Persistent) && !head.doomed;
        let refers = || {
            let reference = self.arena(child).records.reference(child.slot, mirror.key.field);
            let entity = reference.and_then(|reference| reference.entity());
            match entity.filter(|&token| self.find_token(token).is_some()) {
                Some(token) => token == self.handle(owner),
                None => self.parent_now(child, mirror) == Some(owner),
            }
        };
        is_saved && (self.lacks_values(child) || refers())
    }

    /// Whether nothing is known of an entity but its key.
    pub(in crate::session) fn lacks_values(&self, place: Place) -> bool {
        self.head(place).state == State::Persistent
            && (!self.has_values(place) || !self.arena(place).records.is_there(place.slot))
    }

    #[cold]
    fn has_children(&self, child: Place, because: RelationPlace) -> Error {
        let (owner, def) = (self.arena(because.owner), self.relation_def(because));
        let shown = self.shown(owner.head(because.owner.slot));
        let target = def.target;
        let key = def.reference().map(|key| (key, (def.table)()));
        let remedy = match def.on_removal() {
            Cascade::Restrict => "delete them first, or make them refer to another one".to_owned(),
            Cascade::SetNull | Cascade::Delete | Cascade::DeleteOrphan | Cascade::Database => format!(
                "their reference{} cannot be empty: say `#[model(cascade = \"delete\")]` there, make the reference an \
                 `Option<BelongsTo<{}>>`, or delete them first",
                key.map_or_else(String::new, |(key, table)| format!(" {}", names(key, table))),
                owner.model
            ),
        };
        let message = format!(
            "{} {shown} cannot be deleted: `{}` has rows of {target} that refer to it ({target} {}); {remedy}",
            owner.model,
            def.name,
            self.shown(self.head(child))
        );
        Error::new(ErrorKind::ForeignKeyViolation, message).with_model(target)
    }
}

fn names(key: &ForeignKey, table: &crate::metadata::Table) -> String {
    table.names_of(&key.columns).join(", ")
}

/// What is done to the children of an entity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// They refer to nothing.
    Release,
    Delete,
    /// There must not be any.
    Refuse,
    /// They refer to the entity under its new key.
    Follow,
}

fn what_to_do(cascade: Cascade, nullable: bool, follows: bool) -> What {
    match cascade {
        _ if follows => What::Follow,
        Cascade::Delete | Cascade::DeleteOrphan => What::Delete,
        Cascade::SetNull if nullable => What::Release,
        // What the database does is not asked for here.
        Cascade::SetNull | Cascade::Restrict | Cascade::Database => What::Refuse,
    }
}
