//! Both sides of a relation changed at once.

use crate::Result;
use crate::model::{Collection, Entity, Model, Relation, RelationKind, Token};
use crate::session::arena::Place;
use crate::session::entities::{Entities, LEFT, gone};
use crate::session::relations::{Mirror, RelationPlace};

impl Entities {
    /// Puts an entity into a relation of another one, and shows it on both sides at once; the next flush writes it. Nothing has to be
    /// loaded for that. It leaves the collection that it was in before, if a row can be in one only.
    ///
    /// `session[user].posts.push(post)` does the same on its own side, and the other side follows with the next flush.
    pub fn link<M: Model, T: Model>(
        &mut self,
        entity: Entity<M>,
        relation: Relation<M, T>,
        other: Entity<T>,
    ) -> Result<()> {
        let (into, other) = self.both_sides(entity, relation, other)?;
        if self.is_put_back(into, other) {
            return Ok(());
        }
        self.edit_collection(into, |collection, token| collection.push(token), self.handle(other))?;
        if self.lacks_values(other) {
            return Ok(());
        }
        if let RelationKind::Linked(join) = self.relation_def(into).kind {
            self.show_on_other_side(into, join, other, true);
            return Ok(());
        }
        if self.refers_to(other, into) {
            return Ok(());
        }
        let left = self.collections_of(other, into);
        self.refer(other, into, true)?;
        let token = self.handle(other);
        for from in left {
            self.show(from, |collection| collection.hide(token));
        }
        Ok(())
    }

    /// Takes an entity out of a relation of another one, and shows it on both sides at once; the next flush writes it, and deletes
    /// its row if the relation deletes orphans. Whether it was there, or may have been if it is not known what is.
    pub fn unlink<M: Model, T: Model>(
        &mut self,
        entity: Entity<M>,
        relation: Relation<M, T>,
        other: Entity<T>,
    ) -> Result<bool> {
        let (from, other) = self.both_sides(entity, relation, other)?;
        let token = self.handle(other);
        let is_loaded = self.collection(from).is_some_and(Collection::is_loaded);
        let was_there = self.collection(from).is_some_and(|known| known.contains(token));
        if is_loaded && !was_there && !self.is_said_by_other_side(from, other) {
            return Ok(false);
        }
        if !self.lacks_values(other) {
            match self.relation_def(from).kind {
                RelationKind::Linked(join) => self.show_on_other_side(from, join, other, false),
                RelationKind::Many { .. } | RelationKind::One { .. } => self.remove_child(token, from)?,
            }
        }
        self.edit_collection(
            from,
            |collection, token| {
                collection.remove(token);
            },
            token,
        )?;
        Ok(true)
    }

    /// Puts an entity back that was only taken out from the other side: the pair is in the database still, unless it was never put there.
    fn is_put_back(&mut self, into: RelationPlace, other: Place) -> bool {
        let RelationKind::Linked(join) = self.relation_def(into).kind else { return false };
        let owner = self.handle(into.owner);
        let takes_out =
            |side: &RelationPlace| self.collection(*side).is_some_and(|known| known.is_removal(owner));
        if self.lacks_values(other) || !self.other_sides(other, join).iter().any(takes_out) {
            return false;
        }
        self.show_on_other_side(into, join, other, true);
        self.show_in(into, other, true);
        true
    }

    /// Whether the other side says that an entity is in a relation, which the next flush would show.
    fn is_said_by_other_side(&self, of: RelationPlace, other: Place) -> bool {
        let owner = self.handle(of.owner);
        match self.relation_def(of).kind {
            _ if self.lacks_values(other) => false,
            RelationKind::Linked(join) => {
                let sides = self.other_sides(other, join);
                sides.into_iter().any(|side| self.collection(side).is_some_and(|known| known.contains(owner)))
            }
            RelationKind::Many { .. } | RelationKind::One { .. } => self.refers_to(other, of),
        }
    }

    fn both_sides<M: Model, T: Model>(
        &self,
        entity: Entity<M>,
        relation: Relation<M, T>,
        other: Entity<T>,
    ) -> Result<(RelationPlace, Place)> {
        let owner = self.writable(entity)?;
        // One of which nothing is known has no side of its own to show it on: the flush tells its row.
        let other = match self.persistent(other) {
            Ok(place) if self.lacks_values(place) => place,
            Ok(_) | Err(_) => self.writable(other)?,
        };
        Ok((RelationPlace { owner, relation: relation.number()? }, other))
    }

    /// The collections in which an entity is by the field that a relation is by, of whichever model.
    fn collections_of(&self, child: Place, relation: RelationPlace) -> Vec<RelationPlace> {
        let Some(key) = self.relation_def(relation).reference() else { return Vec::new() };
        let mut mirrors = self.mirrors(child.arena);
        mirrors.retain(|mirror| mirror.key.field.field == key.field.field);
        let place = |mirror: Mirror| {
            let owner = self.parent_now(child, &mirror)?;
            Some(RelationPlace { owner, relation: mirror.relation })
        };
        mirrors.into_iter().filter_map(place).collect()
    }

    fn edit_collection(
        &mut self,
        place: RelationPlace,
        change: impl FnOnce(&mut Collection, Token),
        token: Token,
    ) -> Result<()> {
        self.touch(place.owner);
        let model = self.arena(place.owner).model;
        let collection = self.collection_mut(place).ok_or_else(|| gone(model, LEFT))?;
        change(collection, token);
        Ok(())
    }
}
