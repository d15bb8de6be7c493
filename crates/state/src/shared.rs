//! Shared counters: a store that spends blocks locally and keeps its counters in a backing.

use crate::{
    address::OnLoss,
    backing::{Away, Backing, Want},
    core::{Core, lock},
    journal::{self, Journal},
    link::Link,
    local::{Call, Figure, Held, Local, Need, Share, needs},
    record::{CallRecord, Record},
    upkeep,
};
use ferrule_admission::{
    Adjustment, BudgetFigures, BudgetUse, CallId, Claim, Clock, Crossing, Demand, Key, LimitFigures, Memory,
    Now, Outcome, Per, Short, Shortage, Snapshot, Store, Told,
};
use std::{
    fmt,
    path::Path,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
};

/// How long the backing may be unavailable before blocks become uncertain, in milliseconds: half of a member's
/// lifetime.
const DOUBT: i64 = crate::backing::MEMBER_LIFE / 2;

/// Counters shared with other processes, and the ledger of calls. Clones share their state.
#[derive(Clone)]
pub struct Shared(Arc<User>);

/// A user of the store. It is closed when the last one is dropped.
struct User(Arc<Core>);

impl Shared {
    /// Counters in `backing`, with journals in `directory`. The caller runs [`Shared::keep_up`].
    pub fn new(
        backing: Box<dyn Backing>,
        directory: &Path,
        clock: Arc<dyn Clock>,
        on_loss: OnLoss,
        retention: Option<i64>,
    ) -> Result<Self, Away> {
        journal::make_directory(directory)?;
        let member = format!("{:016x}{:08x}", fastrand::u64(..), std::process::id());
        let name = format!("{member}.0");
        let link = Link::new(backing);
        link.with(|backing| backing.begin(&member, &name, clock.now().wall))?;
        let journal = Journal::create(journal::path(directory, &name))?;
        let core = Arc::new(Core {
            member,
            link,
            directory: directory.to_owned(),
            journal: Mutex::new((journal, name)),
            local: Mutex::new(Local { members: 1, heard_at: i64::MIN, ..Local::default() }),
            inner: Memory::default(),
            wake: OnceLock::new(),
            clock,
            on_loss,
            retention,
            is_away: AtomicBool::new(false),
            is_active: AtomicBool::new(false),
            thread: OnceLock::new(),
            next_call: AtomicU64::new(0),
            beat_at: AtomicI64::new(i64::MIN),
            swept_at: AtomicI64::new(i64::MIN),
            upkeep: Mutex::new(()),
            is_over: AtomicBool::new(false),
            process: std::process::id(),
        });
        upkeep::register(&core);
        Ok(Self(Arc::new(User(core))))
    }

    /// Starts a thread for the upkeep.
    pub fn with_thread(self) -> Result<Self, Away> {
        upkeep::start(&self.0.0)?;
        Ok(self)
    }

    /// The regular upkeep: books what was spent, returns what is not needed, sends a heartbeat, and takes over from
    /// dead members.
    pub fn keep_up(&self) {
        upkeep::keep_up(&self.0.0);
    }

    /// Books everything, and returns all that calls in flight do not need.
    pub fn settle_up(&self) {
        upkeep::settle_up(&self.0.0);
    }

    /// Writes a call to the ledger, with the time and an id. It is in the journal when this returns.
    pub fn note(&self, mut call: CallRecord) {
        let core = &*self.0.0;
        let number = core.next_call.fetch_add(1, Ordering::Relaxed);
        call.id = format!("{}-{number}", core.member);
        call.at = core.clock.now().wall;
        core.append(&Record::Call(Box::new(call)));
    }

    /// Whether the backing is unavailable.
    pub fn is_away(&self) -> bool {
        self.0.0.is_away.load(Ordering::Acquire)
    }
}

