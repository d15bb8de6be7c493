//! Call plan: which candidates are tried, in which order, and what follows a failed attempt. Pure: no clock, no I/O;
//! `call` executes it.
//!
//! While an untried candidate is left, a failure that another candidate might avoid moves the call on at once. When all
//! have been tried, a new round begins: the candidate that is ready first is retried after its delay, as often as the
//! call's retries allow. With one candidate that is the usual retry.

mod backoff;
mod seat;

pub(crate) use seat::{Pool, Seat};

use crate::{
    failover::{FailoverOn, Reason},
    failure::{Failure, TimeoutKind},
    policy_options::{AllOpen, RetryPolicy},
    retry::{Again, Failed},
};
use backoff::MAX_RETRY_AFTER;
use seat::Standing;
use std::{mem, time::Duration};

/// How often a call checks whether a target at its concurrency limit has a free slot.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Try this candidate after a delay.
    Attempt {
        /// Its position among the candidates.
        seat: usize,
        /// How long to wait first.
        wait: Duration,
        /// Whether it is tried although its breaker is open.
        insist: bool,
    },
    /// Try the same candidate again at once: what failed was a kept-alive connection.
    Repeat,
    /// Renew the candidate's credentials and try it again at once.
    RenewCredentials,
    /// Try the same candidate with its next key at once.
    NextKey,
    /// Report the failure.
    GiveUp,
}

/// The rules of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) retry: RetryPolicy,
    pub(crate) failover_on: FailoverOn,
    /// What happens when every breaker is open; if absent, the number of candidates decides.
    pub(crate) all_open: Option<AllOpen>,
    /// The maximum number of candidates that are tried.
    pub(crate) max_targets: Option<u32>,
}

/// The circumstances of a decision: time and retry budget.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// How long the call has taken so far.
    pub(crate) now: Duration,
    /// How much of its time is left.
    pub(crate) remaining: Duration,
    /// Whether the retry budget has something left.
    pub(crate) may_retry: bool,
}

/// The credentials of an attempt, as far as they matter when it was refused.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Keys {
    /// Whether they can be renewed.
    pub(crate) has_grant: bool,
    /// Whether the provider has another usable key.
    pub(crate) has_another: bool,
}

/// Why a candidate cannot be tried on its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its breaker is open.
    Open {
        /// The time until it is due for a probe.
        reopens: Duration,
    },
    /// It is at its concurrency limit.
    Busy,
    /// None of its keys is usable now.
    NoKey {
        /// The time until one is, if waiting may help this call.
        usable_in: Option<Duration>,
    },
    /// This call cannot use it at all.
    Unusable,
}

/// The progress of a call.
#[derive(Debug)]
pub(crate) struct Plan {
    rules: Rules,
    seats: Vec<Seat>,
    pool: Pool,
    /// The current candidate's position.
    current: usize,
    /// Attempts beyond one for each candidate.
    retries: u32,
    /// Whether a renewal of the current candidate's credentials has been attempted already.
    renewed: bool,
    /// Whether an attempt there that did not count has been repeated already.
    repeated: bool,
}

impl Plan {
    /// The plan of a call to `seats`, in their order.
    pub(crate) fn new(seats: Vec<Seat>, rules: Rules) -> Self {
        let has = |pool: Pool| seats.iter().any(|seat| seat.pool == pool);
        // The prompt is known to be too long for the group.
        let pool = if !has(Pool::Group) && has(Pool::Context) { Pool::Context } else { Pool::Group };
        Self { rules, seats, pool, current: 0, retries: 0, renewed: false, repeated: false }
    }

    /// The first candidate.
    pub(crate) fn first(&mut self) -> Step {
        self.fresh().map_or(Step::GiveUp, |seat| self.attempt(seat, Duration::ZERO, false))
    }

