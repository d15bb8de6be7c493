//! Refusals: a limit or a budget keeps a call from being sent.

use ferrule_admission::{Money, Short};
use ferrule_catalog::Amount;
use std::{fmt, time::Duration};

/// A limit that a call exceeds.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitReached {
    /// The limit's name; empty for a limit of the provider.
    pub limit: String,
    /// The limit's scope.
    pub scope: String,
    /// The value of the scope.
    pub value: String,
    /// The time after which there may be room; `None` if unknown or never.
    pub retry_after: Option<Duration>,
    /// How long the call waited.
    pub waited: Duration,
    pub(crate) what: Short,
    pub(crate) most: u128,
    pub(crate) asked: u128,
    pub(crate) is_queue_full: bool,
}

/// A budget that a call exceeds.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetExceeded {
    /// The budget's name.
    pub budget: String,
    /// The budget's scope.
    pub scope: String,
    /// The value of the scope.
    pub value: String,
    /// The amount of the budget.
    pub amount: Amount,
    /// How much was spent.
    pub spent: Amount,
    /// How much calls in flight may spend.
    pub reserved: Amount,
    /// The maximum cost of the call; `None` if not known.
    pub estimate: Option<Amount>,
    /// Why it is not known.
    pub why: &'static str,
    /// The time after which more may be spent, if known.
    pub retry_after: Option<Duration>,
    /// The group to use instead.
    pub(crate) degrade_to: Option<String>,
}

pub(crate) fn amount(money: Money) -> Amount {
    Amount::from_units(money)
}

impl fmt::Display for LimitReached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.what == Short::Store {
            write!(
                formatter,
                "the limit `limits.{}` cannot be checked: the store of its state does not answer",
                self.limit
            )?;
        } else if self.what == Short::Provider {
            write!(formatter, "{} says that it takes no more requests for now", self.value)?;
        } else {
            write!(formatter, "the limit `limits.{}` ({}", self.limit, self.scope)?;
            if self.scope != "all" {
                write!(formatter, " {}", self.value)?;
            }
            match self.what {
                Short::Requests(per) => {
                    write!(formatter, ") is reached: {} requests per {}", self.most, per.name())?;
                }
                Short::Tokens(per) => write!(
                    formatter,
                    ") is reached: {} tokens per {}, and the call may use {}",
                    self.most,
                    per.name(),
                    self.asked
                )?,
                _ => write!(formatter, ") is reached: {} calls at once", self.most)?,
            }
        }
        if self.is_queue_full {
            formatter.write_str("; and as many calls wait as may")?;
        } else if !self.waited.is_zero() {
            write!(formatter, "; the call waited {:.3} s", self.waited.as_secs_f64())?;
        }
        if let Some(after) = self.retry_after {
            write!(formatter, "; try again in {:.3} s", after.as_secs_f64())?;
        }
        Ok(())
    }
}

impl fmt::Display for BudgetExceeded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the budget `budgets.{}`", self.budget)?;
        if self.scope != "all" {
            write!(formatter, " ({} {})", self.scope, self.value)?;
        }
        match self.estimate {
            Some(_) if !self.why.is_empty() => write!(formatter, " cannot be checked: {}", self.why)?,
            Some(estimate) => {
                let Self { amount, spent, reserved, .. } = self;
                write!(
                    formatter,
                    " has not enough left: the call may cost ${estimate}, and of ${amount} are ${spent} spent and \
                     ${reserved} reserved by calls under way"
                )?;
            }
            None => write!(
                formatter,
                " is hard, and what the call may cost at most is not known: {}; or set unknown_cost = \"allow\"",
                self.why
            )?,
        }
        if let Some(after) = self.retry_after {
            write!(formatter, "; more may be spent in {:.0} s", after.as_secs_f64())?;
        }
        Ok(())
    }
}
