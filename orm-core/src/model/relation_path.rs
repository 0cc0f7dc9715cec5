//! Relations to many in queries: joined along, filtered by, counted, and the rows that belong to one entity.

use crate::metadata::{ForeignKey, Table};
use crate::model::relation::named;
use crate::model::{JoinTable, Model, Referent, Relation, RelationKind};
use crate::query::{
    Alias, Bridge, Condition, Expr, IntoCondition, JoinKind, JoinList, Joinable, Link, LinkedBy, LinkedTo,
    Pairs, Referred, RefersTo, Related, Select, Source,
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
    /// It is a query of its own for each row, which the index of the foreign key answers.
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

    fn join(self) -> Option<JoinTable> {
        match self.def()?.kind {
            RelationKind::Linked(join) => Some(join),
            RelationKind::Many { .. } | RelationKind::One { .. } => None,
        }
    }

    fn link(self) -> Link {
        let by = match self.join() {
            Some(join) => LinkedBy::Rows(Bridge {
                rows: Source::table(join.table()),
                from: pairs(join.table(), join.own_key()),
                to: pairs(join.table(), join.other_key()),
            }),
            None => {
                let columns = pairs(T::table(), self.reference());
                LinkedBy::Columns(columns.into_iter().map(|(own, other)| (other, own)).collect())
            }
        };
        Link {
            from: named(Source::table(M::table()), self.from),
            to: named(Source::table(T::table()), self.to),
            by,
        }
    }
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