    /// The other candidates that have not been tried.
    pub(crate) fn others(&self) -> impl Iterator<Item = usize> {
        let current = self.seats.get(self.current);
        let is_left = move |place: &usize, seat: &Seat| {
            *place != self.current
                && self.is_in_play(seat)
                && seat.standing == Standing::Fresh
                && current.is_none_or(|current| !current.is_same(seat))
        };
        let more = self.asked() + u32::from(self.seats.get(self.current).is_some_and(|seat| seat.asked == 0));
        let may_ask = self.rules.max_targets.is_none_or(|most| more < most);
        self.seats
            .iter()
            .enumerate()
            .filter(move |_| may_ask)
            .filter(move |(place, seat)| is_left(place, seat))
            .map(|(place, _)| place)
    }

    /// Whether a candidate has been tried.
    pub(crate) fn was_asked(&self, seat: usize) -> bool {
        self.seats.get(seat).is_some_and(|seat| seat.asked > 0)
    }

    /// Makes this candidate the current one: of two raced candidates it is the one that counts.
    pub(crate) fn turn_to(&mut self, seat: usize) {
        if seat != self.current {
            (self.renewed, self.repeated) = (false, false);
        }
        self.current = seat;
    }

    /// The same candidate is tried with a different request.
    pub(crate) fn once_more(&mut self) -> Step {
        self.uncounted();
        self.attempt(self.current, Duration::ZERO, false)
    }

    /// An attempt at this candidate failed while another one was in flight.
    pub(crate) fn lost(&mut self, seat: usize, failed: &Failed, now: Duration) {
        let current = mem::replace(&mut self.current, seat);
        if let Some(seat) = self.seats.get_mut(seat) {
            seat.asked = seat.asked.saturating_add(1);
        }
        self.judge(failed, Reason::from_attempt(failed), now);
        self.current = current;
    }

    /// An attempt at this candidate was cancelled: it was slower than another one.
    pub(crate) fn given_up(&mut self, seat: usize) {
        if let Some(seat) = self.seats.get_mut(seat) {
            seat.asked = seat.asked.saturating_add(1);
            seat.standing = Standing::Failed;
        }
    }

    /// Whether a failure of this kind leads to an untried candidate.
    pub(crate) fn has_another_for(&self, reason: Reason) -> bool {
        let is_fresh = |place: usize, seat: &Seat| place != self.current && seat.standing == Standing::Fresh;
        let mut seats = self.seats.iter().enumerate();
        if reason == Reason::ContentFilter && self.pool != Pool::Filter && self.has_pool(Pool::Filter) {
            return seats.any(|(place, seat)| is_fresh(place, seat) && seat.pool == Pool::Filter);
        }
        self.rules.failover_on.contains(reason)
            && seats.any(|(place, seat)| is_fresh(place, seat) && self.is_in_play(seat))
    }

    fn has_pool(&self, pool: Pool) -> bool {
        self.seats.iter().any(|seat| seat.pool == pool)
    }

    /// Whether the request may be needed again for an untried candidate.
    pub(crate) fn may_encode_another(&self) -> bool {
        self.seats.iter().enumerate().any(|(place, seat)| place != self.current && seat.asked == 0)
    }

    /// What to do after an attempt that ended with `failed`.
    pub(crate) fn after(&mut self, failed: &Failed, keys: Keys, moment: Moment) -> Step {
        let in_time = !moment.remaining.is_zero();
        if failed.again == Again::AtOnce && !self.repeated && in_time {
            self.repeated = true;
            return Step::Repeat;
        }
        if let Some(seat) = self.seats.get_mut(self.current) {
            seat.asked = seat.asked.saturating_add(1);
        }
        if keys.has_grant && !self.renewed && failed.is_refusal() && in_time {
            self.renewed = true;
            return Step::RenewCredentials;
        }
        self.with_another_key(failed, keys, moment)
    }

    /// What to do if the credentials were not renewed.
    pub(crate) fn with_another_key(&mut self, failed: &Failed, keys: Keys, moment: Moment) -> Step {
        let is_of_the_key = Reason::from_attempt(failed).is_of_the_key() || failed.is_refused_access();
        if keys.has_another && is_of_the_key && !moment.remaining.is_zero() {
            return Step::NextKey;
        }
        self.instead(failed, moment)
    }

