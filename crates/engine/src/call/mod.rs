//! Attempt loop of every call: ends when there is a result to deliver, another attempt is pointless, or time is up.
//!
//! An attempt is over as soon as its work has something to deliver; nothing after that is repeated. `plan` decides
//! which candidate is tried and what follows a failed attempt; a candidate's state decides whether it accepts a call.

mod admit;
mod key;
mod log;
mod race;

use crate::{
    admission::Holding,
    attempt::{Ended, Turn, Window},
    candidates::{Candidates, Contender},
    error::CallError,
    failover::Reason,
    failure::Failure,
    first_token, hedge,
    keys::KeyInUse,
    observe::BreakerEvents,
    one_line::InOneLine,
    options::CallOptions,
    pace::hedge_budget,
    plan::{Keys, Moment, Plan, Refusal, Step},
    policy::CallPolicy,
    prepare::prepare,
    reply::{Attempt, Next, Outcome},
    retry::{Again, Failed},
    retry_budget::RetryBudgetSettings,
    routing_options::Hedge,
    target::Target,
    target_state::{self, Lease},
    timeout::Limits,
    trail::Trail,
    work::{Encoding, Success, Work},
};
use ferrule_catalog::{Catalog, Settlement, UsageRecord};
use std::{borrow::Cow, mem, sync::Arc, time::Duration};
use tracing::debug;

/// A call in progress.
pub(crate) struct Run<'a, W> {
    candidates: Candidates,
    pub(crate) work: W,
    options: Cow<'a, CallOptions>,
    policy: CallPolicy,
    plan: Plan,
    /// The retry budget.
    budget: RetryBudgetSettings,
    trail: Trail,
    /// The prepared request of each candidate that was tried.
    targets: Vec<Option<Box<Target>>>,
    /// The lease on the current candidate.
    lease: Option<Lease>,
    /// The key in use if the provider has several, and the keys already tried there.
    key: Option<KeyInUse>,
    taken: Vec<usize>,
    current: usize,
    /// How the last attempt ended, and the position of its candidate.
    failed: Option<(usize, Failed)>,
    /// Why the first candidate that could not be tried was skipped.
    unasked: Option<CallError>,
    /// Whether two candidates have been raced already.
    hedged: bool,
    /// Usage of attempts that contributed nothing to the answer.
    unanswered: Vec<Arc<Settlement>>,
    /// Why the last candidate that could not be tried was skipped.
    why: String,
}

/// Executes `work` with the candidates in the order of the plan.
pub(crate) async fn execute<W: Work>(
    candidates: Candidates,
    work: W,
    options: &CallOptions,
    policy: CallPolicy,
) -> Result<W::Output, CallError> {
    let mut run = Run::new(candidates, work, Cow::Borrowed(options), policy);
    let first = run.first();
    let (received, answered) = run.answer(first).await?;
    Ok(run.work.finish(received, answered))
}

impl<'a, W: Work> Run<'a, W> {
    /// A new call.
    pub(crate) fn new(
        candidates: Candidates,
        work: W,
        options: Cow<'a, CallOptions>,
        policy: CallPolicy,
    ) -> Self {
        let rules = candidates.rules(&options, &policy);
        let now = target_state::now();
        candidates.budget.deposit(now, &rules.retry.budget);
        if policy.patience.hedge != Hedge::Off {
            candidates.pace.hedges.deposit(now, &hedge_budget(policy.patience.hedge_share));
        }
        Self {
            plan: Plan::new(candidates.seats(), rules),
            budget: rules.retry.budget,
            trail: Trail::new(policy.events.clone()),
            targets: candidates.list.iter().map(|_| None).collect(),
            lease: None,
            key: None,
            taken: Vec::new(),
            current: 0,
            failed: None,
            unasked: None,
            why: String::new(),
            hedged: false,
            unanswered: Vec::new(),
            candidates,
            work,
            options,
            policy,
        }
    }

    /// The first step.
    pub(crate) fn first(&mut self) -> Step {
        let step = self.plan.first();
        self.note_passed_over(step);
        step
    }

