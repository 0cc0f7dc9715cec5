//! Reading what entities refer to: rows by their keys, each once, and only those that are not known.

use foldhash::{HashSet, HashSetExt};

use super::Unit;
use super::many::CHUNK;
use crate::Result;
use crate::metadata::{FieldPart, ForeignKey};
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::identity::Identity;

impl Unit {
    /// Reads what these entities refer to by a field, where it was not read since, and lets the references know it. A row that is not
    /// there leaves its reference as it was. Nothing is flushed for that.
    pub(super) async fn read_references(
        &mut self,
        arena: u32,
        field: FieldPart,
        slots: &[u32],
        since: u32,
    ) -> Result<()> {
        let Some((key, target)) = self.entities.referring(arena, field) else { return Ok(()) };
        let mut wanted = self.entities.keys_to_read(arena, key, target, slots, since);
        let refills = since > self.entities.stale_before;
        self.entities.met.clear();
        for chunk in wanted.chunks(CHUNK) {
            self.entities.refills = refills;
            self.read_keys(target, chunk).await?;
        }
        self.entities.settle_met();
        let entities = &mut self.entities;
        // A known one that was not found any more has no row.
        wanted.retain(|identity| entities.current(target, identity, since).is_none());
        for identity in wanted {
            if let Some(slot) = entities.arenas[target as usize].find(&identity) {
                entities.lose_row(Place { arena: target, slot });
            }
        }
        entities.connect(arena, key, target, slots);
        Ok(())
    }
}

impl Entities {
    /// The foreign key of a field, and where the entities are that it refers to.
    fn referring(&mut self, arena: u32, field: FieldPart) -> Option<(&'static ForeignKey, u32)> {
        let home = &self.arenas[arena as usize];
        let key = home.table.foreign_keys().iter().find(|key| key.field == field)?;
        let target = (home.of_relations.referred)(self, field)?;
        Some((key, target))
    }

    /// Those that refer to something that they do not know, or that was not read since.
    pub(super) fn lacking_referred(
        &mut self,
        arena: u32,
        field: FieldPart,
        slots: &[u32],
        since: u32,
    ) -> Vec<u32> {
        let Some((key, target)) = self.referring(arena, field) else { return Vec::new() };
        let lacks = |slot: &u32| {
            let home = &self.arenas[arena as usize];
            let is_row = matches!(home.head(*slot).state, State::Persistent | State::Pending);
            let Some(reference) = home.records.reference(*slot, field).filter(|_| is_row) else {
                return false;
            };
            let Some(identity) = home.identity_referred_to(*slot, key) else { return false };
            let known = reference.entity().is_some_and(|token| self.place_of(token).is_some());
            !known || self.current(target, &identity, since).is_none()
        };
        slots.iter().copied().filter(lacks).collect()
    }

    /// The keys that these refer to and whose rows are to be read, each once.
    fn keys_to_read(
        &self,
        arena: u32,
        key: &ForeignKey,
        target: u32,
        slots: &[u32],
        since: u32,
    ) -> Vec<Identity> {
        let home = &self.arenas[arena as usize];
        let mut seen = HashSet::with_capacity(slots.len());
        let identities = slots.iter().filter_map(|&slot| home.identity_referred_to(slot, key));
        let unknown = identities.filter(|identity| self.current(target, identity, since).is_none());
        unknown.filter(|identity| seen.insert(identity.clone())).collect()
    }

    /// The entity of an identity, if it was read since, or is being changed.
    fn current(&self, arena: u32, identity: &Identity, since: u32) -> Option<Place> {
        let slot = self.arenas[arena as usize].find(identity)?;
        let head = self.arenas[arena as usize].head(slot);
        (head.touched || head.read_at >= since).then_some(Place { arena, slot })
    }

    /// Lets references know the entities whose keys they have.
    fn connect(&mut self, arena: u32, key: &ForeignKey, target: u32, slots: &[u32]) {
        for &slot in slots {
            let Some(identity) = self.arenas[arena as usize].identity_referred_to(slot, key) else {
                continue;
            };
            let Some(found) = self.arenas[target as usize].find(&identity) else { continue };
            let token = self.handle(Place { arena: target, slot: found });
            if let Some(reference) = self.arenas[arena as usize].records.reference_mut(slot, key.field) {
                reference.belongs_to(token);
            }
        }
    }
}
