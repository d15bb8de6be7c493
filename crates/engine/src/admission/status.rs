//! Status of limits and budgets, and what is done to budgets by hand.

use super::{
    refusal::amount,
    rules::{AdmissionRules, Kind, Rule},
    settings::BudgetMode,
};
use ferrule_admission::{Adjustment, BudgetUse, Key, LimitFigures};
use ferrule_catalog::Amount;
use std::{sync::Arc, time::Duration};

/// A limit, for one value of its scope.
#[derive(Clone, Debug)]
pub struct LimitStatus {
    /// Its name.
    pub name: String,
    /// What it is kept of.
    pub scope: String,
    /// Which of those.
    pub value: String,
    /// How much of what.
    pub limit: LimitFigures,
    /// Requests of the last second, minute and day, where they are limited.
    pub requests: [Option<u64>; 3],
    /// The same for tokens, those included that calls under way may use.
    pub tokens: [Option<u64>; 3],
    /// Calls under way.
    pub in_flight: u64,
    /// Calls that wait for it.
    pub waiting: usize,
}

/// A budget, for one value of its scope.
#[derive(Clone, Debug)]
pub struct BudgetStatus {
    /// Its name.
    pub name: String,
    /// What it is kept of.
    pub scope: String,
    /// Which of those.
    pub value: String,
    /// `hard`, `soft` or `degrade`.
    pub mode: &'static str,
    /// The window.
    pub window: String,
    /// How much may be spent in it, without what was added by hand.
    pub amount: Amount,
    /// What was added by hand.
    pub topped_up: Amount,
    /// What was spent, as it was reported.
    pub reported: Amount,
    /// What was spent at most by what was sent and never reported.
    pub estimated: Amount,
    /// What calls under way may spend at most.
    pub reserved: Amount,
    /// When the window ends, in seconds since 1970.
    pub ends_at: Option<i64>,
    /// Calls that wait for it.
    pub waiting: usize,
}

/// What is done to a budget by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetChange {
    /// More may be spent in this window.
    TopUp(Amount),
    /// What was spent in this window is forgotten.
    Reset,
}

impl AdmissionRules {
    /// All limits and budgets that anything was counted at.
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

    /// Changes the budget `name` by hand, for one value of its scope.
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

/// How long a budget's window still is.
impl BudgetStatus {
    /// After which time it begins anew, where it does.
    pub fn resets_in(&self, now: i64) -> Option<Duration> {
        Some(Duration::from_secs(u64::try_from(self.ends_at?.saturating_sub(now)).unwrap_or_default()))
    }
}