impl Core {
    /// Requests `wants` from the backing. Shares that have been removed are not updated.
    fn take(&self, local: &mut Local, wants: &[Want], names: &[(Key, Figure)], now: Now) {
        match self.link.with(|backing| backing.take(&self.member, wants, now.wall)) {
            Ok(standings) => {
                local.heard_at = now.wall;
                for (name, standing) in names.iter().zip(standings) {
                    if let Some(share) = local.shares.get_mut(name) {
                        share.see(standing);
                    }
                }
                self.heard(None);
            }
            Err(away) => self.heard(Some(&away)),
        }
    }

    /// Takes what `needs` lack, if possible. Returns the first that cannot be met.
    fn provide(&self, local: &mut Local, needs: &[Need], now: Now) -> Result<(), Shortage> {
        if now.wall.saturating_sub(local.heard_at) > DOUBT && !self.is_away.load(Ordering::Acquire) {
            // The process stood still, and may have been declared dead.
            local.shares.values_mut().for_each(Share::doubt);
            local.heard_at = now.wall;
        }
        let (mut wants, mut names) = (Vec::new(), Vec::new());
        let members = local.members;
        for need in needs {
            let share = local.shares.entry(need.name.clone()).or_insert_with(|| Share::new(need));
            share.renew(need, now);
            let lacking = if need.is_hard { share.lacking(need.asked) } else { 0 };
            if lacking > 0 && share.is_known() && share.is_denied(lacking, now) {
                return Err(share.shortage(need.claim, need.asked, now));
            }
            if lacking > 0 || !share.is_known() {
                wants.push(share.want(lacking, members));
                names.push(need.name.clone());
            }
        }
        if self.is_away.load(Ordering::Acquire) {
            return Ok(());
        }
        if !wants.is_empty() {
            self.take(local, &wants, &names, now);
        }
        Ok(())
    }

    /// Whether a need is met, and what applies if it is not.
    fn judge(&self, local: &mut Local, need: &Need, now: Now) -> Judgement {
        let Some(share) = local.shares.get_mut(&need.name) else { return Judgement::Enough };
        let is_away = self.is_away.load(Ordering::Acquire);
        let lacking = share.lacking(need.asked);
        match self.on_loss {
            OnLoss::Closed if is_away && need.is_hard => {}
            _ if lacking == 0 || !need.is_hard => return Judgement::Enough,
            OnLoss::Open if is_away => return Judgement::Enough,
            OnLoss::Local if is_away && need.name.1 != Figure::Money => return Judgement::Divided,
            _ if is_away => {}
            _ => {
                share.deny(lacking, now);
                return Judgement::Short(share.shortage(need.claim, need.asked, now));
            }
        }
        let shortage = share.shortage(need.claim, need.asked, now);
        Judgement::Short(Shortage { what: Short::Store, ready_at: None, is_certain: false, ..shortage })
    }

    fn budget_need(key: &Key, budget: &BudgetFigures) -> Need {
        Need {
            claim: 0,
            name: (key.clone(), Figure::Money),
            asked: 0,
            whole: budget.amount,
            window: Arc::clone(&budget.window),
            is_hard: false,
        }
    }

    /// The requests of a call were sent.
    fn spend_requests(local: &mut Local, call: &mut Call) -> Vec<crate::record::Booking> {
        let mut bookings = Vec::new();
        for held in &call.held {
            if let (Figure::Requests(_), Some(share)) = (held.name.1, local.shares.get_mut(&held.name)) {
                bookings.extend(share.spend(held.period, held.amount, held.amount, false));
            }
        }
        bookings
    }

    fn book(&self, bookings: Vec<crate::record::Booking>, now: Now) {
        if !bookings.is_empty() {
            self.append(&Record::Spent(now.wall, bookings));
        }
    }
}

enum Judgement {
    Enough,
    /// The limit is divided by the number of members, and counted here.
    Divided,
    Short(Shortage),
}

fn divided(limit: &LimitFigures, members: usize) -> LimitFigures {
    let members = u64::try_from(members.max(1)).unwrap_or(1);
    let part = |most: Option<u64>| most.and_then(|most| most.checked_div(members));
    LimitFigures {
        requests: limit.requests.map(part),
        tokens: limit.tokens.map(part),
        concurrency: part(limit.concurrency),
    }
}

