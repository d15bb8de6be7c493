//! Rules of admission: the limits and budgets of an engine, and what an attempt claims of each.

use super::{
    estimate::Estimate,
    refusal::{BudgetExceeded, amount},
    scope::{Facts, Scope, Value},
    settings::{BudgetMode, BudgetSettings, LimitSettings, RuleScope},
};
use crate::failure::Failure;
use ferrule_admission::{Admission, BudgetFigures, Claim, Demand, Key, LimitFigures, Money};
use ferrule_catalog::Amount;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// The limits and budgets of an engine.
pub(crate) struct AdmissionRules {
    pub(super) rules: Vec<Rule>,
    pub(crate) counters: Arc<Admission>,
    /// Whether any rule needs the measures of a request.
    pub(crate) measures: bool,
}

/// The rules for requests to one candidate, before they are encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holding {
    /// The tokens to reserve for an answer without a limit.
    pub(crate) reserve_output: Option<u64>,
    /// Whether any rule needs the measures of a request.
    pub(crate) measures: bool,
}

pub(super) struct Rule {
    pub(super) name: String,
    /// Its key among all counters.
    pub(super) key: Arc<str>,
    pub(super) scope: RuleScope,
    wait: Option<u64>,
    reserve_output: Option<u64>,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Limit(LimitFigures),
    Budget(Budget),
}

pub(super) struct Budget {
    figures: BudgetFigures,
    values: HashMap<String, Money>,
    pub(super) mode: BudgetMode,
    allow_unknown_cost: bool,
}

