//! Relations that can be loaded with entities, from both sides of a reference.

use crate::model::{Model, Relation, ToOne};
use crate::query::{Edge, Load, Loadable};

impl<M: Model, T: Model> Loadable<M> for Relation<M, T> {
    type Target = T;

    fn into_load(self) -> Load {
        Load::new(M::table, Edge::Field(self.number()))
    }
}

impl<M: Model, T: Model> Loadable<M> for ToOne<M, T> {
    type Target = T;

    fn into_load(self) -> Load {
        Load::new(M::table, Edge::Reference(self.field()))
    }
}