impl Store for Shared {
    fn reserve(&self, call: CallId, claims: &[Claim], now: Now) -> Result<(), Shortage> {
        let core = &*self.0.0;
        let local = &mut *lock(&core.local);
        if local.calls.contains_key(&call) {
            return Ok(());
        }
        let needs = needs(claims);
        let provided = core.provide(local, &needs, now);
        if provided.is_err() {
            core.wake_upkeep();
        }
        provided?;
        let mut is_divided = vec![false; claims.len()];
        for need in &needs {
            match core.judge(local, need, now) {
                Judgement::Enough => {}
                Judgement::Divided => {
                    if let Some(one) = is_divided.get_mut(need.claim) {
                        *one = true;
                    }
                }
                Judgement::Short(shortage) => {
                    core.wake_upkeep();
                    return Err(shortage);
                }
            }
        }
        let mut places = Vec::with_capacity(claims.len());
        let mut own = Vec::with_capacity(claims.len());
        for ((place, claim), is_divided) in claims.iter().enumerate().zip(is_divided) {
            let demand = match &claim.demand {
                Demand::Budget { .. } => continue,
                Demand::Limit { limit, tokens, is_open } if is_divided => {
                    let limit = divided(limit, local.members);
                    Demand::Limit { limit, tokens: *tokens, is_open: *is_open }
                }
                other => other.clone(),
            };
            places.push(place);
            own.push(Claim { demand, ..claim.clone() });
        }
        core.inner.reserve(call, &own, now).map_err(|shortage| {
            let claim = places.get(shortage.claim).copied().unwrap_or_default();
            Shortage { claim, ..shortage }
        })?;
        let mut held = Vec::with_capacity(needs.len());
        for Need { name, asked, .. } in needs {
            let Some(share) = local.shares.get_mut(&name) else { continue };
            share.reserve(asked);
            held.push(Held { period: share.period(), name, amount: asked });
        }
        local.calls.insert(call, Call { held, is_sent: false, is_settled: false });
        Ok(())
    }

    fn sent(&self, call: CallId, now: Now) {
        let core = &*self.0.0;
        let local = &mut *lock(&core.local);
        let Some(mut known) = local.calls.remove(&call) else { return };
        if !known.is_settled && !std::mem::replace(&mut known.is_sent, true) {
            core.inner.sent(call, now);
            let bookings = Core::spend_requests(local, &mut known);
            core.book(bookings, now);
        }
        local.calls.insert(call, known);
    }

    fn settle(&self, call: CallId, outcome: Outcome, now: Now) -> Vec<Crossing> {
        let core = &*self.0.0;
        let local = &mut *lock(&core.local);
        let Some(mut known) = local.calls.remove(&call) else { return Vec::new() };
        let mut crossings = Vec::new();
        if !std::mem::replace(&mut known.is_settled, true) {
            core.inner.settle(call, outcome, now);
            let was_sent = std::mem::replace(&mut known.is_sent, true);
            let mut bookings = Vec::new();
            if !was_sent && outcome != Outcome::Unsent {
                bookings = Core::spend_requests(local, &mut known);
            }
            for held in &known.held {
                let Some(share) = local.shares.get_mut(&held.name) else { continue };
                let (spent, is_estimate) = match held.name.1 {
                    Figure::Requests(_) if !was_sent && outcome == Outcome::Unsent => {
                        share.release(held.period, held.amount);
                        continue;
                    }
                    Figure::Requests(_) | Figure::Places => continue,
                    Figure::Tokens(_) => match outcome {
                        Outcome::Unsent | Outcome::Refused => (0, false),
                        Outcome::Unreported | Outcome::Used { tokens: None, .. } => (held.amount, true),
                        Outcome::Used { tokens: Some(used), is_estimate, .. } => (used.into(), is_estimate),
                    },
                    Figure::Money => match outcome {
                        Outcome::Unsent | Outcome::Refused => (0, false),
                        Outcome::Unreported | Outcome::Used { cost: None, .. } => (held.amount, true),
                        Outcome::Used { cost: Some(cost), is_estimate, .. } => (cost, is_estimate),
                    },
                };
                bookings.extend(share.spend(held.period, held.amount, spent, is_estimate));
                if held.name.1 == Figure::Money {
                    crossings.extend(share.crossing(&held.name.0));
                }
            }
            core.book(bookings, now);
            core.wake_upkeep();
        }
        local.calls.insert(call, known);
        crossings
    }