    /// Executes `step` and those that follow until there is something to deliver.
    pub(crate) async fn answer(&mut self, mut step: Step) -> Result<(W::Received, Success), CallError> {
        loop {
            if let Step::Attempt { seat, wait, insist } = step {
                if insist || self.plan.was_asked(seat) {
                    // A target that was tried before, or should be left alone.
                    self.candidates.budget.withdraw(target_state::now(), &self.budget);
                }
                if !wait.is_zero() {
                    tokio::time::sleep(wait).await;
                }
                if let Err(refusal) = self.sit(seat, insist) {
                    step = self.plan.skip(refusal, self.moment());
                    self.skipped(seat, refusal, step);
                    continue;
                }
            }
            if step == Step::GiveUp {
                return Err(self.error());
            }
            let Some(mut target) = self.targets.get_mut(self.current).and_then(Option::take) else {
                return Err(self.error());
            };
            if self.policy.admission.is_some()
                // Boxed, as few clients have limits and all calls would carry its size.
                && let Err(refused) = Box::pin(self.pass_limits(&mut target)).await
            {
                step = self.not_admitted(target, refused)?;
                continue;
            }
            let (seat, lease, key) = (self.current, self.lease.take(), self.key.take());
            let began = self.trail.begin(&target, wait_of(step));
            let mut turn = Turn { seat, target, lease, key, began };
            log::begin(&turn.target, self.trail.len() + 1);
            let ended = match self.hedge_delay(&turn) {
                None => turn.attempt(self.window(&turn), &self.work).await,
                // Boxed, as few calls need it and all would carry its size.
                Some(delay) => {
                    let ended;
                    (turn, ended) = Box::pin(self.race(turn, delay)).await;
                    ended
                }
            };
            let Ended { grant, result, took } = ended;
            let (mut failed, was_answered) = match result {
                Ok(received) => match self.objection(&received, &turn.target) {
                    None => return Ok(self.answered(received, turn, took)),
                    Some(failed) => (failed, true),
                },
                Err(failed) => (failed, false),
            };
            self.settle_failed(&mut turn.target, turn.seat, &failed, was_answered);
            let outcome = Outcome::from(&failed.failure);
            self.trail.record(&turn.target, &turn.began, outcome, Some(Reason::from_attempt(&failed)), took);
            let keys = Keys {
                has_grant: grant.is_some() || turn.target.has_fetched_key(),
                has_another: self.has_another_key(&turn),
            };
            if failed.again != Again::AtOnce && !(keys.has_grant && failed.is_refusal()) {
                self.settle_key(&mut turn, &mut failed, keys);
            }
            step = self.plan.after(&failed, keys, self.moment());
            if step == Step::RenewCredentials {
                let limits = self.limits(turn.seat);
                if turn.target.renew(grant.as_ref(), &failed.failure, limits).await {
                    self.plan.uncounted();
                } else {
                    self.settle_key(&mut turn, &mut failed, keys);
                    step = self.plan.with_another_key(&failed, keys, self.moment());
                }
            }
            if !matches!(step, Step::Repeat | Step::RenewCredentials) {
                self.settle_key(&mut turn, &mut failed, keys);
            }
            if step == Step::NextKey {
                match self.take_key(&mut turn.target) {
                    Ok(()) => self.plan.uncounted(),
                    // Another call took it first.
                    Err(_) => step = self.plan.instead(&failed, self.moment()),
                }
            }
            self.leave(turn, failed, step, took);
        }
    }

    /// The call's stream broke off: the next step if another target `may` continue it. The requests prepared for other
    /// targets are discarded, because a continuation sends a different one.
    pub(crate) fn broke_off(&mut self, failed: Failed, attempts: Vec<Attempt>, may: bool) -> Step {
        self.trail.resume(attempts);
        self.targets.fill_with(|| None);
        let step = if may { self.plan.after(&failed, Keys::default(), self.moment()) } else { Step::GiveUp };
        self.trail.followed_by(self.next(step), wait_of(step), &failed.failure);
        self.log_failure(&failed, step, Duration::ZERO);
        self.failed = Some((self.current, failed));
        step
    }

