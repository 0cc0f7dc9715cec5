//! A session that is listened to, so that a test can say how many statements a part of it sends.

use std::panic::Location;
use std::sync::Arc;

use super::Unit;
use crate::Result;
use crate::engine::Listener;
use crate::error::{Error, ErrorKind};
use crate::session::face::Face;

/// A session whose statements are counted until this is dropped, however that comes about.
pub(in crate::session) struct Listening<'s, F: Face> {
    pub(in crate::session) session: &'s mut F,
    listener: Arc<Listener>,
    at: &'static Location<'static>,
    /// What was sent before; there is something only inside of another one.
    skipped: usize,
    is_outermost: bool,
}

impl Unit {
    fn listen(&mut self, listener: Option<Arc<Listener>>) {
        if let Some(lease) = &mut self.lease {
            lease.listen(listener.clone());
        }
        self.listener = listener;
    }
}

impl<'s, F: Face> Listening<'s, F> {
    #[track_caller]
    pub(in crate::session) fn new(session: &'s mut F) -> Self {
        let at = Location::caller();
        let unit = session.unit();
        let outer = unit.listener.clone();
        let is_outermost = outer.is_none();
        let listener = outer.unwrap_or_else(|| Arc::new(Listener::new(at)));
        unit.listen(Some(listener.clone()));
        Self { session, skipped: listener.count(), listener, at, is_outermost }
    }

    /// An error with the list, unless so many statements were sent.
    pub(in crate::session) fn expect(self, expected: usize) -> Result<()> {
        let sent = self.listener.count() - self.skipped;
        if sent == expected {
            return Ok(());
        }
        let at = self.at;
        let message = match sent {
            0 => format!("{expected} expected at {at}, none sent"),
            _ => format!("{expected} expected at {at}, {sent} sent:{}", self.listener.list(self.skipped)),
        };
        Err(Error::new(ErrorKind::StatementCount, message))
    }
}

impl<F: Face> Drop for Listening<'_, F> {
    fn drop(&mut self) {
        if self.is_outermost {
            self.session.unit().listen(None);
        }
    }
}
