//! One connection: statements are prepared once, rows travel many at a time, and what the server makes of them decides the state
//! of the transaction.

mod cancel;
mod cursor;
mod link;
mod multiplied;
mod outcome;
mod rows;

use std::sync::Arc;
use std::time::Duration;

use mysql_async::consts::StatusFlags;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Value as Wire};
use orm_core::driver::{
    AsyncConnection, Begin, BoxFuture, Control, Entry, Failed, Isolation, Sink, Statement, Write, Written,
};
use orm_core::query::Layout;
use orm_core::{Error, ErrorKind, Result, Value};

use crate::backend::Settings;
use crate::dialect::{MysqlDialect, Product};
use crate::error;
use crate::prepared::Prepared;
use crate::value::{MysqlRow, encode, size};
pub(crate) use cancel::Cancel;
use cursor::Cursor;
use link::Link;
use outcome::Outcome;

type DriverResult<T> = std::result::Result<T, mysql_async::Error>;

/// What a packet holds beside the values, and more.
const HEAD: usize = 4096;

/// The most parameters that one statement takes.
const MAX_PARAMETERS: usize = 65_535;

pub(crate) struct MysqlConnection {
    link: Link,
    dialect: MysqlDialect,
    settings: Settings,
    prepared: Prepared,
    transaction: Transaction,
    broken: bool,
    cursor: Option<Cursor>,
    /// An answer is owed; a call that was dropped half-way leaves it so.
    owes: bool,
    cancel: Cancel,
    /// Whether the last statement waits for locks.
    waits: bool,
    /// Whether a transaction refuses to change rows that others have changed since it began.
    refuses_changed: bool,
    /// Whether a statement outside of a transaction is stored by itself. Once it is not, transactions begin without a word.
    autocommit: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transaction {
    None,
    /// It was asked for, and begins before the next statement.
    Due(Begin),
    Open(Begin),
    /// A part of a batch has failed, and what came before that part is done: it is not to be stored.
    Failed(Begin),
    /// The server has rolled it back. What came next would be stored right away.
    Gone,
}

impl MysqlConnection {
    /// A connection that keeps so many statements prepared.
    pub(crate) fn new(
        conn: Conn,
        cancel: Cancel,
        dialect: MysqlDialect,
        settings: Settings,
        statements: usize,
    ) -> Self {
        Self {
            link: Link::new(conn),
            dialect,
            settings,
            prepared: Prepared::new(statements),
            transaction: Transaction::None,
            broken: false,
            cursor: None,
            owes: false,
            cancel,
            waits: true,
            refuses_changed: false,
            autocommit: true,
        }
    }

