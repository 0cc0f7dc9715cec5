//! `DELETE`: rows of a table, told apart by conditions.

use std::fmt;
use std::marker::PhantomData;

use crate::Result;
use crate::metadata::TableRef;
use crate::query::assign::Written;
use crate::query::effect::EffectKind;
use crate::query::filter::Filter;
use crate::query::from::From;
use crate::query::projection::Projection;
use crate::query::returning::{Wanted, Writing, is_asked_by_session, is_watched, render_returning};
use crate::query::source::Source;
use crate::query::sql::rendered_beside;
use crate::query::update::{check_filter, lock_rows_of};
use crate::query::{AsSource, Executable, Feature, IntoCondition, Returning, Selection, Sql};

/// A DELETE of rows of `R`: a model, or [`TableRef`] for a run-time table. Made by `User::delete()` and [`delete_from`].
///
/// Run by a session it takes the loaded entities of these rows out of it; a rollback brings them back. Rows that the database
/// deletes by itself, by a cascade, are not seen there.
#[must_use = "a statement does nothing until it is executed"]
pub struct Delete<R> {
    statement: DeleteStatement,
    of: PhantomData<fn() -> R>,
}

#[derive(Clone, Debug)]
struct DeleteStatement {
    of: Written,
    using: Vec<Source>,
    filter: Filter,
    every_row: bool,
    synchronize: bool,
}

/// A delete from a run-time table.
pub fn delete_from(table: &TableRef) -> Delete<TableRef> {
    Delete::new(table.clone(), None)
}

impl<R> Delete<R> {
    pub(crate) fn new(table: TableRef, model: Option<&'static str>) -> Self {
        let statement = DeleteStatement {
            of: Written { table, model },
            using: Vec::new(),
            filter: Filter::default(),
            every_row: false,
            synchronize: true,
        };
        Self { statement, of: PhantomData }
    }

    /// Lets columns of something else be named: `DELETE … USING`. A filter says which of its rows belong to which row. Where the
    /// database has no such thing, the rows are found by a query for their keys, which is the same.
    pub fn using(mut self, source: impl AsSource) -> Self {
        self.statement.using.push(source.as_source());
        self
    }

    /// Deletes the rows for which this holds; several filters must all hold. A delete without any has to say
    /// [`every_row`](Self::every_row).
    pub fn filter(mut self, condition: impl IntoCondition) -> Self {
        self.statement.filter.push(condition);
        self
    }

    /// Deletes all rows, which without this is taken for a filter that was forgotten.
    pub fn every_row(mut self) -> Self {
        self.statement.every_row = true;
        self
    }

    /// Whether the entities of the rows leave a session that has them (yes). It costs the return of the key of each row, if any
    /// entity of the model is loaded. Without it they stay as they are until they are expired or refreshed.
    pub fn synchronize(mut self, on: bool) -> Self {
        self.statement.synchronize = on;
        self
    }

    /// What the rows that were deleted had here. A session returns them by [`rows`](crate::query::Returning), as structs: there
    /// are no entities of them any more.
    pub fn returning<P: Selection>(self, selection: P) -> Returning<P::Shape> {
        Returning::new(self.statement, selection)
    }
}

impl<R> Clone for Delete<R> {
    fn clone(&self) -> Self {
        Self { statement: self.statement.clone(), of: PhantomData }
    }
}

impl<R> fmt::Debug for Delete<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.statement.fmt(f)
    }
}

impl<R> Executable for Delete<R> {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        Writing::render(&self.statement, None, sql)
    }
}

impl Writing for DeleteStatement {
    fn render(&self, projection: Option<&Projection>, sql: &mut Sql<'_>) -> Result<()> {
        let Self { of, using, filter, every_row, synchronize } = self;
        sql.mark_writes();
        check_filter("delete", of, filter, *every_row)?;
        let is_lacking = !sql.dialect().supports(Feature::ReturningRows);
        let is_asked = is_lacking && projection.is_some() && is_asked_by_session(&of.table, sql);
        let wanted = match is_asked || (*synchronize && is_watched(&of.table, projection, sql)) {
            true => {
                let before =
                    is_lacking.then(|| rendered_beside(&Before(self, projection), sql)).transpose()?;
                Some(Wanted {
                    before: before.map(Box::new),
                    is_read: true,
                    ..Wanted::of(EffectKind::Deleted)
                })
            }
            false => None,
        };
        let (target, sources) = (self.target(), self.sources());
        sql.push("DELETE FROM ").table(&of.table);
        if using.is_empty() || sql.dialect().supports(Feature::DeleteUsing) {
            sql.enter(sources)?;
            sql.push(if using.is_empty() { "" } else { " USING " });
            sql.separated(", ", using, |sql, source| source.render(sql))?;
            filter.render(sql)?;
        } else {
            sql.enter(vec![target])?;
            self.render_found(sources, sql)?;
        }
        render_returning(of, Feature::ReturningRows, projection, wanted, sql)?;
        sql.leave();
        Ok(())
    }
}

impl DeleteStatement {
    fn target(&self) -> Source {
        Source::table(self.of.table.clone())
    }

    fn sources(&self) -> Vec<Source> {
        std::iter::once(self.target()).chain(self.using.iter().cloned()).collect()
    }

    /// Writes a condition that the row is among those that a query finds.
    fn render_found(&self, sources: Vec<Source>, sql: &mut Sql<'_>) -> Result<()> {
        let table = &self.of.table;
        let keys = table.names_of(table.primary_key());
        if keys.is_empty() {
            return sql.require(Feature::DeleteUsing);
        }
        let target = sources[0].clone();
        let outer = if sql.dialect().supports(Feature::DeleteReading) { "" } else { "SELECT * FROM (" };
        sql.push(" WHERE (").names(keys.iter().copied()).push(") IN (").push(outer).push("SELECT ");
        sql.enter(sources.clone())?;
        sql.separated(", ", &keys, |sql, key| sql.column(&target, key, None))?;
        From::render(&sources, sql)?;
        self.filter.render(sql)?;
        sql.leave();
        sql.push(if outer.is_empty() { ")" } else { ") AS found)" });
        Ok(())
    }
}

/// A query for what the program wants of rows that will be gone, then their keys.
struct Before<'d>(&'d DeleteStatement, Option<&'d Projection>);

impl Executable for Before<'_> {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let Self(delete, projection) = self;
        let (table, target, sources) = (&delete.of.table, delete.target(), delete.sources());
        sql.enter(sources.clone())?;
        // What another table is joined with it may find the same row twice.
        sql.push(if sources.len() > 1 { "SELECT DISTINCT " } else { "SELECT " });
        if let Some(projection) = projection {
            projection.render(sql)?;
            sql.push(", ");
        }
        sql.separated(", ", table.primary_key(), |sql, &key| {
            sql.column(&target, &table.columns()[key].name, None)
        })?;
        From::render(&sources, sql)?;
        delete.filter.render(sql)?;
        lock_rows_of(&target, sql);
        sql.leave();
        Ok(())
    }
}
