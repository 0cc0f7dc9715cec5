//! Blocking to async: a thread of its own runs the connection, and each call costs one hop there and one back.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::driver::{
    AsyncConnection, Begin, BoxFuture, Connection, Control, Entry, Failed, RowBuffer, Sink, Statement, Write,
    Written,
};
use crate::error::{Error, ErrorKind};
use crate::query::Layout;
use crate::{Result, Value};

type Job = Box<dyn FnOnce(&mut dyn Connection) + Send>;

/// A blocking connection on a thread of its own.
///
/// When it is dropped the thread finishes the statement that it is in, closes the connection, which rolls back, and
/// ends.
pub struct Worker {
    jobs: mpsc::Sender<Job>,
    /// It goes along with the next call.
    begin: Option<Begin>,
    broken: bool,
}

impl Worker {
    /// Starts a thread and opens the connection on it.
    pub fn open(
        connect: impl FnOnce() -> Result<Box<dyn Connection>> + Send + 'static,
    ) -> BoxFuture<'static, Result<Box<dyn AsyncConnection>>> {
        Box::pin(async move {
            let (jobs, inbox) = mpsc::channel::<Job>();
            let (reply, opened) = reply();
            std::thread::Builder::new()
                .name("orm-worker".to_owned())
                .spawn(move || match connect() {
                    Ok(mut connection) => {
                        reply.send(Ok(()));
                        while let Ok(job) = inbox.recv() {
                            job(&mut *connection);
                        }
                    }
                    Err(error) => reply.send(Err(error)),
                })
                .map_err(|error| {
                    Error::new(ErrorKind::Connect, "the worker thread did not start").with_source(error)
                })?;
            opened.receive().await??;
            Ok(Box::new(Self { jobs, begin: None, broken: false }) as Box<dyn AsyncConnection>)
        })
    }

    async fn call<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&mut dyn Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = reply();
        let begin = self.begin.take();
        let job: Job = Box::new(move |connection| {
            let begun = begin.map_or(Ok(()), |begin| connection.control(Control::Begin(begin)));
            let result = begun.and_then(|()| job(connection));
            reply.send((result, connection.is_broken()));
        });
        if self.jobs.send(job).is_err() {
            self.broken = true;
        }
        match answer.receive().await {
            Ok((result, broken)) => {
                self.broken |= broken;
                result
            }
            Err(error) => {
                self.broken = true;
                Err(error)
            }
        }
    }
}

