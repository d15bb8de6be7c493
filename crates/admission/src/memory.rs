//! Store in memory: the counters of this process.

use crate::{
    budget::{BudgetCounter, BudgetUse, Crossing},
    claim::{BudgetFigures, Claim, Demand, Key, Money},
    clock::Now,
    limit::LimitCounter,
    provider::{ProviderCounter, Told},
    shortage::Shortage,
    store::{Adjustment, CallId, Outcome, Snapshot, Store},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The maximum number of counters. Values of scopes beyond it share one counter of their rule.
const MAX_COUNTERS: usize = 100_000;
/// The number of counters at which idle ones are first removed.
const SWEEP: usize = 4_096;
/// The value shared by those beyond the maximum.
const OTHERS: &str = "(others)";

/// The counters of this process.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Counters>);

#[derive(Debug, Default)]
struct Counters {
    limits: HashMap<Key, LimitCounter>,
    budgets: HashMap<Key, BudgetCounter>,
    providers: HashMap<Key, ProviderCounter>,
    calls: HashMap<CallId, Call>,
    /// The number of counters at which idle ones are removed next.
    sweep_at: usize,
}

/// The claims and reservations of a call.
#[derive(Debug)]
struct Call {
    held: Vec<(Key, Held)>,
    is_sent: bool,
    is_settled: bool,
}

#[derive(Clone, Copy, Debug)]
enum Held {
    Limit { tokens: u64 },
    Budget { amount: Money, period: u64 },
    Provider,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters {
    fn size(&self) -> usize {
        self.limits.len() + self.budgets.len() + self.providers.len()
    }

    fn sweep(&mut self, now: Now) {
        if self.size() < self.sweep_at.max(SWEEP) {
            return;
        }
        self.limits.retain(|_, counter| !counter.is_idle(now.steady));
        self.budgets.retain(|_, counter| !counter.is_idle(now));
        self.providers.retain(|_, counter| !counter.is_idle(now.steady));
        self.sweep_at = self.size().saturating_mul(2);
    }

    /// The key of the counter for a claim.
    fn place(&self, claim: &Claim) -> Key {
        let is_known = match claim.demand {
            Demand::Limit { .. } => self.limits.contains_key(&claim.key),
            Demand::Budget { .. } => self.budgets.contains_key(&claim.key),
            Demand::Provider { .. } => self.providers.contains_key(&claim.key),
        };
        if is_known || self.size() < MAX_COUNTERS {
            return claim.key.clone();
        }
        Key { rule: Arc::clone(&claim.key.rule), value: OTHERS.into() }
    }

    fn shortage(&mut self, key: &Key, demand: &Demand, now: Now) -> Option<Shortage> {
        match demand {
            Demand::Limit { limit, tokens, is_open } => {
                let counter = self.limits.entry(key.clone()).or_default();
                counter.shortage(limit, limit.counted(*tokens, *is_open), now.steady)
            }
            Demand::Budget { budget, amount } => {
                let counter =
                    self.budgets.entry(key.clone()).or_insert_with(|| BudgetCounter::new(budget, now));
                counter.renew(Some(budget), now);
                counter.shortage(*amount, now)
            }
            Demand::Provider { tokens } => self.providers.get_mut(key)?.shortage(*tokens, now.steady),
        }
    }

    fn take(&mut self, key: &Key, demand: &Demand) -> Held {
        match demand {
            Demand::Limit { limit, tokens, is_open } => {
                let tokens = limit.counted(*tokens, *is_open);
                self.limits.entry(key.clone()).or_default().reserve(tokens);
                Held::Limit { tokens }
            }
            Demand::Budget { amount, .. } => {
                let period = self.budgets.get_mut(key).map_or(0, |counter| counter.reserve(*amount));
                Held::Budget { amount: *amount, period }
            }
            Demand::Provider { tokens } => {
                self.providers.entry(key.clone()).or_default().reserve(*tokens);
                Held::Provider
            }
        }
    }
}

impl Store for Memory {
    fn reserve(&self, call: CallId, claims: &[Claim], now: Now) -> Result<(), Shortage> {
        let counters = &mut *self.lock();
        if counters.calls.contains_key(&call) {
            return Ok(());
        }
        counters.sweep(now);
        let places: Vec<Key> = claims.iter().map(|claim| counters.place(claim)).collect();
        for (index, (claim, key)) in claims.iter().zip(&places).enumerate() {
            if let Some(shortage) = counters.shortage(key, &claim.demand, now) {
                return Err(Shortage { claim: index, ..shortage });
            }
        }
        let held = places.into_iter().zip(claims).map(|(key, claim)| {
            let held = counters.take(&key, &claim.demand);
            (key, held)
        });
        let held = held.collect();
        counters.calls.insert(call, Call { held, is_sent: false, is_settled: false });
        Ok(())
    }

    fn sent(&self, call: CallId, now: Now) {
        let counters = &mut *self.lock();
        let Some(known) = counters.calls.get_mut(&call) else { return };
        if known.is_settled || std::mem::replace(&mut known.is_sent, true) {
            return;
        }
        for (key, held) in &known.held {
            if let (Held::Limit { .. }, Some(counter)) = (held, counters.limits.get_mut(key)) {
                counter.sent(now.steady);
            }
        }
    }

    fn settle(&self, call: CallId, outcome: Outcome, now: Now) -> Vec<Crossing> {
        let counters = &mut *self.lock();
        let Some(known) = counters.calls.get_mut(&call) else { return Vec::new() };
        if std::mem::replace(&mut known.is_settled, true) {
            return Vec::new();
        }
        let was_sent = std::mem::replace(&mut known.is_sent, true);
        let mut crossings = Vec::new();
        for (key, held) in &known.held {
            match *held {
                Held::Limit { tokens } => {
                    let Some(counter) = counters.limits.get_mut(key) else { continue };
                    match outcome {
                        _ if was_sent => {}
                        Outcome::Unsent => counter.unsent(),
                        _ => counter.sent(now.steady),
                    }
                    let used = match outcome {
                        Outcome::Unsent | Outcome::Refused => 0,
                        Outcome::Unreported => tokens,
                        Outcome::Used { tokens: used, .. } => used.unwrap_or(tokens),
                    };
                    counter.settle(tokens, used, now.steady);
                }
                Held::Budget { amount, period } => {
                    let (spent, is_estimate) = match outcome {
                        Outcome::Unsent | Outcome::Refused => (0, false),
                        Outcome::Unreported | Outcome::Used { cost: None, .. } => (amount, true),
                        Outcome::Used { cost: Some(cost), is_estimate, .. } => (cost, is_estimate),
                    };
                    let Some(counter) = counters.budgets.get_mut(key) else { continue };
                    let crossing = counter.settle(period, amount, spent, is_estimate, now);
                    crossings.extend(crossing.map(|one| Crossing { key: Some(key.clone()), ..one }));
                }
                Held::Provider => {}
            }
        }
        crossings
    }

    fn leave(&self, call: CallId, _now: Now) {
        let counters = &mut *self.lock();
        let Some(known) = counters.calls.remove(&call) else { return };
        for (key, held) in &known.held {
            match held {
                Held::Limit { .. } => {
                    if let Some(counter) = counters.limits.get_mut(key) {
                        counter.leave();
                    }
                }
                Held::Provider => {
                    if let Some(counter) = counters.providers.get_mut(key) {
                        counter.leave();
                    }
                }
                Held::Budget { .. } => {}
            }
        }
    }

    fn told(&self, key: &Key, told: &Told, now: Now) {
        if let Some(counter) = self.lock().providers.get_mut(key) {
            counter.told(told, now.steady);
        }
    }

    fn adjust(
        &self,
        key: &Key,
        budget: &BudgetFigures,
        adjustment: Adjustment,
        now: Now,
    ) -> Result<BudgetUse, String> {
        let counters = &mut *self.lock();
        let counter = counters.budgets.entry(key.clone()).or_insert_with(|| BudgetCounter::new(budget, now));
        counter.renew(Some(budget), now);
        match adjustment {
            Adjustment::TopUp(amount) => counter.top_up(amount, now),
            Adjustment::Reset => counter.reset(),
        }
        Ok(counter.in_use(now))
    }

    fn budget(&self, key: &Key, budget: &BudgetFigures, now: Now) -> BudgetUse {
        let counters = &mut *self.lock();
        match counters.budgets.get_mut(key) {
            Some(counter) => {
                counter.renew(Some(budget), now);
                counter.in_use(now)
            }
            None => BudgetCounter::new(budget, now).in_use(now),
        }
    }

    fn snapshot(&self, now: Now) -> Snapshot {
        let counters = &mut *self.lock();
        let limits = counters.limits.iter_mut().map(|(key, one)| (key.clone(), one.in_use(now.steady)));
        let mut limits: Vec<_> = limits.collect();
        let budgets = counters.budgets.iter_mut().map(|(key, one)| (key.clone(), one.in_use(now)));
        let mut budgets: Vec<_> = budgets.collect();
        limits.sort_by(|(one, _), (other, _)| one.cmp(other));
        budgets.sort_by(|(one, _), (other, _)| one.cmp(other));
        Snapshot { limits, budgets }
    }
}
