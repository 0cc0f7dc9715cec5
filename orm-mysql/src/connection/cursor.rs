//! Cursors: the answer to a query, of which rows are read as they are wanted. Another statement in between has the rest read
//! into memory, because an answer has to be read to its end before the next one.

use std::collections::VecDeque;

use mysql_async::Row;
use orm_core::driver::{Sink, Statement};
use orm_core::{Error, ErrorKind, Result, Value};

use super::{MysqlConnection, parameters};
use crate::error;
use crate::value::MysqlRow;

/// How many rows that nobody wants are rather read than stopped by another connection.
const FEW: usize = 4096;

/// An open cursor.
pub(super) struct Cursor {
    batch: u32,
    names: Option<Vec<String>>,
    /// What is left of the answer, once it was read to its end.
    kept: Option<VecDeque<Row>>,
}

impl MysqlConnection {
    /// Opens a cursor, in place of one that may be open.
    pub(super) async fn open_cursor(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
        batch: u32,
    ) -> Result<()> {
        self.close_cursor().await?;
        let parameters = parameters(statement, values)?;
        self.execute(statement, parameters).await?;
        let names = match self.link.answer() {
            Ok(answer) => answer.columns_ref().iter().map(|column| column.name_str().into_owned()).collect(),
            Err(error) => return Err(self.failed(error)),
        };
        self.cursor = Some(Cursor { batch, names: Some(names), kept: None });
        Ok(())
    }

    pub(super) async fn fetch(&mut self, sink: &mut dyn Sink) -> Result<bool> {
        let Some(cursor) = &mut self.cursor else {
            return Err(Error::new(ErrorKind::Misuse, "no cursor is open"));
        };
        let batch = cursor.batch;
        if let (Some(names), Some(wanted)) = (&cursor.names, sink.columns()) {
            wanted.extend_from_slice(names);
        }
        for _ in 0..batch {
            match self.next_row().await? {
                Some(row) => sink.row(&MysqlRow(&row))?,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    async fn next_row(&mut self) -> Result<Option<Row>> {
        match &mut self.cursor {
            None => Ok(None),
            Some(Cursor { kept: Some(rows), .. }) => Ok(rows.pop_front()),
            Some(Cursor { kept: None, .. }) => {
                let row = match self.link.answer() {
                    Ok(mut answer) => answer.next().await,
                    Err(error) => Err(error),
                };
                let row = row.map_err(|error| self.failed(error))?;
                if let (None, Some(cursor)) = (&row, &mut self.cursor) {
                    cursor.kept = Some(VecDeque::new());
                }
                Ok(row)
            }
        }
    }

    /// Takes in what is left of the answer, so that another statement can be sent.
    pub(super) async fn keep_rows(&mut self) -> Result<()> {
        if self.cursor.as_ref().is_none_or(|cursor| cursor.kept.is_some()) {
            return Ok(());
        }
        let mut rows = VecDeque::new();
        while let Some(row) = self.next_row().await? {
            rows.push_back(row);
        }
        if let Some(cursor) = &mut self.cursor {
            cursor.kept = Some(rows);
        }
        Ok(())
    }

    pub(super) async fn close_cursor(&mut self) -> Result<()> {
        for _ in 0..FEW {
            if self.next_row().await?.is_none() {
                self.cursor = None;
                return Ok(());
            }
        }
        self.cancel.stop_query().await.map_err(|error| self.failed(error))?;
        self.cursor = None;
        let rest = match self.link.answer() {
            Ok(answer) => answer.drop_result().await,
            Err(error) => Err(error),
        };
        match rest {
            Err(error) if !error::is_interruption(&error) => Err(self.failed(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
