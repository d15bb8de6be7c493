//! Claims: what a call needs of one counter before it may be sent.

use crate::window::Window;
use std::sync::Arc;

/// Money, in 10^-24 dollars.
pub type Money = u128;

/// The key of a counter: a rule, and one value of its scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The rule's name, such as `limits.search`.
    pub rule: Arc<str>,
    /// The call's value of the scope, such as a team's name.
    pub value: Arc<str>,
}

/// What a call needs of one counter.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The counter.
    pub key: Key,
    /// The maximum time in milliseconds that the call waits for it; `None` to refuse it at once.
    pub wait: Option<u64>,
    /// The amount that it needs.
    pub demand: Demand,
}

/// The amount that a call needs, and the limit or budget it counts towards.
#[derive(Clone, Debug)]
pub enum Demand {
    /// One request and its tokens, towards a rate limit.
    Limit {
        /// The limit.
        limit: LimitFigures,
        /// The maximum number of tokens that the call may use.
        tokens: u64,
        /// Whether `tokens` is a guess because nothing limits them: then it is capped at the whole limit.
        is_open: bool,
    },
    /// Money of a budget.
    Budget {
        /// The budget.
        budget: BudgetFigures,
        /// The maximum cost of the call.
        amount: Money,
    },
    /// One request and its tokens, towards a provider's own limits.
    Provider {
        /// The maximum number of tokens that the call may use.
        tokens: u64,
    },
}

/// The period of a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Per {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// A day.
    Day,
}

impl Per {
    /// All of them, in the order of [`LimitFigures`].
    pub const ALL: [Self; 3] = [Self::Second, Self::Minute, Self::Day];

    /// In milliseconds.
    pub const fn milliseconds(self) -> u64 {
        match self {
            Self::Second => 1_000,
            Self::Minute => 60_000,
            Self::Day => 86_400_000,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Day => "day",
        }
    }
}

/// The figures of a rate limit; absent ones are unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitFigures {
    /// Requests per second, minute and day.
    pub requests: [Option<u64>; 3],
    /// Tokens per second, minute and day.
    pub tokens: [Option<u64>; 3],
    /// Concurrent calls.
    pub concurrency: Option<u64>,
}

impl LimitFigures {
    /// How many of `tokens` count for a call: all of them, or at most the whole limit if they are a guess (`is_open`).
    pub fn counted(&self, tokens: u64, is_open: bool) -> u64 {
        let smallest = self.tokens.iter().flatten().min();
        smallest.filter(|_| is_open).map_or(tokens, |most| tokens.min(*most))
    }
}

/// The figures of a budget.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetFigures {
    /// The amount that may be spent per window.
    pub amount: Money,
    /// The window.
    pub window: Arc<Window>,
    /// Whether a call that does not fit is refused.
    pub is_hard: bool,
}
