//! Relations to many in queries: joined along, filtered by, counted, and the rows that belong to one entity.

use crate::metadata::{ForeignKey, Table};
use crate::model::relation::named;
use crate::model::{JoinTable, Model, Referent, Relation, RelationDef, RelationKind, ToOne};
use crate::query::{
    Alias, Bridge, Condition, Expr, IntoCondition, JoinKind, JoinList, Joinable, Link, LinkedBy, LinkedTo,
    Load, Loadable, Pairs, Path, Referred, RefersTo, Related, Select, Source, Strategy,
};

impl<M: Model, T: Model> Relation<M, T> {
    /// The same for rows of `M` under another name.
    #[must_use]
    pub fn from(self, alias: Alias<M>) -> Self {
        Self { from: alias.name(), ..self }
    }

    /// The same to rows of `T` under another name: `Node::CHILDREN.to(Node::alias("child"))`.
    #[must_use]
    pub fn to(self, alias: Alias<T>) -> Self {
        Self { to: alias.name(), ..self }
    }

    /// Whether any of them is so: `User::POSTS.any(Post::TITLE.eq("x"))`. In the condition, `Post` means the related row. A
    /// row comes once, however many there are. `!….any(…)` also holds for rows that have none at all.
    pub fn any(self, condition: impl IntoCondition) -> Condition {
        Related::exist(self.link(), condition)
    }

    /// Whether there are any at all; `!….exists()` says that there are none.
    pub fn exists(self) -> Condition {
        self.any(None::<Condition>)
    }

    /// How many there are: to be selected, compared, sorted by. `select((User::NAME, User::POSTS.count()))`
    ///
    /// It is a query of its own for each row, which an index over the foreign key answers: `#[model(index)]` on the reference.
    pub fn count(self) -> Expr<i64> {
        self.count_where(None::<Condition>)
    }

    /// How many of them are so: `User::POSTS.count_where(Post::TITLE.eq("x"))`.
    pub fn count_where(self, condition: impl IntoCondition) -> Expr<i64> {
        Related::count(self.link(), condition)
    }

    /// Whether this entity, or the row with this key, `BelongsTo::key(7)`, is among them: `Post::TAGS.contains(news)`.
    ///
    /// An entity that is not inserted yet is flushed first. Only its own session can run a query that names one.
    pub fn contains(self, other: impl Referent<T>) -> Condition {
        let link = self.link();
        let target = other.referred();
        match self.join() {
            None => {
                let key = T::table().primary_key();
                self.any(RefersTo::condition(link.to, T::table().typed(key), vec![target], false))
            }
            Some(join) => {
                let columns =
                    join.other_key().map(|key| join.table().typed(&key.columns)).unwrap_or_default();
                let condition =
                    RefersTo::condition(Source::table(join.table()), columns, vec![target], false);
                Related::links_exist(link, condition)
            }
        }
    }

    /// A query for the rows that belong to this entity, or to the row with this key, in the order of the relation. It is filtered, sorted
    /// and limited as any other: `User::POSTS.of(alice).filter(Post::TITLE.starts_with("x")).limit(10)`.
    ///
    /// That is how a relation is read that is too large to be loaded, while `session[alice].posts.push(post)` and `.remove(post)` write to it
    /// without reading it. The collection stays as it is.
    pub fn of(self, owner: impl Referent<M>) -> Select<T> {
        let source = named(Source::table(T::table()), self.to);
        let mut query = T::select().filter(self.belong_to(source, vec![owner.referred()]));
        query.statement.order_by.extend(self.def().map_or(&[], |def| &def.order));
        query
    }

    /// Whether rows belong to one of these.
    fn belong_to(self, rows: Source, owners: Vec<Referred>) -> Condition {
        match self.join() {
            None => {
                let key = self.reference();
                let columns = key.map(|key| T::table().typed(&key.columns)).unwrap_or_default();
                RefersTo::condition(rows, columns, owners, false)
            }
            Some(join) => {
                let links = Source::table(join.table());
                let own = join.own_key().map(|key| join.table().typed(&key.columns)).unwrap_or_default();
                let owned = RefersTo::condition(links.clone(), own, owners, false);
                LinkedTo::condition(rows, links, pairs(join.table(), join.other_key()), owned)
            }
        }
    }

