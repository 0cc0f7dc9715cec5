//! One connection: requests go out together where they can, and what the server makes of them decides the state of
//! the transaction.

mod cursor;
mod together;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use orm_core::driver::{
    AsyncConnection, Begin, BoxFuture, Control, Entry, Failed, Isolation, Sink, Statement, Write, Written,
};
use orm_core::query::Layout;
use orm_core::{Error, ErrorKind, Result, Value};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, RowStream, SimpleQueryMessage};

use crate::cancel::Cancel;
use crate::parameters::Parameters;
use crate::pipeline::Pipeline;
use crate::prepared::Prepared;
use crate::result::{Failure, read};
use crate::turns::Timer;
use crate::value::wire_type;
use crate::{error, pooler};
use cursor::Cursor;
use together::flat;

pub(crate) type DriverResult<T> = std::result::Result<T, tokio_postgres::Error>;

pub(crate) struct PostgresConnection {
    client: Client,
    prepared: Prepared,
    transaction: Transaction,
    broken: bool,
    cursor: Option<Cursor>,
    /// How many there were; each has a name of its own, as one may outlive its stream until the transaction ends.
    cursors: u64,
    /// An answer is owed; a call that was dropped half-way leaves it so.
    owes: bool,
    cancel: Cancel,
    timer: Timer,
    /// Whether each statement of a transaction that says nothing else sees what is committed. Nobody has asked as long as that
    /// is not so.
    read_committed: bool,
    /// Something to know about the pooler in between; `None` without one.
    pooled: Option<Pooled>,
}

/// What is kept in mind behind a pooler.
struct Pooled {
    types: Types,
    /// How many milliseconds a statement may take; each transaction says it anew.
    limit: Option<u128>,
}

/// What was done about the types that are the database's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Types {
    /// There were none so far.
    Plain,
    /// The driver has looked some up in this transaction and left its statements.
    Unswept,
    /// It has looked some up, and cannot do it again.
    Learned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transaction {
    None,
    /// BEGIN was asked for; it travels with the next request.
    Due(Begin),
    Open,
    /// A statement failed. COMMIT would now report success and store nothing.
    Failed,
}

/// A statement that is under way, its rows still to be read.
struct Started {
    rows: RowStream,
    prepared: tokio_postgres::Statement,
}

impl PostgresConnection {
    /// A connection that keeps so many statements prepared.
    pub(crate) fn new(client: Client, cancel: Cancel, timer: Timer, statements: usize) -> Self {
        Self {
            client,
            timer,
            prepared: Prepared::new(statements),
            transaction: Transaction::None,
            broken: false,
            cursor: None,
            cursors: 0,
            owes: false,
            cancel,
            read_committed: false,
            pooled: None,
        }
    }

