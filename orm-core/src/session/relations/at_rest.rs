//! Whether a flush has anything to do with relations. Most change other columns of rows, and are not to pay for those.

use crate::model::{Collection, RelationKind};
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::relations::RelationPlace;

impl Entities {
    /// Whether nothing was done since the last flush that relations may show, or that may show in them.
    pub(in crate::session) fn relations_are_at_rest(&self) -> bool {
        if !self.has_relations {
            return true;
        }
        if !self.doomed.is_empty() || !self.departed.is_empty() {
            return false;
        }
        let mut last = None;
        self.touched.iter().chain(self.new.iter()).all(|&place| {
            // Neighbours are of one model, mostly.
            if last != Some(place.arena) {
                last = Some(place.arena);
                if self.shows_in_relations(place.arena) {
                    return false;
                }
            }
            self.arena(place).relations.is_empty() || self.own_relations_are_at_rest(place)
        })
    }

    /// Whether a relation of any model shows the rows of an arena, or shows others because of them.
    fn shows_in_relations(&self, rows: u32) -> bool {
        let table = self.arenas[rows as usize].table;
        let mut all = self.arenas.iter().flat_map(|arena| arena.relations);
        all.any(|def| match def.kind {
            RelationKind::Linked(join) => join.table() == table,
            RelationKind::Many { .. } | RelationKind::One { .. } => (def.table)() == table,
        })
    }

    fn own_relations_are_at_rest(&self, place: Place) -> bool {
        let head = self.head(place);
        let before = match head.state {
            State::Persistent if self.has_other_key(place) => return false,
            State::Persistent => self.journal.collections_of(head.snapshot),
            _ => &[],
        };
        let nothing = Collection::default();
        (0..self.arena(place).relations.len()).all(|relation| {
            let before = before.get(relation).unwrap_or(&nothing);
            let now = self.collection(RelationPlace { owner: place, relation });
            now.is_none_or(|now| !now.waits() && !now.is_edited() && now.is_as(before))
        })
    }
}
