//! Keys that change and rows that go take references along: what `ON UPDATE` and `ON DELETE` do in the database, done in memory.

use foldhash::{HashMap, HashMapExt, HashSet};

use crate::metadata::{Action, ForeignKey, Table};
use crate::session::arena::{Arena, Place, State};
use crate::session::entities::Entities;
use crate::session::identity::Identity;
use crate::session::undo::OldRow;
use crate::{Result, Value};

/// A loaded row whose reference the database has changed.
struct Follower {
    place: Place,
    key: &'static ForeignKey,
    /// The new key of the row that it refers to.
    target: Identity,
}

impl Entities {
    /// Rows of one table have other keys than these by now. Loaded rows that refer to them by a foreign key with `on_update`
    /// show what the database has made of that; a rollback undoes it. Rows whose own key is such a reference are followed in turn.
    ///
    /// It costs a look at all loaded rows of the tables that have such a foreign key, and nothing where there is none.
    pub(super) fn follow(&mut self, moved: &[(Place, Identity)]) -> Result<()> {
        let mut rekeyed: HashMap<u32, Vec<(Place, Identity)>> = HashMap::new();
        // All are found before any is changed: one row's new key may be another's old one.
        for Follower { place, key, target } in self.followers(moved)? {
            match key.on_update {
                Action::Cascade => {
                    self.overwrite(place, &key.columns, &target, 0)?;
                    if let Some(identity) = moved_along(self.arena(place), place, key, &target)? {
                        rekeyed.entry(place.arena).or_default().push((place, identity));
                    }
                }
                Action::SetNull => {
                    let nothing = OldRow(key.columns.iter().map(|_| Some(Value::Null)).collect());
                    self.overwrite(place, &key.columns, &nothing, 0)?;
                }
                Action::NoAction | Action::Restrict | Action::SetDefault => {}
            }
        }
        rekeyed.into_values().try_for_each(|rekeyed| self.rekey(rekeyed))
    }

    /// Rows of one table are gone. Loaded rows that refer to them by a foreign key with `on_delete` show what the database has made of
    /// that: they are gone as well, or refer to nothing; a rollback undoes it.
    ///
    /// It costs a look at all loaded rows of the tables that have such a foreign key, and nothing where there is none.
    pub(super) fn follow_deleted(&mut self, gone: &[Place]) -> Result<()> {
        let mut gone_too: HashMap<u32, Vec<Place>> = HashMap::new();
        for (place, key) in self.left_behind(gone) {
            match key.on_delete {
                Action::Cascade => gone_too.entry(place.arena).or_default().push(place),
                Action::SetNull => {
                    let nothing = OldRow(key.columns.iter().map(|_| Some(Value::Null)).collect());
                    self.overwrite(place, &key.columns, &nothing, 0)?;
                }
                // What the default makes of it is read by the next that asks.
                Action::SetDefault => self.make_one_stale(place),
                Action::NoAction | Action::Restrict => {}
            }
        }
        gone_too.into_values().try_for_each(|mut places| {
            // By two foreign keys to the same table it is found twice.
            let mut seen = HashSet::default();
            places.retain(|place| seen.insert(*place));
            self.deleted_rows(&places)
        })
    }

    /// The loaded rows that refer to rows which are gone, where the database does something about it.
    fn left_behind(&self, gone: &[Place]) -> Vec<(Place, &'static ForeignKey)> {
        let Some(&first) = gone.first() else { return Vec::new() };
        let target = self.arena(first).table;
        let acts = |key: &&ForeignKey| {
            key.is_to(target) && !matches!(key.on_delete, Action::NoAction | Action::Restrict)
        };
        if !self.arenas.iter().any(|arena| arena.table.foreign_keys().iter().any(|key| acts(&key))) {
            return Vec::new();
        }
        let parents: HashSet<&Identity> = gone.iter().map(|&place| &self.head(place).identity).collect();
        let mut found = Vec::new();
        for (index, arena) in (0..).zip(&self.arenas) {
            for key in arena.table.foreign_keys().iter().filter(acts) {
                let places = arena.slots().map(|slot| Place { arena: index, slot });
                let is_known = |place: &Place| {
                    arena.head(place.slot).state == State::Persistent && self.has_values(*place)
                };
                let refers = |place: &Place| {
                    referred(arena, place.slot, key).is_some_and(|identity| parents.contains(&identity))
                };
                found.extend(places.filter(is_known).filter(refers).map(|place| (place, key)));
            }
        }
        found
    }

    fn followers(&self, moved: &[(Place, Identity)]) -> Result<Vec<Follower>> {
        let Some(&(first, _)) = moved.first() else { return Ok(Vec::new()) };
        let parents: HashMap<&Identity, Place> =
            moved.iter().map(|(place, before)| (before, *place)).collect();
        let mut followers = Vec::new();
        for (index, arena) in (0..).zip(&self.arenas) {
            for key in following(arena.table, self.arena(first).table) {
                let loaded = arena.slots().filter(|&slot| arena.head(slot).state == State::Persistent);
                for slot in loaded {
                    let Some(&parent) =
                        referred(arena, slot, key).and_then(|identity| parents.get(&identity))
                    else {
                        continue;
                    };
                    let target = self.head(parent).identity.clone();
                    followers.push(Follower { place: Place { arena: index, slot }, key, target });
                }
            }
        }
        Ok(followers)
    }
}

/// The foreign keys by which the database takes rows of a table along with those of another one.
fn following(table: &'static Table, target: &'static Table) -> impl Iterator<Item = &'static ForeignKey> {
    let follows = |key: &&ForeignKey| matches!(key.on_update, Action::Cascade | Action::SetNull);
    table.foreign_keys().iter().filter(follows).filter(|key| key.is_to(target))
}

/// The key that a row refers to; none if that is NULL, or not known yet.
fn referred(arena: &Arena, slot: u32, key: &ForeignKey) -> Option<Identity> {
    let (keys, columns) = (arena.table.primary_key(), arena.table.columns());
    let value = |part: usize| match keys.iter().position(|&own| own == key.columns[part]) {
        // It is known, whatever else is.
        Some(own) => Ok(arena.head(slot).identity.value(own)),
        None => arena.records.get(slot, &columns[key.columns[part]]),
    };
    Identity::of(key.columns.len(), value).ok()
}

/// The new identity of a row that has the reference in its own key.
fn moved_along(arena: &Arena, place: Place, key: &ForeignKey, target: &Identity) -> Result<Option<Identity>> {
    let keys = arena.table.primary_key();
    if !key.columns.iter().any(|column| keys.contains(column)) {
        return Ok(None);
    }
    let before = &arena.head(place.slot).identity;
    let value = |part: usize| match key.columns.iter().position(|&column| column == keys[part]) {
        Some(of_target) => target.value(of_target),
        None => before.value(part),
    };
    Identity::of(keys.len(), |part| Ok(value(part))).map(Some)
}
