//! A connection on loan. It knows whether a transaction is open and whether an answer is still owed, and goes back to
//! the pool only when neither is the case.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::driver::{Begin, Control, Entry, Failed, Sink, Statement, Write, Written, may_open_transaction};
use crate::engine::observer::OneSet;
use crate::engine::pool::{Idle, Link, Room};
use crate::engine::watch::{Asked, Watch};
use crate::engine::{Event, Listener};
use crate::error::{Error, ErrorKind};
use crate::query::{Dialect, Rendered};
use crate::{Result, Value};

pub(crate) struct Lease {
    /// Both are taken when the lease ends, and only then.
    link: Option<Link>,
    room: Option<Room>,
    /// Set before the bytes of a BEGIN leave, cleared when COMMIT or ROLLBACK is acknowledged.
    tainted: bool,
    /// Set while an answer is owed; a dropped future leaves it set.
    busy: bool,
    /// To be closed, however well it looks.
    doomed: bool,
    /// When the connection was opened.
    opened: Instant,
    /// Hears what the session sends that has taken it.
    listener: Option<Arc<Listener>>,
}

/// Calls one method of the link in whichever form it has.
macro_rules! call {
    ($lease:ident.$method:ident($($argument:expr),*)) => {{
        $lease.busy = true;
        let result = match &mut $lease.link {
            Some(Link::Blocking(connection)) => connection.$method($($argument),*),
            Some(Link::Async(connection)) => connection.$method($($argument),*).await,
            None => Err(Error::new(ErrorKind::ConnectionLost, "the connection was given back").into()),
        };
        $lease.busy = false;
        result
    }};
}

impl Lease {
    pub(super) fn new(idle: Idle, room: Room) -> Self {
        let Idle { link, opened, .. } = idle;
        let (link, room) = (Some(link), Some(room));
        Self { link, room, tainted: false, busy: false, doomed: false, opened, listener: None }
    }

    /// Has each statement heard by this listener from now on, or by none.
    pub(crate) fn listen(&mut self, listener: Option<Arc<Listener>>) {
        self.listener = listener;
    }

    /// Has the connection closed when it comes back, however well it looks.
    pub(crate) fn doom(&mut self) {
        self.doomed = true;
    }

