//! Statements in the transaction of a unit of work: queries for entities, for plain structs, for anything, and streams.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Cursor, Unit, held};
use crate::driver::{Row, RowBuffer, Statement};
use crate::engine::Lease;
use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::model::{Entity, EntityQuery, Model, Record as _, Token};
use crate::query::{Executable, Rendered};
use crate::result::{ResultSet, RowReader};
use crate::session::arena::blame;
use crate::session::entities::Entities;
use crate::session::meet::ByName;
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

    /// The same for a result whose columns are found by their names.
    async fn run_by_name<F>(
        &mut self,
        table: &'static Table,
        statement: &Arc<Statement>,
        values: &[Value<'_>],
        mut take: F,
    ) -> Result<()>
    where
        F: FnMut(&mut Entities, &dyn Row) -> Result<()> + Send,
    {
        self.get_ready().await?;
        let Self { entities, lease, .. } = self;
        let mut sink = ByName::new(table, |row: &dyn Row| take(entities, row));
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

    pub(in crate::session) fn render_any(&self, statement: &impl Executable) -> Result<Rendered> {
        statement.rendered(self.engine.backend().dialect())
    }

    pub(in crate::session) fn render(&self, query: &impl EntityQuery) -> Result<Rendered> {
        query.rendered(self.engine.backend().dialect())
    }

    /// The entities of a query's rows.
    async fn meet_all(&mut self, arena: u32, rendered: &Rendered, by_name: bool) -> Result<Vec<Token>> {
        let statement = self.engine.statements().query(rendered);
        let mut found = Vec::new();
        let take = |entities: &mut Entities, row: &dyn Row| {
            found.push(entities.meet(arena, row, false)?);
            Ok(())
        };
        if by_name {
            let table = self.entities.arenas[arena as usize].table;
            Box::pin(self.run_by_name(table, &statement, &rendered.values, take)).await?;
        } else {
            self.run(&statement, &rendered.values, take).await?;
        }
        Ok(found)
    }

    pub(in crate::session) async fn all<Q: EntityQuery>(
        &mut self,
        query: Q,
    ) -> Result<Vec<Entity<Q::Model>>> {
        let arena = self.entities.arena_index::<Q::Model>();
        let rendered = self.render(&query)?;
        drop(query);
        let found = self.meet_all(arena, &rendered, Q::BY_NAME).await?;
        Ok(found.into_iter().map(Entity::new).collect())
    }

    pub(in crate::session) async fn first<Q: EntityQuery>(
        &mut self,
        query: Q,
    ) -> Result<Option<Entity<Q::Model>>> {
        Ok(self.all(query.at_most_one()).await?.into_iter().next())
    }

    pub(in crate::session) async fn one<Q: EntityQuery>(&mut self, query: Q) -> Result<Entity<Q::Model>> {
        let none = || Error::new(ErrorKind::NoResult, "the query found no row").with_model(Q::Model::NAME);
        self.one_or_none(query).await?.ok_or_else(none)
    }

    pub(in crate::session) async fn one_or_none<Q: EntityQuery>(
        &mut self,
        query: Q,
    ) -> Result<Option<Entity<Q::Model>>> {
        let found = self.all(query).await?;
        match found[..] {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => {
                let message = format!("the query found {} rows", found.len());
                Err(Error::new(ErrorKind::MultipleResults, message).with_model(Q::Model::NAME))
            }
        }
    }

    pub(in crate::session) async fn rows<Q: EntityQuery>(&mut self, query: Q) -> Result<Vec<Q::Model>> {
        let rendered = self.render(&query)?;
        drop(query);
        let statement = self.engine.statements().query(&rendered);
        let mut rows = Vec::new();
        let take: &mut (dyn FnMut(&mut Entities, &dyn Row) -> Result<()> + Send) = &mut |_, row| {
            rows.push(read_row::<Q::Model>(row)?);
            Ok(())
        };
        if Q::BY_NAME {
            Box::pin(self.run_by_name(Q::Model::table(), &statement, &rendered.values, take)).await?;
        } else {
            self.run(&statement, &rendered.values, take).await?;
        }
        Ok(rows)
    }

    /// Opens a stream.
    pub(in crate::session) async fn stream<M: Model>(
        &mut self,
        rendered: Rendered,
        by_name: bool,
        size: usize,
    ) -> Result<Reading> {
        if rendered.writes {
            let message = "only a query that reads can be streamed";
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        let arena = self.entities.arena_index::<M>();
        self.get_ready().await?;
        let statement = self.engine.statements().query(&rendered);
        let size = size.max(1);
        let batch = u32::try_from(size).unwrap_or(u32::MAX);
        if let Err(error) = held(&mut self.lease)?.open_cursor(&statement, &rendered.values, batch).await {
            return Err(self.fail_if_broken(error).await);
        }
        self.cursor = Cursor::Open;
        Ok(Reading { arena, names: by_name.then(Vec::new), size, met: VecDeque::new(), more: true })
    }

    /// Fetches the next batch of a stream.
    pub(in crate::session) async fn fetch_entities(&mut self, reading: &mut Reading) -> Result<()> {
        self.check()?;
        if self.cursor != Cursor::Open {
            let message = "the transaction that the stream was opened in has ended";
            return Err(Error::new(ErrorKind::Misuse, message));
        }
        let Self { entities, lease, .. } = self;
        let Reading { arena, names, met, .. } = reading;
        let table = entities.arenas[*arena as usize].table;
        let mut take = |row: &dyn Row| {
            met.push_back(entities.meet(*arena, row, false)?);
            Ok(())
        };
        let fetched = match names {
            None => held(lease)?.fetch(&mut take).await,
            Some(names) => {
                let mut sink = ByName::with_names(table, std::mem::take(names), take);
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

fn read_row<M: Model>(row: &dyn Row) -> Result<M> {
    let mut reader = RowReader::new(row);
    let record = M::read(&mut reader);
    record.map_err(|error| blame(M::NAME, M::table(), error, reader.position()))
}
