//! `UPDATE`: values and expressions set in the rows of a table.

use std::fmt;
use std::marker::PhantomData;

use crate::Result;
use crate::metadata::TableRef;
use crate::query::assign::{Assignments, Written, column_node, invalid, render_value};
use crate::query::effect::EffectKind;
use crate::query::filter::Filter;
use crate::query::from::From;
use crate::query::operand::{Bound, Operand};
use crate::query::projection::Projection;
use crate::query::returning::{Wanted, Writing, is_asked_by_session, is_watched, render_returning};
use crate::query::source::Source;
use crate::query::sql::rendered_beside;
use crate::query::{
    AsSource, Executable, Feature, IntoCondition, Returning, RowsByKey, Selection, Settable, Sql,
};

/// An UPDATE of rows of `R`: a model, or [`TableRef`] for a run-time table. Made by `User::update()` and [`update_table`].
///
/// Run by a session it shows in the entities that are loaded, without another statement: they come back with the rows that were
/// written. What the database changes by itself, by a cascade or a trigger, is not seen there.
#[must_use = "a statement does nothing until it is executed"]
pub struct Update<R> {
    statement: UpdateStatement,
    of: PhantomData<fn() -> R>,
}

#[derive(Clone, Debug)]
struct UpdateStatement {
    of: Written,
    assignments: Assignments,
    from: Vec<Source>,
    filter: Filter,
    every_row: bool,
    synchronize: bool,
}

/// An update of a run-time table.
pub fn update_table(table: &TableRef) -> Update<TableRef> {
    Update::new(table.clone(), None)
}

impl<R> Update<R> {
    pub(crate) fn new(table: TableRef, model: Option<&'static str>) -> Self {
        let statement = UpdateStatement {
            of: Written { table, model },
            assignments: Assignments::default(),
            from: Vec::new(),
            filter: Filter::default(),
            every_row: false,
            synchronize: true,
        };
        Self { statement, of: PhantomData }
    }

    /// Sets a column to a value or an expression, which may name columns of the row as it was.
    pub fn set<C: Settable<R>>(mut self, column: C, value: impl Operand<C::Type>) -> Self {
        self.statement.assignments.set(&self.statement.of.table, column, value);
        self
    }

    /// Lets columns of something else be named: `UPDATE … FROM`. A filter says which of its rows belong to which row; where several
    /// do, the database takes one of them.
    pub fn from(mut self, source: impl AsSource) -> Self {
        self.statement.from.push(source.as_source());
        self
    }

    /// Updates the rows for which this holds; several filters must all hold. An update without any has to say
    /// [`every_row`](Self::every_row).
    pub fn filter(mut self, condition: impl IntoCondition) -> Self {
        self.statement.filter.push(condition);
        self
    }

    /// Updates all rows, which without this is taken for a filter that was forgotten.
    pub fn every_row(mut self) -> Self {
        self.statement.every_row = true;
        self
    }

    /// Whether a session shows in loaded entities what was written (yes). It costs the return of the key and the columns set of
    /// each row that was written, if any entity of the model is loaded, and one more query if keys are set. Without it entities
    /// keep their values until they are expired or refreshed.
    pub fn synchronize(mut self, on: bool) -> Self {
        self.statement.synchronize = on;
        self
    }

    /// What the rows that were updated have here; on PostgreSQL also what was beside them.
    pub fn returning<P: Selection>(self, selection: P) -> Returning<P::Shape> {
        Returning::new(self.statement, selection)
    }
}

impl<R> Clone for Update<R> {
    fn clone(&self) -> Self {
        Self { statement: self.statement.clone(), of: PhantomData }
    }
}

impl<R> fmt::Debug for Update<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.statement.fmt(f)
    }
}

impl<R> Executable for Update<R> {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        Writing::render(&self.statement, None, sql)
    }
}

