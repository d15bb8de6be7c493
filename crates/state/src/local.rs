//! Local view of shared counters: the process's blocks, the reservations of calls in flight, and what was spent.

use crate::{
    backing::{Standing, Want},
    record::{ANY_PERIOD, Booking},
};
use ferrule_admission::{
    BudgetUse, Claim, Crossing, Demand, Key, LimitFigures, Now, Per, Short, Shortage, THRESHOLDS, Window,
};
use std::{collections::HashMap, sync::Arc};

/// How long a shortage is remembered, in milliseconds.
const KNOWN_SHORT: i64 = 50;
/// The share of a counter that all members together keep in reserve: half a percent.
const SPARE: u128 = 200;

/// The figure of a limit or a budget that a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Figure {
    Money,
    Requests(Per),
    Tokens(Per),
    Places,
}

/// The name of a counter.
pub(crate) type Name = (Key, Figure);

impl Figure {
    fn name(self) -> String {
        match self {
            Self::Money => "money".to_owned(),
            Self::Requests(per) => format!("requests per {}", per.name()),
            Self::Tokens(per) => format!("tokens per {}", per.name()),
            Self::Places => "places".to_owned(),
        }
    }

    const fn short(self) -> Short {
        match self {
            Self::Money => Short::Budget,
            Self::Requests(per) => Short::Requests(per),
            Self::Tokens(per) => Short::Tokens(per),
            Self::Places => Short::Concurrency,
        }
    }
}

/// The amount that a call needs of one counter.
#[derive(Debug)]
pub(crate) struct Need {
    /// The index of its claim.
    pub(crate) claim: usize,
    pub(crate) name: Name,
    pub(crate) asked: u128,
    pub(crate) whole: u128,
    pub(crate) window: Arc<Window>,
    /// Whether a call that does not fit is refused.
    pub(crate) is_hard: bool,
}

/// The amounts that `claims` need of shared counters.
pub(crate) fn needs(claims: &[Claim]) -> Vec<Need> {
    let mut needs = Vec::new();
    for (claim, Claim { key, demand, .. }) in claims.iter().enumerate() {
        match demand {
            Demand::Budget { budget, amount } => needs.push(Need {
                claim,
                name: (key.clone(), Figure::Money),
                asked: *amount,
                whole: budget.amount,
                window: Arc::clone(&budget.window),
                is_hard: budget.is_hard,
            }),
            Demand::Limit { limit, tokens, is_open } => {
                let tokens = limit.counted(*tokens, *is_open);
                for (figure, whole, asked) in figures(limit, tokens) {
                    let window = match figure {
                        Figure::Requests(per) | Figure::Tokens(per) => Window::Rolling(per.milliseconds()),
                        Figure::Money | Figure::Places => Window::Total,
                    };
                    let (name, window) = ((key.clone(), figure), Arc::new(window));
                    needs.push(Need { claim, name, asked, whole, window, is_hard: true });
                }
            }
            Demand::Provider { .. } => {}
        }
    }
    needs
}

fn figures(limit: &LimitFigures, tokens: u64) -> impl Iterator<Item = (Figure, u128, u128)> + use<> {
    let LimitFigures { requests, tokens: most_tokens, concurrency } = *limit;
    let requests = Per::ALL.into_iter().zip(requests);
    let requests = requests.filter_map(|(per, most)| Some((Figure::Requests(per), most?.into(), 1)));
    let of_tokens = Per::ALL.into_iter().zip(most_tokens);
    let of_tokens =
        of_tokens.filter_map(move |(per, most)| Some((Figure::Tokens(per), most?.into(), tokens.into())));
    let places = concurrency.map(|most| (Figure::Places, most.into(), 1));
    requests.chain(of_tokens).chain(places)
}

/// A sum that was spent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    reported: u128,
    estimated: u128,
}

impl Spent {
    fn add(&mut self, other: Self) {
        self.reported = self.reported.saturating_add(other.reported);
        self.estimated = self.estimated.saturating_add(other.estimated);
    }

    fn all(self) -> u128 {
        self.reported.saturating_add(self.estimated)
    }
}

fn signed(amount: u128) -> i128 {
    i128::try_from(amount).unwrap_or(i128::MAX)
}

/// The process's share of a counter.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) name: Arc<str>,
    figure: Figure,
    whole: u128,
    window: Arc<Window>,
    /// The state of the counter when the backing was last queried; `None` if it never was.
    standing: Option<Standing>,
    /// The unspent part of the block; negative if a call used more than it reserved.
    block: i128,
    /// The reservations of calls in flight.
    reserved: u128,
    /// Spending that has not been sent to the backing.
    pending: Spent,
    /// Spending that is being sent.
    flushing: Spent,
    /// The part that is being returned.
    returning: u128,
    used_at: i64,
    /// Between which times a shortage is known, and of how much.
    denied: Option<(i64, i64, u128)>,
    /// How many of the thresholds have been reported.
    told: usize,
}

