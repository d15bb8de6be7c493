//! Breaker window: how many calls succeeded and failed lately, in ten atomic buckets.

use super::AtomicU64;
use core::{
    array,
    sync::atomic::Ordering::{AcqRel, Acquire},
    time::Duration,
};

#[cfg(not(loom))]
pub(super) const BUCKETS: u64 = 10;
/// Each atomic multiplies what loom has to try.
#[cfg(loom)]
pub(super) const BUCKETS: u64 = 1;

const COUNT_BITS: u32 = 14;
const SLOT_BITS: u32 = 22;
const GENERATION_BITS: u32 = 14;
const _: () = assert!(2 * COUNT_BITS + SLOT_BITS + GENERATION_BITS == 64);
const MAX_COUNT: u64 = (1 << COUNT_BITS) - 1;

/// Outcomes of the last ten slots of time. A bucket knows the breaker's generation that it counts for, so that nothing has to
/// be cleared when that changes.
#[derive(Debug)]
pub(super) struct Window([AtomicU64; BUCKETS as usize]);

#[derive(Clone, Copy)]
struct Bucket {
    /// Of which generation and slot it is.
    tag: u64,
    calls: u64,
    failures: u64,
}

impl Bucket {
    fn unpack(bits: u64) -> Self {
        Self {
            tag: bits >> (2 * COUNT_BITS),
            calls: (bits >> COUNT_BITS) & MAX_COUNT,
            failures: bits & MAX_COUNT,
        }
    }

    fn pack(self) -> u64 {
        self.tag << (2 * COUNT_BITS) | self.calls << COUNT_BITS | self.failures
    }
}

impl Window {
    pub(super) fn new() -> Self {
        Self(array::from_fn(|_| AtomicU64::new(0)))
    }

    pub(super) fn count(&self, generation: u32, now: u64, window: Duration, failed: bool) {
        let slot = slot(now, window);
        let Some(bucket) = usize::try_from(slot % BUCKETS).ok().and_then(|index| self.0.get(index)) else {
            return;
        };
        let tag = tag(generation, slot);
        let mut bits = bucket.load(Acquire);
        loop {
            let mut counted = Bucket::unpack(bits);
            if counted.tag != tag {
                counted = Bucket { tag, calls: 0, failures: 0 };
            } else if counted.calls == MAX_COUNT {
                // The share stays what it is.
                counted = Bucket { tag, calls: counted.calls / 2, failures: counted.failures / 2 };
            }
            counted.calls += 1;
            counted.failures += u64::from(failed);
            match bucket.compare_exchange_weak(bits, counted.pack(), AcqRel, Acquire) {
                Ok(_) => return,
                Err(current) => bits = current,
            }
        }
    }

    /// The calls and the failures that count at `now`.
    pub(super) fn sum(&self, generation: u32, now: u64, window: Duration) -> (u32, u32) {
        let slot = slot(now, window);
        let (mut calls, mut failures) = (0, 0);
        for back in 0..BUCKETS {
            let Some(slot) = slot.checked_sub(back) else { break };
            let bucket = usize::try_from(slot % BUCKETS).ok().and_then(|index| self.0.get(index));
            let Some(bucket) = bucket.map(|bucket| Bucket::unpack(bucket.load(Acquire))) else { break };
            if bucket.tag == tag(generation, slot) {
                calls += bucket.calls as u32;
                failures += bucket.failures as u32;
            }
        }
        (calls, failures)
    }
}

fn slot(now: u64, window: Duration) -> u64 {
    let width = u64::try_from(window.as_millis()).unwrap_or(u64::MAX) / BUCKETS;
    now / width.max(1)
}

fn tag(generation: u32, slot: u64) -> u64 {
    let generation = u64::from(generation) & ((1 << GENERATION_BITS) - 1);
    generation << SLOT_BITS | slot & ((1 << SLOT_BITS) - 1)
}
