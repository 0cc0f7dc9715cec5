//! What making a plan decides in memory, to be put back where a plan is only looked at.

use foldhash::HashMap;

use crate::metadata::FieldPart;
use crate::model::Reference;
use crate::session::arena::Place;
use crate::session::assigned::Cell;
use crate::session::entities::Entities;
use crate::session::places::Places;

pub(super) struct Before {
    /// References that wait for a key, by their fields.
    waiting: Vec<(Place, FieldPart)>,
    touched: Places,
    assigned: HashMap<Place, Vec<Cell>>,
}

impl Before {
    pub(super) fn of(entities: &Entities) -> Self {
        let mut waiting = Vec::new();
        for &place in entities.touched.iter().chain(entities.new.iter()) {
            let arena = entities.arena(place);
            let fields = arena.table.foreign_keys().iter().map(|key| key.field);
            let waits = |field: &FieldPart| {
                arena.records.reference(place.slot, *field).is_some_and(Reference::is_waiting)
            };
            waiting.extend(fields.filter(waits).map(|field| (place, field)));
        }
        Self { waiting, touched: entities.touched.clone(), assigned: entities.assigned.clone() }
    }

    pub(super) fn restore(self, entities: &mut Entities) {
        let Self { waiting, touched, assigned } = self;
        for (place, field) in waiting {
            if let Some(reference) = entities.arena_mut(place).records.reference_mut(place.slot, field) {
                reference.wait_again();
            }
        }
        entities.touch_again(touched);
        entities.assigned = assigned;
    }
}

impl Entities {
    /// What was touched before a plan was made is so again, differing or not. Their snapshots are there until the transaction ends.
    pub(in crate::session) fn touch_again(&mut self, touched: Places) {
        touched.iter().for_each(|&place| self.head_mut(place).touched = true);
        self.touched = touched;
    }
}
