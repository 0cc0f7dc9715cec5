//! Deadlines without a runtime: one thread for the whole process, started when the first one is needed, wakes those
//! whose time has come.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Deadlines {
    next: u64,
    /// By time; the number tells those of the same time apart.
    wakers: BTreeMap<(Instant, u64), Waker>,
}

struct Timer {
    deadlines: Mutex<Deadlines>,
    changed: Condvar,
}

static TIMER: LazyLock<Timer> = LazyLock::new(|| {
    // Without its thread a deadline is never announced; whoever waits is then woken by a free connection alone.
    let _ = std::thread::Builder::new().name("orm-timer".to_owned()).spawn(|| TIMER.run());
    Timer { deadlines: Mutex::default(), changed: Condvar::new() }
});

impl Timer {
    fn lock(&self) -> MutexGuard<'_, Deadlines> {
        self.deadlines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut deadlines = self.lock();
        loop {
            let now = Instant::now();
            deadlines = match deadlines.wakers.first_key_value().map(|(&(at, _), _)| at) {
                None => self.changed.wait(deadlines).unwrap_or_else(PoisonError::into_inner),
                Some(at) if at > now => {
                    self.changed.wait_timeout(deadlines, at - now).unwrap_or_else(PoisonError::into_inner).0
                }
                Some(_) => {
                    let due = deadlines.wakers.pop_first();
                    // Woken without the lock: a waker may do anything, such as set the next alarm.
                    drop(deadlines);
                    if let Some((_, waker)) = due {
                        waker.wake();
                    }
                    self.lock()
                }
            };
        }
    }
}

/// What a future yields, if it has to be waited for no longer than this.
pub(super) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut alarm, mut deadline) = (pin!(future), None, None);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => {
            let now = Instant::now();
            // Nothing in it is a point in time that never comes.
            let deadline = *deadline.get_or_insert_with(|| now.checked_add(limit));
            if deadline.is_some_and(|deadline| now >= deadline) {
                return Poll::Ready(None);
            }
            alarm = deadline.map(|deadline| Alarm::set(deadline, context.waker().clone()));
            Poll::Pending
        }
    })
    .await
}

/// Waits for this long: in async without holding up the thread.
pub(crate) async fn pause(length: Duration) {
    let _ = within(length, std::future::pending::<()>()).await;
}

/// Wakes a task at a point in time, unless it is dropped before.
struct Alarm(Instant, u64);

impl Alarm {
    fn set(at: Instant, waker: Waker) -> Self {
        let mut deadlines = TIMER.lock();
        let number = deadlines.next;
        deadlines.next += 1;
        deadlines.wakers.insert((at, number), waker);
        let is_first = deadlines.wakers.first_key_value().is_some_and(|(first, _)| *first == (at, number));
        drop(deadlines);
        if is_first {
            TIMER.changed.notify_one();
        }
        Self(at, number)
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let waker = TIMER.lock().wakers.remove(&(self.0, self.1));
        drop(waker);
    }
}
