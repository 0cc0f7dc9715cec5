//! A connection on loan. It knows whether a transaction is open and whether an answer is still owed, and goes back to
//! the pool only when neither is the case.

use std::sync::Arc;

use crate::driver::{Control, Rows, Sink, Statement, Write, Written};
use crate::engine::observer::OneSet;
use crate::engine::pool::{Link, Room};
use crate::engine::{Event, Sent};
use crate::error::{Error, ErrorKind};
use crate::query::Begin;
use crate::{Result, Value};

pub(crate) struct Lease {
    /// Both are taken when the lease ends, and only then.
    link: Option<Link>,
    room: Option<Room>,
    /// Set before the bytes of a BEGIN leave, cleared when COMMIT or ROLLBACK is acknowledged.
    tainted: bool,
    /// Set while an answer is owed; a dropped future leaves it set.
    busy: bool,
}

/// Calls one method of the link in whichever form it has.
macro_rules! call {
    ($lease:ident.$method:ident($($argument:expr),*)) => {{
        $lease.busy = true;
        let result = match &mut $lease.link {
            Some(Link::Blocking(connection)) => connection.$method($($argument),*),
            Some(Link::Async(connection)) => connection.$method($($argument),*).await,
            None => Err(Error::new(ErrorKind::ConnectionLost, "the connection was given back")),
        };
        $lease.busy = false;
        result
    }};
}

impl Lease {
    pub(super) fn new(link: Link, room: Room) -> Self {
        Self { link: Some(link), room: Some(room), tainted: false, busy: false }
    }

    pub(crate) async fn run(
        &mut self,
        statement: &Arc<Statement>,
        values: &[Value<'_>],
        sink: Sink<'_>,
    ) -> Result<u64> {
        let result = call!(self.run(statement, values, sink));
        self.tell_statement(statement.sql(), Some(&OneSet(values)));
        result.map_err(|error| error.with_sql(statement.sql()))
    }

    pub(crate) async fn write(&mut self, write: Write<'_>) -> Result<Written> {
        let result = call!(self.write(write));
        self.tell_statement(write.statement.sql(), Some(write.rows));
        result.map_err(|error| error.with_sql(write.statement.sql()))
    }

    pub(crate) async fn script(&mut self, sql: &str) -> Result<()> {
        let result = call!(self.script(sql));
        self.tell_statement(sql, None);
        result.map_err(|error| error.with_sql(sql))
    }

    pub(crate) async fn begin(&mut self, mode: Begin) -> Result<()> {
        self.tainted = true;
        let result = call!(self.control(Control::Begin(mode)));
        self.tell(&Event::Begin);
        result
    }

    pub(crate) async fn commit(&mut self) -> Result<()> {
        let result = call!(self.control(Control::Commit));
        self.tell(&Event::Commit);
        match result {
            Ok(()) => {
                self.tainted = false;
                Ok(())
            }
            Err(error) if self.is_broken() => {
                let message =
                    "the connection broke before COMMIT was answered; the work may or may not be stored";
                Err(Error::new(ErrorKind::CommitUnknown, message).with_source(error))
            }
            Err(error) => Err(error.with_sql("COMMIT")),
        }
    }

    pub(crate) async fn rollback(&mut self) -> Result<()> {
        let result = call!(self.control(Control::Rollback));
        self.tell(&Event::Rollback);
        self.tainted &= result.is_err();
        result
    }

    /// Whether an answer is owed: a call on it was dropped half-way.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Tells the observer of something that is no error.
    pub(crate) fn warn(&self, message: &str) {
        self.tell(&Event::Warning(message));
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.link.as_ref().is_none_or(Link::is_broken)
    }

    #[inline]
    fn tell_statement(&self, sql: &str, rows: Option<&dyn Rows>) {
        self.tell(&Event::Statement(Sent { sql, rows }));
    }

    #[inline]
    fn tell(&self, event: &Event<'_>) {
        if let Some(observer) = self.room.as_ref().and_then(Room::observer) {
            observer.event(event);
        }
    }

    /// Whether the connection may be lent again. An open transaction is rolled back where that can be done without
    /// waiting; in async the connection is closed instead, and the server rolls back.
    fn clean(&mut self) -> bool {
        if self.busy || self.is_broken() || std::thread::panicking() {
            return false;
        }
        if self.tainted
            && let Some(Link::Blocking(connection)) = &mut self.link
            && connection.control(Control::Rollback).is_ok()
        {
            self.tainted = false;
            self.tell(&Event::Rollback);
        }
        !self.tainted && !self.is_broken()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let clean = self.clean();
        if let (Some(link), Some(room)) = (self.link.take(), self.room.take()) {
            if clean {
                room.give_back(link);
            } else {
                drop(link);
                drop(room);
            }
        }
    }
}
