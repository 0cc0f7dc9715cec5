//! Statements in the transaction of a unit of work: queries for entities, for plain structs, for anything, and streams.

use std::collections::VecDeque;
use std::sync::Arc;

use super::writing::{Done, check_entities};
use super::{Cursor, Unit, held};
use crate::driver::{Row, RowBuffer, Statement};
use crate::engine::{Lease, Prepared};
use crate::error::{Error, ErrorKind};
use crate::model::Found;
use crate::query::{Executable, Explain};
use crate::result::{Columns, Intaking, Once, Plan, Query, ResultSet, RowReader, Shape};
use crate::session::entities::Entities;
use crate::session::meet::Rearranged;
use crate::session::stream::Reading;
use crate::{Result, Value};

impl Unit {
    /// Runs a query; unflushed changes are written first, so that it sees them.
    pub(super) async fn run<F>(
        &mut self,
        statement: &Arc<Statement>,
        values: &[Value<'_>],
        locks: bool,
        mut take: F,
    ) -> Result<()>
    where
        F: FnMut(&mut Entities, &dyn Row) -> Result<()> + Send,
    {
        if !self.is_ready() {
            Box::pin(self.get_ready(locks)).await?;
        }
        let Self { entities, lease, .. } = self;
        let lease = held(lease)?;
        let result = lease.run(statement, values, &mut |row: &dyn Row| take(entities, row)).await;
        match result {
            Ok(_) => Ok(()),
            Err(error) => Err(Box::pin(self.fail_if_broken(error)).await),
        }
    }

    /// A statement's error ends the unit of work only if its connection is gone with it.
    pub(super) async fn fail_if_broken(&mut self, error: Error) -> Error {
        let broken = self.lease.as_ref().is_some_and(Lease::is_broken);
        if broken { self.fail(error).await } else { error }
    }

    /// The same for a result whose columns are not all there, or not in their order.
    async fn run_mapped<F>(
        &mut self,
        columns: Columns,
        once: Once,
        statement: &Arc<Statement>,
        values: &[Value<'_>],
        mut take: F,
    ) -> Result<()>
    where
        F: FnMut(&mut Entities, &dyn Row) -> Result<()> + Send,
    {
        self.get_ready(false).await?;
        let Self { entities, lease, .. } = self;
        let mut sink = Rearranged::new(columns, once, |row: &dyn Row| take(entities, row));
        match held(lease)?.run(statement, values, &mut sink).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.fail_if_broken(error).await),
        }
    }

    /// Runs any statement; unflushed changes are written first.
    pub(in crate::session) async fn execute(&mut self, statement: impl Executable) -> Result<ResultSet> {
        let rendered = self.render(&statement).await?;
        drop(statement);
        rendered.intake.loads.check_nowhere("execute")?;
        if rendered.batch.is_some() || rendered.effect.is_some() {
            let Done { rows, affected, statement, .. } = Box::pin(self.write(&rendered)).await?;
            return Ok(ResultSet::new(rows, affected, statement));
        }
        self.get_ready(rendered.writes || rendered.intake.locks).await?;
        self.entities.wrote_rows |= rendered.writes;
        let statement = rendered.statement.clone();
        let mut buffer = RowBuffer::new(true);
        let mut rows = Intaking::new(&rendered.intake, &mut buffer);
        match held(&mut self.lease)?.run(&statement, &rendered.values, &mut rows).await {
            Ok(affected) => {
                rows.finish();
                Ok(ResultSet::new(buffer, affected, statement))
            }
            Err(error) => Err(self.fail_if_broken(error).await),
        }
    }

    pub(in crate::session) async fn explain(
        &mut self,
        statement: impl Executable,
        analyze: bool,
    ) -> Result<Plan> {
        let tree = self.engine.backend().dialect().explaining().tree;
        let explain = Explain { statement: &statement, analyze };
        Plan::read(self.execute(explain).await?, tree)
    }

