//! Usage of the last minute: requests and tokens, in slots of five seconds.

const SLOTS: usize = 12;
const SLOT_MILLISECONDS: u64 = 5000;

/// Requests and tokens of the last minute.
#[derive(Debug, Default)]
pub(super) struct Minute {
    slots: [Slot; SLOTS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    number: u64,
    requests: u64,
    tokens: u64,
}

impl Minute {
    pub(super) fn add(&mut self, now: u64, requests: u64, tokens: u64) {
        let number = now / SLOT_MILLISECONDS;
        if let Some(slot) = self.slots.get_mut((number % SLOTS as u64) as usize) {
            if slot.number != number {
                *slot = Slot { number, ..Slot::default() };
            }
            slot.requests = slot.requests.saturating_add(requests);
            slot.tokens = slot.tokens.saturating_add(tokens);
        }
    }

    pub(super) fn sum(&self, now: u64) -> (f64, f64) {
        let number = now / SLOT_MILLISECONDS;
        let current = |slot: &&Slot| slot.number <= number && number - slot.number < SLOTS as u64;
        self.slots.iter().filter(current).fold((0.0, 0.0), |(requests, tokens), slot| {
            (requests + slot.requests as f64, tokens + slot.tokens as f64)
        })
    }
}
