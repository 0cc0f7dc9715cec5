//! Cursors: portals of the server that have a name, so that other statements can run while one is half read.

use std::borrow::Cow;

use futures_util::TryStreamExt;
use orm_core::driver::{Sink, Statement};
use orm_core::query::Layout;
use orm_core::{Error, ErrorKind, Result, Value};

use super::{DriverResult, PostgresConnection, Transaction, after};
use crate::parameters::Parameters;
use crate::result::read;
use crate::value::wire_type;

/// An open cursor; the statement that takes rows from it is prepared when it is first needed, for this cursor alone.
pub(super) struct Cursor {
    name: String,
    fetch: Option<tokio_postgres::Statement>,
    batch: u32,
}

impl PostgresConnection {
    /// Opens a cursor, in place of one that may be open.
    pub(super) async fn open_cursor(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
        batch: u32,
    ) -> Result<()> {
        self.close_cursor().await?;
        let parameters = Parameters::values(statement.parameters(), values)?;
        self.cursors += 1;
        let name = format!("orm_cursor_{}", self.cursors);
        let sql = format!("DECLARE {name} NO SCROLL CURSOR FOR {}", statement.sql());
        let declare = Statement::text(&sql, statement.parameters());
        let begin = self.take_begin();
        let declared = self.declare(begin, &declare, &parameters).await;
        declared.map_err(|error| self.failed(error))?;
        self.cursor = Some(Cursor { name, fetch: None, batch });
        Ok(())
    }

    async fn declare(
        &self,
        begin: Option<Cow<'static, str>>,
        declare: &Statement,
        parameters: &Parameters,
    ) -> DriverResult<()> {
        let types: Vec<_> =
            declare.parameters().iter().map(|&sql_type| wire_type(sql_type, Layout::PerRow)).collect();
        let prepared = after(begin, &self.client, self.client.prepare_typed(declare.sql(), &types)).await?;
        let rows = self.client.query_raw(&prepared, parameters.run(0)).await?;
        rows.try_collect::<Vec<_>>().await?;
        Ok(())
    }

    pub(super) async fn fetch(&mut self, sink: &mut dyn Sink) -> Result<bool> {
        let Some(Cursor { name, fetch, batch }) = &mut self.cursor else {
            return Err(Error::new(ErrorKind::Misuse, "no cursor is open"));
        };
        let batch = *batch;
        let fetched = async {
            let prepared = match fetch {
                Some(prepared) => prepared,
                None => fetch.insert(self.client.prepare(&format!("FETCH {batch} FROM {name}")).await?),
            };
            let count =
                read(self.client.query_raw(&*prepared, no_parameters()).await?, prepared, sink).await?;
            Ok((count, prepared.clone()))
        };
        match fetched.await {
            Ok((count, prepared)) => {
                self.note_types(&prepared);
                Ok(count >= u64::from(batch))
            }
            Err(failure) => Err(self.stopped(failure)),
        }
    }

    pub(super) async fn close_cursor(&mut self) -> Result<()> {
        match (self.cursor.take(), self.transaction) {
            (Some(cursor), Transaction::Open) => self.script(&format!("CLOSE {}", cursor.name)).await,
            _ => Ok(()),
        }
    }
}

fn no_parameters() -> std::iter::Empty<i32> {
    std::iter::empty()
}
