//! `RETURNING`: rows out of a statement that writes.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::Result;
use crate::metadata::TableRef;
use crate::query::assign::Written;
use crate::query::cte::{Body, CteBody};
use crate::query::effect::{Effect, EffectKind};
use crate::query::projection::Projection;
use crate::query::source::{Name, Source};
use crate::query::{Executable, Feature, Rendered, Selection, Sql};

/// A statement that writes and gives something of each row that it has written: `session.all(User::insert()….returning(User::ID))`.
/// It can be a common table expression, where the database lets those write.
///
/// Whoever runs it reads all of its rows, `first` too: all of them are written.
#[must_use = "a statement does nothing until it is executed"]
pub struct Returning<S> {
    statement: Arc<dyn Writing>,
    pub(crate) projection: Projection,
    shape: PhantomData<fn() -> S>,
}

/// A statement that writes.
pub(crate) trait Writing: fmt::Debug + Send + Sync {
    fn render(&self, returning: Option<&Projection>, sql: &mut Sql<'_>) -> Result<()>;
}

impl<S> Returning<S> {
    pub(crate) fn new(statement: impl Writing + 'static, selection: impl Selection<Shape = S>) -> Self {
        Self { statement: Arc::new(statement), projection: Projection::of(selection), shape: PhantomData }
    }
}

impl<S> Clone for Returning<S> {
    fn clone(&self) -> Self {
        Self { statement: self.statement.clone(), projection: self.projection.clone(), shape: PhantomData }
    }
}

impl<S> fmt::Debug for Returning<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} returning {:?}", self.statement, self.projection)
    }
}

impl<S> Executable for Returning<S> {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.statement.render(Some(&self.projection), sql)
    }
}

impl<S> CteBody for Returning<S> {
    #[expect(private_interfaces, reason = "only this crate can make one")]
    fn into_body(self) -> Arc<dyn Body> {
        Arc::new(Inside { statement: self.statement, projection: self.projection })
    }
}

/// One in the brackets of a common table expression.
#[derive(Debug)]
struct Inside {
    statement: Arc<dyn Writing>,
    projection: Projection,
}

impl Body for Inside {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let runs = std::mem::replace(&mut sql.runs, false);
        let rendered = self.statement.render(Some(&self.projection), sql);
        sql.runs = runs;
        rendered
    }

    fn columns(&self) -> Vec<Name> {
        self.projection.names().into_iter().flatten().collect()
    }

    fn writes(&self) -> bool {
        true
    }
}

/// What a session will want to know of the rows that are written.
pub(crate) struct Wanted {
    pub(crate) kind: EffectKind,
    /// The positions of the columns that are written to rows that were there already.
    pub(crate) columns: Vec<usize>,
    /// The version among them, if it is raised by one.
    pub(crate) raised: Option<usize>,
    pub(crate) moves: Option<Box<Rendered>>,
    pub(crate) before: Option<Box<Rendered>>,
    /// Whether a session reads by other statements what the program wants, where this one cannot return it.
    pub(crate) is_read: bool,
}

impl Wanted {
    pub(crate) fn of(kind: EffectKind) -> Self {
        Self { kind, columns: Vec::new(), raised: None, moves: None, before: None, is_read: false }
    }
}

/// Writes ` RETURNING …`: what the program wants, then what the session wants that runs the statement. Whether anything was
/// written.
pub(crate) fn render_returning(
    of: &Written,
    feature: Feature,
    projection: Option<&Projection>,
    wanted: Option<Wanted>,
    sql: &mut Sql<'_>,
) -> Result<bool> {
    let source = Source::table(of.table.clone());
    let returns = sql.dialect().supports(feature);
    let is_read = !returns && wanted.as_ref().is_some_and(|wanted| wanted.is_read);
    if let Some(projection) = projection.filter(|_| !is_read) {
        sql.require(feature)?;
        sql.push(" RETURNING ");
        projection.render(sql)?;
    }
    let Some(Wanted { kind, mut columns, raised, moves, before, .. }) = wanted else {
        return Ok(projection.is_some());
    };
    if kind != EffectKind::Deleted && !matches!(kind, EffectKind::Inserted { .. }) {
        // What the database computes may have changed with what it computes it from.
        let computed = |&position: &usize| of.table.columns()[position].generated.is_some();
        columns.extend((0..of.table.columns().len()).filter(computed));
    }
    if returns {
        sql.push(if projection.is_some() { ", " } else { " RETURNING " });
        let positions = of.table.primary_key().iter().chain(&columns);
        sql.separated(", ", positions, |sql, &position| {
            sql.column(&source, &of.table.columns()[position].name, None)
        })?;
    }
    let at = projection.map_or(0, |projection| projection.names().len());
    let entities = projection.is_some_and(|projection| projection.has_all_of(&of.table));
    let table = of.table.clone();
    let again = projection.filter(|_| is_read).cloned();
    sql.effect = Some(Box::new(Effect { kind, table, at, columns, raised, entities, moves, again, before }));
    Ok(returns)
}

/// Whether a session runs the statement, which can know rows of this table.
pub(crate) fn is_asked_by_session(table: &TableRef, sql: &Sql<'_>) -> bool {
    sql.keys.is_some() && sql.runs && !table.primary_key().is_empty()
}

/// Whether the session that runs the statement has to be told what it writes.
pub(crate) fn is_watched(table: &TableRef, projection: Option<&Projection>, sql: &Sql<'_>) -> bool {
    let Some(keys) = sql.keys.filter(|_| sql.runs && !table.primary_key().is_empty()) else { return false };
    keys.knows(table) || projection.is_some_and(|projection| projection.has_all_of(table))
}
