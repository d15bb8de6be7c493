//! Claims: what a call needs of one counter before it may be sent.

use crate::window::Window;
use std::sync::Arc;

/// Money, in 10^-24 dollars.
pub type Money = u128;

/// Names a counter: a rule, and one value of its scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The rule's name, such as `limits.search`.
    pub rule: Arc<str>,
    /// The value of its scope that the call has, such as a team's name.
    pub value: Arc<str>,
}

/// What a call needs of one counter.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The counter.
    pub key: Key,
    /// The most milliseconds that the call waits for it; `None` where it is refused at once.
    pub wait: Option<u64>,
    /// How much it needs.
    pub demand: Demand,
}

/// How much a call needs, and of how much.
#[derive(Clone, Debug)]
pub enum Demand {
    /// One request, and tokens, of a rate limit.
    Limit {
        /// The limit.
        limit: LimitFigures,
        /// The most tokens that the call may use.
        tokens: u64,
        /// Whether `tokens` is a guess at what nobody limits: then more than the whole limit counts as the whole limit.
        is_open: bool,
    },
    /// Money of a budget.
    Budget {
        /// The budget.
        budget: BudgetFigures,
        /// The most that the call may cost.
        amount: Money,
    },
    /// One request, and tokens, of what a provider itself says that it takes.
    Provider {
        /// The most tokens that the call may use.
        tokens: u64,
    },
}

/// What a rate limit counts over.
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

/// The figures of a rate limit; what is absent is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitFigures {
    /// Requests per second, minute and day.
    pub requests: [Option<u64>; 3],
    /// Tokens per second, minute and day.
    pub tokens: [Option<u64>; 3],
    /// Calls under way at once.
    pub concurrency: Option<u64>,
}

impl LimitFigures {
    /// How many of `tokens` count for a call: all of them, or where nobody limits them (`is_open`) no more than there are
    /// in all.
    pub fn counted(&self, tokens: u64, is_open: bool) -> u64 {
        let smallest = self.tokens.iter().flatten().min();
        smallest.filter(|_| is_open).map_or(tokens, |most| tokens.min(*most))
    }
}

/// The figures of a budget.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetFigures {
    /// How much may be spent in a window.
    pub amount: Money,
    /// The window.
    pub window: Arc<Window>,
    /// Whether a call that does not fit is kept from being sent.
    pub is_hard: bool,
}