    /// What to do if the same candidate is not retried at once.
    pub(crate) fn instead(&mut self, failed: &Failed, moment: Moment) -> Step {
        if moment.remaining.is_zero() {
            return Step::GiveUp;
        }
        let reason = Reason::from_attempt(failed);
        self.judge(failed, reason, moment.now);
        let moves = match reason {
            Reason::ContextLength => self.go_where_more_fits(),
            Reason::ContentFilter => self.go_where_no_filter_is(),
            _ => self.rules.failover_on.contains(reason),
        };
        if moves && let Some(seat) = self.fresh() {
            return self.attempt(seat, Duration::ZERO, false);
        }
        self.anew(moves, moment)
    }

    /// What to do if the current candidate cannot be tried; `failed` is how the last attempt ended, if there was one.
    pub(crate) fn skip(&mut self, refusal: Refusal, moment: Moment) -> Step {
        if let Some(seat) = self.seats.get_mut(self.current) {
            seat.standing = match refusal {
                Refusal::Open { reopens } => Standing::Open { reopens },
                Refusal::Busy => Standing::Busy,
                // A key that is suspended for long is not waited for, just as a long `Retry-After` is not.
                Refusal::NoKey { usable_in: Some(wait) } if wait <= MAX_RETRY_AFTER => {
                    seat.ready = moment.now.saturating_add(wait);
                    Standing::Failed
                }
                Refusal::NoKey { .. } | Refusal::Unusable => Standing::Out,
            };
        }
        if moment.remaining.is_zero() {
            return Step::GiveUp;
        }
        if let Some(seat) = self.fresh() {
            return self.attempt(seat, Duration::ZERO, false);
        }
        self.anew(true, moment)
    }

    /// The credentials were renewed or another key is used: the attempt before does not count.
    pub(crate) fn uncounted(&mut self) {
        if let Some(seat) = self.seats.get_mut(self.current) {
            seat.asked = seat.asked.saturating_sub(1);
        }
    }

    fn attempt(&mut self, seat: usize, wait: Duration, insist: bool) -> Step {
        if seat != self.current {
            (self.renewed, self.repeated) = (false, false);
        }
        self.current = seat;
        Step::Attempt { seat, wait, insist }
    }

    fn is_in_play(&self, seat: &Seat) -> bool {
        seat.pool == self.pool
    }

    /// How many candidates have been tried.
    fn asked(&self) -> u32 {
        self.seats.iter().map(|seat| u32::from(seat.asked > 0)).sum()
    }

    /// The next untried candidate.
    fn fresh(&self) -> Option<usize> {
        if self.rules.max_targets.is_some_and(|most| self.asked() >= most) {
            return None;
        }
        self.seats.iter().position(|seat| self.is_in_play(seat) && seat.standing == Standing::Fresh)
    }

    /// Records what a failure says about its candidate.
    fn judge(&mut self, failed: &Failed, reason: Reason, now: Duration) {
        let is_alone = self.is_alone();
        let policy = self.rules.retry;
        let Some(seat) = self.seats.get_mut(self.current) else { return };
        // A silent candidate is not retried while there are others; if it is the only one, retries are for that.
        let is_silent =
            matches!(&failed.failure, Failure::Timeout(expired) if expired.kind != TimeoutKind::Connect);
        let ready = backoff::delay(failed, seat.asked, &policy);
        seat.standing = match ready {
            Some(wait) if failed.again != Again::Never && (is_alone || !is_silent) => {
                seat.ready = now.saturating_add(wait);
                Standing::Failed
            }
            _ => Standing::Out,
        };
        if matches!(reason, Reason::Ended) {
            seat.standing = Standing::Out;
        }
        let judged = seat.clone();
        // Failures that other options might avoid belong to the request; the rest belong to the target, however often
        // it is listed.
        if !matches!(reason, Reason::ContextLength | Reason::ContentFilter) {
            let same = |seat: &&mut Seat| seat.standing == Standing::Fresh && seat.is_same(&judged);
            for seat in self.seats.iter_mut().filter(same) {
                (seat.standing, seat.ready) = (judged.standing, judged.ready);
            }
        }
    }