    /// The target that refused to continue an answer is tried once more without the prefix; `None` if it was not
    /// continuing one.
    pub(crate) fn without_prefix(&mut self, attempts: &[Attempt]) -> Option<Step> {
        self.targets.get(self.current)?.as_ref().filter(|target| target.continues)?;
        self.targets.fill_with(|| None);
        self.trail.resume(attempts.to_vec());
        self.trail.lost(Some(Next::Restarted), None);
        Some(self.plan.once_more())
    }

    /// The attempts so far.
    pub(crate) fn take_attempts(&mut self) -> Vec<Attempt> {
        self.trail.take_attempts()
    }

    /// Takes a lease on a candidate, and prepares the request for it if that has not been done.
    fn sit(&mut self, seat: usize, insists: bool) -> Result<(), Refusal> {
        (self.lease, self.key) = (None, None);
        self.taken.clear();
        let Some(contender) = self.candidates.list.get(seat) else { return Err(Refusal::Unusable) };
        self.lease = self.admit(contender, insists)?;
        self.current = seat;
        if let Some(target) = self.targets.get_mut(seat).and_then(Option::take) {
            return self.seat(target);
        }
        let rules = self.rules_of(contender);
        let made = make_ready(contender, &mut self.work, &self.options, rules.as_ref());
        if !self.plan.may_encode_another() {
            // A long prompt should not be kept twice.
            self.work.release();
        }
        match made {
            Ok(target) => self.seat(Box::new(target)),
            Err(failure) => {
                debug!(target: "ferrule", candidate = %contender.name(), failure = %InOneLine(&failure), "cannot be asked");
                self.why = InOneLine(&failure).to_string();
                let error = CallError::unsent(failure, &contender.provider.id, &contender.model);
                self.unasked.get_or_insert(error);
                self.lease = None;
                Err(Refusal::Unusable)
            }
        }
    }

    /// A lease on `contender`, whose circuit breaker observes the attempt.
    fn admit(&self, contender: &Contender, insists: bool) -> Result<Option<Lease>, Refusal> {
        let mut lease = contender.admit(insists)?;
        if let Some(lease) = &mut lease {
            let target = || contender.provider.event_target(&contender.model);
            lease.observe(BreakerEvents::for_target(&self.policy.events, target));
        }
        Ok(lease)
    }

    /// Records the candidates that were skipped before the first attempt.
    fn note_passed_over(&mut self, step: Step) {
        for one in mem::take(&mut self.candidates.passed_over) {
            let next = match step {
                Step::Attempt { seat, .. } => {
                    self.candidates.list.get(seat).map(|next| Next::Moved(next.name()))
                }
                _ => None,
            };
            self.trail.pass_over(one, next);
        }
    }

    /// Records a skipped candidate, unless it is tried all the same.
    fn skipped(&mut self, seat: usize, refusal: Refusal, step: Step) {
        if matches!(step, Step::Attempt { seat: next, .. } if next == seat) {
            return;
        }
        if let Some(contender) = self.candidates.list.get(seat) {
            let next = self.next(step);
            let why = match refusal {
                Refusal::Open { .. } => "its circuit breaker is open",
                Refusal::Busy => "as many calls as it takes are under way",
                Refusal::NoKey { .. } => "none of its keys may be used now",
                // With a single candidate the call's error says it.
                Refusal::Unusable if self.candidates.list.len() < 2 => return,
                Refusal::Unusable => &self.why,
            };
            self.trail.skip(contender.passed_over(why.to_owned()), next, wait_of(step));
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            now: self.policy.started.elapsed(),
            remaining: self.policy.limits.remaining(),
            may_retry: self.candidates.budget.left(target_state::now(), &self.budget) > 0,
        }
    }

    /// The time limits of an attempt.
    fn window(&self, turn: &Turn) -> Window {
        Window { limits: self.limits(turn.seat), patience: self.patience(turn) }
    }

