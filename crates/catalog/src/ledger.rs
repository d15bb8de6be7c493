//! Usage ledger: the total usage and cost of a client's calls.
//!
//! Recording a call moves a pointer into a list. The list is summed up on demand, or when it is long: then on a
//! separate thread, so that recording stays fast. Sums are kept by provider, model, alias and metadata, in a bounded
//! number of rows.

use crate::{amount::Amount, settlement::Settlement};
use ferrule_wire::model::Usage;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// The number of waiting calls at which they are summed up.
const MANY_WAITING: usize = 256;

/// The maximum number of waiting calls: recording one more sums them up in place.
const MAX_WAITING: usize = 16 * MANY_WAITING;

/// The maximum number of rows; further ones are summed up by provider alone.
const MAX_ROWS: usize = 4096;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a complete answer.
    Answered,
    /// With a partial answer: the stream broke off, or its reader closed it.
    Interrupted,
    /// Without an answer.
    Failed,
}

/// A call that ended.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The provider and model, the usage, and the cost.
    pub settlement: Arc<Settlement>,
    /// How it ended.
    pub end: End,
    /// Labels that distinguish calls, in addition to provider and model.
    pub labels: Labels,
}

/// Labels that distinguish calls, in addition to provider and model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels {
    /// The name the caller used, if it was an alias.
    pub alias: Option<String>,
    /// The caller's metadata.
    pub metadata: Vec<(String, String)>,
}

/// The calls that a row sums up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Row {
    /// The requested provider.
    pub provider: String,
    /// The requested model.
    pub model: String,
    /// The other labels.
    pub labels: Labels,
}

/// The total usage and cost of some calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// All calls.
    pub calls: u64,
    /// Calls that ended without an answer.
    pub failed: u64,
    /// Calls that ended with a partial answer.
    pub interrupted: u64,
    /// Input tokens, as far as reported.
    pub input_tokens: u64,
    /// Output tokens, as far as reported.
    pub output_tokens: u64,
    /// Input tokens read from a cache.
    pub cache_read_tokens: u64,
    /// Input tokens written to a cache.
    pub cache_write_tokens: u64,
    /// Output tokens used for reasoning.
    pub reasoning_tokens: u64,
    /// The cost of the calls whose cost is known.
    pub cost: Amount,
    /// The number of calls with an answer, complete or partial, of unknown cost.
    pub unknown_cost: u64,
}

/// Sums up the usage of a client's calls.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Never locked for longer than it takes to add a call, or to take them all.
    waiting: Mutex<Vec<Settled>>,
    /// Locked before `waiting` while summing up: so no call is in transit when rows are read.
    rows: Mutex<HashMap<Row, Totals>>,
}

impl Ledger {
    /// An empty ledger.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Records a call. Must be called once per call.
    pub fn record(self: &Arc<Self>, call: Settled) {
        let count = {
            let mut waiting = lock(&self.waiting);
            waiting.push(call);
            waiting.len()
        };
        if count == MANY_WAITING {
            let ledger = Arc::clone(self);
            let thread = thread::Builder::new().name("ferrule-ledger".into());
            // Without a thread they wait for the next call, or for a query.
            let _ = thread.spawn(move || drop(ledger.sum_up()));
        } else if count >= MAX_WAITING {
            drop(self.sum_up());
        }
    }

    /// All rows.
    pub fn rows(&self) -> Vec<(Row, Totals)> {
        self.sum_up().iter().map(|(row, totals)| (row.clone(), totals.clone())).collect()
    }

    /// Removes everything.
    pub fn clear(&self) {
        self.sum_up().clear();
    }

    fn sum_up(&self) -> MutexGuard<'_, HashMap<Row, Totals>> {
        let mut rows = lock(&self.rows);
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        for Settled { settlement, end, labels } in waiting {
            for part in settlement.elsewhere() {
                let cost = part.cost().map(|cost| cost.total);
                row(&mut rows, part, labels.clone()).add_part(&part.record().usage, cost);
            }
            let cost = settlement.own_cost().map(|cost| cost.total);
            row(&mut rows, &settlement, labels).add(&settlement.record().usage, end, cost);
        }
        rows
    }
}