impl AsyncConnection for Worker {
    fn run<'a>(
        &'a mut self,
        statement: &'a Arc<Statement>,
        values: &'a [Value<'a>],
        sink: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<u64>> {
        let statement = statement.clone();
        let values: Vec<_> = values.iter().map(|value| value.clone().into_owned()).collect();
        Box::pin(async move {
            let mut buffer = RowBuffer::new(sink.columns().is_some());
            let job = move |connection: &mut dyn Connection| {
                let affected = connection.run(&statement, &values, &mut buffer)?;
                Ok((affected, buffer))
            };
            let (affected, buffer) = self.call(job).await?;
            buffer.pour(sink)?;
            Ok(affected)
        })
    }

    fn write<'a>(&'a mut self, write: Write<'a>) -> BoxFuture<'a, Result<Written>> {
        let Write { statement, layout, rows, keys } = write;
        let statement = statement.clone();
        let buffer = RowBuffer::copy(rows);
        Box::pin(async move {
            let buffer = buffer?;
            let job = move |connection: &mut dyn Connection| {
                connection.write(Write { statement: &statement, layout, rows: &buffer, keys })
            };
            self.call(job).await
        })
    }

    fn write_returning<'a>(
        &'a mut self,
        write: Write<'a>,
        sink: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<u64>> {
        let Write { statement, layout, rows, keys } = write;
        let statement = statement.clone();
        let rows = RowBuffer::copy(rows);
        Box::pin(async move {
            let (rows, mut buffer) = (rows?, RowBuffer::new(sink.columns().is_some()));
            let job = move |connection: &mut dyn Connection| {
                let write = Write { statement: &statement, layout, rows: &rows, keys };
                let affected = connection.write_returning(write, &mut buffer)?;
                Ok((affected, buffer))
            };
            let (affected, buffer) = self.call(job).await?;
            buffer.pour(sink)?;
            Ok(affected)
        })
    }

    fn write_together<'a>(
        &'a mut self,
        entries: &'a mut [Entry<'_>],
        commits: bool,
    ) -> BoxFuture<'a, Result<(), Failed>> {
        Box::pin(async move {
            let copy =
                |(at, entry): (usize, &Entry<'_>)| Copied::of(entry).map_err(|error| Failed { at, error });
            let copies: Vec<_> = entries.iter().enumerate().map(copy).collect::<Result<_, _>>()?;
            let job = move |connection: &mut dyn Connection| {
                let mut copied: Vec<_> = copies.iter().map(Copied::entry).collect();
                let result = connection.write_together(&mut copied, commits);
                let answers: Vec<_> =
                    copied.into_iter().map(|Entry { written, rows, .. }| (written, rows)).collect();
                Ok((result, answers))
            };
            let (result, answers) = self.call(job).await?;
            for (entry, (written, rows)) in entries.iter_mut().zip(answers) {
                (entry.written, entry.rows) = (written, rows);
            }
            result
        })
    }

    fn script<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<()>> {
        let sql = sql.to_owned();
        Box::pin(self.call(move |connection| connection.script(&sql)))
    }

    fn control(&mut self, control: Control) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match (control, self.begin) {
                (Control::Begin(begin), None) => self.begin = Some(begin),
                (Control::Commit | Control::Rollback, Some(_)) => self.begin = None,
                _ => return self.call(move |connection| connection.control(control)).await,
            }
            Ok(())
        })
    }

    fn open_cursor<'a>(
        &'a mut self,
        statement: &'a Arc<Statement>,
        values: &'a [Value<'a>],
        batch: u32,
    ) -> BoxFuture<'a, Result<()>> {
        let statement = statement.clone();
        let values: Vec<_> = values.iter().map(|value| value.clone().into_owned()).collect();
        Box::pin(self.call(move |connection| connection.open_cursor(&statement, &values, batch)))
    }

    fn fetch<'a>(&'a mut self, sink: &'a mut dyn Sink) -> BoxFuture<'a, Result<bool>> {
        let mut buffer = RowBuffer::new(sink.columns().is_some());
        Box::pin(async move {
            let job = move |connection: &mut dyn Connection| {
                let more = connection.fetch(&mut buffer)?;
                Ok((more, buffer))
            };
            let (more, buffer) = self.call(job).await?;
            buffer.pour(sink)?;
            Ok(more)
        })
    }

    fn close_cursor(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.call(|connection| connection.close_cursor()))
    }

    fn ping(&mut self, within: Duration) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.call(move |connection| connection.ping(within)))
    }

    fn is_broken(&self) -> bool {
        self.broken
    }
}

/// A write whose rows were copied, for the way to the thread.
struct Copied {
    statement: Arc<Statement>,
    layout: Layout,
    rows: RowBuffer,
    keys: bool,
    returns: bool,
}

impl Copied {
    fn of(entry: &Entry<'_>) -> Result<Self> {
        let Write { statement, layout, rows, keys } = entry.write;
        let (statement, rows) = (statement.clone(), RowBuffer::copy(rows)?);
        Ok(Self { statement, layout, rows, keys, returns: entry.returns })
    }

    fn entry(&self) -> Entry<'_> {
        let Self { statement, layout, rows, keys, returns } = self;
        Entry::new(Write { statement, layout: *layout, rows, keys: *keys }, *returns)
    }
}

/// A place for one answer, filled by one thread and awaited by another.
struct Slot<T> {
    state: Mutex<State<T>>,
}

enum State<T> {
    Waiting(Option<Waker>),
    Answered(T),
    Abandoned,
}

struct Reply<T>(Arc<Slot<T>>);

struct Answer<T>(Arc<Slot<T>>);

fn reply<T>() -> (Reply<T>, Answer<T>) {
    let slot = Arc::new(Slot { state: Mutex::new(State::Waiting(None)) });
    (Reply(slot.clone()), Answer(slot))
}

impl<T> Slot<T> {
    fn settle(&self, answer: State<T>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = answer;
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl<T> Reply<T> {
    fn send(self, answer: T) {
        self.0.settle(State::Answered(answer));
    }
}

/// A reply that is dropped unsent (its thread panicked or is gone) wakes the one who waits for it.
impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        self.0.settle(State::Abandoned);
    }
}

impl<T> Answer<T> {
    async fn receive(self) -> Result<T> {
        poll_fn(|context| {
            let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *state {
                State::Waiting(waker) => {
                    *waker = Some(context.waker().clone());
                    Poll::Pending
                }
                State::Abandoned => Poll::Ready(Err(Error::new(
                    ErrorKind::ConnectionLost,
                    "the connection's worker thread is gone",
                ))),
                State::Answered(_) => match std::mem::replace(&mut *state, State::Abandoned) {
                    State::Answered(answer) => Poll::Ready(Ok(answer)),
                    State::Waiting(_) | State::Abandoned => Poll::Pending,
                },
            }
        })
        .await
    }
}
