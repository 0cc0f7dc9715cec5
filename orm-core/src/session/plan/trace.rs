//! What making a plan decides in memory, to be put back where a plan is only looked at, or nothing of it is sent.

use foldhash::HashMap;

use crate::metadata::FieldPart;
use crate::model::Reference;
use crate::session::arena::Place;
use crate::session::assigned::Cell;
use crate::session::entities::Entities;
use crate::session::places::Places;

pub(in crate::session) struct Before {
    /// References that wait for a key, by their fields.
    waiting: Vec<(Place, FieldPart)>,
    touched: Places,
    assigned: HashMap<Place, Vec<Cell>>,
}

impl Before {
    pub(in crate::session) fn of(entities: &Entities) -> Self {
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

    pub(in crate::session) fn restore(self, entities: &mut Entities) {
        let Self { waiting, touched, assigned } = self;
        for (place, field) in waiting {
            if let Some(reference) = entities.arena_mut(place).records.reference_mut(place.slot, field) {
                reference.wait_again();
            }
        }
        // Differing or not: their snapshots are there until the transaction ends.
        touched.iter().for_each(|&place| entities.head_mut(place).touched = true);
        entities.touched = touched;
        entities.assigned = assigned;
    }
}