/// The row of a settlement.
fn row<'a>(rows: &'a mut HashMap<Row, Totals>, settlement: &Settlement, labels: Labels) -> &'a mut Totals {
    let record = settlement.record();
    let model = if record.asked.is_empty() { &record.model } else { &record.asked };
    let row = Row { provider: record.provider.clone(), model: model.clone(), labels };
    let row = if rows.len() < MAX_ROWS || rows.contains_key(&row) {
        row
    } else {
        Row { provider: row.provider, ..Row::default() }
    };
    rows.entry(row).or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Totals {
    /// Adds a call: its usage, how it ended, and its cost if known.
    pub fn add(&mut self, usage: &Usage, end: End, cost: Option<Amount>) {
        let one_more = |count: &mut u64| *count = count.saturating_add(1);
        one_more(&mut self.calls);
        match end {
            End::Answered => {}
            End::Interrupted => one_more(&mut self.interrupted),
            End::Failed => one_more(&mut self.failed),
        }
        self.add_part(usage, cost);
        if cost.is_none() && end != End::Failed {
            one_more(&mut self.unknown_cost);
        }
    }

    /// Adds the usage of a part of a call, which is counted elsewhere.
    pub fn add_part(&mut self, usage: &Usage, cost: Option<Amount>) {
        let add = |sum: &mut u64, figure: Option<u64>| *sum = sum.saturating_add(figure.unwrap_or_default());
        add(&mut self.input_tokens, usage.input_tokens);
        add(&mut self.output_tokens, usage.output_tokens);
        add(&mut self.cache_read_tokens, usage.cache_read_tokens);
        add(&mut self.cache_write_tokens, usage.cache_write_tokens);
        add(&mut self.reasoning_tokens, usage.reasoning_tokens);
        if let Some(sum) = cost.and_then(|cost| self.cost.checked_add(cost)) {
            self.cost = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage_record::UsageRecord;

    fn call(provider: &str, model: &str, input_tokens: Option<u64>, end: End) -> Settled {
        let usage = Usage { input_tokens, output_tokens: input_tokens.map(|_| 0), ..Usage::default() };
        let (provider, asked) = (provider.into(), model.into());
        let record = UsageRecord { provider, asked, usage, ..UsageRecord::default() };
        Settled { settlement: Arc::new(Settlement::new(record, None)), end, labels: Labels::default() }
    }

    fn totals(ledger: &Ledger) -> Totals {
        let rows = ledger.rows();
        assert_eq!(rows.len(), 1);
        rows.into_iter().next().unwrap().1
    }

    #[test]
    fn each_call_counts_once_and_unknown_costs_are_counted() {
        let ledger = Ledger::new();
        for _ in 0..3 * MANY_WAITING {
            ledger.record(call("openai", "gpt-4.1", Some(1_000_000), End::Answered));
        }
        ledger.record(call("openai", "gpt-4.1", Some(500_000), End::Interrupted));
        ledger.record(call("openai", "gpt-4.1", None, End::Interrupted));
        ledger.record(call("openai", "gpt-4.1", None, End::Failed));
        let totals = totals(&ledger);
        assert_eq!((totals.calls, totals.interrupted, totals.failed), (3 * 256 + 3, 2, 1));
        assert_eq!(totals.cost.to_string(), (3 * 256 * 2 + 1).to_string());
        assert_eq!((totals.unknown_cost, totals.input_tokens), (1, 3 * 256 * 1_000_000 + 500_000));
        ledger.clear();
        assert!(ledger.rows().is_empty());
    }

    #[test]
    fn usage_elsewhere_has_its_own_row_and_does_not_count_as_a_call() {
        let ledger = Ledger::new();
        let elsewhere = call("anthropic", "claude-haiku-4-5", Some(1_000_000), End::Answered).settlement;
        let answered = call("openai", "gpt-4.1", Some(1_000_000), End::Answered);
        let settlement = Settlement::clone(&answered.settlement).with(vec![elsewhere], Vec::new());
        ledger.record(Settled { settlement: Arc::new(settlement), ..answered });
        let mut rows = ledger.rows();
        rows.sort_by(|(one, _), (other, _)| one.provider.cmp(&other.provider));
        let of = |(row, totals): &(Row, Totals)| {
            (row.provider.clone(), totals.calls, totals.input_tokens, totals.cost.to_string())
        };
        let rows: Vec<_> = rows.iter().map(of).collect();
        let row =
            |provider: &str, calls, cost: &str| (provider.to_owned(), calls, 1_000_000, cost.to_owned());
        assert_eq!(rows, [row("anthropic", 0, "1"), row("openai", 1, "2")]);
    }

    #[test]
    fn rows_are_bounded_and_nothing_is_lost() {
        let ledger = Ledger::new();
        let calls = 2 * MAX_ROWS;
        for number in 0..calls {
            let mut call = call("openai", "gpt-4.1", Some(1), End::Answered);
            call.labels.metadata.push(("user".into(), number.to_string()));
            ledger.record(call);
        }
        let rows = ledger.rows();
        assert_eq!(rows.len(), MAX_ROWS + 1);
        assert_eq!(rows.iter().map(|(_, totals)| totals.calls).sum::<u64>(), calls as u64);
    }

    #[test]
    fn threads_may_record_at_once() {
        let ledger = Ledger::new();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        ledger.record(call("openai", "gpt-4.1", Some(1), End::Answered));
                    }
                });
            }
        });
        assert_eq!(totals(&ledger).calls, 4000);
    }
}
