//! Who watches an engine, and what they may see. Where nobody does, nothing is prepared: no clock is read and nothing
//! is allocated.

use std::fmt;
use std::time::{Duration, Instant};

use crate::driver::{Backend, Rows};
use crate::engine::tracing::Tracer;
use crate::engine::{EngineBuilder, EngineForm, Event, Observer, Sent};
use crate::error::Error;
use crate::{Result, Value};

/// Of how many sets of parameters an error takes a copy.
const SETS: usize = 3;

#[derive(Default)]
pub(crate) struct Watch {
    observers: Vec<Box<dyn Observer>>,
    /// Everything goes to standard error.
    pub(super) echo: bool,
    pub(super) slow: Option<Duration>,
    pub(super) hidden: bool,
    tracer: Tracer,
}

/// A statement, and what went with it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) sql: &'a str,
    pub(super) parameters: Option<&'a dyn Rows>,
}

/// One line, without values.
impl fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql)?;
        match self.parameters.map_or(1, Rows::len) {
            1 => Ok(()),
            sets => write!(f, " -- {sets} rows"),
        }
    }
}

impl Watch {
    /// Learns which database it is that is watched.
    pub(super) fn look_at(&mut self, backend: &dyn Backend) {
        self.tracer = Tracer::new(backend);
    }

    #[inline]
    fn is_on(&self) -> bool {
        self.echo || !self.observers.is_empty() || self.slow.is_some() || Tracer::is_heard()
    }

    /// The time, if somebody wants to know how long something takes.
    #[inline]
    pub(super) fn start(&self) -> Option<Instant> {
        self.is_on().then(Instant::now)
    }

    #[inline]
    pub(super) fn tell(&self, event: &Event<'_>) {
        if self.echo {
            eprintln!("{}", event.echo());
        }
        self.observers.iter().for_each(|observer| observer.event(event));
        self.tracer.event(event);
    }

    /// Tells of a statement that was answered.
    #[cold]
    pub(super) fn statement(&self, asked: Asked<'_>, start: Instant, outcome: Result<u64, &Error>) {
        let Asked { sql, parameters } = asked;
        let sent = Sent { sql, parameters, hidden: self.hidden, outcome, elapsed: start.elapsed() };
        self.tell(&Event::Statement(sent));
        if self.slow.is_some_and(|slow| sent.elapsed > slow) {
            let slow = Event::Slow(Sent { hidden: true, ..sent });
            self.tell(&slow);
            if !self.echo && self.observers.is_empty() && !Tracer::hears_warnings() {
                eprintln!("{}", slow.echo());
            }
        }
    }

    /// The error with what it was about, as far as it may be shown.
    #[cold]
    pub(super) fn blame(&self, asked: Asked<'_>, error: Error) -> Error {
        let error = error.with_sql(asked.sql);
        match asked.parameters {
            Some(rows) if !self.hidden => error.with_parameters(copy(rows)),
            _ => self.conceal(error),
        }
    }

    /// The error without values, if they are to be hidden.
    #[cold]
    pub(super) fn conceal(&self, error: Error) -> Error {
        if self.hidden { error.without_values() } else { error }
    }

    pub(crate) fn hides(&self) -> bool {
        self.hidden
    }
}

/// The first sets; a value that could not be made is NULL here, and what the error is about.
fn copy(rows: &dyn Rows) -> Vec<Vec<Value<'static>>> {
    let value = |set, index| rows.value(set, index).map_or(Value::Null, Value::into_owned);
    let set = |set| (0..rows.width()).map(|index| value(set, index)).collect();
    (0..rows.len().min(SETS)).map(set).collect()
}

/// Who watches. `echo`, `hide_parameters` and `slow_statements` (in seconds) are also keys of the URL.
impl<E: EngineForm> EngineBuilder<E> {
    /// Calls this for each statement when it was answered, with success or an error, and for each step of a transaction
    /// that was taken. There may be several observers; each costs a call, and all together two looks at the clock for
    /// each statement. Without any nothing is prepared for them.
    pub fn observe(mut self, observer: impl Observer) -> Self {
        self.options.watch.observers.push(Box::new(observer));
        self
    }

    /// Writes each statement with its parameters, rows and time, and each step of a transaction, to standard error.
    /// Costs the formatting and a write each. The values are shown, unless [`hide_parameters`](Self::hide_parameters)
    /// is on: think of passwords before this runs in production.
    pub fn echo(mut self, on: bool) -> Self {
        self.options.watch.echo = on;
        self
    }

    /// What echo writes, handed to a closure. A statement's text has a second line for its parameters.
    pub fn echo_to(self, write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.observe(move |event: &Event<'_>| write(&event.echo().to_string()))
    }

    /// Keeps bound values out of echo, events, traces and errors, whose parameters and sources (a database's own message
    /// may quote a row) are then left out. Costs nothing but what you will miss when something goes wrong.
    pub fn hide_parameters(mut self, on: bool) -> Self {
        self.options.watch.hidden = on;
        self
    }

    /// Reports each statement that takes longer, as [`Event::Slow`]: to observers and echo, as a warning to `tracing`,
    /// or to standard error where there is none of these. Costs two looks at the clock for each statement.
    pub fn slow_statements(mut self, threshold: Duration) -> Self {
        self.options.watch.slow = Some(threshold);
        self
    }
}