    /// How long the target may be silent while another candidate is left.
    fn patience(&self, turn: &Turn) -> Option<Duration> {
        let contender = self.candidates.list.get(turn.seat)?;
        self.has_another().then_some(())?;
        if let Some(configured) = self.policy.patience.first_token {
            return Some(configured);
        }
        let reasons = self.work.may_reason() || reasons(contender, self.policy.catalog.as_deref());
        first_token::limit(contender.state.as_ref()?.statistics(), turn.target.stream, reasons)
    }

    /// Whether an untried candidate is left that accepts the call.
    fn has_another(&self) -> bool {
        let mut others = self.plan.others().filter_map(|place| self.candidates.list.get(place));
        others.any(Contender::is_usable)
    }

    /// The time limits at a candidate.
    fn limits(&self, seat: usize) -> Limits {
        let own = self.candidates.list.get(seat).and_then(Contender::timeouts);
        own.map_or(self.policy.limits, |own| self.policy.limits.or(self.options.timeouts, own))
    }

    /// Why the call moves on although a response came; `None` if it does not.
    fn objection(&mut self, received: &W::Received, target: &Target) -> Option<Failed> {
        // With one candidate there is nothing to check.
        if self.candidates.list.len() < 2 {
            return None;
        }
        let failed = Failed::from(W::objection(received, target)?);
        self.plan.has_another_for(Reason::from_attempt(&failed)).then_some(failed)
    }

    /// Records and returns what an attempt at `seat` used without contributing to the answer.
    fn note_reported(&mut self, target: &Target, seat: usize) -> Option<&Arc<Settlement>> {
        let record = target.reported.take(|| target.record())?;
        let catalog = self.candidates.list.get(seat).and_then(Contender::catalog);
        let catalog = catalog.or(self.policy.catalog.as_ref()).cloned();
        let record = UsageRecord { at: self.policy.at, ..record };
        self.unanswered.push(Arc::new(Settlement::new(record, catalog)));
        self.unanswered.last()
    }

    /// Records how an attempt failed, and releases the candidate unless it is retried at once.
    fn leave(&mut self, mut turn: Turn, failed: Failed, step: Step, took: Duration) {
        self.trail.followed_by(self.next(step), wait_of(step), &failed.failure);
        self.log_failure(&failed, step, took);
        if matches!(step, Step::Attempt { .. } | Step::GiveUp)
            && let Some(mut lease) = turn.lease.take()
        {
            if matches!(&failed.failure, Failure::Timeout(expired) if expired.is_silence()) {
                lease.statistics().was_silent(target_state::now(), W::IS_STREAM, took);
            }
            lease.fail(Reason::from_attempt(&failed), &failed.failure);
        }
        self.lease = turn.lease;
        // The next key has been taken already.
        self.key = turn.key.or(self.key.take());
        if let Some(place) = self.targets.get_mut(turn.seat) {
            *place = Some(turn.target);
        }
        self.failed = Some((turn.seat, failed));
    }

    /// `step` as the list of attempts shows it.
    fn next(&self, step: Step) -> Option<Next> {
        Some(match step {
            Step::GiveUp => return None,
            Step::Repeat => Next::Repeated,
            Step::RenewCredentials => Next::Renewed,
            Step::NextKey => Next::Key,
            Step::Attempt { seat, .. } if seat == self.current => Next::Retried,
            Step::Attempt { seat, .. } => Next::Moved(self.candidates.list.get(seat)?.name()),
        })
    }

