//! Counters of budgets: reported and estimated spending, and what is reserved by calls in flight.

use crate::{
    claim::{BudgetFigures, Key, Money},
    clock::Now,
    rolling::Rolling,
    shortage::{Short, Shortage},
    window::Window,
};

/// Shares of an amount, in percent, that are reported when reached.
pub const THRESHOLDS: [u8; 3] = [50, 80, 100];

/// The usage of a budget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BudgetUse {
    /// The amount per window, as of the last call that claimed some of it.
    pub amount: Money,
    /// The sum of top-ups.
    pub topped_up: Money,
    /// What was spent, as reported by providers.
    pub reported: Money,
    /// The maximum spent by requests whose usage was never reported.
    pub estimated: Money,
    /// The maximum that calls in flight may spend.
    pub reserved: Money,
    /// When the window ends, in seconds since 1970, if it does.
    pub ends_at: Option<i64>,
}

impl BudgetUse {
    /// The total that may be spent.
    pub fn whole(&self) -> Money {
        self.amount.saturating_add(self.topped_up)
    }

    /// The sum of what was spent and what is reserved.
    pub fn taken(&self) -> Money {
        self.reported.saturating_add(self.estimated).saturating_add(self.reserved)
    }
}

/// A budget threshold that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The budget; always there outside of this crate.
    pub key: Option<Key>,
    /// The threshold, in percent.
    pub percent: u8,
    /// The usage of the budget.
    pub budget: BudgetUse,
}

/// A sum over this period, or over a rolling window.
#[derive(Debug)]
enum Sum {
    Plain(Money),
    Rolling(Rolling),
}

impl Sum {
    fn new(window: &Window) -> Self {
        match window {
            Window::Rolling(length) => Self::Rolling(Rolling::new(*length)),
            Window::Total | Window::Calendar(..) => Self::Plain(0),
        }
    }

    fn get(&mut self, now: u64) -> Money {
        match self {
            Self::Plain(sum) => *sum,
            Self::Rolling(log) => log.sum(now),
        }
    }

