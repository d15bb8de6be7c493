//! Target snapshot: what a strategy knows of one target, at one time.

/// What a strategy knows of one target, at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetSnapshot {
    /// A hash of what makes the target this one, such as [`session_hash`] of its name and address: the same in every process,
    /// whatever else is in the group.
    pub identity: u64,
    /// The share that it is to get, relative to the others' weights. 0: only where no other target is available.
    pub weight: f64,
    /// Whether it can take a call now. `false` (its breaker is open, its limit of concurrency or of rate is reached) puts it
    /// after all who can, in any strategy.
    pub available: bool,
    /// Calls under way.
    pub in_flight: u32,
    /// How slow it is, in milliseconds: of streams the time to the first token, of plain calls the time per output token.
    /// `None` where it is not known.
    pub latency: Option<Estimate>,
    /// What this request is expected to cost there, in any one currency. `None` where it is not known.
    pub cost: Option<f64>,
    /// What was used of it in the last minute, by our own counters.
    pub usage: Usage,
    /// Which share of its rate limits is left, from 0 to 1. `None` where it is not known.
    pub remaining: Option<f64>,
}

/// A figure, and how far it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// From 1 (measured just now) to 0 (as old as if it were not known).
    pub confidence: f64,
}

/// Use of a target in the last minute, and its limits per minute where they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Requests sent.
    pub requests: f64,
    /// Tokens of input and output.
    pub tokens: f64,
    /// Requests a minute that are allowed.
    pub request_limit: Option<f64>,
    /// Tokens a minute that are allowed.
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
