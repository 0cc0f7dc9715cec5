//! Who listens to one session while a test counts what it sends. An observer hears of a whole engine, and not who called.

use std::fmt::Write;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engine::watch::Asked;

/// Hears each statement of a session, on whichever connection it is, with the call of the program that it was sent by.
pub(crate) struct Listener(Mutex<Heard>);

struct Heard {
    call: &'static Location<'static>,
    statements: Vec<(&'static Location<'static>, String)>,
}

impl Listener {
    pub(crate) fn new(call: &'static Location<'static>) -> Self {
        Self(Mutex::new(Heard { call, statements: Vec::new() }))
    }

    /// The program has called; what is sent from now on is sent by this call.
    pub(crate) fn called(&self, call: &'static Location<'static>) {
        self.heard().call = call;
    }

    #[cold]
    pub(super) fn statement(&self, asked: Asked<'_>) {
        let mut heard = self.heard();
        let call = heard.call;
        heard.statements.push((call, asked.to_string()));
    }

    /// How many statements were sent.
    pub(crate) fn count(&self) -> usize {
        self.heard().statements.len()
    }

    /// The statements after the first so many: a line for each, which begins with its call.
    pub(crate) fn list(&self, skipped: usize) -> String {
        let mut list = String::new();
        for (call, statement) in self.heard().statements.iter().skip(skipped) {
            // Writing to a string cannot fail.
            let _ = write!(list, "\n  {call}: {statement}");
        }
        list
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
