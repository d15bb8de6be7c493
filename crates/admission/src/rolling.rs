//! Rolling window: a sum over the last milliseconds of a given length.
//!
//! Events are kept in slots of a thousandth of the window, and expire when their whole slot is older than the window
//! plus a margin for events that reach the server slightly later. So the sum never leaves out anything in the window
//! that ends now.

use std::collections::VecDeque;

/// Slots of a rolling window: the slot of a point in time, and when the slot expires.
#[derive(Clone, Copy, Debug)]
pub struct Slots {
    window: u64,
    /// The length of a slot.
    grain: u64,
    /// How long a slot is kept beyond the window.
    margin: u64,
}

impl Slots {
    /// The slots of a window of this many milliseconds.
    pub fn new(window: u64) -> Self {
        let window = window.max(1);
        Self { window, grain: (window / 1000).max(1), margin: JITTER.min(window / 50) }
    }

    /// The slot of this point in time.
    pub fn of(&self, at: u64) -> u64 {
        at.checked_div(self.grain).unwrap_or(at)
    }

    /// When `slot` expires.
    pub fn end(&self, slot: u64) -> u64 {
        let end = slot.saturating_add(1).saturating_mul(self.grain);
        end.saturating_add(self.window).saturating_add(self.margin)
    }
}

/// A sum over a rolling window.
#[derive(Clone, Debug)]
pub(crate) struct Rolling {
    slots_of: Slots,
    sum: u128,
    /// Ascending.
    slots: VecDeque<(u64, u128)>,
}

/// The variation in the arrival of requests at a server, in milliseconds, at most a fiftieth of the window.
const JITTER: u64 = 100;

impl Rolling {
    /// A sum over `window` milliseconds.
    pub(crate) fn new(window: u64) -> Self {
        Self { slots_of: Slots::new(window), sum: 0, slots: VecDeque::new() }
    }

    pub(crate) fn window(&self) -> u64 {
        self.slots_of.window
    }

    /// When `slot` expires.
    fn end_of(&self, slot: u64) -> u64 {
        self.slots_of.end(slot)
    }

    fn expire(&mut self, now: u64) {
        while let Some((slot, amount)) = self.slots.front().copied() {
            if self.end_of(slot) > now {
                break;
            }
            self.sum = self.sum.saturating_sub(amount);
            self.slots.pop_front();
        }
    }

    /// The sum of the window that ends at `now`.
    pub(crate) fn sum(&mut self, now: u64) -> u128 {
        self.expire(now);
        self.sum
    }

    /// Adds `amount` at `now`.
    pub(crate) fn add(&mut self, now: u64, amount: u128) {
        if amount == 0 {
            return;
        }
        self.expire(now);
        let slot = self.slots_of.of(now);
        self.sum = self.sum.saturating_add(amount);
        match self.slots.back_mut() {
            Some((last, known)) if *last >= slot => *known = known.saturating_add(amount),
            _ => self.slots.push_back((slot, amount)),
        }
    }

    /// When at least `amount` of it will have expired; `None` if it holds less.
    pub(crate) fn freed_at(&self, amount: u128) -> Option<u64> {
        let mut freed = 0_u128;
        for (slot, here) in &self.slots {
            freed = freed.saturating_add(*here);
            if freed >= amount {
                return Some(self.end_of(*slot));
            }
        }
        None
    }

    /// Removes everything.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.sum = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_covers_the_whole_window() {
        for window in [1_000, 60_000, 86_400_000_u64] {
            let mut rolling = Rolling::new(window);
            rolling.add(12_345, 7);
            assert_eq!(rolling.sum(12_345 + window), 7);
            assert_eq!(rolling.freed_at(7), rolling.freed_at(1));
            let freed = rolling.freed_at(1).unwrap();
            assert_eq!(rolling.sum(freed - 1), 7);
            assert_eq!(rolling.sum(freed), 0);
            assert!(freed - 12_345 - window <= window / 1000 + 1 + window.min(5_000) / 50);
        }
    }

    #[test]
    fn the_number_of_slots_is_bounded() {
        let mut rolling = Rolling::new(60_000);
        for now in 0..200_000 {
            rolling.add(now, 1);
        }
        assert!(rolling.slots.len() <= 1_005, "{}", rolling.slots.len());
        assert!(rolling.sum(199_999) >= 60_000);
    }
}