    pub(super) fn join(self) -> Option<JoinTable> {
        match self.def()?.kind {
            RelationKind::Linked(join) => Some(join),
            RelationKind::Many { .. } | RelationKind::One { .. } => None,
        }
    }

    fn link(self) -> Link {
        let from = named(Source::table(M::table()), self.from);
        let to = named(Source::table(T::table()), self.to);
        match self.join() {
            Some(join) => join.link(from, to),
            None => reference_link(T::table(), self.reference(), to, from).reversed(),
        }
    }

    /// Loads it from what the query itself has joined, which has to be there, so that it holds exactly the rows that were joined:
    /// `User::select().left_join(User::POSTS).filter(Post::TITLE.eq("x")).with(User::POSTS.from_join())`. Costs no statement.
    ///
    /// It counts as loaded from then on, though there may be more rows. Under another name it is
    /// `User::POSTS.to(alias).from_join()`.
    pub fn from_join(self) -> Path<M, T> {
        Path::new(Load { strategy: Some(Strategy::Own(self.to)), ..self.into_load() })
    }
}

impl<M: Model> Relation<M, M> {
    /// Loads the whole tree: this relation, for what it leads to as well, and so on to the leaves, whose relation is loaded and empty.
    /// `session.load_with(root, Node::CHILDREN.recursive())`
    ///
    /// Costs 1 SELECT for each 500 roots, however deep it is: the database follows the relation by itself. Data that goes round in a
    /// circle ends where it began. What is said to be behind it, `Node::CHILDREN.recursive().then(Node::AUTHOR)`, is loaded for all of the
    /// tree.
    pub fn recursive(self) -> Path<M, M> {
        Path::new(Load { recursive: true, ..self.into_load() })
    }
}

impl<M: Model, T: Model> ToOne<M, T> {
    /// Loads it from what the query itself has joined, which has to be there:
    /// `Post::select().join(Post::AUTHOR).filter(User::AGE.gt(18)).with(Post::AUTHOR.from_join())`. Costs no statement.
    pub fn from_join(self) -> Path<M, T> {
        Path::new(Load { strategy: Some(Strategy::Own(self.other_name())), ..self.into_load() })
    }
}

impl JoinTable {
    /// What lies between its rows and those of the other side.
    pub(super) fn far_link(&self, to: Source) -> Link {
        reference_link(self.table(), self.other_key(), Source::table(self.table()), to)
    }

    /// What lies between rows that it links.
    fn link(&self, from: Source, to: Source) -> Link {
        let rows = Source::table(self.table());
        let [own, other] = [self.own_key(), self.other_key()].map(|key| pairs(self.table(), key));
        Link { from, to, by: LinkedBy::Rows(Bridge { rows, from: own, to: other }) }
    }
}

impl RelationDef {
    /// What lies between rows and those that this relation leads to.
    pub(crate) fn link(&self, from: Source, to: Source) -> Link {
        match self.kind {
            RelationKind::Linked(join) => join.link(from, to),
            RelationKind::Many { .. } | RelationKind::One { .. } => {
                reference_link((self.table)(), self.reference(), to, from).reversed()
            }
        }
    }
}

/// What lies between rows of a table and those that they refer to by a foreign key.
pub(crate) fn reference_link(
    table: &'static Table,
    key: Option<&'static ForeignKey>,
    from: Source,
    to: Source,
) -> Link {
    Link { from, to, by: LinkedBy::Columns(pairs(table, key)) }
}

/// The columns of a foreign key, and those that it refers to.
fn pairs(table: &'static Table, key: Option<&'static ForeignKey>) -> Pairs {
    let Some(key) = key else { return Vec::new() };
    let own = table.names_of(&key.columns).into_iter();
    own.zip(key.target.columns()).map(|(own, other)| (own.to_owned(), other.to_owned())).collect()
}

impl<M: Model, T: Model> Joinable for Relation<M, T> {
    fn add_to(self, kind: JoinKind, joins: &mut JoinList<'_>) {
        // The foreign key stands first in the condition.
        joins.link(kind, self.link().reversed());
    }
}
