//! Key of an attempt if the provider has several: which one is taken, and what happens to it when the attempt fails.

use super::Run;
use crate::{
    attempt::Turn,
    candidates::Contender,
    failover::Reason,
    failure::Failure,
    keys::{KeyInUse, NoKey},
    plan::{Keys, Refusal},
    retry::{Again, Failed},
    target::Target,
    work::Work,
};
use ferrule_wire::model::{DelaySource, ErrorKind, ProviderError, RetryAfter};
use tracing::debug;

/// Takes the next key of `contender` for `target`, skipping those in `tried`; `None` if its provider has a single key
/// or the call supplies its own.
pub(super) fn take(
    contender: &Contender,
    target: &mut Target,
    tried: &[usize],
) -> Result<Option<KeyInUse>, NoKey> {
    let Some(ring) = contender.provider.keys_for(&target.own_headers) else { return Ok(None) };
    // A provider addressed by its id is called whatever the state of its keys.
    let insists = contender.state.is_none();
    let key = ring.take(&contender.model, tried, &contender.breaker, insists)?;
    target.choose_key(ring, &key);
    Ok(Some(key))
}

/// Whether `contender` has a usable key that is not in `tried`.
fn has_another(contender: &Contender, target: &Target, tried: &[usize]) -> bool {
    let ring = contender.provider.keys_for(&target.own_headers);
    ring.is_some_and(|ring| ring.has_another(&contender.model, tried, &contender.breaker))
}

/// Suspends the key of a failed attempt at `contender` if the key is to blame. If it was the last key and another
/// becomes usable soon, the call may wait for that one.
fn settle(mut key: KeyInUse, contender: Option<&Contender>, failed: &mut Failed, is_last: bool) {
    key.fail(Reason::from_attempt(failed), &failed.failure);
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

impl<W: Work> Run<'_, W> {
    /// Makes `target` the current one, and gives it a key if its provider has several.
    pub(super) fn seat(&mut self, mut target: Box<Target>) -> Result<(), Refusal> {
        let taken = self.take_key(&mut target);
        if let Some(place) = self.targets.get_mut(self.current) {
            *place = Some(target);
        }
        let Err(no_key) = taken else { return Ok(()) };
        if let Some(contender) = self.candidates.list.get(self.current) {
            debug!(target: "ferrule", candidate = %contender.name(), "{no_key}");
            self.unasked.get_or_insert_with(|| contender.error(no_key.failure(), Vec::new()));
        }
        self.lease = None;
        Err(Refusal::NoKey { usable_in: no_key.is_for_now().then(|| no_key.usable_in()) })
    }

    pub(super) fn take_key(&mut self, target: &mut Target) -> Result<(), NoKey> {
        let Some(contender) = self.candidates.list.get(self.current) else { return Ok(()) };
        self.key = take(contender, target, &self.taken)?;
        self.taken.extend(self.key.as_ref().map(KeyInUse::index));
        Ok(())
    }

    pub(super) fn has_another_key(&self, turn: &Turn) -> bool {
        let contender = self.candidates.list.get(turn.seat);
        contender.is_some_and(|contender| has_another(contender, &turn.target, &self.taken))
    }

    pub(super) fn settle_key(&self, turn: &mut Turn, failed: &mut Failed, keys: Keys) {
        if let Some(key) = turn.key.take() {
            settle(key, self.candidates.list.get(turn.seat), failed, !keys.has_another);
        }
    }
}