impl Budget {
    /// The figures for one value of the scope.
    pub(super) fn figures(&self, value: &str) -> BudgetFigures {
        let amount = self.values.get(value).copied().unwrap_or(self.figures.amount);
        BudgetFigures { amount, ..self.figures.clone() }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The name of the counters of providers' own limits.
const PROVIDERS: &str = "";

impl AdmissionRules {
    /// The rules of these settings; `None` if there are none.
    pub(crate) fn new(
        limits: &[LimitSettings],
        budgets: &[BudgetSettings],
        counters: &Arc<Admission>,
    ) -> Option<Arc<Self>> {
        let limits = limits.iter().map(|limit| Rule {
            name: limit.name.clone(),
            key: format!("limits.{}", limit.name).into(),
            scope: limit.scope.clone(),
            wait: limit.max_wait.map(milliseconds),
            reserve_output: limit.reserve_output,
            kind: Kind::Limit(limit.figures),
        });
        let budgets = budgets.iter().map(|budget| Rule {
            name: budget.name.clone(),
            key: format!("budgets.{}", budget.name).into(),
            scope: budget.scope.clone(),
            wait: Some(milliseconds(budget.max_wait)),
            reserve_output: budget.reserve_output,
            kind: Kind::Budget(Budget {
                figures: BudgetFigures {
                    amount: budget.amount.units(),
                    window: Arc::clone(&budget.window),
                    is_hard: budget.mode != BudgetMode::Soft,
                },
                values: budget.values.iter().map(|(value, most)| (value.clone(), most.units())).collect(),
                mode: budget.mode.clone(),
                allow_unknown_cost: budget.allow_unknown_cost,
            }),
        });
        let rules: Vec<Rule> = limits.chain(budgets).collect();
        if rules.is_empty() {
            return None;
        }
        let measures = rules.iter().any(|rule| match &rule.kind {
            Kind::Limit(figures) => figures.tokens.iter().any(Option::is_some),
            Kind::Budget(_) => true,
        });
        if measures {
            // The vocabularies are unpacked before a call needs them, on a separate thread.
            std::thread::Builder::new().name("ferrule-tokens".to_owned()).spawn(warm_up).ok();
        }
        Some(Arc::new(Self { rules, counters: Arc::clone(counters), measures }))
    }

    /// The tokens to reserve for an answer without a limit, for attempts like these.
    pub(crate) fn reserve_output(&self, facts: &Facts<'_>) -> Option<u64> {
        let holds = |rule: &&Rule| matches!(rule.value(facts), Value::Of(_));
        self.rules
            .iter()
            .filter(|rule| rule.reserve_output.is_some())
            .filter(holds)
            .filter_map(|rule| rule.reserve_output)
            .min()
    }

    /// The claims of an attempt.
    pub(super) fn claims(&self, facts: &Facts<'_>, estimate: &Estimate) -> Result<Vec<Claim>, Failure> {
        let mut claims = Vec::with_capacity(self.rules.len() + 1);
        for rule in &self.rules {
            let value = match rule.value(facts) {
                Value::Of(value) => value,
                Value::Ignored => continue,
                Value::Lacking(label) => {
                    return Err(Failure::Config(format!(
                        "the call has no `{label}`, which `{}` is kept of: give it to the call, for instance in its \
                         metadata, or set missing = \"shared\" or \"ignore\" there",
                        rule.key
                    )));
                }
            };
            let demand = match &rule.kind {
                Kind::Limit(limit) => {
                    Demand::Limit { limit: *limit, tokens: estimate.tokens(), is_open: estimate.is_open }
                }
                Kind::Budget(budget) => {
                    let figures = budget.figures(&value);
                    let cost = match estimate.cost {
                        Err(why) if figures.is_hard && !budget.allow_unknown_cost => {
                            return Err(self.unknown_cost(rule, &value, &figures, why));
                        }
                        cost => cost.map_or(0, Amount::units),
                    };
                    Demand::Budget { budget: figures, amount: cost }
                }
            };
            let key = Key { rule: Arc::clone(&rule.key), value: value.as_ref().into() };
            claims.push(Claim { key, wait: rule.wait, demand });
        }
        if !claims.is_empty() {
            let wait = claims.iter().map(|claim| claim.wait.unwrap_or(0)).max();
            let key = Self::provider_key(facts);
            claims.push(Claim { key, wait, demand: Demand::Provider { tokens: estimate.tokens() } });
        }
        Ok(claims)
    }

    /// The counter of the limits that the provider reports.
    fn provider_key(facts: &Facts<'_>) -> Key {
        let number = facts.key.rsplit_once('#').map_or("", |(_, number)| number);
        let value =
            if number.is_empty() { facts.target.to_owned() } else { format!("{}#{number}", facts.target) };
        Key { rule: PROVIDERS.into(), value: value.into() }
    }

    fn unknown_cost(&self, rule: &Rule, value: &str, figures: &BudgetFigures, why: &'static str) -> Failure {
        let key = Key { rule: Arc::clone(&rule.key), value: value.into() };
        let found = self.counters.budget(&key, figures);
        Failure::Budget(Box::new(BudgetExceeded {
            budget: rule.name.clone(),
            scope: rule.scope.scope.to_string(),
            value: value.to_owned(),
            amount: amount(found.whole()),
            spent: amount(found.reported.saturating_add(found.estimated)),
            reserved: amount(found.reserved),
            estimate: None,
            why,
            retry_after: None,
            degrade_to: rule.degrade_to(),
        }))
    }

    /// The rule of a counter; `None` for a provider's own limits.
    pub(super) fn rule(&self, key: &Key) -> Option<&Rule> {
        self.rules.iter().find(|rule| *rule.key == *key.rule)
    }
}

fn warm_up() {
    ferrule_tokens::count_text("", "a");
}

impl Rule {
    pub(super) fn value<'a>(&'a self, facts: &Facts<'a>) -> Value<'a> {
        let RuleScope { scope, matched, missing } = &self.scope;
        scope.value(facts, matched.as_deref(), *missing)
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope.scope
    }

    pub(super) fn degrade_to(&self) -> Option<String> {
        match &self.kind {
            Kind::Budget(Budget { mode: BudgetMode::Degrade { to, .. }, .. }) => Some(to.clone()),
            _ => None,
        }
    }
}

impl std::fmt::Debug for AdmissionRules {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AdmissionRules").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}
