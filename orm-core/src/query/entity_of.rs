//! The columns of a model, out of something that is not its table.

use std::fmt;
use std::marker::PhantomData;

use crate::metadata::Table;
use crate::query::source::Source;
use crate::query::{AsSource, Maybe, Projection, Selection};

/// The columns of a model, from a subquery or a common table expression that has them; made by [`Source::entity`].
pub struct EntityOf<M> {
    source: Source,
    table: &'static Table,
    model: PhantomData<fn() -> M>,
}

impl<M> EntityOf<M> {
    pub(crate) fn new(source: Source, table: &'static Table) -> Self {
        Self { source, table, model: PhantomData }
    }

    /// The entity where there is one: `None` in the rows of an outer join that have no such row.
    pub fn optional(self) -> OptionalOf<M> {
        OptionalOf(self)
    }
}

impl<M> Clone for EntityOf<M> {
    fn clone(&self) -> Self {
        Self::new(self.source.clone(), self.table)
    }
}

impl<M> fmt::Debug for EntityOf<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntityOf({})", self.source.name())
    }
}

impl<M> AsSource for EntityOf<M> {
    fn as_source(&self) -> Source {
        self.source.clone()
    }
}

impl<M> Selection for EntityOf<M> {
    type Shape = M;

    fn project(self, projection: &mut Projection) {
        projection.push_all_of(self.source, self.table);
    }
}

/// A selected entity of a subquery that may be missing.
#[derive(Clone, Debug)]
pub struct OptionalOf<M>(EntityOf<M>);

impl<M> Selection for OptionalOf<M> {
    type Shape = Maybe<M>;

    fn project(self, projection: &mut Projection) {
        self.0.project(projection);
    }
}