    /// Asks how transactions are isolated that say nothing.
    pub(crate) async fn learn_isolation(&mut self) -> Result<()> {
        let rows = self.client.simple_query("SHOW default_transaction_isolation").await;
        let is_level = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => row.get(0) == Some("read committed"),
            _ => false,
        };
        self.read_committed = rows.map_err(error::from)?.iter().any(is_level);
        Ok(())
    }

    /// No statement may take longer than so many milliseconds.
    pub(crate) async fn limit_statements(&mut self, limit: u128) -> Result<()> {
        self.script(&format!("SET statement_timeout = {limit}")).await
    }

    /// Goes on as behind a pooler, and looks up the types of the database while the server's connection is ours.
    pub(crate) async fn set_pooled(&mut self, limit: Option<u128>) -> Result<()> {
        let (_, found) = join(self.client.batch_execute("BEGIN"), pooler::look_up_types(&self.client)).await;
        let types = if found.map_err(error::from)? { Types::Unswept } else { Types::Plain };
        self.pooled = Some(Pooled { types, limit });
        self.end("COMMIT").await
    }

    async fn run(&mut self, statement: &Statement, values: &[Value<'_>], sink: &mut dyn Sink) -> Result<u64> {
        let alone = self.begin_alone();
        let result = self.run_once(statement, values, sink).await;
        self.end_alone(alone, result).await
    }

    /// Behind a pooler a statement needs a transaction to keep the server's connection.
    fn begin_alone(&mut self) -> bool {
        let alone = self.pooled.is_some() && self.transaction == Transaction::None;
        if alone {
            self.transaction = Transaction::Due(Begin::WRITE);
        }
        alone
    }

    async fn end_alone<T>(&mut self, alone: bool, result: Result<T>) -> Result<T> {
        match (alone, &result) {
            (false, _) => {}
            (true, Ok(_)) => self.control(Control::Commit).await?,
            // The statement's own error is the one to report.
            (true, Err(_)) => drop(self.control(Control::Rollback).await),
        }
        result
    }

    async fn run_once(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
        sink: &mut dyn Sink,
    ) -> Result<u64> {
        let parameters = Parameters::values(statement.parameters(), values)?;
        let due = self.put_off_begin(statement);
        let result = match self.start(statement, Layout::PerRow, &parameters).await {
            Ok(Started { rows, prepared }) => {
                read(rows, &prepared, sink).await.map_err(|failure| self.stopped(failure))
            }
            Err(error) => Err(error),
        };
        if let Some(due) = due {
            self.transaction = due;
        }
        result
    }

    /// A query that comes before anything else in a transaction sees the same ahead of it, if each statement sees what is committed
    /// anyway. A session that reads once, as most requests of a web server do, so sends one statement instead of three.
    fn put_off_begin(&mut self, statement: &Statement) -> Option<Transaction> {
        let Transaction::Due(begin) = self.transaction else { return None };
        let read_committed = match begin.isolation {
            Some(isolation) => isolation == Isolation::ReadCommitted,
            None => self.read_committed,
        };
        if !(statement.is_plain_read() && read_committed && self.pooled.is_none()) {
            return None;
        }
        Some(std::mem::replace(&mut self.transaction, Transaction::None))
    }

    async fn write_returning(&mut self, write: Write<'_>, sink: &mut dyn Sink) -> Result<u64> {
        let alone = self.begin_alone();
        let result = self.return_all(write, sink).await;
        self.end_alone(alone, result).await
    }

    async fn return_all(&mut self, write: Write<'_>, sink: &mut dyn Sink) -> Result<u64> {
        if write.rows.is_empty() {
            return Ok(0);
        }
        let types = write.statement.parameters();
        let (parameters, runs) = match write.layout {
            Layout::PerRow | Layout::ByKey | Layout::Blocks(_) => {
                (Parameters::rows(types, write.rows)?, write.rows.len())
            }
            Layout::Arrays => (Parameters::arrays(types, write.rows)?, 1),
            Layout::Flat(_) | Layout::Runs => return Err(flat()),
        };
        let Started { rows, prepared } = self.start(write.statement, write.layout, &parameters).await?;
        let mut affected = read(rows, &prepared, sink).await.map_err(|failure| self.stopped(failure))?;
        let rest = pipeline_returning(&self.client, &prepared, &parameters, 1..runs, sink).await;
        affected += rest.map_err(|failure| self.stopped(failure))?;
        Ok(affected)
    }

    /// Sends a statement with its first set of parameters. One whose plan the server has dropped is prepared again,
    /// unless work was done before it in the transaction, which has failed then.
    async fn start(
        &mut self,
        statement: &Statement,
        layout: Layout,
        parameters: &Parameters,
    ) -> Result<Started> {
        let before = self.transaction;
        let result = match self.send(statement, layout, parameters).await {
            Err(error) if self.pooled.is_none() && error::is_stale_plan(&error) => {
                self.prepared.remove(statement.id());
                self.begin_again(before, error).await?;
                self.send(statement, layout, parameters).await
            }
            result => result,
        };
        result.map_err(|error| self.failed(error))
    }

    /// Goes back to where the first statement of a transaction, or one outside of any, can be sent once more.
    async fn begin_again(&mut self, before: Transaction, stale: tokio_postgres::Error) -> Result<()> {
        match before {
            Transaction::None => Ok(()),
            Transaction::Due(_) => {
                self.end("ROLLBACK").await?;
                self.transaction = before;
                Ok(())
            }
            Transaction::Open | Transaction::Failed => {
                self.transaction = Transaction::Failed;
                Err(error::stale_plan(stale))
            }
        }
    }

    async fn send(
        &mut self,
        statement: &Statement,
        layout: Layout,
        parameters: &Parameters,
    ) -> DriverResult<Started> {
        let prepared = match self.prepared.get(statement.id()) {
            Some(prepared) => prepared,
            None => self.prepare(statement, layout).await?,
        };
        let begin = self.take_begin();
        let rows = after(begin, &self.client, self.client.query_raw(&prepared, parameters.run(0))).await?;
        Ok(Started { rows, prepared })
    }

    async fn prepare(
        &mut self,
        statement: &Statement,
        layout: Layout,
    ) -> DriverResult<tokio_postgres::Statement> {
        let types: Vec<_> =
            statement.parameters().iter().map(|&sql_type| wire_type(sql_type, layout)).collect();
        self.read_committed &= !may_change_isolation(statement.sql());
        let begin = self.take_begin();
        let prepared = after(begin, &self.client, self.client.prepare_typed(statement.sql(), &types)).await?;
        self.prepared.insert(statement.id(), prepared.clone());
        self.note_types(&prepared);
        Ok(prepared)
    }

    /// Remembers, behind a pooler, that the driver has looked types up.
    fn note_types(&mut self, prepared: &tokio_postgres::Statement) {
        let foreign =
            || prepared.columns().iter().any(|column| Type::from_oid(column.type_().oid()).is_none());
        if let Some(pooled) = &mut self.pooled
            && pooled.types == Types::Plain
            && foreign()
        {
            pooled.types = Types::Unswept;
        }
    }

    /// The BEGIN that the next request has to take along.
    fn take_begin(&mut self) -> Option<Cow<'static, str>> {
        match self.transaction {
            Transaction::Due(begin) => {
                self.transaction = Transaction::Open;
                let limit = self.pooled.as_ref().and_then(|pooled| pooled.limit);
                Some(begin_sql(begin, limit))
            }
            Transaction::None | Transaction::Open | Transaction::Failed => None,
        }
    }

    async fn script(&mut self, sql: &str) -> Result<()> {
        self.read_committed &= !may_change_isolation(sql);
        let begin = self.take_begin();
        let result = after(begin, &self.client, self.client.batch_execute(sql)).await;
        result.map_err(|error| self.failed(error))
    }

    async fn control(&mut self, control: Control) -> Result<()> {
        match (control, self.transaction) {
            (Control::Begin(begin), Transaction::None) => self.transaction = Transaction::Due(begin),
            (Control::Begin(_), _) => {
                return Err(Error::new(
                    ErrorKind::Misuse,
                    "there is a transaction on this connection already",
                ));
            }
            (Control::Commit | Control::Rollback, Transaction::Due(_)) => {
                self.transaction = Transaction::None
            }
            (Control::Commit, Transaction::Failed) => {
                let message = "a statement failed before, so COMMIT would not store anything";
                return Err(Error::new(ErrorKind::PendingRollback, message));
            }
            (Control::Commit, Transaction::None | Transaction::Open) => self.end("COMMIT").await?,
            (Control::Rollback, Transaction::None | Transaction::Open | Transaction::Failed) => {
                self.end("ROLLBACK").await?;
            }
            (Control::Savepoint(number), _) => self.script(&format!("SAVEPOINT orm_{number}")).await?,
            (Control::Release(number), _) => self.script(&format!("RELEASE orm_{number}")).await?,
            (Control::RollbackTo(number), _) => {
                self.script(&format!("ROLLBACK TO orm_{number}; RELEASE orm_{number}")).await?;
                self.transaction = Transaction::Open;
            }
        }
        Ok(())
    }

    async fn end(&mut self, sql: &str) -> Result<()> {
        // The server closes a cursor with its transaction.
        self.cursor = None;
        let swept = self.forget(sql);
        let ended = self.client.batch_execute(swept.as_deref().unwrap_or(sql)).await;
        ended.map_err(|error| self.failed(error))?;
        self.transaction = Transaction::None;
        Ok(())
    }

    /// Closes, behind a pooler, what this transaction has prepared; the driver sends that ahead of the end.
    fn forget(&mut self, end: &str) -> Option<String> {
        let pooled = self.pooled.as_mut()?;
        self.prepared.clear();
        (pooled.types == Types::Unswept).then(|| {
            pooled.types = Types::Learned;
            pooler::swept(end)
        })
    }

    async fn ping(&mut self, within: Duration) -> Result<()> {
        match self.timer.within(within, self.client.check_connection()).await {
            Some(answer) => answer.map_err(|error| self.failed(error)),
            None => {
                self.broken = true;
                let message = format!("no sign of life within {} s", within.as_secs_f64());
                Err(Error::new(ErrorKind::ConnectionLost, message))
            }
        }
    }

    fn stopped(&mut self, failure: Failure) -> Error {
        match failure {
            Failure::Driver(error) => self.failed(error),
            Failure::Sink(error) => error,
        }
    }

    /// Remembers what an error of the server or of the connection means for what comes next.
    fn failed(&mut self, error: tokio_postgres::Error) -> Error {
        if self.transaction != Transaction::None {
            self.transaction = Transaction::Failed;
        }
        if self.pooled.is_some() && error::is_stale_plan(&error) {
            self.broken = true;
            return pooler::new_type(error);
        }
        let error = error::from(error);
        self.broken |= error.is_connection_lost();
        error
    }
}

