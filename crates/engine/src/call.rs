//! Loop around every call: attempts until there is something to deliver, no sense in another, or no time left.
//!
//! An attempt is over when its work has what can be delivered; nothing after that is repeated. Who is asked, and what
//! follows a failed attempt, is decided in `plan`; whether a candidate takes a call, by its state.

use crate::{
    attempt::attempt,
    candidates::{Candidates, Contender},
    credentials::Grant,
    error::CallError,
    failover::Reason,
    failure::{Failure, TimeoutKind},
    first_token,
    observe::BreakerEvents,
    one_line::InOneLine,
    options::CallOptions,
    plan::{Keys, Moment, Plan, Refusal, Step},
    policy::CallPolicy,
    prepare::prepare,
    reply::{Next, Outcome},
    retry::Failed,
    retry_budget::RetryBudgetSettings,
    target::Target,
    target_state::{self, Lease},
    timeout::Limits,
    trail::Trail,
    work::{Answered, Encoding, Work},
};
use ferrule_catalog::Catalog;
use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::debug;

/// A call under way.
struct Run<'a, W> {
    candidates: Candidates,
    work: W,
    options: &'a CallOptions,
    policy: CallPolicy,
    plan: Plan,
    /// How many retries there may be.
    budget: RetryBudgetSettings,
    trail: Trail,
    /// The call made ready for each candidate that was asked.
    targets: Vec<Option<Box<Target>>>,
    /// The place at the candidate that is asked.
    lease: Option<Lease>,
    current: usize,
    /// How the last attempt ended, and whose it was.
    failed: Option<(usize, Failed)>,
    /// Why the first candidate that could not be asked could not.
    unasked: Option<CallError>,
}

/// Executes `work` with the candidates that the plan says.
pub(crate) async fn execute<W: Work>(
    candidates: Candidates,
    work: W,
    options: &CallOptions,
    policy: CallPolicy,
) -> Result<W::Output, CallError> {
    let rules = candidates.rules(options, &policy);
    let plan = Plan::new(candidates.seats(policy.catalog.as_deref()), rules);
    candidates.budget.deposit(target_state::now(), &rules.retry.budget);
    let targets = candidates.list.iter().map(|_| None).collect();
    let events = policy.events.clone();
    let mut run = Run {
        candidates,
        work,
        options,
        policy,
        plan,
        budget: rules.retry.budget,
        trail: Trail::new(events),
        targets,
        lease: None,
        current: 0,
        failed: None,
        unasked: None,
    };
    let mut step = run.plan.first();
    loop {
        if let Step::Ask { seat, wait, insist } = step {
            if insist || run.targets.get(seat).is_some_and(Option::is_some) {
                // A target that was asked already, or that is to be left alone.
                run.candidates.budget.withdraw(target_state::now(), &run.budget);
            }
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            if let Err(refusal) = run.sit(seat, insist) {
                step = run.plan.skip(refusal, run.moment());
                run.skipped(seat, refusal, step);
                continue;
            }
        }
        if step == Step::GiveUp {
            return Err(run.error());
        }
        let Some(mut target) = run.targets.get_mut(run.current).and_then(Option::take) else {
            return Err(run.error());
        };
        run.trail.begin(&target, wait_of(step));
        log_begin(&target, run.trail.len() + 1);
        let began = Instant::now();
        let limits = run.limits();
        let patience = run.patience(&target);
        let (grant, result) = attempt_within(patience, &mut target, limits, &run.work).await;
        let took = began.elapsed();
        let failed = match result {
            Ok(received) => {
                log_success(&target, took);
                return Ok(run.answer(received, target, took));
            }
            Err(mut failed) => {
                target.mask(&mut failed.failure);
                failed
            }
        };
        run.trail.record(&target, Outcome::from(&failed.failure), Some(Reason::of(&failed)), took);
        let keys = Keys { has_grant: grant.is_some(), has_another: false };
        step = run.plan.after(&failed, keys, run.moment());
        if step == Step::RenewCredentials {
            if target.renew(grant.as_ref(), &failed.failure, limits).await {
                run.plan.uncounted();
            } else {
                step = run.plan.instead(&failed, run.moment());
            }
        }
        run.leave(target, failed, step, took);
    }
}