    fn add(&mut self, now: u64, amount: Money) {
        match self {
            Self::Plain(sum) => *sum = sum.saturating_add(amount),
            Self::Rolling(log) => log.add(now, amount),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Plain(sum) => *sum = 0,
            Self::Rolling(log) => log.clear(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct BudgetCounter {
    figures: BudgetFigures,
    reported: Sum,
    estimated: Sum,
    topped_up: Sum,
    reserved: Money,
    /// When the period ends, in seconds since 1970.
    ends_at: Option<i64>,
    /// The number of the period.
    period: u64,
    /// How many of the thresholds have been reported.
    told: usize,
}

impl BudgetCounter {
    pub(crate) fn new(figures: &BudgetFigures, now: Now) -> Self {
        let sum = || Sum::new(&figures.window);
        Self {
            figures: figures.clone(),
            reported: sum(),
            estimated: sum(),
            topped_up: sum(),
            reserved: 0,
            ends_at: figures.window.end(now.seconds()),
            period: 0,
            told: 0,
        }
    }

    /// Applies changed figures, and begins the next period if this one is over.
    pub(crate) fn renew(&mut self, figures: Option<&BudgetFigures>, now: Now) {
        if let Some(figures) = figures.filter(|figures| **figures != self.figures) {
            if figures.window != self.figures.window {
                self.change_window(figures, now);
            }
            if figures.amount > self.figures.amount {
                self.told = 0;
            }
            self.figures = figures.clone();
        }
        if self.ends_at.is_some_and(|end| now.seconds() >= end) {
            self.ends_at = self.figures.window.end(now.seconds());
            self.period += 1;
            self.reserved = 0;
            self.told = 0;
            for sum in [&mut self.reported, &mut self.estimated, &mut self.topped_up] {
                sum.clear();
            }
        }
    }

    /// What has been spent so far counts as spent in the new window, since its times are not known.
    fn change_window(&mut self, figures: &BudgetFigures, now: Now) {
        for sum in [&mut self.reported, &mut self.estimated, &mut self.topped_up] {
            let amount = sum.get(now.steady);
            *sum = Sum::new(&figures.window);
            sum.add(now.steady, amount);
        }
        self.ends_at = figures.window.end(now.seconds());
    }

    /// Why `asked` does not fit; `None` if it does.
    pub(crate) fn shortage(&mut self, asked: Money, now: Now) -> Option<Shortage> {
        let is_hard = self.figures.is_hard;
        let found = self.in_use(now);
        let (whole, taken) = (found.whole(), found.taken());
        let over = taken.saturating_add(asked).saturating_sub(whole);
        if over == 0 || asked == 0 || !is_hard {
            return None;
        }
        let until =
            |end: i64| u64::try_from(end.saturating_mul(1000).saturating_sub(now.wall)).unwrap_or_default();
        let ready_at = match (&self.reported, &self.estimated) {
            _ if asked > whole => None,
            (Sum::Rolling(reported), Sum::Rolling(estimated)) => {
                // Either log alone may free enough; both together do so no later.
                [reported.freed_at(over), estimated.freed_at(over)].into_iter().flatten().min().or(
                    // At the latest when everything has expired.
                    Some(now.steady.saturating_add(reported.window())),
                )
            }
            _ => found.ends_at.map(|end| now.steady.saturating_add(until(end))),
        };
        Some(Shortage {
            what: Short::Budget,
            limit: whole,
            used: taken,
            in_flight: found.reserved,
            asked,
            ready_at,
            is_certain: found.reserved == 0 || asked > whole,
            ..Shortage::default()
        })
    }

    /// Reserves, and returns the period of the reservation.
    pub(crate) fn reserve(&mut self, amount: Money) -> u64 {
        self.reserved = self.reserved.saturating_add(amount);
        self.period
    }

    /// Settles a reservation: of what was `reserved` in `period` this was spent. A past period is not reopened.
    pub(crate) fn settle(
        &mut self,
        period: u64,
        reserved: Money,
        spent: Money,
        is_estimate: bool,
        now: Now,
    ) -> Option<Crossing> {
        self.renew(None, now);
        if period != self.period {
            return None;
        }
        self.reserved = self.reserved.saturating_sub(reserved);
        let sum = if is_estimate { &mut self.estimated } else { &mut self.reported };
        sum.add(now.steady, spent);
        self.crossing(now)
    }

    /// The highest threshold reached since the last call that has not been reported.
    fn crossing(&mut self, now: Now) -> Option<Crossing> {
        let found = self.in_use(now);
        let spent = found.reported.saturating_add(found.estimated);
        let whole = found.whole();
        let is_reached = |percent: &u8| {
            spent > 0 && spent.saturating_mul(100) >= whole.saturating_mul(u128::from(*percent))
        };
        let reached = THRESHOLDS.iter().filter(|percent| is_reached(percent)).count();
        let before = std::mem::replace(&mut self.told, reached);
        // The sum of a rolling window may decrease: a threshold that is reached again is reported again.
        let percent = THRESHOLDS.iter().take(reached).skip(before).last()?;
        Some(Crossing { key: None, percent: *percent, budget: found })
    }

    pub(crate) fn top_up(&mut self, amount: Money, now: Now) {
        self.topped_up.add(now.steady, amount);
        self.crossing(now);
    }

    pub(crate) fn reset(&mut self) {
        self.reported.clear();
        self.estimated.clear();
        self.told = 0;
    }

    pub(crate) fn in_use(&mut self, now: Now) -> BudgetUse {
        self.renew(None, now);
        BudgetUse {
            amount: self.figures.amount,
            topped_up: self.topped_up.get(now.steady),
            reported: self.reported.get(now.steady),
            estimated: self.estimated.get(now.steady),
            reserved: self.reserved,
            ends_at: self.ends_at,
        }
    }

    /// Whether it can be removed without losing anything.
    pub(crate) fn is_idle(&mut self, now: Now) -> bool {
        let found = self.in_use(now);
        found.taken() == 0 && found.topped_up == 0
    }
}
