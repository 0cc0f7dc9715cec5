//! New rows in the place of deleted ones: an entity is to be deleted and another one with its key was added, so its row is
//! updated to be that of the new one.

use foldhash::HashSet;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::session::arena::{Arena, Place};
use crate::session::entities::Entities;
use crate::session::plan::Part;
use crate::session::plan::changes::{Group, Waiting, add_waiting, changes_of};
use crate::session::plan::inserts::{is_unset, key_waits, refuse_not_loaded};
use crate::value::Packed;

/// The entity that is to be deleted and has the key of this new one.
#[inline]
pub(super) fn holder(entities: &Entities, place: Place) -> Result<Option<u32>> {
    let arena = entities.arena(place);
    // A key that is still to come belongs to no row that is there.
    if entities.doomed.is_empty() || has_no_key(arena, place.slot)? {
        return Ok(None);
    }
    let identity = arena.identity_of(place.slot).map_err(|error| error.with_model(arena.model))?;
    Ok(arena.find(&identity).filter(|&slot| arena.head(slot).doomed))
}

fn has_no_key(arena: &Arena, slot: u32) -> Result<bool> {
    match arena.table.auto_key() {
        Some(key) => is_unset(arena, slot, key),
        None => Ok(key_waits(arena, slot)),
    }
}

/// Entities whose rows new ones take over.
#[derive(Default)]
pub(super) struct Taken(HashSet<Place>);

impl Taken {
    pub(super) fn contains(&self, place: Place) -> bool {
        self.0.contains(&place)
    }

    /// Adds the update of the row that a new entity takes over, with the columns that differ.
    pub(super) fn add(
        &mut self,
        entities: &Entities,
        place: Place,
        holder: u32,
        waiting: &[Waiting],
        parts: &mut Vec<Part>,
    ) -> Result<()> {
        let arena = entities.arena(place);
        if !self.0.insert(Place { slot: holder, ..place }) {
            let message = format!("two new entities are {}", entities.shown(arena.head(holder)));
            return Err(Error::new(ErrorKind::IdentityConflict, message).with_model(arena.model));
        }
        let mut columns = differing(entities, place, holder, waiting)?;
        let automatic = next_version(entities, place, holder, &mut columns)?;
        let groups = &mut changes_of(parts, place.arena).updates;
        let same = |group: &&mut Group| {
            !group.replaces.is_empty() && group.columns == columns && group.automatic == automatic
        };
        match groups.iter_mut().find(same) {
            Some(group) => {
                let head = |slot| arena.head(slot);
                let before = |&other: &u32| {
                    let parts = arena.table.primary_key().len();
                    head(other).identity.order(&head(holder).identity, parts).is_lt()
                };
                let at = group.replaces.partition_point(before);
                group.replaces.insert(at, holder);
                group.slots.insert(at, place.slot);
            }
            None => {
                let (slots, replaces) = (vec![place.slot], vec![holder]);
                groups.push(Group { columns, automatic, slots, replaces, ..Group::default() });
            }
        }
        Ok(())
    }
}

/// A version that the program has not set goes on from that of the row, if anything else differs.
fn next_version(
    entities: &Entities,
    place: Place,
    holder: u32,
    columns: &mut Vec<usize>,
) -> Result<Vec<usize>> {
    let arena = entities.arena(place);
    let Some(version) = arena.table.version() else { return Ok(Vec::new()) };
    if arena.version(place.slot, version)? != 0 {
        return Ok(Vec::new());
    }
    if !entities.knows_version(Place { slot: holder, ..place }) {
        let shown = entities.shown(arena.head(holder));
        let message = format!(
            "a new entity takes over the row {shown}, whose version is not known; load what is deleted before it is, or \
             flush its deletion"
        );
        return Err(arena.blame(Error::new(ErrorKind::NotLoaded, message), version));
    }
    columns.retain(|&column| column != version);
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let at = columns.partition_point(|&column| column < version);
    columns.insert(at, version);
    Ok(vec![version])
}

/// The columns of a new entity that differ from the row that it takes over: all of them if that is not known.
fn differing(entities: &Entities, place: Place, holder: u32, waiting: &[Waiting]) -> Result<Vec<usize>> {
    let (arena, holder) = (entities.arena(place), Place { slot: holder, ..place });
    let table = arena.table;
    let unfilled = arena.unfilled(place.slot);
    if table.has_deferred() {
        refuse_not_loaded(arena, place.slot, &unfilled)?;
    }
    let (mut known, mut columns) = (Packed::default(), Vec::new());
    let before = if arena.head(holder.slot).touched {
        Some(entities.snapshot(holder))
    } else if entities.has_values(holder) {
        arena.records.pack(holder.slot, &mut known);
        Some(known.from(0))
    } else {
        None
    };
    match before {
        Some(before) => {
            let differ = arena.records.differ(place.slot, before, &mut columns);
            differ.map_err(|(position, error)| arena.blame(error, position))?;
        }
        None => columns.extend(0..table.columns().len()),
    }
    add_waiting(arena, waiting.iter().filter(|reference| reference.place == place), &mut columns);
    columns.retain(|column| {
        let is_made = table.columns()[*column].generated.is_some() || unfilled.contains(column);
        !is_made && !table.primary_key().contains(column)
    });
    Ok(columns)
}
