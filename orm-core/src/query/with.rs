//! `with`: the relations that are loaded together with the entities of a query. None of it is SQL of the query itself, unless it is
//! joined: it is done when the rows have been read, and travels in the `Intake`.

use std::fmt;
use std::marker::PhantomData;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::{FieldPart, Table};
use crate::query::Select;

/// What is loaded with the entities of one model: a tree, relation by relation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loads {
    pub(crate) with: Vec<Load>,
    /// What the mapping loads with each query, and this one does not.
    pub(crate) without: Vec<Load>,
}

/// A relation that is loaded, and what is loaded with the entities that it leads to.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Load {
    /// The table of the model that it is of.
    pub(crate) of: &'static Table,
    pub(crate) edge: Edge,
    /// How; without one as the mapping says, or by a SELECT of its own.
    pub(crate) strategy: Option<Strategy>,
    /// It is read though it is loaded.
    pub(crate) reload: bool,
    /// It is loaded for what it leads to as well, and so on.
    pub(crate) recursive: bool,
    pub(crate) then: Loads,
}

/// A relation of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// A relation field, by its number among those.
    Field(usize),
    /// A reference, by the field that it is a part of.
    Reference(FieldPart),
}

/// How a relation is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// By a SELECT of its own for all entities together.
    SelectIn,
    /// By a join of the query.
    Joined,
    /// From what the query itself has joined, by its own name or this one.
    Own(Option<&'static str>),
}

impl Loads {
    pub(crate) fn is_empty(&self) -> bool {
        self.with.is_empty() && self.without.is_empty()
    }

    /// What is said of the entities of one table.
    pub(crate) fn of(&self, table: &'static Table) -> Self {
        let of = |loads: &[Load]| loads.iter().filter(|load| load.of == table).cloned().collect();
        Self { with: of(&self.with), without: of(&self.without) }
    }

    /// Adds a relation. What was said of it before stays, unless this says otherwise.
    pub(crate) fn add(&mut self, load: Load) {
        self.without.retain(|left_out| left_out.edge != load.edge);
        match self.with.iter_mut().find(|before| before.edge == load.edge) {
            Some(before) => {
                before.reload |= load.reload;
                before.recursive |= load.recursive;
                before.strategy = load.strategy.or(before.strategy);
                before.then.merge(load.then);
            }
            None => self.with.push(load),
        }
    }

    /// Leaves a relation out.
    pub(crate) fn leave_out(&mut self, load: Load) {
        self.with.retain(|before| before.edge != load.edge);
        self.without.push(load);
    }

    /// Adds all that another one says.
    pub(crate) fn merge(&mut self, other: Self) {
        other.without.into_iter().for_each(|load| self.leave_out(load));
        other.with.into_iter().for_each(|load| self.add(load));
    }

    /// An error if it would be lost, as the rows are not read but used by another query.
    pub(crate) fn check_nested(&self) -> Result<()> {
        if self.with.is_empty() {
            return Ok(());
        }
        let message = "with(…) loads relations of the entities that are read, and this query stands inside another one; say it of the outermost one";
        Err(Error::new(ErrorKind::InvalidQuery, message))
    }

    /// An error if it would be lost, as nobody keeps entities.
    pub(crate) fn check_nowhere(&self, who: &str) -> Result<()> {
        if self.with.is_empty() {
            return Ok(());
        }
        let message = format!(
            "with(…) loads relations of entities, and {who} reads none; read by a session's all, first, one or stream"
        );
        Err(Error::new(ErrorKind::InvalidQuery, message))
    }
}

impl Load {
    pub(crate) fn new(of: &'static Table, edge: Edge) -> Self {
        Self { of, edge, strategy: None, reload: false, recursive: false, then: Loads::default() }
    }
}

/// A relation of the model `M` that can be loaded with its entities: `User::POSTS`, `Post::AUTHOR`, and either with what is to be
/// loaded behind it.
///
/// ```text
/// User::select().with(User::POSTS.then(Post::TAGS).then(Post::COMMENTS.then(Comment::AUTHOR)))
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation of `{M}`",
    label = "not a relation of `{M}`",
    note = "relations are constants of their model: `User::POSTS`, `Post::AUTHOR`; what is to be loaded behind one is said with `then`: `User::POSTS.then(Post::TAGS)`"
)]
pub trait Loadable<M>: Sized {
    /// The model that it leads to.
    type Target;

