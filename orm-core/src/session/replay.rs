//! Units of work that are run again when the database says that another one got in their way.

use std::time::Duration;

use crate::Result;
use crate::engine::{AsyncEngine, Engine, pause, wait};
use crate::error::{Error, ErrorKind};
use crate::session::maker::SessionMaker;
use crate::session::{AsyncSession, Session};

/// How often a unit of work is run.
const LIMIT: u32 = 10;
/// The first pause is shorter than this, the second shorter than twice this, and so on.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The attempts at one unit of work; see [`Engine::attempts`].
#[derive(Debug)]
pub struct Attempts<E> {
    sessions: SessionMaker<E>,
    made: u32,
    limit: u32,
}

impl<E> Attempts<E> {
    pub(super) fn new(sessions: SessionMaker<E>) -> Self {
        Self { sessions, made: 0, limit: LIMIT }
    }

    /// How often the unit of work is run at most (10).
    #[must_use]
    pub fn limit(self, attempts: u32) -> Self {
        Self { limit: attempts.max(1), ..self }
    }

    /// How long to wait before the next attempt, if there is to be one.
    fn next(&mut self, error: &Error) -> Option<Duration> {
        self.made += 1;
        if self.made >= self.limit || !is_replayable(error) {
            return None;
        }
        let longest = FIRST_PAUSE.saturating_mul(1 << (self.made - 1).min(16)).min(LONGEST_PAUSE);
        Some(longest.mul_f64(0.5 + 0.5 * chance()))
    }

    /// SQLite's lock is taken at the beginning once an attempt has failed for not having it.
    fn begins_writing(&self) -> bool {
        self.made > 0
    }
}

/// Whether running everything again may help. The session may have passed the reason on inside of another error.
fn is_replayable(error: &Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        match error.downcast_ref::<Error>() {
            Some(error) if error.kind() == ErrorKind::CommitUnknown => return false,
            Some(error) if error.is_replayable() => return true,
            _ => next = error.source(),
        }
    }
    false
}

/// A number between 0 and 1, so that those who got in each other's way do not meet again.
fn chance() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(0_u8) >> 32;
    u32::try_from(random).map_or(0.0, f64::from) / f64::from(u32::MAX)
}

impl Engine {
    /// Runs a unit of work in a session and commits it. When the database says that another transaction got in its way (a
    /// serialization failure or a deadlock, also at COMMIT), or its connection is lost before the COMMIT, it is run again in a new
    /// session, up to ten times with growing pauses between. What it does apart from its session has to bear being done again.
    ///
    /// For errors of your own inside, see [`Error::other`]; they are not replayed.
    pub fn transaction<T>(&self, work: impl FnMut(&mut Session) -> Result<T>) -> Result<T> {
        SessionMaker::new(self).transaction(work)
    }

    /// The same without a closure, for a body that does not fit in one:
    ///
    /// ```text
    /// let mut attempts = engine.attempts();
    /// let order = loop {
    ///     let mut session = attempts.session();
    ///     let result = place_order(&mut session, &basket);
    ///     if let Some(order) = attempts.finish(session, result)? {
    ///         break order;
    ///     }
    /// };
    /// ```
    pub fn attempts(&self) -> Attempts<Engine> {
        SessionMaker::new(self).attempts()
    }
}

impl AsyncEngine {
    /// Runs a unit of work in a session and commits it. When the database says that another transaction got in its way (a
    /// serialization failure or a deadlock, also at COMMIT), or its connection is lost before the COMMIT, it is run again in a new
    /// session, up to ten times with growing pauses between. What it does apart from its session has to bear being done again.
    ///
    /// `engine.transaction(async |session| { … }).await?`. A future that has to be `Send`, for a spawned task, needs an
    /// `async move` closure that owns what it uses; a body that borrows is written with [`attempts`](Self::attempts).
    pub async fn transaction<T>(&self, work: impl AsyncFnMut(&mut AsyncSession) -> Result<T>) -> Result<T> {
        SessionMaker::new(self).transaction(work).await
    }

    /// The same without a closure, for a body that borrows and has to be `Send`:
    ///
    /// ```text
    /// let mut attempts = engine.attempts();
    /// let order = loop {
    ///     let mut session = attempts.session();
    ///     let result = place_order(&mut session, &basket).await;
    ///     if let Some(order) = attempts.finish(session, result).await? {
    ///         break order;
    ///     }
    /// };
    /// ```
    pub fn attempts(&self) -> Attempts<AsyncEngine> {
        SessionMaker::new(self).attempts()
    }
}

impl Attempts<Engine> {
    /// A session for the next attempt.
    pub fn session(&self) -> Session {
        let mut session = self.sessions.session();
        session.unit.options.begins_writing = self.begins_writing();
        session
    }

    /// Ends an attempt: commits what went well and gives its value; gives `None`, after a pause, if it is to be made again.
    pub fn finish<T>(&mut self, mut session: Session, result: Result<T>) -> Result<Option<T>> {
        match result.and_then(|value| session.commit().map(|()| value)) {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                drop(session);
                let length = self.next(&error).ok_or(error)?;
                wait(pause(length));
                Ok(None)
            }
        }
    }
}

impl Attempts<AsyncEngine> {
    /// A session for the next attempt.
    pub fn session(&self) -> AsyncSession {
        let mut session = self.sessions.session();
        session.unit.options.begins_writing = self.begins_writing();
        session
    }

    /// Ends an attempt: commits what went well and gives its value; gives `None`, after a pause, if it is to be made again.
    pub async fn finish<T>(&mut self, mut session: AsyncSession, result: Result<T>) -> Result<Option<T>> {
        let result = match result {
            Ok(value) => session.commit().await.map(|()| value),
            Err(error) => {
                // The server is rid of it before the pause begins.
                let _ = session.rollback().await;
                Err(error)
            }
        };
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                drop(session);
                let length = self.next(&error).ok_or(error)?;
                pause(length).await;
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_another_transaction_caused_is_run_again() {
        let conflict = Error::new(ErrorKind::SerializationFailure, "");
        let passed_on = Error::new(ErrorKind::PendingRollback, "").with_source(conflict.clone());
        let unknown = Error::new(ErrorKind::CommitUnknown, "").with_source(conflict.clone());
        assert!(is_replayable(&conflict) && is_replayable(&passed_on));
        assert!(!is_replayable(&unknown) && !is_replayable(&Error::new(ErrorKind::UniqueViolation, "")));
    }

    #[test]
    fn pauses_grow_and_end() {
        let mut attempts = Attempts::new(SessionMaker::new(&())).limit(4);
        let conflict = Error::new(ErrorKind::SerializationFailure, "");
        let pauses: Vec<_> = std::iter::from_fn(|| attempts.next(&conflict)).collect();
        assert_eq!(pauses.len(), 3);
        for (pause, longest) in pauses.iter().zip([10, 20, 40]) {
            let longest = Duration::from_millis(longest);
            assert!(*pause >= longest / 2 && *pause <= longest, "{pause:?}");
        }
    }
}
