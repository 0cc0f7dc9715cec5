//! What one piece of work cost.

use std::time::Instant;

use crate::count;

/// Measures the stretches of a workload between `start` and `stop`: time, processor time of all threads, and, in rounds that count, allocations.
pub struct Clock {
    counts: bool,
    started: Option<(Instant, u128)>,
    cost: Option<Cost>,
}

/// What was measured.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) wall: u128,
    pub(crate) cpu: u128,
    pub(crate) allocations: i64,
    pub(crate) peak: i64,
}

impl Clock {
    pub(crate) fn new(counts: bool) -> Self {
        Self { counts, started: None, cost: None }
    }

    /// Everything is prepared.
    pub fn start(&mut self) {
        if self.counts {
            count::start();
        }
        self.started = Some((Instant::now(), cpu_time()));
    }

    /// The work is done. What it left in memory should be alive still.
    pub fn stop(&mut self) {
        let (start, cpu) = self.started.take().expect("the clock was not started");
        let (wall, cpu) = (start.elapsed().as_nanos(), cpu_time() - cpu);
        let (allocations, peak) = if self.counts { count::stop() } else { (0, 0) };
        let cost = self.cost.get_or_insert_default();
        cost.wall += wall;
        cost.cpu += cpu;
        cost.allocations += allocations;
        cost.peak = cost.peak.max(peak);
    }

    pub(crate) fn cost(&self) -> Cost {
        self.cost.expect("the clock was not stopped")
    }
}

/// Nanoseconds that the threads of this process have worked.
fn cpu_time() -> u128 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a value of that type.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(done, 0, "no clock of processor time");
    time.tv_sec as u128 * 1_000_000_000 + time.tv_nsec as u128
}