/// Sends BEGIN, if it is due, and the request behind it without waiting in between: the driver sends a request when it
/// is first polled, and `join` polls in order.
async fn after<T>(
    begin: Option<Cow<'static, str>>,
    client: &Client,
    request: impl Future<Output = DriverResult<T>>,
) -> DriverResult<T> {
    let Some(begin) = begin else {
        return request.await;
    };
    let (begun, answer) = join(client.batch_execute(&begin), request).await;
    begun.and(answer)
}

fn begin_sql(begin: Begin, limit: Option<u128>) -> Cow<'static, str> {
    let mut sql = Cow::Borrowed("BEGIN");
    if let Some(isolation) = begin.isolation {
        sql = format!("BEGIN ISOLATION LEVEL {}", isolation.sql()).into();
    }
    if begin.read_only {
        sql += " READ ONLY";
    }
    if let Some(limit) = limit {
        sql = format!("{sql}; SET LOCAL statement_timeout = {limit}").into();
    }
    sql
}

/// Whether a statement may change how transactions are isolated that say nothing. `SET default_transaction_isolation`, `SET SESSION
/// CHARACTERISTICS`, and the function that sets anything.
fn may_change_isolation(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    ["transaction_isolation", "characteristics", "set_config"].iter().any(|word| sql.contains(word))
}

