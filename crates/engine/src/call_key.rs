//! Key of an attempt, where the provider has several: which one is taken, and what becomes of it when the attempt fails.

use crate::{
    candidates::Contender,
    failover::Reason,
    failure::Failure,
    keys::{KeyInUse, NoKey},
    retry::{Again, Failed},
    target::Target,
};
use ferrule_wire::model::{DelaySource, ErrorKind, ProviderError, RetryAfter};

/// Takes the next key of `contender` for `target`, none of `tried`; `None` where its provider has one key, or the call
/// brings one of its own.
pub(crate) fn take(
    contender: &Contender,
    target: &mut Target,
    tried: &[usize],
) -> Result<Option<KeyInUse>, NoKey> {
    let Some(ring) = contender.provider.keys_for(&target.own_headers) else { return Ok(None) };
    // A provider that is asked for by its id is asked, however its keys are.
    let insists = contender.state.is_none();
    let key = ring.take(&contender.model, tried, &contender.breaker, insists)?;
    target.choose_key(ring, &key);
    Ok(Some(key))
}

/// Whether `contender` has a key beside `tried` that may be used.
pub(crate) fn has_another(contender: &Contender, target: &Target, tried: &[usize]) -> bool {
    let ring = contender.provider.keys_for(&target.own_headers);
    ring.is_some_and(|ring| ring.has_another(&contender.model, tried, &contender.breaker))
}

/// Leaves alone the key with which an attempt at `contender` failed, where that is its fault. Where it was the last one,
/// and another is free again soon, that is what the call may wait for.
pub(crate) fn settle(mut key: KeyInUse, contender: Option<&Contender>, failed: &mut Failed, is_last: bool) {
    key.fail(Reason::of(failed), &failed.failure);
    let no_key = contender.filter(|_| is_last).and_then(|one| one.no_key(&failed.failure));
    let Some(no_key) = no_key.filter(NoKey::is_for_now) else { return };
    failed.again = Again::Later;
    let (delay, source) = (no_key.usable_in(), DelaySource::RetryAfter);
    match &mut failed.failure {
        Failure::Provider(error) => error.retry_after = Some(RetryAfter { delay, source }),
        // The key could not even be sent.
        failure => {
            let mut error = ProviderError::new(ErrorKind::RateLimited, failure.to_string());
            error.retry_after = Some(RetryAfter { delay, source });
            *failure = Failure::Provider(Box::new(error));
        }
    }
}
