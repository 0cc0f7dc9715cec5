//! Rows of which nothing is known but the key are put into collections and taken out of them: their references are set without being read.

use std::sync::Arc;

use crate::Result;
use crate::metadata::ForeignKey;
use crate::model::Cascade;
use crate::query::{Bound, NullIf, Source};
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::relations::RelationPlace;

impl Entities {
    /// Whether a row that is not read can be told that it belongs to the owner of a collection, or no longer does: its key stays as it is,
    /// and what it is to refer to is certain.
    pub(super) fn is_told_unread(&self, child: Place, of: RelationPlace, to_owner: bool) -> bool {
        let def = self.relation_def(of);
        let (Some(key), table) = (def.reference(), self.arena(child).table) else { return false };
        let owner = self.head(of.owner);
        let is_certain = owner.state == State::Persistent
            && self.identity_after_flush(of.owner).is_ok_and(|after| after == owner.identity);
        let is_free = !key.columns.iter().any(|column| table.primary_key().contains(column));
        let is_set_null = key.columns.len() == 1
            && key.is_nullable(table)
            && !matches!(def.on_removal(), Cascade::DeleteOrphan);
        is_certain && is_free && table.renewed().is_empty() && (to_owner || is_set_null)
    }

    /// Sets the reference of a row that is not read. One that is taken out refers to nothing from now on, if it has referred to the owner.
    pub(super) fn tell_unread(
        &mut self,
        child: Place,
        of: RelationPlace,
        key: &ForeignKey,
        to_owner: bool,
    ) -> Result<()> {
        let identity = self.head(of.owner).identity.clone();
        let table = self.arena(child).table;
        for (part, &position) in key.columns.iter().enumerate() {
            let column = &table.columns()[position];
            let value = identity.value(part).into_owned();
            let value = match to_owner {
                true => Bound::Value(column.sql_type, value),
                false => Bound::Node(Arc::new(NullIf {
                    rows: Source::table(table),
                    column: column.name.clone(),
                    sql_type: column.sql_type,
                    value,
                })),
            };
            self.assign(child, position, value, false)?;
        }
        // A field that refers to one of several models refers to the others no more.
        let is_other = |other: &&ForeignKey| other.field.field == key.field.field && other.field != key.field;
        for other in table.foreign_keys().iter().filter(is_other).filter(|_| to_owner) {
            for &position in &other.columns {
                self.assign(child, position, Bound::Null, false)?;
            }
        }
        Ok(())
    }
}