/// Runs a statement with more sets of parameters, without waiting for one before the next is sent. Its rows go to the sink in the
/// order of the parameters.
async fn pipeline_returning(
    client: &Client,
    prepared: &tokio_postgres::Statement,
    parameters: &Parameters,
    runs: Range<usize>,
    sink: &mut dyn Sink,
) -> std::result::Result<u64, Failure> {
    let mut affected = 0;
    let mut answers = Pipeline::new(runs.map(|run| client.query_raw(prepared, parameters.run(run))));
    while let Some(rows) = answers.next().await {
        affected += read(rows?, prepared, sink).await?;
    }
    Ok(affected)
}

/// A call that leaves a mark if it is dropped before its answer has come.
macro_rules! owing {
    ($connection:ident.$method:ident($($argument:expr),*)) => {
        Box::pin(async move {
            $connection.owes = true;
            let result = $connection.$method($($argument),*).await;
            $connection.owes = false;
            result
        })
    };
}

/// A connection that is thrown away while the server works for it: the server is told to stop, or it would go on and keep
/// its locks.
impl Drop for PostgresConnection {
    fn drop(&mut self) {
        if self.owes && !self.client.is_closed() {
            self.cancel.send();
        }
    }
}

impl AsyncConnection for PostgresConnection {
    fn run<'a>(
        &'a mut self,
        statement: &'a Arc<Statement>,
        values: &'a [Value<'a>],
        sink: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<u64>> {
        owing!(self.run(statement, values, sink))
    }

    fn write<'a>(&'a mut self, write: Write<'a>) -> BoxFuture<'a, Result<Written>> {
        owing!(self.write(write))
    }

    fn write_together<'a>(
        &'a mut self,
        entries: &'a mut [Entry<'_>],
        commits: bool,
    ) -> BoxFuture<'a, Result<(), Failed>> {
        owing!(self.write_together(entries, commits))
    }

    fn write_returning<'a>(
        &'a mut self,
        write: Write<'a>,
        sink: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<u64>> {
        owing!(self.write_returning(write, sink))
    }

    fn script<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<()>> {
        owing!(self.script(sql))
    }

    fn control(&mut self, control: Control) -> BoxFuture<'_, Result<()>> {
        // Not worth a request to cancel: a step of a transaction takes no time, and one that was sent without waiting for it
        // is no call that was dropped.
        Box::pin(self.control(control))
    }

    fn open_cursor<'a>(
        &'a mut self,
        statement: &'a Arc<Statement>,
        values: &'a [Value<'a>],
        batch: u32,
    ) -> BoxFuture<'a, Result<()>> {
        owing!(self.open_cursor(statement, values, batch))
    }

    fn fetch<'a>(&'a mut self, sink: &'a mut dyn Sink) -> BoxFuture<'a, Result<bool>> {
        owing!(self.fetch(sink))
    }

    fn close_cursor(&mut self) -> BoxFuture<'_, Result<()>> {
        owing!(self.close_cursor())
    }

    fn ping(&mut self, within: Duration) -> BoxFuture<'_, Result<()>> {
        owing!(self.ping(within))
    }

    fn is_broken(&self) -> bool {
        self.broken || self.client.is_closed()
    }
}
