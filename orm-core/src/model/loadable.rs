//! Relations that can be loaded with entities, from both sides of a reference.

use crate::model::{Model, Relation, ToOne};
use crate::query::{Edge, Load, Loadable};

impl<M: Model, T: Model> Loadable<M> for Relation<M, T> {
    type Target = T;

    fn into_load(self) -> Load {
        // A relation without a field has no number; whoever loads it says so.
        Load::new(M::table(), Edge::Field(self.number().unwrap_or(usize::MAX)))
    }
}

impl<M: Model, T: Model> Loadable<M> for ToOne<M, T> {
    type Target = T;

    fn into_load(self) -> Load {
        Load::new(M::table(), Edge::Reference(self.field()))
    }
}
