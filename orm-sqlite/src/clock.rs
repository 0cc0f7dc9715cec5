//! A limit to how long a statement may run: SQLite asks a clock, now and then, whether to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How many steps of its machine SQLite takes before it looks at the clock.
const STEPS: std::ffi::c_int = 1000;

/// The clock of one connection. It stands still but while a statement runs.
pub(crate) struct Clock {
    start: Instant,
    limit: Duration,
    /// When the statement has to be done, in nanoseconds since the start.
    deadline: Arc<AtomicU64>,
}

impl Clock {
    pub(crate) fn install(connection: &mut rusqlite::Connection, limit: Duration) -> rusqlite::Result<Self> {
        let (start, deadline) = (Instant::now(), Arc::new(AtomicU64::new(u64::MAX)));
        let shared = deadline.clone();
        let is_late = move || nanoseconds(start.elapsed()) > shared.load(Ordering::Relaxed);
        connection.progress_handler(STEPS, Some(is_late))?;
        Ok(Self { start, limit, deadline })
    }

    /// A statement begins, of which the time is taken until the answer is dropped.
    pub(crate) fn run(&self) -> Running {
        let deadline = self.start.elapsed().saturating_add(self.limit);
        self.deadline.store(nanoseconds(deadline), Ordering::Relaxed);
        Running(self.deadline.clone())
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A statement that runs.
pub(crate) struct Running(Arc<AtomicU64>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }
}
