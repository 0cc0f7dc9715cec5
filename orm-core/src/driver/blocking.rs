//! Async to blocking: a runtime of its own, on the caller's thread, drives the connection while a call lasts.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::driver::{
    AsyncConnection, BoxFuture, Connection, Control, Entry, Failed, Sink, Statement, Write, Written,
};
use crate::error::{Error, ErrorKind};
use crate::{Result, Value};

/// An async connection together with the runtime that drives it.
pub struct Blocking {
    connection: Box<dyn AsyncConnection>,
    // The last field, so that it is dropped last: a connection's clean-up may need its runtime.
    runtime: OwnRuntime,
}

impl Blocking {
    /// Opens the connection on a runtime of its own.
    pub fn open(connect: BoxFuture<'_, Result<Box<dyn AsyncConnection>>>) -> Result<Box<dyn Connection>> {
        refuse_inside_async()?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            Error::new(ErrorKind::Connect, "no runtime could be started").with_source(error)
        })?;
        let runtime = OwnRuntime(Some(runtime));
        let connection = runtime.wait(connect)?;
        Ok(Box::new(Self { connection, runtime }))
    }
}

/// A runtime that may be dropped anywhere: tokio's own drop waits, and panics where waiting is not allowed.
struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    /// Drives one call to its end.
    fn wait<T, E: From<Error>>(&self, call: BoxFuture<'_, Result<T, E>>) -> Result<T, E> {
        refuse_inside_async()?;
        match &self.0 {
            Some(runtime) => runtime.block_on(call),
            None => Err(Error::new(ErrorKind::ConnectionLost, "the connection is closed").into()),
        }
    }

    /// The same for a call that seldom has to wait, and then costs no turn of the runtime.
    fn wait_if_need_be<T>(&self, mut call: BoxFuture<'_, Result<T>>) -> Result<T> {
        refuse_inside_async()?;
        let inside = self.0.as_ref().map(Runtime::enter);
        let done = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(inside);
        match done {
            Poll::Ready(result) => result,
            Poll::Pending => self.wait(call),
        }
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A runtime cannot block inside another one; tokio would panic.
fn refuse_inside_async() -> Result<()> {
    match Handle::try_current() {
        Err(_) => Ok(()),
        Ok(_) => Err(Error::new(
            ErrorKind::Misuse,
            "a blocking Engine was used on a thread of an async runtime (those of spawn_blocking are such); \
             use AsyncEngine there, or std::thread::spawn",
        )),
    }
}

impl Connection for Blocking {
    fn run(&mut self, statement: &Arc<Statement>, values: &[Value<'_>], sink: &mut dyn Sink) -> Result<u64> {
        self.runtime.wait(self.connection.run(statement, values, sink))
    }

    fn write(&mut self, write: Write<'_>) -> Result<Written> {
        self.runtime.wait(self.connection.write(write))
    }

    fn write_returning(&mut self, write: Write<'_>, sink: &mut dyn Sink) -> Result<u64> {
        self.runtime.wait(self.connection.write_returning(write, sink))
    }

    fn write_together(&mut self, entries: &mut [Entry<'_>], commits: bool) -> Result<(), Failed> {
        self.runtime.wait(self.connection.write_together(entries, commits))
    }

    fn script(&mut self, sql: &str) -> Result<()> {
        self.runtime.wait(self.connection.script(sql))
    }

    fn control(&mut self, control: Control) -> Result<()> {
        let call = self.connection.control(control);
        match control {
            // It is only noted, by a driver that sends it with the next statement.
            Control::Begin(_) => self.runtime.wait_if_need_be(call),
            _ => self.runtime.wait(call),
        }
    }

    fn open_cursor(&mut self, statement: &Arc<Statement>, values: &[Value<'_>], batch: u32) -> Result<()> {
        self.runtime.wait(self.connection.open_cursor(statement, values, batch))
    }

    fn fetch(&mut self, sink: &mut dyn Sink) -> Result<bool> {
        self.runtime.wait(self.connection.fetch(sink))
    }

    fn close_cursor(&mut self) -> Result<()> {
        self.runtime.wait(self.connection.close_cursor())
    }

    fn ping(&mut self, within: Duration) -> Result<()> {
        self.runtime.wait(self.connection.ping(within))
    }

    fn is_broken(&self) -> bool {
        self.connection.is_broken()
    }
}
