//! Entities out of subqueries and common table expressions.

use crate::model::Model;
use crate::query::{AsSource, Cte, EntityOf, Source};

impl Source {
    /// The model `M`, read from something that has all of its columns by their names: a subquery or a common table expression
    /// of `M::select()`. Selected, it is an entity.
    pub fn entity<M: Model>(&self) -> EntityOf<M> {
        EntityOf::new(self.clone(), M::table())
    }
}

impl Cte {
    /// The model `M`, read from rows that have all of its columns by their names. Selected, it is an entity.
    pub fn entity<M: Model>(&self) -> EntityOf<M> {
        self.as_source().entity()
    }
}