    /// Writes a statement. One that names entities whose keys are not certain is written again after a flush.
    pub(in crate::session) async fn render(&mut self, statement: &impl Executable) -> Result<Prepared> {
        let rendered = self.render_now(statement)?;
        if !rendered.waits {
            return Ok(rendered);
        }
        if !self.options.autoflush {
            let message =
                "the statement names an entity whose key is not certain before a flush, and autoflush is off";
            return Err(Error::new(ErrorKind::NotPersistent, message));
        }
        Box::pin(self.flush()).await?;
        self.render_now(statement)
    }

    pub(super) fn render_now(&self, statement: &impl Executable) -> Result<Prepared> {
        self.engine.statements().prepare(statement, self.engine.backend().dialect(), Some(&self.entities))
    }

    pub(in crate::session) async fn all<Q: Query<Shape: Found>>(
        &mut self,
        query: Q,
    ) -> Result<Vec<<Q::Shape as Found>::Found>> {
        Ok(self.find(query).await?.0)
    }

    /// What a query finds, and its SQL for errors.
    async fn find<Q: Query<Shape: Found>>(
        &mut self,
        mut query: Q,
    ) -> Result<(Vec<<Q::Shape as Found>::Found>, Prepared)> {
        let place = <Q::Shape as Found>::place(&mut self.entities);
        let mut joining = query.clauses().and_then(|clauses| self.entities.joins_of(clauses));
        let (rendered, columns) = (self.render(&query).await?, query.columns());
        drop(query);
        check_entities(&rendered)?;
        let mut found = Vec::new();
        self.entities.refills = rendered.intake.refill;
        self.entities.keeps_changes = false;
        self.entities.met.clear();
        let take = |entities: &mut Entities, row: &dyn Row| {
            found.push(<Q::Shape as Found>::meet(&place, entities, &mut RowReader::new(row))?);
            if let Some(joining) = &mut joining
                && !joining.take(entities, row)?
            {
                found.pop();
            }
            Ok(())
        };
        self.read(&rendered, columns, take).await?;
        let backwards = joining.as_ref().map_or(rendered.intake.backwards, |joining| joining.backwards);
        if backwards {
            found.reverse();
        }
        self.entities.settle_met();
        if let Some(mut joining) = joining {
            joining.finish(&mut self.entities);
            self.load_beside(joining, rendered.intake.refill).await?;
        } else if self.entities.loads_by_default || !rendered.intake.loads.is_empty() {
            self.load_with_met(&rendered.intake.loads, rendered.intake.refill).await?;
        }
        Ok((found, rendered))
    }

    /// Reads the rows of a query.
    async fn read<F>(&mut self, rendered: &Prepared, columns: Columns, mut take: F) -> Result<()>
    where
        F: FnMut(&mut Entities, &dyn Row) -> Result<()> + Send,
    {
        if rendered.batch.is_some() || rendered.effect.is_some() {
            return Box::pin(self.write_and_read(rendered, columns, take)).await;
        }
        self.entities.wrote_rows |= rendered.writes;
        let statement = rendered.statement.clone();
        let mut once = Once::new(&rendered.intake);
        match columns {
            Columns::InOrder => {
                let take = |entities: &mut Entities, row: &dyn Row| {
                    if once.takes(row)? { take(entities, row) } else { Ok(()) }
                };
                self.run(&statement, &rendered.values, rendered.intake.locks, take).await
            }
            columns => Box::pin(self.run_mapped(columns, once, &statement, &rendered.values, take)).await,
        }
    }

    pub(in crate::session) async fn first<Q: Query<Shape: Found>>(
        &mut self,
        query: Q,
    ) -> Result<Option<<Q::Shape as Found>::Found>> {
        Ok(self.all(query.at_most_one()).await?.into_iter().next())
    }

    pub(in crate::session) async fn one<Q: Query<Shape: Found>>(
        &mut self,
        query: Q,
    ) -> Result<<Q::Shape as Found>::Found> {
        let (mut found, rendered) = self.find(query).await?;
        check_at_most_one(found.len(), &rendered)?;
        let none =
            || Error::new(ErrorKind::NoResult, "the query found no row").with_sql(rendered.statement.sql());
        found.pop().ok_or_else(none)
    }

