//! Races of a call (hedging): a second attempt at another target while the first is slow, and the handling of the
//! loser.

use super::{Run, key, log, make_ready};
use crate::{
    attempt::{Ended, Turn, Window},
    failover::Reason,
    hedge::{self, Other, Raced, Second},
    keys::KeyInUse,
    pace::hedge_budget,
    reply::{Next, Outcome},
    routing_options::Hedge,
    target_state::{self, Lease},
    work::Work,
};
use std::time::Duration;

impl<W: Work> Run<'_, W> {
    /// The delay after which another candidate is tried as well; `None` for never.
    pub(super) fn hedge_delay(&self, turn: &Turn) -> Option<Duration> {
        let hedge = self.policy.patience.hedge;
        if hedge == Hedge::Off || self.hedged || !self.has_another() {
            return None;
        }
        match hedge {
            Hedge::Off => None,
            Hedge::After(delay) => Some(delay),
            Hedge::AfterP95 => {
                let list = self.candidates.list.iter().enumerate();
                // The latencies of a suspended target are out of date.
                let asked = list.filter(|(seat, one)| *seat == turn.seat || one.is_usable());
                let times = asked.filter_map(|(_, one)| Some(one.state.as_ref()?.statistics()));
                hedge::usual(times, &self.candidates.pace.speed, turn.target.stream)
            }
        }
    }

    /// Races the attempt against one at the next candidate if it is slow. Returns the one that counts.
    pub(super) async fn race(&mut self, turn: Turn, delay: Duration) -> (Turn, Ended<W::Received>) {
        let window = self.window(&turn);
        let raced = hedge::race(turn, window, &self.work, delay, || self.rival()).await;
        let Raced { turn, ended, other } = raced;
        if let Some(other) = other {
            self.hedged = true;
            self.lost(other, &turn);
        }
        if turn.seat != self.current {
            self.taken = turn.key.iter().map(KeyInUse::index).collect();
        }
        self.current = turn.seat;
        self.plan.turn_to(turn.seat);
        (turn, ended)
    }

    /// The second attempt, if there is a candidate for it and the hedge budget has something left.
    fn rival(&self) -> Option<Second<W>> {
        let hedges = &self.candidates.pace.hedges;
        let (now, budget) = (target_state::now(), hedge_budget(self.policy.patience.hedge_share));
        (hedges.left(now, &budget) > 0).then_some(())?;
        let second = self.plan.others().find_map(|seat| {
            let contender = self.candidates.list.get(seat).filter(|one| one.is_usable())?;
            let lease = self.admit(contender, false).ok()?;
            let mut work = self.work.clone();
            let rules = self.rules_of(contender);
            let made = make_ready(contender, &mut work, &self.options, rules.as_ref());
            let mut target = Box::new(made.ok()?);
            let key = key::take(contender, &mut target, &[]).ok()?;
            self.try_admit(seat, key.as_ref(), &mut target).ok()?;
            let began = self.trail.begin_second(&target);
            log::begin(&target, self.trail.len() + 2);
            let window = Window { limits: self.limits(seat), patience: None };
            Some(Second { turn: Turn { seat, target, lease, key, began }, window, work })
        })?;
        hedges.withdraw(now, &budget);
        Some(second)
    }

    /// Records the losing attempt of a race.
    fn lost(&mut self, other: Other<W::Received>, counts: &Turn) {
        let Other { mut turn, ended } = other;
        let took = ended.as_ref().map_or_else(|| turn.began.elapsed(), |ended| ended.took);
        let (now, is_first) = (target_state::now(), turn.seat == self.current);
        let given_up = ended.as_ref().and_then(|ended| ended.result.as_ref().err());
        self.settle_lost(&mut turn.target, turn.seat, given_up);
        let next = self.candidates.list.get(counts.seat).filter(|_| is_first);
        let next = next.map(|contender| Next::Hedged(contender.name()));
        match ended.map(|ended| ended.result) {
            Some(Err(failed)) => {
                let reason = Reason::from_attempt(&failed);
                let outcome = Outcome::from(&failed.failure);
                self.trail.record(&turn.target, &turn.began, outcome, Some(reason), took);
                self.trail.lost(next, Some(&failed.failure));
                self.plan.lost(turn.seat, &failed, self.policy.started.elapsed());
                if let Some(mut lease) = turn.lease.take() {
                    lease.fail(reason, &failed.failure);
                }
                if let Some(mut key) = turn.key.take() {
                    key.fail(reason, &failed.failure);
                }
                self.failed = Some((turn.seat, failed));
            }
            // Cancelled: the target did not fail, but it is slow.
            Some(Ok(_)) | None => {
                let outcome = Outcome::Cancelled("another target was faster".to_owned());
                self.trail.record(&turn.target, &turn.began, outcome, None, took);
                self.trail.lost(next, None);
                self.plan.given_up(turn.seat);
                if is_first {
                    let statistics = turn.lease.as_ref().map(Lease::statistics);
                    statistics.inspect(|of_target| of_target.was_silent(now, turn.target.stream, took));
                }
            }
        }
        if let Some(place) = self.targets.get_mut(turn.seat) {
            *place = Some(turn.target);
        }
    }
}
