//! Log records of a call: its attempts, how they ended, and what followed.

use crate::{candidates::Contender, one_line::InOneLine, plan::Step, retry::Failed, target::Target};
use std::time::Duration;
use tracing::debug;

/// An attempt begins.
pub(super) fn begin(target: &Target, attempt: usize) {
    let (provider, model) = (&*target.provider.id, &*target.model);
    debug!(target: "ferrule", provider, model, attempt, "attempt begins");
}

/// An attempt succeeded.
pub(super) fn success(target: &Target, duration: Duration) {
    let (provider, model) = (&*target.provider.id, &*target.model);
    debug!(target: "ferrule", provider, model, ?duration, "attempt succeeded");
}

/// An attempt at `contender` failed, and `step` follows. `current` is its position among the candidates.
pub(super) fn failure(
    contender: &Contender,
    failed: &Failed,
    step: Step,
    current: usize,
    duration: Duration,
) {
    let (provider, model, failure) = (&*contender.provider.id, &*contender.model, &failed.failure);
    let (delay, what) = match step {
        Step::Repeat => (Some(Duration::ZERO), "attempt failed, trying again"),
        Step::Attempt { seat, wait, .. } if seat == current => (Some(wait), "attempt failed, trying again"),
        Step::Attempt { wait, .. } => (Some(wait), "attempt failed, trying another target"),
        Step::RenewCredentials => (None, "credentials refused, renewing them"),
        Step::NextKey => (None, "key refused, using another"),
        Step::GiveUp => (None, "call failed"),
    };
    debug!(target: "ferrule", provider, model, ?duration, delay = delay.map(tracing::field::debug), failure = %InOneLine(failure), "{what}");
}