impl<W: Work> Run<'_, W> {
    /// Takes a place at a candidate, and makes the call ready for it where it is not yet.
    fn sit(&mut self, seat: usize, insists: bool) -> Result<(), Refusal> {
        self.lease = None;
        let Some(contender) = self.candidates.list.get(seat) else { return Err(Refusal::Unusable) };
        self.lease = contender.admit(insists)?;
        if let Some(lease) = &mut self.lease {
            let target = || contender.provider.event_target(&contender.model);
            lease.observe(BreakerEvents::of(&self.policy.events, target));
        }
        self.current = seat;
        if self.targets.get(seat).is_some_and(Option::is_some) {
            return Ok(());
        }
        let made = make_ready(contender, &mut self.work, self.options);
        if !self.plan.may_encode_another() {
            // A long prompt should not be kept twice.
            self.work.release();
        }
        match made {
            Ok(target) => {
                if let Some(place) = self.targets.get_mut(seat) {
                    *place = Some(Box::new(target));
                }
                Ok(())
            }
            Err(failure) => {
                debug!(target: "ferrule", candidate = %contender.name(), failure = %InOneLine(&failure), "cannot be asked");
                let error = CallError::unsent(failure, &contender.provider.id, &contender.model);
                self.unasked.get_or_insert(error);
                self.lease = None;
                Err(Refusal::Unusable)
            }
        }
    }

    /// Notes a candidate that was passed over, unless it is asked all the same.
    fn skipped(&mut self, seat: usize, refusal: Refusal, step: Step) {
        if matches!(step, Step::Ask { seat: next, .. } if next == seat) {
            return;
        }
        if let Some(contender) = self.candidates.list.get(seat) {
            let next = self.next(step);
            self.trail.skip(contender, refusal, next, wait_of(step));
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            now: self.policy.started.elapsed(),
            remaining: self.policy.limits.remaining(),
            may_retry: self.candidates.budget.left(target_state::now(), &self.budget) > 0,
        }
    }

    /// How long the target may be silent while somebody else is left.
    fn patience(&self, target: &Target) -> Option<Duration> {
        let contender = self.candidates.list.get(self.current)?;
        let mut others = self.plan.others().filter_map(|place| self.candidates.list.get(place));
        others.any(Contender::is_usable).then_some(())?;
        if let Some(told) = self.policy.patience.first_token {
            return Some(told);
        }
        let reasons = self.work.may_reason() || reasons(contender, self.policy.catalog.as_deref());
        first_token::limit(contender.state.as_ref()?.statistics(), target.stream, reasons)
    }

    /// The time limits at the candidate that is asked.
    fn limits(&self) -> Limits {
        let own = self.candidates.list.get(self.current).and_then(Contender::timeouts);
        own.map_or(self.policy.limits, |own| self.policy.limits.or(self.options.timeouts, own))
    }

    /// Notes how an attempt failed, and leaves the candidate unless it is asked again at once.
    fn leave(&mut self, target: Box<Target>, failed: Failed, step: Step, took: Duration) {
        self.trail.followed_by(self.next(step), wait_of(step), &failed.failure);
        self.log_failure(&failed, step, took);
        if let Some(place) = self.targets.get_mut(self.current) {
            *place = Some(target);
        }
        if matches!(step, Step::Ask { .. } | Step::GiveUp)
            && let Some(mut lease) = self.lease.take()
        {
            if matches!(failed.failure, Failure::Timeout(TimeoutKind::FirstToken | TimeoutKind::FirstByte)) {
                lease.statistics().was_silent(target_state::now(), W::IS_STREAM, took);
            }
            lease.fail(Reason::of(&failed), &failed.failure);
        }
        self.failed = Some((self.current, failed));
    }

    /// What `step` is, for the list of attempts.
    fn next(&self, step: Step) -> Option<Next> {
        Some(match step {
            Step::GiveUp => return None,
            Step::Repeat => Next::Repeated,
            Step::RenewCredentials => Next::Renewed,
            Step::NextKey => Next::Key,
            Step::Ask { seat, .. } if seat == self.current => Next::Retried,
            Step::Ask { seat, .. } => Next::Moved(self.candidates.list.get(seat)?.name()),
        })
    }

    /// What the call gives.
    fn answer(mut self, received: W::Received, target: Box<Target>, took: Duration) -> W::Output {
        // A stream may break off yet; that a target is back after a probe is known already.
        if let Some(lease) = &self.lease {
            let (now, statistics) = (target_state::now(), lease.statistics());
            match (target.stream, W::output_tokens(&received)) {
                (true, _) => statistics.first_token(now, took),
                (false, Some(output)) => statistics.answered(now, took, output),
                (false, None) => {}
            }
        }
        if let Some(lease) = &mut self.lease
            && (!W::IS_STREAM || lease.is_probe())
        {
            lease.succeed(took);
        }
        if let Some(catalog) = self.candidates.list.get(self.current).and_then(Contender::catalog) {
            self.policy.catalog = Some(Arc::clone(catalog));
        }
        self.trail.record(&target, Outcome::Success, None, took);
        let Self { work, mut trail, policy, lease, .. } = self;
        work.finish(received, Answered { target, attempts: trail.take_attempts(), policy, lease })
    }

    /// How the call failed: as its last attempt did, or else as the last one of those that were not asked.
    fn error(mut self) -> CallError {
        let error = self.failure();
        self.trail.failed(error)
    }

    fn failure(&mut self) -> CallError {
        let attempts = self.trail.take_attempts();
        if let Some((place, failed)) = self.failed.take()
            && let Some(contender) = self.candidates.list.get(place)
        {
            return contender.error(failed.failure, attempts);
        }
        if let Some(error) = self.unasked.take() {
            return CallError { attempts, ..error };
        }
        match self.candidates.list.iter().find_map(|one| Some((one, one.state.as_ref()?.last_failure()?))) {
            Some((contender, failure)) => contender.error(failure, attempts),
            None => {
                let failure = match self.candidates.list.is_empty() {
                    true => Failure::Config("there is nobody to ask".to_owned()),
                    false if self.policy.limits.remaining().is_zero() => Failure::Timeout(TimeoutKind::Total),
                    false => Failure::Config("every target is switched off: see client.status()".to_owned()),
                };
                CallError { attempts, ..CallError::unsent(failure, "", "") }
            }
        }
    }

    fn log_failure(&self, failed: &Failed, step: Step, duration: Duration) {
        let Some(contender) = self.candidates.list.get(self.current) else { return };
        let (provider, model, failure) = (&*contender.provider.id, &*contender.model, &failed.failure);
        let (delay, what) = match step {
            Step::Repeat => (Some(Duration::ZERO), "attempt failed, trying again"),
            Step::Ask { seat, wait, .. } if seat == self.current => {
                (Some(wait), "attempt failed, trying again")
            }
            Step::Ask { wait, .. } => (Some(wait), "attempt failed, asking another target"),
            Step::RenewCredentials => (None, "credentials refused, renewing them"),
            Step::NextKey => (None, "key refused, using another"),
            Step::GiveUp => (None, "call failed"),
        };
        debug!(target: "ferrule", provider, model, ?duration, delay = delay.map(tracing::field::debug), failure = %InOneLine(failure), "{what}");
    }
}

