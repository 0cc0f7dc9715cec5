//! Statements in the transaction of a unit of work: queries for entities, for plain structs, for anything, and streams.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Cursor, Unit, held};
use crate::driver::{Row, RowBuffer, Statement};
use crate::engine::Lease;
use crate::error::{Error, ErrorKind};
use crate::model::Found;
use crate::query::{Executable, Rendered, rendered};
use crate::result::{Columns, Plan, Query, ResultSet, RowReader, Shape};
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
        mut take: F,
    ) -> Result<()>
    where
        F: FnMut(&mut Entities, &dyn Row) -> Result<()> + Send,
    {
        if !self.is_ready() {
            Box::pin(self.get_ready()).await?;
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
    async fn fail_if_broken(&mut self, error: Error) -> Error {
        let broken = self.lease.as_ref().is_some_and(Lease::is_broken);
        if broken { self.fail(error).await } else { error }
    }

    /// The same for a result whose columns are not all there, or not in their order.
    async fn run_mapped<F>(
        &mut self,
        columns: Columns,
        statement: &Arc<Statement>,
        values: &[Value<'_>],
        mut take: F,
    ) -> Result<()>
    where
        F: FnMut(&mut Entities, &dyn Row) -> Result<()> + Send,
    {
        self.get_ready().await?;
        let Self { entities, lease, .. } = self;
        let mut sink = Rearranged::new(columns, |row: &dyn Row| take(entities, row));
        match held(lease)?.run(statement, values, &mut sink).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.fail_if_broken(error).await),
        }
    }

    /// Runs any statement; unflushed changes are written first.
    pub(in crate::session) async fn execute(&mut self, rendered: Rendered) -> Result<ResultSet> {
        self.close_abandoned().await?;
        self.flush().await?;
        self.begin(rendered.writes).await?;
        let statement = self.engine.statements().query(&rendered);
        let mut buffer = RowBuffer::new(true);
        match held(&mut self.lease)?.run(&statement, &rendered.values, &mut buffer).await {
            Ok(affected) => Ok(ResultSet::new(buffer, affected, statement)),
            Err(error) => Err(self.fail_if_broken(error).await),
        }
    }

    pub(in crate::session) async fn explain(&mut self, rendered: Rendered) -> Result<Plan> {
        let tree = self.engine.backend().dialect().explaining().tree;
        Plan::read(self.execute(rendered).await?, tree)
    }

    pub(in crate::session) fn render(&self, statement: &(impl Executable + ?Sized)) -> Result<Rendered> {
        rendered(statement, self.engine.backend().dialect())
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
        query: Q,
    ) -> Result<(Vec<<Q::Shape as Found>::Found>, Rendered)> {
        let (rendered, columns) = (self.render(&query)?, query.columns());
        drop(query);
        let place = <Q::Shape as Found>::place(&mut self.entities);
        let mut found = Vec::new();
        let take = |entities: &mut Entities, row: &dyn Row| {
            found.push(<Q::Shape as Found>::meet(&place, entities, &mut RowReader::new(row))?);
            Ok(())
        };
        self.read(&rendered, columns, take).await?;
        Ok((found, rendered))
    }

    /// Reads the rows of a query.
    async fn read<F>(&mut self, rendered: &Rendered, columns: Columns, take: F) -> Result<()>
    where
        F: FnMut(&mut Entities, &dyn Row) -> Result<()> + Send,
    {
        let statement = self.engine.statements().query(rendered);
        match columns {
            Columns::InOrder => self.run(&statement, &rendered.values, take).await,
            columns => Box::pin(self.run_mapped(columns, &statement, &rendered.values, take)).await,
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
        let none = || Error::new(ErrorKind::NoResult, "the query found no row").with_sql(&rendered.text);
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
        let (rendered, columns) = (self.render(&query)?, query.columns());
        drop(query);
        let mut rows = Vec::new();
        self.read(&rendered, columns, |_, row| {
            rows.push(<Q::Shape as Shape>::read_row(&mut RowReader::new(row))?);
            Ok(())
        })
        .await?;
        Ok(rows)
    }

    /// Opens a stream.
    pub(in crate::session) async fn stream<S: Found>(
        &mut self,
        rendered: Rendered,
        columns: Columns,
        size: usize,
    ) -> Result<Reading<S>> {
        let size = size.max(1);
        self.open_cursor(rendered, size).await?;
        let place = S::place(&mut self.entities);
        let mapped = (columns != Columns::InOrder).then(|| (columns, Vec::new()));
        Ok(Reading { place, mapped, size, met: VecDeque::new(), more: true })
    }

    async fn open_cursor(&mut self, rendered: Rendered, size: usize) -> Result<()> {
        if rendered.writes {
            let message = "only a query that reads can be streamed";
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        self.get_ready().await?;
        let statement = self.engine.statements().query(&rendered);
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
            let message = "the transaction that the stream was opened in has ended";
            return Err(Error::new(ErrorKind::Misuse, message));
        }
        let Self { entities, lease, .. } = self;
        let Reading { place, mapped, met, .. } = reading;
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
                Ok(())
            }
            Err(error) => Err(self.fail_if_broken(error).await),
        }
    }
}

fn check_at_most_one(rows: usize, rendered: &Rendered) -> Result<()> {
    if rows <= 1 {
        return Ok(());
    }
    let error = Error::new(ErrorKind::MultipleResults, format!("the query found {rows} rows"));
    Err(error.with_sql(&rendered.text))
}