    pub(in crate::session) async fn one_or_none<Q: Query<Shape: Found>>(
        &mut self,
        query: Q,
    ) -> Result<Option<<Q::Shape as Found>::Found>> {
        let (mut found, rendered) = self.find(query).await?;
        check_at_most_one(found.len(), &rendered)?;
        Ok(found.pop())
    }

    pub(in crate::session) async fn rows<Q: Query>(
        &mut self,
        query: Q,
    ) -> Result<Vec<<Q::Shape as Shape>::Row>> {
        let (rendered, columns) = (self.render(&query).await?, query.columns());
        drop(query);
        rendered.intake.loads.check_nowhere("rows(…)")?;
        let mut rows = Vec::new();
        self.read(&rendered, columns, |_, row| {
            rows.push(<Q::Shape as Shape>::read_row(&mut RowReader::new(row))?);
            Ok(())
        })
        .await?;
        if rendered.intake.backwards {
            rows.reverse();
        }
        Ok(rows)
    }

    /// Opens a stream.
    pub(in crate::session) async fn stream<S: Found>(
        &mut self,
        query: impl Executable,
        columns: Columns,
        size: usize,
    ) -> Result<Reading<S>> {
        let size = size.max(1);
        let rendered = self.render(&query).await?;
        drop(query);
        let (refills, loads) = (rendered.intake.refill, rendered.intake.loads.clone());
        self.open_cursor(rendered, size).await?;
        let place = S::place(&mut self.entities);
        let mapped = (columns != Columns::InOrder).then(|| (columns, Vec::new()));
        Ok(Reading { place, refills, loads, mapped, size, met: VecDeque::new(), more: true })
    }

    async fn open_cursor(&mut self, rendered: Prepared, size: usize) -> Result<()> {
        if rendered.writes {
            let message = "only a query that reads can be streamed";
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        rendered.intake.check_stream()?;
        self.get_ready(rendered.intake.locks).await?;
        let statement = rendered.statement.clone();
        let batch = u32::try_from(size).unwrap_or(u32::MAX);
        if let Err(error) = held(&mut self.lease)?.open_cursor(&statement, &rendered.values, batch).await {
            return Err(self.fail_if_broken(error).await);
        }
        self.cursor = Cursor::Open;
        Ok(())
    }

    /// Fetches the next batch of a stream.
    pub(in crate::session) async fn fetch_entities<S: Found>(
        &mut self,
        reading: &mut Reading<S>,
    ) -> Result<()> {
        self.check()?;
        if self.cursor != Cursor::Open {
            let message = "the stream has ended: its transaction has, or was rolled back to a savepoint";
            return Err(Error::new(ErrorKind::Misuse, message));
        }
        let Self { entities, lease, .. } = self;
        let Reading { place, refills, mapped, met, .. } = reading;
        entities.refills = *refills;
        entities.keeps_changes = true;
        entities.met.clear();
        let mut take = |row: &dyn Row| {
            met.push_back(S::meet(place, entities, &mut RowReader::new(row))?);
            Ok(())
        };
        let fetched = match mapped {
            None => held(lease)?.fetch(&mut take).await,
            Some((columns, names)) => {
                let mut sink = Rearranged::with_names(columns.clone(), std::mem::take(names), take);
                let fetched = held(lease)?.fetch(&mut sink).await;
                *names = sink.into_names();
                fetched
            }
        };
        match fetched {
            Ok(more) => {
                reading.more = more;
                self.entities.settle_met();
                if self.entities.loads_by_default || !reading.loads.is_empty() {
                    self.load_with_met(&reading.loads, reading.refills).await?;
                }
                Ok(())
            }
            Err(error) => Err(self.fail_if_broken(error).await),
        }
    }
}

fn check_at_most_one(rows: usize, rendered: &Prepared) -> Result<()> {
    if rows <= 1 {
        return Ok(());
    }
    let error = Error::new(ErrorKind::MultipleResults, format!("the query found {rows} rows"));
    Err(error.with_sql(rendered.statement.sql()))
}
