//! `JOIN`: along a relation or on a condition.

use crate::Result;
use crate::query::filter::Filter;
use crate::query::source::Source;
use crate::query::{AsSource, Feature, IntoCondition, Link, Select, Sql};

/// The joins of a statement, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Joins(Vec<Join>);

#[derive(Clone, Debug)]
struct Join {
    kind: JoinKind,
    target: Target,
}

/// How rows are put side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// Only those that match.
    Inner,
    /// All of the left side.
    Left,
    /// All of the right side.
    Right,
    /// All of both sides.
    Full,
    /// Each with each.
    Cross,
}

impl JoinKind {
    fn as_sql(self) -> &'static str {
        match self {
            Self::Inner => " JOIN ",
            Self::Left => " LEFT JOIN ",
            Self::Right => " RIGHT JOIN ",
            Self::Full => " FULL JOIN ",
            Self::Cross => " CROSS JOIN ",
        }
    }
}

#[derive(Clone, Debug)]
enum Target {
    On(On),
    Along(Link),
}

/// Something to join, and the condition to join it on; made by [`AsSource::on`].
#[derive(Clone, Debug)]
pub struct On {
    source: Source,
    condition: Filter,
}

impl On {
    pub(crate) fn new(source: Source, condition: impl IntoCondition) -> Self {
        let mut filter = Filter::default();
        filter.push(condition);
        Self { source, condition: filter }
    }
}

/// What can be joined: something with its condition ([`AsSource::on`]), or a relation between models, whose condition is the
/// foreign key: `Post::select().join(Post::AUTHOR)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be joined",
    label = "neither a relation nor something with a condition",
    note = "join along a relation, `.join(Post::AUTHOR)`, or on a condition, `.join(Post::entity().on(…))`"
)]
pub trait Joinable {
    #[doc(hidden)]
    fn add_to(self, kind: JoinKind, joins: &mut JoinList<'_>);
}

/// Where joins are added.
#[doc(hidden)]
#[derive(Debug)]
pub struct JoinList<'a>(&'a mut Joins);

impl<'a> JoinList<'a> {
    pub(super) fn of(joins: &'a mut Joins) -> Self {
        Self(joins)
    }

    pub(crate) fn link(&mut self, kind: JoinKind, link: Link) {
        self.0.0.push(Join { kind, target: Target::Along(link) });
    }
}

impl Joinable for On {
    fn add_to(self, kind: JoinKind, joins: &mut JoinList<'_>) {
        joins.0.0.push(Join { kind, target: Target::On(self) });
    }
}

impl Joinable for Link {
    fn add_to(self, kind: JoinKind, joins: &mut JoinList<'_>) {
        joins.link(kind, self);
    }
}

impl Joins {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is joined by its name, and both sides of what is joined along a relation.
    pub(super) fn named(&self) -> impl Iterator<Item = &Source> {
        self.0.iter().flat_map(|join| match &join.target {
            Target::On(on) => vec![&on.source],
            Target::Along(link) => link.sources(),
        })
    }

    /// Whether columns may be NULL that are not nullable, because a side has no row.
    pub(crate) fn are_outer(&self) -> bool {
        let is_outer = |kind| matches!(kind, JoinKind::Left | JoinKind::Right | JoinKind::Full);
        self.0.iter().any(|join| is_outer(join.kind))
    }

    /// Adds what is joined to what is read already.
    pub(crate) fn sources(&self, present: &mut Vec<Source>) -> Result<()> {
        for join in &self.0 {
            match &join.target {
                Target::On(on) => present.push(on.source.clone()),
                Target::Along(link) => link.add_missing(present)?,
            }
        }
        Ok(())
    }

    /// Writes them; `sources` are what they join, in their order.
    pub(crate) fn render(&self, sources: &[Source], sql: &mut Sql<'_>) -> Result<()> {
        let mut sources = sources.iter();
        for Join { kind, target } in &self.0 {
            if *kind == JoinKind::Full {
                sql.require(Feature::FullJoin)?;
            }
            match (target, sources.next()) {
                (_, None) => {}
                (Target::On(on), Some(source)) => {
                    sql.push(kind.as_sql());
                    source.render(sql)?;
                    if *kind != JoinKind::Cross {
                        on.condition.render_as(" ON ", sql)?;
                    }
                }
                (Target::Along(link), Some(source)) => {
                    link.render_join(kind.as_sql(), source, &mut sources, sql)?;
                }
            }
        }
        Ok(())
    }
}

impl<S> Select<S> {
    /// Puts the matching rows of something else beside each row: along a relation, or on a condition.
    ///
    /// A relation joins whichever of its two sides is not in the query yet. A row that has no match is left out, and one
    /// that has several comes once with each.
    pub fn join(self, target: impl Joinable) -> Self {
        self.join_as(JoinKind::Inner, target)
    }

    /// The same, and a row that has no match comes once, with NULL in the place of the other's columns. What is
    /// selected of it is `optional` then: `Post::TITLE.optional()`, `Post::entity().optional()`.
    pub fn left_join(self, target: impl Joinable) -> Self {
        self.join_as(JoinKind::Left, target)
    }

    /// Keeps all rows of what is joined, whether anything matches them or not; what is selected of the others is `optional` then.
    pub fn right_join(self, target: impl Joinable) -> Self {
        self.join_as(JoinKind::Right, target)
    }

    /// Keeps all rows of both sides; what is selected of either is `optional` then.
    pub fn full_join(self, target: impl Joinable) -> Self {
        self.join_as(JoinKind::Full, target)
    }

    /// Puts each row beside each row.
    pub fn cross_join(self, source: impl AsSource) -> Self {
        self.join_as(JoinKind::Cross, On::new(source.as_source(), None::<crate::query::Condition>))
    }

    fn join_as(mut self, kind: JoinKind, target: impl Joinable) -> Self {
        target.add_to(kind, &mut JoinList(&mut self.statement.joins));
        self
    }
}
