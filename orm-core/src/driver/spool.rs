//! A cursor for blocking drivers whose own cursors borrow the connection: the query runs on a thread of its own, which
//! owns the connection meanwhile and is never more than two batches ahead of who reads.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use crate::Result;
use crate::driver::{Row, RowBuffer, Rows, Sink};
use crate::error::{Error, ErrorKind};

/// The rows of a query that is under way, and the connection `C` that it runs on.
pub struct Spool<C> {
    /// Batches that are on their way; `None` when the connection is back.
    running: Option<Running<C>>,
    /// Batches that were taken over when the connection was needed for something else.
    kept: VecDeque<Result<RowBuffer>>,
}

struct Running<C> {
    batches: Receiver<Result<RowBuffer>>,
    thread: JoinHandle<C>,
}

impl<C: Send + 'static> Spool<C> {
    /// Begins a query: `run` hands the connection's rows to the sink it is given.
    pub fn start(
        connection: C,
        batch: u32,
        run: impl FnOnce(&mut C, &mut dyn Sink) -> Result<()> + Send + 'static,
    ) -> Result<Self> {
        let (sender, batches) = sync_channel(1);
        let work = move || {
            let mut connection = connection;
            let mut sink = Batches { buffer: RowBuffer::new(true), batch: batch.max(1) as usize, sender };
            let result = run(&mut connection, &mut sink);
            sink.finish(result);
            connection
        };
        let thread = Builder::new().name("orm-cursor".to_owned()).spawn(work).map_err(|error| {
            Error::new(ErrorKind::ConnectionLost, "the thread of a cursor did not start").with_source(error)
        })?;
        Ok(Self { running: Some(Running { batches, thread }), kept: VecDeque::new() })
    }

    /// Takes the next batch; whether there may be more.
    pub fn fetch(&mut self, sink: &mut dyn Sink) -> Result<bool> {
        let next = match (self.kept.pop_front(), &self.running) {
            (Some(batch), _) => Some(batch),
            (None, Some(running)) => running.batches.recv().ok(),
            (None, None) => None,
        };
        match next {
            None => Ok(false),
            Some(batch) => {
                batch?.pour(sink)?;
                Ok(true)
            }
        }
    }

    /// Gives the connection back; the rows that were not read yet are kept in memory if they are wanted. `None` if it is back already.
    pub fn recall(&mut self, keep: bool) -> Option<Result<C>> {
        let Running { batches, thread } = self.running.take()?;
        if keep {
            self.kept.extend(batches.iter());
        }
        // The thread is told to stop by this: its next batch finds nobody.
        drop(batches);
        Some(
            thread
                .join()
                .map_err(|_| Error::new(ErrorKind::ConnectionLost, "the thread of a cursor panicked")),
        )
    }
}

/// Collects rows into batches, and sends those that are full.
struct Batches {
    buffer: RowBuffer,
    batch: usize,
    sender: SyncSender<Result<RowBuffer>>,
}

impl Batches {
    fn finish(mut self, result: Result<()>) {
        let last = match result {
            Ok(()) => self.send(),
            Err(error) => self.sender.send(Err(error)).map_err(|_| stopped()),
        };
        // Nobody reads any more: nothing is left to tell.
        drop(last);
    }

    fn send(&mut self) -> Result<()> {
        let full = std::mem::replace(&mut self.buffer, RowBuffer::new(false));
        self.sender.send(Ok(full)).map_err(|_| stopped())
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Misuse, "the cursor was closed")
}

impl Sink for Batches {
    fn columns(&mut self) -> Option<&mut Vec<String>> {
        self.buffer.columns()
    }

    fn row(&mut self, row: &dyn Row) -> Result<()> {
        self.buffer.row(row)?;
        if self.buffer.len() >= self.batch { self.send() } else { Ok(()) }
    }
}