/// The call as `contender` is asked it.
fn make_ready<W: Work>(
    contender: &Contender,
    work: &mut W,
    options: &CallOptions,
) -> Result<Target, Failure> {
    let own = contender.options(options);
    let options = own.as_ref().unwrap_or(options);
    let defaults = contender.settings.as_ref().and_then(|settings| settings.options.as_ref());
    let how = Encoding { drop_unsupported: options.drop_params, defaults: defaults.map(Arc::as_ref) };
    let outgoing = work.encode(&contender.provider, &contender.model, how)?;
    prepare(&contender.provider, contender.model.clone(), outgoing, options)
}

/// One attempt, which is given up where nothing comes within `patience`.
async fn attempt_within<W: Work>(
    patience: Option<Duration>,
    target: &mut Target,
    limits: Limits,
    work: &W,
) -> (Option<Grant>, Result<W::Received, Failed>) {
    // One future, whichever way it is awaited: two would be in every call's.
    let attempted = pin!(attempt(target, limits, work));
    let Some(patience) = patience.filter(|patience| *patience < limits.remaining()) else {
        return attempted.await;
    };
    let attempted = tokio::time::timeout(patience, attempted).await;
    attempted.unwrap_or_else(|_| (None, Err(Failure::Timeout(TimeoutKind::FirstToken).into())))
}

/// Whether the model is known to think before it answers.
fn reasons(contender: &Contender, catalog: Option<&Catalog>) -> bool {
    let catalog = catalog.unwrap_or_else(|| Catalog::builtin());
    let found = catalog.find(&contender.provider.id, &contender.model);
    found.is_some_and(|found| found.model().facts.reasoning == Some(true))
}

fn wait_of(step: Step) -> Duration {
    if let Step::Ask { wait, .. } = step { wait } else { Duration::ZERO }
}

fn log_begin(target: &Target, attempt: usize) {
    let (provider, model) = (&*target.provider.id, &*target.model);
    debug!(target: "ferrule", provider, model, attempt, "attempt begins");
}

fn log_success(target: &Target, duration: Duration) {
    let (provider, model) = (&*target.provider.id, &*target.model);
    debug!(target: "ferrule", provider, model, ?duration, "attempt succeeded");
}
