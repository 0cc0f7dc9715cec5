//! Async to blocking: the caller's thread drives the connection while a call lasts.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::driver::{
    AsyncConnection, BoxFuture, Connection, Control, Entry, Failed, Sink, Statement, Write, Written,
};
use crate::error::{Error, ErrorKind};
use crate::{Result, Value};

/// Drives the calls of one async connection on the thread that makes them.
pub trait Drive: Send {
    /// Drives a call to its end. An error if nothing can be driven any more.
    fn drive<T>(&mut self, call: impl Future<Output = T>) -> Result<T>;

    /// The same for a call that seldom has to wait, and is to cost little then.
    fn drive_short<T>(&mut self, call: impl Future<Output = T>) -> Result<T> {
        self.drive(call)
    }
}

/// An async connection together with what drives it.
pub struct Blocking<D> {
    connection: Box<dyn AsyncConnection>,
    // The last field, so that it is dropped last: a connection's clean-up may need it, and the last thing that it drives is the leave
    // that a connection takes.
    drive: D,
}

impl<D: Drive> Blocking<D> {
    /// Puts the two together.
    pub fn new(connection: Box<dyn AsyncConnection>, drive: D) -> Self {
        Self { connection, drive }
    }
}

fn wait<T, E: From<Error>>(drive: &mut impl Drive, call: BoxFuture<'_, Result<T, E>>) -> Result<T, E> {
    refuse_inside_async()?;
    drive.drive(call)?
}

/// A runtime of tokio that may be dropped anywhere: tokio's own drop waits, and panics where waiting is not allowed.
pub struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    /// Starts it. Inside of another runtime that is refused.
    pub fn start() -> Result<Self> {
        refuse_inside_async()?;
        match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => Ok(Self(Some(runtime))),
            Err(error) => {
                Err(Error::new(ErrorKind::Connect, "no runtime could be started").with_source(error))
            }
        }
    }

    fn runtime(&self) -> Result<&Runtime> {
        let closed = || Error::new(ErrorKind::ConnectionLost, "the connection is closed");
        self.0.as_ref().ok_or_else(closed)
    }
}

impl Drive for OwnRuntime {
    fn drive<T>(&mut self, call: impl Future<Output = T>) -> Result<T> {
        Ok(self.runtime()?.block_on(call))
    }

    fn drive_short<T>(&mut self, call: impl Future<Output = T>) -> Result<T> {
        let runtime = self.runtime()?;
        let mut call = pin!(call);
        let inside = runtime.enter();
        let done = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(inside);
        match done {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => Ok(runtime.block_on(call)),
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

/// A thread of a runtime is not to be blocked, and tokio would panic if another runtime did it.
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

impl<D: Drive> Connection for Blocking<D> {
    fn run(&mut self, statement: &Arc<Statement>, values: &[Value<'_>], sink: &mut dyn Sink) -> Result<u64> {
        wait(&mut self.drive, self.connection.run(statement, values, sink))
    }

    fn write(&mut self, write: Write<'_>) -> Result<Written> {
        wait(&mut self.drive, self.connection.write(write))
    }

    fn write_returning(&mut self, write: Write<'_>, sink: &mut dyn Sink) -> Result<u64> {
        wait(&mut self.drive, self.connection.write_returning(write, sink))
    }

    fn write_together(&mut self, entries: &mut [Entry<'_>], commits: bool) -> Result<(), Failed> {
        wait(&mut self.drive, self.connection.write_together(entries, commits))
    }

    fn script(&mut self, sql: &str) -> Result<()> {
        wait(&mut self.drive, self.connection.script(sql))
    }

    fn control(&mut self, control: Control) -> Result<()> {
        refuse_inside_async()?;
        let call = self.connection.control(control);
        match control {
            // It is only noted, by a driver that sends it with the next statement.
            Control::Begin(_) => self.drive.drive_short(call)?,
            _ => self.drive.drive(call)?,
        }
    }

    fn open_cursor(&mut self, statement: &Arc<Statement>, values: &[Value<'_>], batch: u32) -> Result<()> {
        wait(&mut self.drive, self.connection.open_cursor(statement, values, batch))
    }

    fn fetch(&mut self, sink: &mut dyn Sink) -> Result<bool> {
        wait(&mut self.drive, self.connection.fetch(sink))
    }

    fn close_cursor(&mut self) -> Result<()> {
        wait(&mut self.drive, self.connection.close_cursor())
    }

    fn ping(&mut self, within: Duration) -> Result<()> {
        wait(&mut self.drive, self.connection.ping(within))
    }

    fn is_broken(&self) -> bool {
        self.connection.is_broken()
    }
}
