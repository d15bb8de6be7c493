//! Status of limits and budgets, and manual changes of budgets.

use super::{
    refusal::amount,
    rules::{AdmissionRules, Kind, Rule},
    settings::BudgetMode,
};
use ferrule_admission::{Adjustment, BudgetUse, Key, LimitFigures};
use ferrule_catalog::Amount;
use std::{sync::Arc, time::Duration};

/// The status of a limit for one value of its scope.
#[derive(Clone, Debug)]
pub struct LimitStatus {
    /// Its name.
    pub name: String,
    /// Its scope.
    pub scope: String,
    /// The value of the scope.
    pub value: String,
    /// The limits.
    pub limit: LimitFigures,
    /// Requests of the last second, minute and day; `None` if not limited.
    pub requests: [Option<u64>; 3],
    /// Tokens of the same periods, including those that calls in flight may use.
    pub tokens: [Option<u64>; 3],
    /// Calls in flight.
    pub in_flight: u64,
    /// Calls waiting for it.
    pub waiting: usize,
}

/// The status of a budget for one value of its scope.
#[derive(Clone, Debug)]
pub struct BudgetStatus {
    /// Its name.
    pub name: String,
    /// Its scope.
    pub scope: String,
    /// The value of the scope.
    pub value: String,
    /// `hard`, `soft` or `degrade`.
    pub mode: &'static str,
    /// The window.
    pub window: String,
    /// The configured amount, without top-ups.
    pub amount: Amount,
    /// The sum of top-ups.
    pub topped_up: Amount,
    /// What was spent, as reported by providers.
    pub reported: Amount,
    /// The maximum spent by requests whose usage was never reported.
    pub estimated: Amount,
    /// The maximum that calls in flight may spend.
    pub reserved: Amount,
    /// When the window ends, in seconds since 1970.
    pub ends_at: Option<i64>,
    /// Calls waiting for it.
    pub waiting: usize,
}

/// A manual change of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetChange {
    /// Adds to the amount of the current window.
    TopUp(Amount),
    /// Resets the spending of the current window.
    Reset,
}

impl AdmissionRules {
    /// All limits and budgets with counters.
    pub(crate) fn status(&self) -> (Vec<LimitStatus>, Vec<BudgetStatus>) {
        let (found, waiting) = (self.counters.snapshot(), self.counters.waiting());
        let waiting = |key: &Key| waiting.get(key).copied().unwrap_or_default();
        let limits = found.limits.into_iter().filter_map(|(key, found)| {
            let rule = self.rule(&key)?;
            Some(LimitStatus {
                name: rule.name.clone(),
                scope: rule.scope().to_string(),
                value: key.value.to_string(),
                limit: found.limit,
                requests: found.requests,
                tokens: found.tokens,
                in_flight: found.in_flight,
                waiting: waiting(&key),
            })
        });
        let budgets = found.budgets.into_iter().filter_map(|(key, found)| {
            let waiting = waiting(&key);
            Some(BudgetStatus { waiting, ..budget_status(self.rule(&key)?, &key, &found)? })
        });
        (limits.collect(), budgets.collect())
    }

    /// Changes the budget `name` manually, for one value of its scope.
    pub(crate) fn change_budget(
        &self,
        name: &str,
        value: Option<&str>,
        change: BudgetChange,
    ) -> Result<BudgetStatus, String> {
        let is_it = |rule: &&Rule| rule.name == name && matches!(rule.kind, Kind::Budget(_));
        let Some(rule) = self.rules.iter().find(is_it) else {
            return Err(format!("there is no budget {name:?}"));
        };
        let Kind::Budget(budget) = &rule.kind else { return Err(format!("there is no budget {name:?}")) };
        let scope = rule.scope().to_string();
        let value = match (value, &*scope) {
            (Some(value), _) => value,
            (None, "all") => "all",
            (None, _) => {
                return Err(format!(
                    "the budget {name:?} is kept of each {scope}: say which one, as in value=\"...\""
                ));
            }
        };
        let key = Key { rule: Arc::clone(&rule.key), value: value.into() };
        let adjustment = match change {
            BudgetChange::TopUp(more) => Adjustment::TopUp(more.units()),
            BudgetChange::Reset => Adjustment::Reset,
        };
        let before = self.counters.budget(&key, &budget.figures(value));
        let found = self.counters.adjust(&key, &budget.figures(value), adjustment)?;
        let spent = |found: &BudgetUse| amount(found.reported.saturating_add(found.estimated));
        let what = match change {
            BudgetChange::TopUp(more) => format!("topped up by ${more}"),
            BudgetChange::Reset => format!("reset, with ${} spent", spent(&before)),
        };
        tracing::info!(
            target: "ferrule",
            budget = name,
            value,
            "budget {what}: of ${} are ${} spent now",
            amount(found.whole()),
            spent(&found)
        );
        budget_status(rule, &key, &found).ok_or_else(|| format!("there is no budget {name:?}"))
    }
}

fn budget_status(rule: &Rule, key: &Key, found: &BudgetUse) -> Option<BudgetStatus> {
    let Kind::Budget(budget) = &rule.kind else { return None };
    Some(BudgetStatus {
        name: rule.name.clone(),
        scope: rule.scope().to_string(),
        value: key.value.to_string(),
        mode: match budget.mode {
            BudgetMode::Hard => "hard",
            BudgetMode::Soft => "soft",
            BudgetMode::Degrade { .. } => "degrade",
        },
        window: budget.figures(&key.value).window.to_string(),
        amount: amount(found.amount),
        topped_up: amount(found.topped_up),
        reported: amount(found.reported),
        estimated: amount(found.estimated),
        reserved: amount(found.reserved),
        ends_at: found.ends_at,
        waiting: 0,
    })
}

/// The remaining time of a budget's window.
impl BudgetStatus {
    /// The time until the window restarts, if it does.
    pub fn resets_in(&self, now: i64) -> Option<Duration> {
        Some(Duration::from_secs(u64::try_from(self.ends_at?.saturating_sub(now)).unwrap_or_default()))
    }
}