    fn leave(&self, call: CallId, now: Now) {
        let core = &*self.0.0;
        let local = &mut *lock(&core.local);
        let Some(known) = local.calls.remove(&call) else { return };
        core.inner.leave(call, now);
        for held in &known.held {
            if let (Figure::Places, Some(share)) = (held.name.1, local.shares.get_mut(&held.name)) {
                share.release(held.period, held.amount);
            }
        }
        core.wake_upkeep();
    }

    fn told(&self, key: &Key, told: &Told, now: Now) {
        self.0.0.inner.told(key, told, now);
    }

    fn adjust(
        &self,
        key: &Key,
        budget: &BudgetFigures,
        adjustment: Adjustment,
        now: Now,
    ) -> Result<BudgetUse, String> {
        let core = &*self.0.0;
        // Earlier spending is booked before it.
        upkeep::flush(core);
        let need = Core::budget_need(key, budget);
        let want = Share::new(&need).want(0, 1);
        core.link.with(|backing| backing.adjust(&core.member, &want, adjustment, now.wall)).map_err(
            |away| format!("the budget cannot be changed, as the store of its state does not answer: {away}"),
        )?;
        let local = &mut *lock(&core.local);
        let names = std::slice::from_ref(&need.name);
        local.shares.entry(need.name.clone()).or_insert_with(|| Share::new(&need)).renew(&need, now);
        core.take(local, &[want], names, now);
        Ok(local.shares.get(&need.name).map(Share::budget).unwrap_or_default())
    }

    fn budget(&self, key: &Key, budget: &BudgetFigures, now: Now) -> BudgetUse {
        let core = &*self.0.0;
        let local = &mut *lock(&core.local);
        let need = Core::budget_need(key, budget);
        // Nothing is requested, so there is no shortage.
        let _ = core.provide(local, std::slice::from_ref(&need), now);
        local.shares.get(&need.name).map(Share::budget).unwrap_or_default()
    }

    fn snapshot(&self, now: Now) -> Snapshot {
        let core = &*self.0.0;
        upkeep::refresh(core, i64::MIN);
        let local = lock(&core.local);
        let mut found = core.inner.snapshot(now);
        let used = |key: &Key, figure: Figure| {
            let share = local.shares.get(&(key.clone(), figure))?;
            Some(u64::try_from(share.used()).unwrap_or(u64::MAX))
        };
        for (key, limit) in &mut found.limits {
            for (place, per) in Per::ALL.into_iter().enumerate() {
                for (figures, figure) in
                    [(&mut limit.requests, Figure::Requests(per)), (&mut limit.tokens, Figure::Tokens(per))]
                {
                    if let (Some(Some(known)), Some(used)) = (figures.get_mut(place), used(key, figure)) {
                        *known = used;
                    }
                }
            }
            limit.in_flight = used(key, Figure::Places).unwrap_or(limit.in_flight);
        }
        let budgets = local.shares.iter().filter(|((_, figure), _)| *figure == Figure::Money);
        found.budgets = budgets.map(|((key, _), share)| (key.clone(), share.budget())).collect();
        found.budgets.sort_by(|(one, _), (other, _)| one.cmp(other));
        found
    }

    fn watch(&self, wake: Box<dyn Fn() + Send + Sync>) {
        // Only the first one: a store has one admission.
        let _ = self.0.0.wake.set(wake);
    }
}

impl Drop for User {
    fn drop(&mut self) {
        upkeep::leave(&self.0);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").field("member", &self.0.0.member).finish_non_exhaustive()
    }
}
