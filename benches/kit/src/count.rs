//! An allocator that counts, while it is told to.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};

static COUNTS: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicI64 = AtomicI64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

/// The system's allocator, counted.
pub(crate) struct Counting;

/// Counts from now on.
pub(crate) fn start() {
    for number in [&ALLOCATIONS, &LIVE, &PEAK] {
        number.store(0, Relaxed);
    }
    COUNTS.store(true, Relaxed);
}

/// Stops; how many allocations there were, and how many bytes lived at once, beside those from before.
pub(crate) fn stop() -> (i64, i64) {
    COUNTS.store(false, Relaxed);
    (ALLOCATIONS.load(Relaxed), PEAK.load(Relaxed))
}

fn note(allocations: i64, bytes: i64) {
    if COUNTS.load(Relaxed) {
        ALLOCATIONS.fetch_add(allocations, Relaxed);
        let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
        PEAK.fetch_max(live, Relaxed);
    }
}

// SAFETY: each call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as i64);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as i64);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(0, -(layout.size() as i64));
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // What is moved is there twice for a moment, as far as the program can know.
        note(1, size as i64);
        let moved = unsafe { System.realloc(pointer, layout, size) };
        note(0, -(layout.size() as i64));
        moved
    }
}
