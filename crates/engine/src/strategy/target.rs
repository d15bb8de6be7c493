//! Target snapshot: a strategy's view of one target at one point in time.

/// A strategy's view of one target at one point in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetSnapshot {
    /// A hash that identifies the target, such as the [`session_hash`] of its name and address: the same in every
    /// process, whatever else is in the group.
    pub identity: u64,
    /// Its intended share, relative to the others' weights. 0: only if no other target is available.
    pub weight: f64,
    /// Whether it can accept a call now. `false` (its breaker is open, or its concurrency or rate limit is reached)
    /// puts it after all that can, in any strategy.
    pub available: bool,
    /// Calls in flight.
    pub in_flight: u32,
    /// Its latency in milliseconds: the time to the first token for streams, the time per output token otherwise.
    /// `None` if not known.
    pub latency: Option<Estimate>,
    /// The expected cost of this request there, in any one currency. `None` if not known.
    pub cost: Option<f64>,
    /// Its usage in the last minute, by our own counters.
    pub usage: Usage,
    /// The remaining share of its rate limits, from 0 to 1. `None` if not known.
    pub remaining: Option<f64>,
}

/// A figure, and the confidence in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// From 1 (measured just now) to 0 (too old to mean anything).
    pub confidence: f64,
}

/// Usage of a target in the last minute, and its limits per minute if known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Requests sent.
    pub requests: f64,
    /// Tokens of input and output.
    pub tokens: f64,
    /// The allowed requests per minute.
    pub request_limit: Option<f64>,
    /// The allowed tokens per minute.
    pub token_limit: Option<f64>,
}

impl Default for TargetSnapshot {
    fn default() -> Self {
        Self {
            identity: 0,
            weight: 1.0,
            available: true,
            in_flight: 0,
            latency: None,
            cost: None,
            usage: Usage::default(),
            remaining: None,
        }
    }
}
