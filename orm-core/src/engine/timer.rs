//! Deadlines without a runtime: one thread for the whole process, started when the first one is needed, wakes those
//! whose time has come.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Deadlines {
    next: u64,
    queue: BinaryHeap<Reverse<(Instant, u64)>>,
    wakers: BTreeMap<u64, Waker>,
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
            deadlines = match deadlines.queue.peek().copied() {
                None => self.changed.wait(deadlines).unwrap_or_else(PoisonError::into_inner),
                Some(Reverse((at, _))) if at > now => {
                    self.changed.wait_timeout(deadlines, at - now).unwrap_or_else(PoisonError::into_inner).0
                }
                Some(Reverse((_, id))) => {
                    deadlines.queue.pop();
                    let waker = deadlines.wakers.remove(&id);
                    // Woken without the lock: a waker may do anything, such as set the next alarm.
                    drop(deadlines);
                    if let Some(waker) = waker {
                        waker.wake();
                    }
                    self.lock()
                }
            };
        }
    }
}

/// What a future yields, if it does so in time.
pub(super) async fn before<T>(deadline: Instant, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut alarm) = (pin!(future), None);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if Instant::now() >= deadline => Poll::Ready(None),
        Poll::Pending => {
            alarm = Some(Alarm::set(deadline, context.waker().clone()));
            Poll::Pending
        }
    })
    .await
}

/// Waits for this long: in async without holding up the thread.
pub(crate) async fn pause(length: Duration) {
    let _ = before(Instant::now() + length, std::future::pending::<()>()).await;
}

/// Wakes a task at a point in time, unless it is dropped before.
pub(super) struct Alarm(u64);

impl Alarm {
    pub(super) fn set(at: Instant, waker: Waker) -> Self {
        let mut deadlines = TIMER.lock();
        let id = deadlines.next;
        deadlines.next += 1;
        deadlines.queue.push(Reverse((at, id)));
        deadlines.wakers.insert(id, waker);
        drop(deadlines);
        TIMER.changed.notify_one();
        Self(id)
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let waker = TIMER.lock().wakers.remove(&self.0);
        drop(waker);
    }
}
