//! Provider's own limits at one target, as its headers and refusals report them.

use crate::shortage::{Short, Shortage};

/// Limits reported by a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The remaining requests, and the time in milliseconds until the limit is full again.
    pub requests: Option<(u64, u64)>,
    /// The remaining tokens, and the time in milliseconds until the limit is full again.
    pub tokens: Option<(u64, u64)>,
    /// The time in milliseconds for which it accepts nothing.
    pub closed: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct ProviderCounter {
    in_flight: u64,
    closed_until: u64,
    /// The number left, and the time until which that applies.
    requests: Option<(u64, u64)>,
    tokens: Option<(u64, u64)>,
}

impl ProviderCounter {
    /// Why one request with `tokens` does not fit; `None` if it does.
    pub(crate) fn shortage(&mut self, tokens: u64, now: u64) -> Option<Shortage> {
        for left in [&mut self.requests, &mut self.tokens] {
            *left = left.filter(|(_, until)| *until > now);
        }
        let until = |left: Option<(u64, u64)>, asked: u64| {
            left.filter(|(left, _)| *left < asked).map_or(0, |(_, until)| until)
        };
        // A whole prompt may never fit into what is reported: then the provider decides.
        let tokens = until(self.tokens, tokens.min(1));
        let until = self.closed_until.max(until(self.requests, 1)).max(tokens);
        (until > now).then(|| Shortage {
            what: Short::Provider,
            asked: 1,
            ready_at: Some(until),
            is_certain: true,
            ..Shortage::default()
        })
    }

    pub(crate) fn reserve(&mut self, tokens: u64) {
        self.in_flight += 1;
        for (left, asked) in [(&mut self.requests, 1), (&mut self.tokens, tokens)] {
            if let Some((left, _)) = left {
                *left = left.saturating_sub(asked);
            }
        }
    }

    pub(crate) fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Records what the provider reported with a response. Other calls in flight may use some of what it says is left.
    pub(crate) fn told(&mut self, told: &Told, now: u64) {
        let others = self.in_flight.saturating_sub(1);
        if let Some((left, resets)) = told.requests {
            self.requests = Some((left.saturating_sub(others), now.saturating_add(resets)));
        }
        if let Some((left, resets)) = told.tokens {
            self.tokens = Some((left, now.saturating_add(resets)));
        }
        if let Some(closed) = told.closed {
            self.closed_until = self.closed_until.max(now.saturating_add(closed));
        }
    }

    /// Whether it can be removed without losing anything.
    pub(crate) fn is_idle(&self, now: u64) -> bool {
        let is_over = |left: Option<(u64, u64)>| left.is_none_or(|(_, until)| until <= now);
        self.in_flight == 0 && self.closed_until <= now && is_over(self.requests) && is_over(self.tokens)
    }
}