    /// Whether all seats have the same target.
    fn is_alone(&self) -> bool {
        let Some((first, others)) = self.seats.split_first() else { return true };
        others.iter().all(|other| other.is_same(first))
    }

    /// The prompt was too long: drops candidates whose context window is no larger, and turns to the `context_fallback`
    /// models if none is left. Returns whether a candidate may accept a longer prompt.
    fn go_where_more_fits(&mut self) -> bool {
        if !self.rules.failover_on.contains(Reason::ContextLength) {
            return false;
        }
        let window = self.seats.get(self.current).and_then(|seat| seat.window);
        for seat in &mut self.seats {
            if seat.pool == self.pool && !seat.reads_more_than(window) {
                seat.standing = Standing::Out;
            }
        }
        if let Some(seat) = self.seats.get_mut(self.current) {
            seat.standing = Standing::Out;
        }
        let is_over = |seat: &Seat| seat.pool == self.pool && seat.standing == Standing::Fresh;
        if !self.seats.iter().any(is_over) && self.seats.iter().any(|seat| seat.pool == Pool::Context) {
            self.pool = Pool::Context;
        }
        true
    }

    /// A content filter refused: turns to the `content_filter_fallback` models, if any. Returns whether the call moves
    /// on.
    fn go_where_no_filter_is(&mut self) -> bool {
        if self.pool != Pool::Filter && self.has_pool(Pool::Filter) {
            self.pool = Pool::Filter;
            return true;
        }
        self.rules.failover_on.contains(Reason::ContentFilter)
    }

    /// All candidates have been tried: which one is retried, and when. If the last failure does not move the call
    /// (`moves`), only the candidate that failed is considered.
    fn anew(&mut self, moves: bool, moment: Moment) -> Step {
        let again = self
            .seats
            .iter()
            .enumerate()
            .filter(|(place, seat)| {
                self.is_in_play(seat)
                    && seat.standing == Standing::Failed
                    && (moves || *place == self.current)
            })
            // The first of several that are ready at the same time.
            .min_by_key(|(_, seat)| seat.ready.max(moment.now))
            .map(|(place, seat)| (place, seat.ready.saturating_sub(moment.now)));
        match again {
            Some((seat, wait)) => {
                if self.retries >= self.rules.retry.max_retries
                    || !moment.may_retry
                    || wait >= moment.remaining
                {
                    return Step::GiveUp;
                }
                self.retries += 1;
                self.attempt(seat, wait, false)
            }
            None if moves => self.when_none_is_left(moment),
            None => Step::GiveUp,
        }
    }

    /// Every candidate is out, busy, or has an open breaker.
    fn when_none_is_left(&mut self, moment: Moment) -> Step {
        let pool = self.pool;
        for seat in self.seats.iter_mut().filter(|seat| seat.pool == pool && seat.standing == Standing::Busy)
        {
            seat.standing = Standing::Fresh;
        }
        if let Some(busy) = self.fresh() {
            return if BUSY_PAUSE < moment.remaining {
                self.attempt(busy, BUSY_PAUSE, false)
            } else {
                Step::GiveUp
            };
        }
        let is_alone = self.is_alone();
        let all_open = self.rules.all_open.unwrap_or(if is_alone { AllOpen::Ask } else { AllOpen::Fail });
        let reopens = |seat: &Seat| match seat.standing {
            Standing::Open { reopens } => Some(reopens),
            _ => None,
        };
        let seats = self.seats.iter().enumerate().filter(|(_, seat)| self.is_in_play(seat));
        let next =
            seats.filter_map(|(place, seat)| Some((place, reopens(seat)?))).min_by_key(|(_, wait)| *wait);
        match next {
            Some((seat, _)) if all_open == AllOpen::Ask && moment.may_retry => {
                self.attempt(seat, Duration::ZERO, true)
            }
            _ => Step::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests;