    async fn run(&mut self, statement: &Statement, values: &[Value<'_>], sink: &mut dyn Sink) -> Result<u64> {
        let parameters = parameters(statement, values)?;
        self.run_encoded(statement, parameters, sink).await
    }

    async fn run_encoded(
        &mut self,
        statement: &Statement,
        parameters: Vec<Wire>,
        sink: &mut dyn Sink,
    ) -> Result<u64> {
        match outcome::of(statement.sql()) {
            Outcome::Plain => {
                self.execute(statement, parameters).await?;
                self.read(sink).await
            }
            Outcome::Upserted => {
                self.execute(statement, parameters).await?;
                let affected = self.read(sink).await?;
                let info = self.link.here().map(|conn| conn.info().into_owned()).unwrap_or_default();
                Ok(outcome::upserted(&info, affected))
            }
            Outcome::Ignored => self.run_ignoring(statement, parameters, sink).await,
        }
    }

    /// Sends a statement whose result is then to be read. One that the server no longer knows is prepared again.
    async fn execute(&mut self, statement: &Statement, parameters: Vec<Wire>) -> Result<()> {
        self.check_size(statement, &parameters)?;
        self.get_ready().await?;
        self.waits = !statement.sql().ends_with(" NOWAIT");
        let again = parameters.clone();
        let sent = match self.send(statement, parameters).await {
            Err(error) if error::is_stale_plan(&error) => {
                self.prepared.remove(statement.id());
                self.send(statement, again).await
            }
            sent => sent,
        };
        sent.map_err(|error| self.failed(error))
    }

    async fn send(&mut self, statement: &Statement, parameters: Vec<Wire>) -> DriverResult<()> {
        let prepared = self.prepare(statement).await?;
        let parameters = if parameters.is_empty() { Params::Empty } else { Params::Positional(parameters) };
        // The rows are read by another handle to the same answer.
        drop(self.link.get()?.exec_iter(prepared, parameters).await?);
        Ok(())
    }

    async fn prepare(&mut self, statement: &Statement) -> DriverResult<mysql_async::Statement> {
        if let Some(prepared) = self.prepared.get(statement.id()) {
            return Ok(prepared);
        }
        self.notice_key_step(statement.sql());
        let prepared = self.link.get()?.prep(plain(statement.sql())).await?;
        if let Some(closed) = self.prepared.insert(statement.id(), prepared.clone()) {
            self.link.get()?.close(closed).await?;
        }
        Ok(prepared)
    }

    /// Hands the rows of the answer on. Once the sink has refused one, the others are read to no end but the end: only then is
    /// the connection free again.
    async fn read(&mut self, sink: &mut dyn Sink) -> Result<u64> {
        let mut result = match self.link.answer() {
            Ok(result) => result,
            Err(error) => return Err(self.failed(error)),
        };
        let columns = result.columns_ref();
        if let Some(names) = sink.columns() {
            names.extend(columns.iter().map(|column| column.name_str().into_owned()));
        }
        let has_rows = !columns.is_empty();
        let (mut count, mut taken) = (0, Ok(()));
        let read = loop {
            match result.next().await {
                Ok(Some(row)) => {
                    count += 1;
                    if taken.is_ok() {
                        taken = sink.row(&MysqlRow(&row));
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let affected = if has_rows { count } else { result.affected_rows() };
        let read = match read {
            Ok(()) => result.drop_result().await,
            Err(error) => Err(error),
        };
        read.map_err(|error| self.failed(error))?;
        self.notice_implicit_commit();
        taken.map(|()| affected)
    }

    /// A statement that changes tables commits by itself; those after it are to be in a transaction all the same.
    fn notice_implicit_commit(&mut self) {
        let Transaction::Open(begin) = self.transaction else { return };
        if begin.isolation.is_none() && !begin.read_only {
            // Their statements begin the next one without a word.
            return;
        }
        let is_open = |flags: StatusFlags| flags.contains(StatusFlags::SERVER_STATUS_IN_TRANS);
        let answer = self.link.here().and_then(Conn::last_ok_packet);
        if answer.is_some_and(|answer| !is_open(answer.status_flags())) {
            self.transaction = Transaction::Due(begin);
        }
    }

    /// All of it or nothing, as far as its statements do not commit by themselves.
    async fn script(&mut self, sql: &str) -> Result<()> {
        self.notice_key_step(sql);
        let begins = sql.split_whitespace().any(|word| {
            let word = word.trim_end_matches(';');
            word.eq_ignore_ascii_case("BEGIN") || word.eq_ignore_ascii_case("START")
        });
        let several = !begins && sql.trim_end().trim_end_matches(';').contains(';');
        let alone = several && self.begin_alone();
        let result = match self.get_ready().await {
            Ok(()) => self.query(sql).await,
            Err(error) => Err(error),
        };
        if result.is_ok() {
            self.notice_implicit_commit();
        } else if several {
            self.spoil();
        }
        self.end_alone(alone, result).await
    }

    /// By how much keys differ that are made together is no longer known once a program may have set it.
    fn notice_key_step(&mut self, sql: &str) {
        if sql.contains("auto_increment_") {
            self.settings.key_step = None;
        }
    }

    /// Begins a transaction for what takes several statements, unless there is one.
    fn begin_alone(&mut self) -> bool {
        let alone = self.transaction == Transaction::None;
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

    /// What was done so far in the transaction is not to be stored: a batch has failed in its middle.
    fn spoil(&mut self) {
        if let Transaction::Open(begin) = self.transaction {
            self.transaction = Transaction::Failed(begin);
        }
    }

    async fn query(&mut self, sql: &str) -> Result<()> {
        self.waits = true;
        let answer = match self.link.get() {
            Ok(conn) => conn.query_drop(sql).await,
            Err(error) => Err(error),
        };
        answer.map_err(|error| self.failed(error))
    }

    /// What has to happen before a statement can be sent: rows of a cursor are taken in, and a transaction begins that is due.
    async fn get_ready(&mut self) -> Result<()> {
        self.keep_rows().await?;
        match self.transaction {
            Transaction::None if !self.autocommit => {
                self.query("SET autocommit = 1").await?;
                self.autocommit = true;
                Ok(())
            }
            Transaction::None | Transaction::Open(_) => Ok(()),
            Transaction::Due(begin) => {
                let sql = self.begin_sql(begin);
                if !sql.is_empty() {
                    self.query(&sql).await?;
                }
                self.autocommit = false;
                self.transaction = Transaction::Open(begin);
                Ok(())
            }
            Transaction::Failed(_) => {
                let message = "a part of a batch has failed before; roll back to go on";
                Err(Error::new(ErrorKind::PendingRollback, message))
            }
            Transaction::Gone => {
                let message = "the database has rolled the transaction back; roll back to go on";
                Err(Error::new(ErrorKind::PendingRollback, message))
            }
        }
    }

    async fn control(&mut self, control: Control) -> Result<()> {
        let rolled_back = self.come_home().await?;
        if rolled_back && control == Control::Rollback {
            return Ok(());
        }
        match (control, self.transaction) {
            (Control::Begin(begin), Transaction::None) => self.transaction = Transaction::Due(begin),
            (Control::Begin(_), _) => {
                let message = "there is a transaction on this connection already";
                return Err(Error::new(ErrorKind::Misuse, message));
            }
            (Control::Commit | Control::Rollback, Transaction::Due(_)) => {
                self.transaction = Transaction::None;
            }
            (Control::Commit, Transaction::Failed(_)) => {
                let message =
                    "a part of a batch has failed before, and what came before it cannot be stored alone";
                return Err(Error::new(ErrorKind::PendingRollback, message));
            }
            (Control::Commit, Transaction::Gone) => {
                let message =
                    "the database has rolled the transaction back, so COMMIT would not store anything";
                return Err(Error::new(ErrorKind::PendingRollback, message));
            }
            (Control::Commit, Transaction::None | Transaction::Open(_)) => self.end("COMMIT").await?,
            (
                Control::Rollback,
                Transaction::None | Transaction::Open(_) | Transaction::Failed(_) | Transaction::Gone,
            ) => self.roll_back().await?,
            (Control::Savepoint(number), _) => self.step(&format!("SAVEPOINT orm_{number}")).await?,
            (Control::Release(number), _) => self.step(&format!("RELEASE SAVEPOINT orm_{number}")).await?,
            (Control::RollbackTo(number), transaction) => {
                if let Transaction::Failed(begin) = transaction {
                    self.transaction = Transaction::Open(begin);
                }
                let sql = format!("ROLLBACK TO SAVEPOINT orm_{number}; RELEASE SAVEPOINT orm_{number}");
                self.step(&sql).await?;
            }
        }
        Ok(())
    }

    async fn roll_back(&mut self) -> Result<()> {
        self.close_cursor().await?;
        let Some(runtime) = self.cancel.runtime.clone() else { return self.end("ROLLBACK").await };
        self.transaction = Transaction::None;
        let rolled_back = self.link.roll_back(&runtime).await;
        rolled_back.map_err(|error| self.failed(error))
    }

    /// Waits for a ROLLBACK that was left behind; whether there was one.
    async fn come_home(&mut self) -> Result<bool> {
        let back = self.link.come_home().await;
        back.map_err(|error| self.failed(error))
    }

    async fn step(&mut self, sql: &str) -> Result<()> {
        self.get_ready().await?;
        self.query(sql).await
    }

    async fn end(&mut self, sql: &str) -> Result<()> {
        self.close_cursor().await?;
        self.query(sql).await?;
        self.transaction = Transaction::None;
        Ok(())
    }

    async fn ping(&mut self, within: Duration) -> Result<()> {
        let answer = async { self.link.get()?.ping().await };
        match tokio::time::timeout(within, answer).await {
            Ok(answer) => answer.map_err(|error| self.failed(error)),
            Err(_) => {
                self.broken = true;
                let message = format!("no sign of life within {} s", within.as_secs_f64());
                Err(Error::new(ErrorKind::ConnectionLost, message))
            }
        }
    }

    /// By itself MariaDB lets a transaction change rows that it has read as they were before; who asks for REPEATABLE READ is told
    /// instead, as by other databases, and can be run again.
    fn begin_sql(&mut self, begin: Begin) -> String {
        let mut sql = self.set_refusing(begin.isolation == Some(Isolation::RepeatableRead)).to_owned();
        if self.autocommit {
            sql += "SET autocommit = 0; ";
        }
        if let Some(level) = begin.isolation {
            sql += &format!("SET TRANSACTION ISOLATION LEVEL {}; ", level.sql());
        }
        match begin.read_only {
            true => sql += "START TRANSACTION READ ONLY",
            false if begin.isolation.is_some() => sql += "START TRANSACTION",
            false => {}
        }
        sql.truncate(sql.trim_end_matches("; ").len());
        sql
    }

    fn set_refusing(&mut self, refuses: bool) -> &'static str {
        if self.refuses_changed == refuses || self.dialect.product() != Product::MariaDb {
            return "";
        }
        self.refuses_changed = refuses;
        // Older servers take it for a comment.
        if refuses {
            "/*M!100618 SET innodb_snapshot_isolation = ON */; "
        } else {
            "/*M!100618 SET innodb_snapshot_isolation = OFF */; "
        }
    }

    /// A larger packet would cost the connection.
    fn check_size(&self, statement: &Statement, parameters: &[Wire]) -> Result<()> {
        if parameters.len() > MAX_PARAMETERS {
            let (product, count) = (self.dialect.product().name(), parameters.len());
            let message = format!(
                "{product} takes at most {MAX_PARAMETERS} parameters with one statement, and this one has {count}"
            );
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        let bytes = statement.sql().len().max(parameters.iter().map(size).sum()) + HEAD;
        if bytes <= self.settings.max_packet.max(2 * HEAD) {
            return Ok(());
        }
        let message = format!(
            "the statement and its values take {bytes} bytes, and the server takes {} (max_allowed_packet)",
            self.settings.max_packet
        );
        Err(Error::new(ErrorKind::Encode, message))
    }

    /// Remembers what an error of the server or of the connection means for what comes next.
    fn failed(&mut self, error: mysql_async::Error) -> Error {
        if self.transaction != Transaction::None && error::ends_transaction(&error) {
            self.transaction = Transaction::Gone;
        }
        let error = error::from(error);
        self.broken |= error.is_connection_lost();
        match error.kind() {
            ErrorKind::LockTimeout if self.waits => error.as_conflict(),
            _ => error,
        }
    }
}

/// The values of one run, as the driver sends them.
fn parameters(statement: &Statement, values: &[Value<'_>]) -> Result<Vec<Wire>> {
    let types = statement.parameters();
    if types.len() != values.len() {
        let (wanted, found) = (types.len(), values.len());
        let message = format!("the statement has {wanted} parameters, but {found} values came with it");
        return Err(Error::new(ErrorKind::InvalidQuery, message));
    }
    types.iter().zip(values).map(|(&sql_type, value)| encode(sql_type, value)).collect()
}

/// The text in such a form that the driver finds no parameters with names in it: it takes what follows this comment to be inside
/// of it.
fn plain(sql: &str) -> String {
    if sql.contains(':') { format!("/**/{sql}") } else { sql.to_owned() }
}

/// A call that leaves a mark if it is dropped before its answer has come.
macro_rules! owing {
    ($connection:ident.$method:ident($($argument:expr),*)) => {
        Box::pin(async move {
            $connection.owes = true;
            let result = match $connection.come_home().await {
                Ok(_) => $connection.$method($($argument),*).await,
                Err(error) => Err(error.into()),
            };
            $connection.owes = false;
            result
        })
    };
}

/// A connection that is thrown away while the server works for it: the server is told to stop, or it would go on and keep its
/// locks.
impl Drop for MysqlConnection {
    fn drop(&mut self) {
        if self.owes {
            self.cancel.send();
        } else if self.cursor.is_none() {
            // Rows that nobody will read would have to be read first.
            self.link.leave(self.cancel.runtime.as_ref());
        }
    }
}

impl AsyncConnection for MysqlConnection {
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

    fn write_returning<'a>(
        &'a mut self,
        write: Write<'a>,
        sink: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<u64>> {
        owing!(self.write_returning(write, sink))
    }

    fn write_together<'a>(
        &'a mut self,
        entries: &'a mut [Entry<'_>],
        commits: bool,
    ) -> BoxFuture<'a, Result<(), Failed>> {
        owing!(self.write_together(entries, commits))
    }

    fn script<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<()>> {
        owing!(self.script(sql))
    }

    fn control(&mut self, control: Control) -> BoxFuture<'_, Result<()>> {
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
        self.broken || self.link.is_broken()
    }
}