    /// The result of the call, and how it was obtained.
    fn answered(&mut self, received: W::Received, turn: Turn, took: Duration) -> (W::Received, Success) {
        let Turn { seat, target, mut lease, key, began } = turn;
        log::success(&target, took);
        if let Some(mut key) = key {
            key.succeed(took);
        }
        let now = target_state::now();
        if let Some(lease) = &mut lease {
            let statistics = lease.statistics();
            match (target.stream, W::output_tokens(&received)) {
                (true, _) => statistics.first_token(now, took),
                (false, Some(output)) => statistics.answered(now, took, output),
                (false, None) => {}
            }
            // A stream may still break off; a successful probe already proves that the target is back.
            if !W::IS_STREAM || lease.is_probe() {
                lease.succeed(took);
            }
        }
        if self.policy.patience.hedge != Hedge::Off {
            hedge::note(&self.candidates.pace.speed, now, target.stream, took);
        }
        let mut policy = self.policy.clone();
        if let Some(catalog) = self.candidates.list.get(seat).and_then(Contender::catalog) {
            policy.catalog = Some(Arc::clone(catalog));
        }
        self.trail.record(&target, &began, Outcome::Success, None, took);
        let (attempts, unanswered) = (self.trail.take_attempts(), mem::take(&mut self.unanswered));
        (received, Success { target, attempts, policy, lease, unanswered })
    }

    /// The error of the call: that of its last attempt, or else why the last candidate was skipped.
    fn error(&mut self) -> CallError {
        let unanswered = mem::take(&mut self.unanswered);
        let error = CallError { unanswered, ..self.failure() };
        self.trail.failed(error)
    }

    fn failure(&mut self) -> CallError {
        let attempts = self.trail.take_attempts();
        if let Some((place, failed)) = self.failed.take()
            && let Some(contender) = self.candidates.list.get(place)
        {
            let mut failure = failed.failure;
            let target = self.targets.get(place).and_then(Option::as_ref);
            let had_key = target.is_some_and(|target| target.key.is_some());
            if let Some(no_key) = contender.no_key(&failure).filter(|_| had_key) {
                no_key.add_to(&mut failure);
            }
            return contender.error(failure, attempts);
        }
        if let Some(error) = self.unasked.take() {
            return CallError { attempts, ..error };
        }
        match self.candidates.list.iter().find_map(|one| Some((one, one.state.as_ref()?.last_failure()?))) {
            Some((contender, failure)) => contender.error(failure, attempts),
            None => {
                let failure = match self.candidates.list.is_empty() {
                    true => Failure::Config("no provider is left to call".to_owned()),
                    false if self.policy.limits.remaining().is_zero() => self.policy.limits.expired().into(),
                    false => Failure::Config("every target is switched off: see client.status()".to_owned()),
                };
                CallError { attempts, ..CallError::unsent(failure, "", "") }
            }
        }
    }

    fn log_failure(&self, failed: &Failed, step: Step, duration: Duration) {
        if let Some(contender) = self.candidates.list.get(self.current) {
            log::failure(contender, failed, step, self.current, duration);
        }
    }
}

/// Prepares the call's request for `contender` under these rules.
fn make_ready<W: Work>(
    contender: &Contender,
    work: &mut W,
    options: &CallOptions,
    rules: Option<&Holding>,
) -> Result<Target, Failure> {
    let own = contender.options(options);
    let options = own.as_ref().unwrap_or(options);
    let defaults = contender.settings.as_ref().and_then(|settings| settings.options.as_ref());
    let defaults = defaults.map(Arc::as_ref);
    let reserve_output = rules.and_then(|rules| rules.reserve_output);
    let how = Encoding {
        drop_unsupported: options.drop_params,
        written_in: options.written_in,
        defaults,
        reserve_output,
    };
    let outgoing = work.encode(&contender.provider, &contender.model, how)?;
    let measured = rules.filter(|rules| rules.measures).map(|_| {
        let measured = work.measure(defaults);
        Box::new(measured.or_output(reserve_output))
    });
    let target = prepare(&contender.provider, contender.model.clone(), outgoing, options)?;
    Ok(Target { state: contender.state.clone(), measured, ..target })
}

/// Whether the model is known to reason before it answers.
fn reasons(contender: &Contender, catalog: Option<&Catalog>) -> bool {
    let catalog = catalog.unwrap_or_else(|| Catalog::builtin());
    let found = catalog.find(&contender.provider.id, &contender.model);
    found.is_some_and(|found| found.model().facts.reasoning == Some(true))
}

fn wait_of(step: Step) -> Duration {
    if let Step::Attempt { wait, .. } = step { wait } else { Duration::ZERO }
}