    #[doc(hidden)]
    fn into_load(self) -> Load;

    /// Loads a relation of the entities that this one leads to as well. Several are said one after the other, what is deeper inside:
    /// `User::POSTS.then(Post::TAGS).then(Post::COMMENTS.then(Comment::AUTHOR))`. Costs 1 SELECT for each 500 of those entities.
    fn then(self, further: impl Loadable<Self::Target>) -> Path<M, Self::Target> {
        let mut load = self.into_load();
        load.then.add(further.into_load());
        Path::new(load)
    }

    /// Does not load a relation of the entities that this one leads to, though the mapping loads it with each query.
    fn then_without(self, relation: impl Loadable<Self::Target>) -> Path<M, Self::Target> {
        let mut load = self.into_load();
        load.then.leave_out(relation.into_load());
        Path::new(load)
    }

    /// Loads it for what it leads to as well, so many levels in all: `Node::CHILDREN.depth(3)` are children, grandchildren and theirs. What
    /// is said to be loaded behind it is loaded on each level. Costs 1 SELECT for each level that has rows, and each 500 entities on it.
    fn depth(self, levels: u32) -> Path<M, M>
    where
        Self: Loadable<M, Target = M>,
    {
        let level = self.into_load();
        let deeper = |below: Load, _| {
            let mut load = level.clone();
            load.then.add(below);
            load
        };
        Path::new((1..levels).fold(level.clone(), deeper))
    }

    /// Reads it anew, though it is loaded and current.
    fn reload(self) -> Path<M, Self::Target> {
        Path::new(Load { reload: true, ..self.into_load() })
    }

    /// Loads it by a join of the query, so that it costs no statement of its own. Rows of entities with several related ones come several
    /// times, with all of their columns: for many and wide rows a SELECT of its own is cheaper.
    ///
    /// The join goes by a name that is made up: conditions and orders of the query do not cut the relation down. A query with
    /// `limit` counts entities. Where rows are locked, in streams, and behind unions and groups it is loaded by a SELECT of its own.
    fn joined(self) -> Path<M, Self::Target> {
        Path::new(Load { strategy: Some(Strategy::Joined), ..self.into_load() })
    }

    /// Loads it by a SELECT of its own, 1 for each 500 entities, whatever the mapping says.
    fn select_in(self) -> Path<M, Self::Target> {
        Path::new(Load { strategy: Some(Strategy::SelectIn), ..self.into_load() })
    }
}

/// A relation of the model `M` to the model `T` that is to be loaded, with what is said of that; [`Loadable::then`] makes it.
#[must_use = "a path loads nothing before a query is run with it"]
pub struct Path<M, T> {
    load: Load,
    of: PhantomData<fn() -> (M, T)>,
}

impl<M, T> Path<M, T> {
    pub(crate) fn new(load: Load) -> Self {
        Self { load, of: PhantomData }
    }
}

impl<M, T> Loadable<M> for Path<M, T> {
    type Target = T;

    fn into_load(self) -> Load {
        self.load
    }
}

impl<M, T> Clone for Path<M, T> {
    fn clone(&self) -> Self {
        Self::new(self.load.clone())
    }
}

impl<M, T> fmt::Debug for Path<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.load.fmt(f)
    }
}

impl<M> Select<M> {
    /// Loads a relation with the entities: `User::select().with(User::POSTS)`, `.with(Post::AUTHOR)`, and further ones behind it,
    /// `.with(User::POSTS.then(Post::TAGS))`. Several are several calls.
    ///
    /// Costs 1 SELECT for each relation and 500 entities that lack it, none for what is loaded and current.
    /// [`populate_existing`](Self::populate_existing) reads all of it anew.
    pub fn with(mut self, relation: impl Loadable<M>) -> Self {
        self.statement.loads.add(relation.into_load());
        self
    }

    /// Does not load a relation that the mapping loads with each query, `#[model(load = "select_in")]`; for this query only.
    pub fn without(mut self, relation: impl Loadable<M>) -> Self {
        self.statement.loads.leave_out(relation.into_load());
        self
    }
}
