//! Admitted attempts: permits, settled by the usage that the attempt reports, or by how it ends.

use super::{
    estimate::{Estimate, Priced},
    measured::Measured,
    refusal::amount,
    rules::AdmissionRules,
};
use crate::{
    failure::Failure,
    observe::{BudgetNews, EventKind, Events, What},
    retry::{Again, Failed},
};
use ferrule_admission::{Crossing, Key, Lease, Outcome, Told};
use ferrule_catalog::{Amount, Catalog, Settlement};
use ferrule_wire::{
    model::{ErrorKind, StreamEvent, Usage},
    rate_limits::{RateLimit, RateLimits},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The minimum average number of bytes per token of an answer.
const BYTES_PER_TOKEN: u64 = 3;
/// How long a provider without capacity is suspended if it does not say for how long.
const UNTOLD: Duration = Duration::from_secs(1);

/// The permits of an attempt. Dropped without being settled, it books the full estimate if the request was sent.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(super) lease: Lease,
    pub(super) rules: Arc<AdmissionRules>,
    pub(super) events: Events,
    pub(super) estimate: Estimate,
    pub(super) measured: Measured,
    /// The counter of the limits that the provider reports.
    pub(super) provider_key: Option<Key>,
    /// The attempt's target and prices, and the time.
    pub(super) provider: Arc<str>,
    pub(super) model: String,
    pub(super) catalog: Option<Arc<Catalog>>,
    pub(super) at: i64,
    /// How many bytes of an answer were delivered.
    pub(super) delivered: AtomicU64,
}

fn tokens_of(usage: &Usage) -> Option<u64> {
    let (input, output) = (usage.input_tokens, usage.output_tokens);
    (input.is_some() || output.is_some())
        .then(|| input.unwrap_or_default().saturating_add(output.unwrap_or_default()))
}

impl Admitted {
    /// The request was sent.
    pub(crate) fn sent(&self) {
        self.lease.sent();
    }

    /// The attempt succeeded with this usage.
    pub(crate) fn settle(&self, settlement: &Settlement) {
        let tokens = tokens_of(&settlement.record().usage);
        let cost = match self.estimate.cost {
            // A free attempt costs nothing, whatever the catalog's price of its model.
            Ok(Amount::ZERO) if settlement.own_cost().is_none() => Some(Amount::ZERO),
            _ => settlement.own_cost().map(|cost| cost.total),
        };
        self.book(Outcome::Used { tokens, cost: cost.map(Amount::units), is_estimate: false });
    }

    /// The attempt failed; `reported` is what it used anyway, and is complete if it `was_answered`.
    pub(crate) fn failed(&self, failed: &Failed, reported: Option<&Settlement>, was_answered: bool) {
        let Failed { failure, again, .. } = failed;
        if let Failure::Provider(error) = failure
            && error.kind == ErrorKind::RateLimited
        {
            let asked = error.retry_after.map_or(UNTOLD, |asked| asked.delay);
            self.told(&Told { closed: Some(milliseconds(asked)), ..Told::default() });
        }
        if let Some(settlement) = reported {
            return if was_answered {
                self.settle(settlement);
            } else {
                self.cut(Some(&settlement.record().usage));
            };
        }
        match failure {
            // The server did not process it.
            _ if *again == Again::AtOnce => self.book(Outcome::Unsent),
            Failure::Provider(error) if error.status.is_some() => self.book(Outcome::Refused),
            _ => self.give_up(),
        }
    }

    /// The attempt ended before it had reported all of its usage: books what was reported so far, or else the whole
    /// estimate.
    pub(crate) fn cut(&self, reported: Option<&Usage>) {
        let delivered = self.delivered.load(Ordering::Relaxed).div_ceil(BYTES_PER_TOKEN);
        let reported_output = reported.and_then(|usage| usage.output_tokens);
        let is_known = reported_output.is_some() || (delivered > 0 && !self.estimate.thinks);
        if !is_known {
            return self.give_up();
        }
        let input = reported.and_then(|usage| usage.input_tokens).unwrap_or(self.estimate.input);
        let output = reported_output.unwrap_or_default().max(delivered);
        // The output is bounded by the estimate.
        let output = if self.estimate.output > 0 { output.min(self.estimate.output) } else { output };
        let catalog = self.catalog.as_ref().unwrap_or_else(|| Catalog::builtin());
        let priced = Priced { catalog, provider: &self.provider, model: &self.model, at: self.at };
        let cost = match self.estimate.cost {
            Ok(Amount::ZERO) => Some(Amount::ZERO),
            _ => priced.cost(input, output, &self.measured),
        };
        let tokens = Some(input.saturating_add(output));
        self.book(Outcome::Used { tokens, cost: cost.map(Amount::units), is_estimate: true });
    }

    /// No further usage will be reported.
    pub(crate) fn give_up(&self) {
        self.notify_crossings(self.lease.give_up());
    }

    /// Part of an answer was delivered.
    pub(crate) fn deliver(&self, events: &[StreamEvent]) {
        let bytes = |event: &StreamEvent| match event {
            StreamEvent::TextDelta { text, .. } | StreamEvent::ReasoningDelta { text, .. } => text.len(),
            StreamEvent::ToolCallDelta { arguments, .. } => arguments.len(),
            _ => 0,
        };
        let sum: usize = events.iter().map(bytes).sum();
        self.delivered.fetch_add(sum as u64, Ordering::Relaxed);
    }

    /// Records the provider's limits from response headers.
    pub(crate) fn note_limits(&self, report: &RateLimits) {
        let left = |limit: &RateLimit| Some((limit.remaining?, milliseconds(limit.resets_in?)));
        let told = Told { requests: left(&report.requests), tokens: left(&report.tokens), closed: None };
        if told != Told::default() {
            self.told(&told);
        }
    }

    fn told(&self, told: &Told) {
        if let Some(key) = &self.provider_key {
            self.rules.counters.told(key, told);
        }
    }

    fn book(&self, outcome: Outcome) {
        self.notify_crossings(self.lease.settle(outcome));
    }

    /// Notifies observers of the budget thresholds that were crossed.
    fn notify_crossings(&self, crossings: Vec<Crossing>) {
        if crossings.is_empty() || !self.events.want(EventKind::Budget) {
            return;
        }
        for Crossing { key, percent, budget } in crossings {
            let Some((key, rule)) = key.as_ref().and_then(|key| Some((key, self.rules.rule(key)?))) else {
                continue;
            };
            self.events.budget(What::Budget(Box::new(BudgetNews {
                budget: rule.name.clone(),
                scope: rule.scope().to_string(),
                value: key.value.to_string(),
                what: "threshold",
                percent: Some(percent),
                amount: amount(budget.whole()),
                spent: amount(budget.reported.saturating_add(budget.estimated)),
                reserved: amount(budget.reserved),
            })));
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.give_up();
    }
}