impl Share {
    pub(crate) fn new(need: &Need) -> Self {
        let (key, figure) = &need.name;
        Self {
            name: format!("{}\u{1f}{}\u{1f}{}", key.rule, key.value, figure.name()).into(),
            figure: *figure,
            whole: need.whole,
            window: Arc::clone(&need.window),
            standing: None,
            block: 0,
            reserved: 0,
            pending: Spent::default(),
            flushing: Spent::default(),
            returning: 0,
            used_at: i64::MIN,
            denied: None,
            told: 0,
        }
    }

    /// Applies the figures of `need`, and leaves a period that is over.
    pub(crate) fn renew(&mut self, need: &Need, now: Now) {
        if self.whole != need.whole || self.window != need.window {
            if need.whole > self.whole {
                self.told = 0;
            }
            if self.window != need.window {
                self.standing = None;
            }
            (self.whole, self.window) = (need.whole, Arc::clone(&need.window));
            self.denied = None;
        }
        self.used_at = now.wall;
        let end = self.standing.as_ref().and_then(|standing| standing.ends_at);
        if end.is_some_and(|end| now.wall.div_euclid(1000) >= end) {
            self.begin();
        }
    }

    /// Resets everything for a new period.
    fn begin(&mut self) {
        (self.standing, self.block, self.reserved, self.told) = (None, 0, 0, 0);
        (self.pending, self.flushing, self.returning) = (Spent::default(), Spent::default(), 0);
        self.denied = None;
    }

    /// Marks the block as uncertain: it may have been taken over as that of a dead process.
    pub(crate) fn doubt(&mut self) {
        self.block = self.block.min(0);
    }

    /// The period, if known.
    pub(crate) fn period(&self) -> Option<u64> {
        self.standing.as_ref().map(|standing| standing.period)
    }

    /// How much the block lacks of the requested amount.
    pub(crate) fn lacking(&self, asked: u128) -> u128 {
        let available = self.block.saturating_sub(signed(self.reserved));
        u128::try_from(signed(asked).saturating_sub(available)).unwrap_or_default()
    }

    pub(crate) fn is_known(&self) -> bool {
        self.standing.is_some()
    }

    /// The request to the backing that makes it sufficient.
    pub(crate) fn want(&self, needed: u128, members: usize) -> Want {
        let members = u128::try_from(members.max(1)).unwrap_or(1);
        Want {
            name: Arc::clone(&self.name),
            whole: self.whole,
            window: Arc::clone(&self.window),
            is_places: self.figure == Figure::Places,
            needed,
            spare: self.spare(members),
        }
    }

    fn spare(&self, members: u128) -> u128 {
        self.whole.checked_div(SPARE.saturating_mul(members)).unwrap_or_default()
    }

    /// Applies a state of the counter from the backing.
    pub(crate) fn see(&mut self, standing: Standing) {
        if self.period().is_some_and(|period| period != standing.period) {
            self.begin();
        }
        // Everything that the backing does not know of yet.
        let unknown = self.pending.all().saturating_add(self.flushing.all()).saturating_add(self.returning);
        self.block = signed(standing.mine).saturating_sub(signed(unknown));
        if self.standing.as_ref() != Some(&standing) {
            self.denied = None;
        }
        self.standing = Some(standing);
    }

    pub(crate) fn deny(&mut self, needed: u128, now: Now) {
        let freed_at = self.standing.as_ref().and_then(|standing| standing.freed_at);
        let until = now.wall.saturating_add(KNOWN_SHORT).min(freed_at.unwrap_or(i64::MAX));
        self.denied = Some((now.wall, until, needed));
    }

    /// Whether a shortage of this amount is known.
    pub(crate) fn is_denied(&self, needed: u128, now: Now) -> bool {
        self.denied.is_some_and(|(from, until, known)| needed >= known && (from..until).contains(&now.wall))
    }

    /// Why `asked` does not fit.
    pub(crate) fn shortage(&self, claim: usize, asked: u128, now: Now) -> Shortage {
        let standing = self.standing.clone().unwrap_or_default();
        let limit = self.whole.saturating_add(standing.topped_up);
        let is_never = asked > limit;
        let freed_at = standing.freed_at.or_else(|| {
            // At the latest when everything has expired.
            let Window::Rolling(length) = *self.window else { return None };
            (self.figure == Figure::Money)
                .then(|| now.wall.saturating_add(i64::try_from(length).unwrap_or(i64::MAX)))
        });
        let freed_at = freed_at.or_else(|| standing.ends_at.map(|end| end.saturating_mul(1000)));
        let ready_at = freed_at.filter(|_| !is_never).map(|at| {
            now.steady.saturating_add(u64::try_from(at.saturating_sub(now.wall)).unwrap_or_default())
        });
        let in_flight = self.reserved.saturating_add(standing.others);
        Shortage {
            claim,
            what: self.figure.short(),
            limit,
            used: self.spent().all().saturating_add(in_flight),
            in_flight,
            asked,
            ready_at,
            is_certain: in_flight == 0 || is_never,
        }
    }

    pub(crate) fn reserve(&mut self, amount: u128) {
        self.reserved = self.reserved.saturating_add(amount);
    }

