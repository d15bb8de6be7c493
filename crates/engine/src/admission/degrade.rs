//! Degradation: a budget redirects a call to a cheaper group than the one it names.

use super::{
    refusal::amount,
    rules::{AdmissionRules, Kind},
    scope::{Facts, Value},
    settings::BudgetMode,
};
use crate::observe::{BudgetNews, EventKind, Events, What};
use ferrule_admission::Key;
use std::sync::Arc;

impl AdmissionRules {
    /// Whether any budget may redirect calls.
    pub(crate) fn may_degrade(&self) -> bool {
        self.rules.iter().any(|rule| rule.degrade_to().is_some())
    }

    /// The group that replaces the one a call names; `facts` describe the call's first attempt.
    pub(crate) fn degraded(&self, facts: &Facts<'_>, events: &Events) -> Option<String> {
        self.rules.iter().find_map(|rule| {
            let Kind::Budget(budget) = &rule.kind else { return None };
            let BudgetMode::Degrade { to, at } = &budget.mode else { return None };
            let Value::Of(value) = rule.value(facts) else { return None };
            let figures = budget.figures(&value);
            let key = Key { rule: Arc::clone(&rule.key), value: value.as_ref().into() };
            let found = self.counters.budget(&key, &figures);
            // In thousandths, so that amounts stay whole numbers.
            let share = (at.clamp(0.0, 1.0) * 1000.0).round() as u128;
            if found.taken().saturating_mul(1000) < found.whole().saturating_mul(share) {
                return None;
            }
            if events.want(EventKind::Budget) {
                events.budget(What::Budget(Box::new(BudgetNews {
                    budget: rule.name.clone(),
                    scope: rule.scope().to_string(),
                    value: value.into_owned(),
                    what: "degraded",
                    percent: None,
                    amount: amount(found.whole()),
                    spent: amount(found.reported.saturating_add(found.estimated)),
                    reserved: amount(found.reserved),
                })));
            }
            Some(to.clone())
        })
    }
}