    /// Runs what the program wants to be run on each new connection, which is of no use if that fails.
    pub(super) async fn set_up(&mut self, scripts: &[&'static str]) -> Result<()> {
        self.doomed = true;
        for sql in scripts {
            if let Err(error) = self.script(sql).await {
                return Err(Error::new(ErrorKind::Connect, format!("on_connect: {error}")).with_source(error));
            }
        }
        self.doomed = false;
        Ok(())
    }

    pub(crate) async fn run(
        &mut self,
        statement: &Arc<Statement>,
        values: &[Value<'_>],
        sink: &mut dyn Sink,
    ) -> Result<u64> {
        self.tainted |= statement.may_open_transaction();
        let start = self.start();
        let result = call!(self.run(statement, values, sink));
        let asked = Asked { sql: statement.sql(), parameters: Some(&OneSet(values)) };
        let result = result.map_err(|error| self.blame(asked, error));
        self.tell_statement(start, asked, result.as_ref().copied());
        result
    }

    pub(crate) async fn write(&mut self, write: Write<'_>) -> Result<Written> {
        self.tainted |= write.statement.may_open_transaction();
        let start = self.start();
        let result = call!(self.write(write));
        let asked = Asked { sql: write.statement.sql(), parameters: Some(write.rows) };
        let result = result.map_err(|error| self.blame(asked, error));
        self.tell_statement(start, asked, result.as_ref().map(|written| written.affected));
        result
    }

    pub(crate) async fn write_returning(&mut self, write: Write<'_>, sink: &mut dyn Sink) -> Result<u64> {
        self.tainted |= write.statement.may_open_transaction();
        let start = self.start();
        let result = call!(self.write_returning(write, sink));
        let asked = Asked { sql: write.statement.sql(), parameters: Some(write.rows) };
        let result = result.map_err(|error| self.blame(asked, error));
        self.tell_statement(start, asked, result.as_ref().copied());
        result
    }

    /// Sends writes together, and COMMIT behind them if it need not wait for their answers.
    pub(crate) async fn write_together(
        &mut self,
        entries: &mut [Entry<'_>],
        commits: bool,
    ) -> Result<(), Failed> {
        self.tainted |= entries.iter().any(|entry| entry.write.statement.may_open_transaction());
        let start = self.start();
        let result = call!(self.write_together(entries, commits));
        let done = result.as_ref().err().map_or(entries.len(), |failed| failed.at);
        for Entry { write, written, .. } in entries.iter().take(done) {
            let asked = Asked { sql: write.statement.sql(), parameters: Some(write.rows) };
            self.tell_statement(start, asked, Ok(written.affected));
        }
        let result = result.map_err(|Failed { at, error }| match entries.get(at) {
            Some(Entry { write, .. }) => {
                let asked = Asked { sql: write.statement.sql(), parameters: Some(write.rows) };
                let error = self.blame(asked, error);
                self.tell_statement(start, asked, Err(&error));
                Failed { at, error }
            }
            None => Failed { at, error },
        });
        match commits {
            true => self.end_with(entries.len(), result),
            false => result,
        }
    }

    /// Takes in what became of writes and the COMMIT behind them.
    fn end_with(&mut self, count: usize, result: Result<(), Failed>) -> Result<(), Failed> {
        match result {
            Err(failed) if failed.at < count && !self.is_broken() => Err(failed),
            result => self
                .committed(result.map_err(|failed| failed.error))
                .map_err(|error| Failed { at: count, error }),
        }
    }

    /// Runs a statement that was written to be run, with its rows if they travel apart.
    pub(crate) async fn run_rendered(
        &mut self,
        statement: &Arc<Statement>,
        rendered: &Rendered,
        dialect: &dyn Dialect,
        sink: &mut dyn Sink,
    ) -> Result<u64> {
        let Some(batch) = &rendered.batch else { return self.run(statement, &rendered.values, sink).await };
        let write = Write { statement, layout: batch.layout, rows: &**batch, keys: false };
        let result = match batch.returns {
            true => self.write_returning(write, sink).await,
            false => self.write(write).await.map(|written| written.affected),
        };
        result.map_err(|error| batch.blame(dialect, error))
    }

    pub(crate) async fn script(&mut self, sql: &str) -> Result<()> {
        self.tainted |= may_open_transaction(sql);
        let start = self.start();
        let result = call!(self.script(sql));
        let asked = Asked { sql, parameters: None };
        let result = result.map_err(|error| self.blame(asked, error));
        self.tell_statement(start, asked, result.as_ref().map(|()| 0));
        result
    }

    pub(crate) async fn begin(&mut self, mode: Begin) -> Result<()> {
        self.tainted = true;
        let result = call!(self.control(Control::Begin(mode)));
        self.tell_control(&result, &Event::Begin)
    }

    pub(crate) async fn commit(&mut self) -> Result<()> {
        let result = call!(self.control(Control::Commit));
        self.committed(result)
    }

    /// Takes in what became of a COMMIT.
    fn committed(&mut self, result: Result<()>) -> Result<()> {
        match self.tell_control(&result, &Event::Commit) {
            Ok(()) => {
                self.tainted = false;
                Ok(())
            }
            Err(error) if self.is_broken() => {
                let message =
                    "the connection broke before COMMIT was answered; the work may or may not be stored";
                Err(Error::new(ErrorKind::CommitUnknown, message).with_source(error))
            }
            Err(error) => Err(self.blame(Asked { sql: "COMMIT", parameters: None }, error)),
        }
    }

    pub(crate) async fn rollback(&mut self) -> Result<()> {
        let result = call!(self.control(Control::Rollback));
        self.tainted &= result.is_err();
        self.tell_control(&result, &Event::Rollback)
    }

    /// Takes a step that concerns a savepoint.
    pub(crate) async fn nested(&mut self, control: Control) -> Result<()> {
        let result = call!(self.control(control));
        let event = match control {
            Control::Savepoint(number) => Event::Savepoint(number),
            Control::Release(number) => Event::Release(number),
            Control::RollbackTo(number) => Event::RollbackTo(number),
            Control::Begin(_) | Control::Commit | Control::Rollback => return result,
        };
        self.tell_control(&result, &event)
    }

    pub(crate) async fn open_cursor(
        &mut self,
        statement: &Arc<Statement>,
        values: &[Value<'_>],
        batch: u32,
    ) -> Result<()> {
        let start = self.start();
        let result = call!(self.open_cursor(statement, values, batch));
        let asked = Asked { sql: statement.sql(), parameters: Some(&OneSet(values)) };
        let result = result.map_err(|error| self.blame(asked, error));
        self.tell_statement(start, asked, result.as_ref().map(|()| 0));
        result
    }

    pub(crate) async fn fetch(&mut self, sink: &mut dyn Sink) -> Result<bool> {
        let result = call!(self.fetch(sink));
        result.map_err(|error| match self.watch() {
            Some(watch) => watch.conceal(error),
            None => error,
        })
    }

    pub(crate) async fn close_cursor(&mut self) -> Result<()> {
        call!(self.close_cursor())
    }

    /// Whether a call on it never waits.
    pub(crate) fn is_blocking(&self) -> bool {
        matches!(self.link, Some(Link::Blocking(_)))
    }

    /// Whether an answer is owed: a call on it was dropped half-way.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Tells the observer of something that is no error.
    pub(crate) fn warn(&self, message: &str) {
        self.tell(&Event::Warning(message));
    }

    /// Whether a transaction may be open.
    pub(crate) fn is_tainted(&self) -> bool {
        self.tainted
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.link.as_ref().is_none_or(Link::is_broken)
    }

    /// Tells of a step that was taken; one that failed is the caller's to report.
    fn tell_control(&self, result: &Result<()>, event: &Event<'_>) -> Result<()> {
        if result.is_ok() {
            self.tell(event);
        }
        result.clone()
    }

    #[inline]
    fn watch(&self) -> Option<&Watch> {
        self.room.as_ref().map(Room::watch)
    }

    /// The time, if somebody watches.
    #[inline]
    fn start(&self) -> Option<Instant> {
        self.watch().and_then(Watch::start)
    }

    #[inline]
    fn tell_statement(&self, start: Option<Instant>, asked: Asked<'_>, outcome: Result<u64, &Error>) {
        if let (Some(start), Some(watch)) = (start, self.watch()) {
            watch.statement(asked, start, outcome);
        }
        if let Some(listener) = &self.listener {
            listener.statement(asked);
        }
    }

    #[cold]
    fn blame(&self, asked: Asked<'_>, error: Error) -> Error {
        match self.watch() {
            Some(watch) => watch.blame(asked, error),
            None => error.with_sql(asked.sql),
        }
    }

    #[inline]
    fn tell(&self, event: &Event<'_>) {
        if let Some(watch) = self.watch() {
            watch.tell(event);
        }
    }

    /// What can be done for the next user without waiting. A transaction that was left open is rolled back; in async the
    /// ROLLBACK is sent, and its answer is waited for when the connection is lent again.
    fn clean(&mut self) -> Condition {
        if self.busy || self.doomed || self.is_broken() || std::thread::panicking() {
            return Condition::Lost;
        }
        if !self.tainted {
            return Condition::Clean;
        }
        let rolled_back = match &mut self.link {
            Some(Link::Blocking(connection)) => Poll::Ready(connection.control(Control::Rollback)),
            Some(Link::Async(connection)) => {
                connection.control(Control::Rollback).as_mut().poll(&mut Context::from_waker(Waker::noop()))
            }
            None => return Condition::Lost,
        };
        match rolled_back {
            Poll::Ready(Err(_)) => Condition::Lost,
            Poll::Ready(Ok(())) => {
                self.tell(&Event::Rollback);
                Condition::Clean
            }
            Poll::Pending => {
                self.tell(&Event::Rollback);
                Condition::Unsettled
            }
        }
    }
}

/// How a connection comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Clean,
    /// A ROLLBACK is on its way.
    Unsettled,
    /// In doubt, or broken: to be closed.
    Lost,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let condition = self.clean();
        let opened = self.opened;
        let (Some(link), Some(room)) = (self.link.take(), self.room.take()) else { return };
        match condition {
            Condition::Clean => room.give_back(Idle { link, opened, unsettled: false }),
            Condition::Unsettled => room.give_back(Idle { link, opened, unsettled: true }),
            Condition::Lost => {
                if link.is_broken() {
                    room.suspect(opened);
                }
                // The connection goes first: room is free when it is closed.
                drop(link);
                drop(room);
            }
        }
    }
}