    /// Releases what was `held` in `period` without spending.
    pub(crate) fn release(&mut self, period: Option<u64>, held: u128) {
        if period.is_none() || self.period() == period {
            self.reserved = self.reserved.saturating_sub(held);
            self.denied = None;
        }
    }

    /// Spends this part of what was `held` in `period`. A past period is not reopened.
    pub(crate) fn spend(
        &mut self,
        period: Option<u64>,
        held: u128,
        spent: u128,
        is_estimate: bool,
    ) -> Option<Booking> {
        if period.is_some() && self.period() != period {
            return None;
        }
        self.reserved = self.reserved.saturating_sub(held);
        self.block = self.block.saturating_sub(signed(spent));
        let (reported, estimated) = if is_estimate { (0, spent) } else { (spent, 0) };
        self.pending.add(Spent { reported, estimated });
        self.denied = None;
        let period = period.or(self.period()).unwrap_or(ANY_PERIOD);
        (spent > 0).then(|| Booking { name: self.name.to_string(), period, reported, estimated })
    }

    /// The total spending, as far as known here.
    fn spent(&self) -> Spent {
        let mut spent = self.flushing;
        spent.add(self.pending);
        if let Some(Standing { reported, estimated, .. }) = self.standing {
            spent.add(Spent { reported, estimated });
        }
        spent
    }

    /// Everything that counts: spent, or held by any member.
    pub(crate) fn used(&self) -> u128 {
        let others = self.standing.as_ref().map_or(0, |standing| standing.others);
        self.spent().all().saturating_add(self.reserved).saturating_add(others)
    }

    pub(crate) fn budget(&self) -> BudgetUse {
        let (spent, standing) = (self.spent(), self.standing.clone().unwrap_or_default());
        BudgetUse {
            amount: self.whole,
            topped_up: standing.topped_up,
            reported: spent.reported,
            estimated: spent.estimated,
            reserved: self.reserved.saturating_add(standing.others),
            ends_at: standing.ends_at,
        }
    }

    /// The highest threshold reached since the last call that has not been reported here.
    pub(crate) fn crossing(&mut self, key: &Key) -> Option<Crossing> {
        let budget = self.budget();
        let (spent, whole) = (budget.reported.saturating_add(budget.estimated), budget.whole());
        let is_reached = |percent: &u8| {
            spent > 0 && spent.saturating_mul(100) >= whole.saturating_mul(u128::from(*percent))
        };
        let reached = THRESHOLDS.iter().filter(|percent| is_reached(percent)).count();
        let before = std::mem::replace(&mut self.told, reached);
        let percent = *THRESHOLDS.iter().take(reached).skip(before).last()?;
        Some(Crossing { key: Some(key.clone()), percent, budget })
    }

    /// Starts sending what was spent so far to the backing.
    pub(crate) fn flush(&mut self) -> bool {
        let pending = std::mem::take(&mut self.pending);
        self.flushing.add(pending);
        self.flushing.all() > 0
    }

    /// Records whether it arrived.
    pub(crate) fn flushed(&mut self, has_arrived: bool) {
        let flushing = std::mem::take(&mut self.flushing);
        if !has_arrived {
            self.pending.add(flushing);
        }
    }

    /// The amount to return: what is not needed, if the counter is not in use or other members want some; otherwise
    /// what exceeds the reserve.
    pub(crate) fn give_back(&mut self, is_wanted: bool, members: usize, idle_since: i64) -> u128 {
        let unused = u128::try_from(self.block.saturating_sub(signed(self.reserved))).unwrap_or_default();
        let members = u128::try_from(members.max(1)).unwrap_or(1);
        let keep = if is_wanted || self.used_at < idle_since { 0 } else { self.spare(members) };
        let part = unused.saturating_sub(keep);
        self.returning = self.returning.saturating_add(part);
        self.block = self.block.saturating_sub(signed(part));
        part
    }

    /// Records whether it was returned.
    pub(crate) fn given_back(&mut self, part: u128, has_arrived: bool) {
        self.returning = self.returning.saturating_sub(part);
        self.denied = None;
        if !has_arrived {
            self.block = self.block.saturating_add(signed(part));
        }
    }

    /// Whether it can be removed without losing anything.
    pub(crate) fn is_idle(&self, since: i64) -> bool {
        let unknown = self.pending.all().saturating_add(self.flushing.all()).saturating_add(self.returning);
        self.used_at < since && self.block <= 0 && self.reserved == 0 && unknown == 0
    }

    /// Whether it has been used since.
    pub(crate) fn is_used(&self, since: i64) -> bool {
        self.used_at >= since
    }
}

/// The holdings of a call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) held: Vec<Held>,
    pub(crate) is_sent: bool,
    pub(crate) is_settled: bool,
}

/// A call's holding of one counter.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) name: Name,
    pub(crate) amount: u128,
    pub(crate) period: Option<u64>,
}

/// All shares, and all calls in flight.
#[derive(Debug, Default)]
pub(crate) struct Local {
    pub(crate) shares: HashMap<Name, Share>,
    pub(crate) calls: HashMap<u64, Call>,
    /// The number of members.
    pub(crate) members: usize,
    /// When the backing last responded.
    pub(crate) heard_at: i64,
}
