//! Loop around every call: attempts until there is something to deliver, no sense in another, or no time left.
//!
//! An attempt is over when its work has what can be delivered; nothing after that is repeated. What follows a failed
//! attempt is decided in `plan.rs`.

use crate::{
    attempt::attempt,
    error::CallError,
    failure::Failure,
    one_line::InOneLine,
    options::CallOptions,
    plan::{Plan, Step},
    policy::CallPolicy,
    prepare::prepare,
    provider::Provider,
    reply::Outcome,
    retry::Failed,
    target::Target,
    work::{Answered, Work},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::debug;

/// The providers that may be asked, each with its own name of the model.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidates(pub(crate) Vec<(Arc<Provider>, String)>);

/// Executes `work` with the first of `candidates`, and the others as the plan says.
pub(crate) async fn execute<W: Work>(
    candidates: Candidates,
    mut work: W,
    options: &CallOptions,
    policy: CallPolicy,
) -> Result<W::Output, CallError> {
    let limits = policy.limits;
    let mut plan = Plan::first(candidates.0.len(), policy.max_retries);
    let mut candidates = candidates.0.into_iter();
    let mut target = next(&mut candidates, &mut work, options)?;
    loop {
        let began = Instant::now();
        log_begin(&target, plan.attempts() + 1);
        let (grant, result) = attempt(&mut target, limits, &work).await;
        let duration = began.elapsed();
        let failed = match result {
            Ok(received) => {
                log_success(&target, duration);
                plan.record(&target.provider.id, &target.model, Outcome::Success, duration);
                let answered = Answered { target, attempts: plan.into_attempts(), policy };
                return Ok(work.finish(received, answered));
            }
            Err(failed) => masked(failed, &target),
        };
        plan.record(&target.provider.id, &target.model, Outcome::from(&failed.failure), duration);
        let mut step = plan.after(&failed, grant.is_some(), limits.remaining());
        loop {
            log_failure(&target, &failed, step, duration);
            match step {
                Step::GiveUp => return Err(target.error(failed.failure, plan.into_attempts())),
                Step::Retry(delay) if delay.is_zero() => break,
                Step::Retry(delay) => break tokio::time::sleep(delay).await,
                Step::RenewCredentials => {
                    if target.renew(grant.as_ref(), &failed.failure, limits).await {
                        break plan.renewed();
                    }
                }
                Step::NextCandidate => match next(&mut candidates, &mut work, options) {
                    Ok(other) => {
                        target = other;
                        break plan.moved();
                    }
                    Err(error) => {
                        debug!(target: "ferrule", error = %InOneLine(&error), "the next candidate cannot be asked");
                    }
                },
            }
            step = plan.instead(&failed, limits.remaining());
        }
    }
}

/// Makes the call ready for the next candidate. After the last one the work lets go of what it was to encode.
#[expect(clippy::result_large_err, reason = "it is the error of the call itself")]
fn next<W: Work>(
    candidates: &mut std::vec::IntoIter<(Arc<Provider>, String)>,
    work: &mut W,
    options: &CallOptions,
) -> Result<Box<Target>, CallError> {
    let (provider, model) = candidates
        .next()
        .ok_or_else(|| CallError::unsent(Failure::Config("there is nobody to ask".to_owned()), "", ""))?;
    let encoded = work.encode(&provider, &model, options.drop_params);
    if candidates.len() == 0 {
        work.release();
    }
    let target = encoded.and_then(|outgoing| prepare(&provider, model.clone(), outgoing, options));
    // Boxed, as the futures of a call pass it on from one to the next.
    target.map(Box::new).map_err(|failure| CallError::unsent(failure, &provider.id, &model))
}

fn masked(mut failed: Failed, target: &Target) -> Failed {
    target.mask(&mut failed.failure);
    failed
}

fn log_begin(target: &Target, attempt: usize) {
    let (provider, model) = (&*target.provider.id, &*target.model);
    debug!(target: "ferrule", provider, model, attempt, "attempt begins");
}

fn log_success(target: &Target, duration: Duration) {
    let (provider, model) = (&*target.provider.id, &*target.model);
    debug!(target: "ferrule", provider, model, ?duration, "attempt succeeded");
}

fn log_failure(target: &Target, failed: &Failed, step: Step, duration: Duration) {
    let (provider, model, failure) = (&*target.provider.id, &*target.model, &failed.failure);
    let (delay, what) = match step {
        Step::Retry(delay) => (Some(delay), "attempt failed, trying again"),
        Step::RenewCredentials => (None, "credentials refused, renewing them"),
        Step::NextCandidate => (None, "cannot be reached, asking the next candidate"),
        Step::GiveUp => (None, "call failed"),
    };
    debug!(target: "ferrule", provider, model, ?duration, delay = delay.map(tracing::field::debug), failure = %InOneLine(failure), "{what}");
}
