//! What bringing both sides of a relation into line does to memory, noted so that a flush that sends nothing leaves memory as it was: a
//! collection that shows what a reference says would have the last word otherwise when the reference is changed again.

use foldhash::HashMap;

use crate::Value;
use crate::metadata::{Column, FieldPart};
use crate::model::{Collection, Token};
use crate::result::RowReader;
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::relations::RelationPlace;
use crate::session::undo::OldRow;

/// What was brought into line, as it was.
#[derive(Default)]
pub(in crate::session) struct Aligned {
    references: Vec<(Place, FieldPart, OldReference)>,
    /// Each as it was first.
    collections: HashMap<RelationPlace, Collection>,
}

/// What a reference was.
enum OldReference {
    /// It led to this entity, whose key was to be filled in, or to nothing.
    Waiting(Option<Token>),
    Known {
        values: Vec<Value<'static>>,
        entity: Option<Token>,
    },
}

impl Entities {
    /// Notes a reference before it is brought into line.
    pub(super) fn note_reference(&mut self, of: Place, field: FieldPart) {
        if self.aligned.is_none() {
            return;
        }
        // Of a field that refers to one of several models, the one that it refers to.
        let arena = self.arena(of);
        let keys = arena.table.foreign_keys().iter().map(|key| key.field);
        let mut known = keys.filter(|other| other.field == field.field);
        let field = known.find(|&other| arena.records.reference(of.slot, other).is_some()).unwrap_or(field);
        if let Some(before) = self.old_reference(of, field)
            && let Some(aligned) = &mut self.aligned
        {
            aligned.references.push((of, field, before));
        }
    }

    /// Notes a collection before it is brought into line.
    pub(super) fn note_collection(&mut self, place: RelationPlace) {
        let Self { arenas, aligned, .. } = self;
        let records = &arenas[place.owner.arena as usize].records;
        if let Some(aligned) = aligned
            && let Some(collection) = records.collection(place.owner.slot, place.relation)
        {
            aligned.collections.entry(place).or_insert_with(|| collection.clone());
        }
    }

    /// Puts back what was brought into line.
    pub(super) fn undo_alignment(&mut self, Aligned { references, collections }: Aligned) {
        for (of, field, before) in references.into_iter().rev() {
            self.put_reference_back(of, field, before);
        }
        for (place, before) in collections {
            if let Some(collection) = self.collection_mut(place) {
                *collection = before;
            }
        }
    }

    fn old_reference(&self, of: Place, field: FieldPart) -> Option<OldReference> {
        let arena = self.arena(of);
        let reference = arena.records.reference(of.slot, field);
        if let Some(waiting) = reference.filter(|known| known.is_waiting() || known.is_unset()) {
            return Some(OldReference::Waiting(waiting.entity()));
        }
        let columns = arena.table.columns().iter().filter(|column| column.field == field.field);
        let value = |column: &Column| Some(arena.records.get(of.slot, column).ok()?.into_owned());
        let values = columns.map(value).collect::<Option<_>>()?;
        Some(OldReference::Known { values, entity: reference.and_then(|known| known.entity()) })
    }

    fn put_reference_back(&mut self, of: Place, field: FieldPart, before: OldReference) {
        let records = &mut self.arena_mut(of).records;
        match before {
            OldReference::Waiting(entity) => _ = records.refer(of.slot, field, entity),
            OldReference::Known { values, entity } => {
                let row = OldRow(values.into_iter().map(Some).collect());
                let read = records.read_field(of.slot, field.field, &mut RowReader::new(&row));
                if let (Ok(()), Some(entity), Some(reference)) =
                    (read, entity, records.reference_mut(of.slot, field))
                {
                    reference.belongs_to(entity);
                }
            }
        }
    }
}
