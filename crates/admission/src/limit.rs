//! Counters of rate limits: requests and tokens in rolling windows, and calls in flight.
//!
//! What has been admitted but not sent is *pending*: it counts, and does not expire. A request enters the windows when
//! it is sent; tokens enter them when their number is known, as a server may count them at either time.

use crate::{
    claim::{LimitFigures, Per},
    rolling::Rolling,
    shortage::{Short, Shortage},
};

/// The usage of a rate limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitUse {
    /// The limit, as of the last call that claimed some of it.
    pub limit: LimitFigures,
    /// Requests of the last second, minute and day if limited, including pending ones.
    pub requests: [Option<u64>; 3],
    /// Tokens of the last second, minute and day if limited, including reserved ones.
    pub tokens: [Option<u64>; 3],
    /// Calls in flight.
    pub in_flight: u64,
}

#[derive(Debug, Default)]
pub(crate) struct LimitCounter {
    limit: LimitFigures,
    in_flight: u64,
    pending_requests: u64,
    pending_tokens: u64,
    requests: [Option<Rolling>; 3],
    tokens: [Option<Rolling>; 3],
}

impl LimitCounter {
    /// Why one request with `tokens` does not fit; `None` if it does.
    pub(crate) fn shortage(&mut self, limit: &LimitFigures, tokens: u64, now: u64) -> Option<Shortage> {
        self.limit = *limit;
        if let Some(most) = limit.concurrency
            && self.in_flight >= most
        {
            return Some(Shortage {
                what: Short::Concurrency,
                limit: most.into(),
                used: self.in_flight.into(),
                asked: 1,
                ready_at: None,
                is_certain: most == 0,
                ..Shortage::default()
            });
        }
        for (place, per) in Per::ALL.into_iter().enumerate() {
            for (what, most, log, pending, asked) in [
                (
                    Short::Requests(per),
                    limit.requests.get(place).copied().flatten(),
                    self.requests.get_mut(place),
                    self.pending_requests,
                    1,
                ),
                (
                    Short::Tokens(per),
                    limit.tokens.get(place).copied().flatten(),
                    self.tokens.get_mut(place),
                    self.pending_tokens,
                    tokens,
                ),
            ] {
                let (Some(most), Some(log)) = (most, log) else { continue };
                let log = log.get_or_insert_with(|| Rolling::new(per.milliseconds()));
                let (most, asked) = (u128::from(most), u128::from(asked));
                let used = log.sum(now).saturating_add(pending.into());
                let over = used.saturating_add(asked).saturating_sub(most);
                if over > 0 && asked > 0 {
                    let never = asked > most;
                    let ready_at = if never { None } else { log.freed_at(over) };
                    let is_certain = never || pending == 0;
                    return Some(Shortage {
                        what,
                        limit: most,
                        used,
                        asked,
                        ready_at,
                        is_certain,
                        ..Shortage::default()
                    });
                }
            }
        }
        None
    }

    pub(crate) fn reserve(&mut self, tokens: u64) {
        self.in_flight += 1;
        self.pending_requests += 1;
        self.pending_tokens = self.pending_tokens.saturating_add(tokens);
    }

    /// A pending request was sent.
    pub(crate) fn sent(&mut self, now: u64) {
        self.pending_requests = self.pending_requests.saturating_sub(1);
        for log in self.requests.iter_mut().flatten() {
            log.add(now, 1);
        }
    }

    /// A pending request will not be sent.
    pub(crate) fn unsent(&mut self) {
        self.pending_requests = self.pending_requests.saturating_sub(1);
    }

    /// Settles a reservation: of the `reserved` tokens this many were `used`.
    pub(crate) fn settle(&mut self, reserved: u64, used: u64, now: u64) {
        self.pending_tokens = self.pending_tokens.saturating_sub(reserved);
        for log in self.tokens.iter_mut().flatten() {
            log.add(now, used.into());
        }
    }

    /// A call is no longer in flight.
    pub(crate) fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    pub(crate) fn in_use(&mut self, now: u64) -> LimitUse {
        let mut found = LimitUse { limit: self.limit, in_flight: self.in_flight, ..LimitUse::default() };
        let sum = |log: &mut Option<Rolling>, most: Option<u64>, pending: u64| {
            most?;
            let sum = log.as_mut().map_or(0, |log| log.sum(now));
            Some(u64::try_from(sum).unwrap_or(u64::MAX).saturating_add(pending))
        };
        let limits = self.limit.requests.into_iter().zip(&mut self.requests);
        for (place, (most, log)) in found.requests.iter_mut().zip(limits) {
            *place = sum(log, most, self.pending_requests);
        }
        let limits = self.limit.tokens.into_iter().zip(&mut self.tokens);
        for (place, (most, log)) in found.tokens.iter_mut().zip(limits) {
            *place = sum(log, most, self.pending_tokens);
        }
        found
    }

    /// Whether it can be removed without losing anything.
    pub(crate) fn is_idle(&mut self, now: u64) -> bool {
        let mut logs = self.requests.iter_mut().chain(&mut self.tokens).flatten();
        let is_empty = logs.all(|log| log.sum(now) == 0);
        is_empty && self.in_flight == 0 && self.pending_requests == 0 && self.pending_tokens == 0
    }
}