impl Writing for UpdateStatement {
    fn render(&self, projection: Option<&Projection>, sql: &mut Sql<'_>) -> Result<()> {
        let Self { of, assignments, from, filter, every_row, synchronize } = self;
        let raised = assignments.raised(of);
        let assignments = assignments.raising_version(of);
        sql.mark_writes();
        check_filter("update", of, filter, *every_row)?;
        let is_lacking = !sql.dialect().supports(Feature::ReturningUpdated);
        let again = projection.filter(|_| is_lacking && is_asked_by_session(&of.table, sql));
        let reads_again = again.is_some();
        if let Some(projection) = again.filter(|_| !from.is_empty()) {
            check_again(of, projection, sql)?;
        }
        let watched = *synchronize && (reads_again || is_watched(&of.table, projection, sql));
        let wanted = match watched {
            true => Some(Wanted {
                kind: EffectKind::Updated,
                columns: assignments.columns(),
                raised,
                moves: self.moves(sql)?,
                before: None,
                is_read: true,
            }),
            false => None,
        };
        sql.enter(self.sources())?;
        sql.push("UPDATE ").table(&of.table);
        if from.is_empty() || sql.dialect().supports(Feature::UpdateFrom) {
            assignments.render(of, sql)?;
            From::render(from, sql)?;
        } else {
            sql.push(", ");
            sql.separated(", ", from, |sql, source| source.render(sql))?;
            assignments.render_qualified(of, sql)?;
        }
        filter.render(sql)?;
        if !from.is_empty() && !sql.dialect().supports(Feature::ReturningOthers) {
            sql.leave();
            sql.enter(vec![Source::table(of.table.clone())])?;
        }
        let returned = render_returning(of, Feature::ReturningUpdated, projection, wanted, sql);
        if returned.is_err() && !from.is_empty() {
            sql.require(Feature::ReturningOthers)?;
        }
        returned?;
        sql.leave();
        Ok(())
    }
}

impl UpdateStatement {
    fn sources(&self) -> Vec<Source> {
        std::iter::once(Source::table(self.of.table.clone())).chain(self.from.iter().cloned()).collect()
    }

    /// A query for the keys of the rows and those that they will have, if a column of the key is set: what comes back from the
    /// update itself are the new ones alone.
    fn moves(&self, sql: &Sql<'_>) -> Result<Option<Box<crate::query::Rendered>>> {
        let is_set = |key: &usize| self.assignments.get(*key).is_some();
        // Without RETURNING the rows are read again afterwards, by the keys that they will have.
        if sql.dialect().supports(Feature::ReturningUpdated)
            && !self.of.table.primary_key().iter().any(is_set)
        {
            return Ok(None);
        }
        rendered_beside(&Moves(self), sql).map(|rendered| Some(Box::new(rendered)))
    }
}

/// An error if what is to be read again is in another table.
fn check_again(of: &Written, projection: &Projection, sql: &Sql<'_>) -> Result<()> {
    let (table, first) = (of.table.clone(), Some(projection.clone()));
    let query = RowsByKey { table, columns: Vec::new(), first, keys: Vec::new() };
    rendered_beside(&query, sql)
        .map(drop)
        .map_err(|error| sql.require(Feature::ReturningOthers).err().unwrap_or(error))
}

struct Moves<'u>(&'u UpdateStatement);

impl Executable for Moves<'_> {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let UpdateStatement { of, assignments, filter, .. } = self.0;
        let (sources, keys) = (self.0.sources(), of.table.primary_key());
        let target = sources[0].clone();
        sql.enter(sources.clone())?;
        sql.push("SELECT ");
        sql.separated(", ", keys, |sql, &key| sql.column(&target, &of.table.columns()[key].name, None))?;
        for &key in keys {
            let column = &of.table.columns()[key];
            let same = Ok(Bound::Node(column_node(column, &target)));
            sql.push(", CAST(");
            render_value(of, column, assignments.get(key).unwrap_or(&same), sql)?;
            sql.push(" AS ").push_type(column.sql_type).push(")");
        }
        From::render(&sources, sql)?;
        filter.render(sql)?;
        lock_rows_of(&target, sql);
        sql.leave();
        Ok(())
    }
}

/// Writes that the rows of this source are not to change before the transaction ends.
pub(crate) fn lock_rows_of(source: &Source, sql: &mut Sql<'_>) {
    if sql.dialect().supports(Feature::RowLocks) {
        sql.push(" FOR UPDATE");
        if sql.dialect().supports(Feature::LockOf) {
            sql.push(" OF ").name(source.name());
        }
    }
}

/// An error if no row is left out, and nobody has said that none is to be.
pub(crate) fn check_filter(verb: &str, of: &Written, filter: &Filter, every_row: bool) -> Result<()> {
    if every_row || !filter.is_empty() {
        return Ok(());
    }
    Err(invalid(format!(
        "the {verb} of {0} has no filter; say .filter(…), or .every_row() if all rows of {0} are meant",
        of.table.name()
    )))
}
