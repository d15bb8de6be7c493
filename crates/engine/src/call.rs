//! The one loop around every call, plain, streamed or a list: attempts, retries, deadline.
//!
//! An attempt is over when its `Receive` has what can be delivered; nothing after that is repeated. The loop asks one
//! target; a choice of several, breakers and limits have their place where an attempt begins and where it is recorded.

use crate::{
    Attempt, CallError, Failure, Outcome,
    retry::{self, Failed},
    send::{self, Incoming},
    target::Target,
    timeout::{Limits, Watch},
};
use std::time::{Duration, Instant};
use tracing::debug;

/// What is made of an answer.
pub(crate) trait Receive: Sync {
    /// What can be delivered.
    type Answer: Send;

    /// Reads as much of `incoming` as has to be there before it can be delivered.
    fn receive(
        &self,
        incoming: Incoming,
        target: &Target,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

/// Sends `target` until there is something to deliver, it makes no sense any more, or time is up.
pub(crate) async fn call<R: Receive>(
    target: &Target,
    limits: Limits,
    max_retries: u32,
    receive: &R,
) -> Result<(R::Answer, Vec<Attempt>), CallError> {
    let mut attempts = Vec::new();
    let mut waited = Duration::ZERO;
    loop {
        let began = Instant::now();
        let (provider, model) = (&*target.provider.id, target.model.as_str());
        debug!(target: "ferrule", provider, model, attempt = attempts.len() + 1, "attempt begins");
        let result = attempt(target, limits, receive).await.map_err(|mut failed| {
            target.mask(&mut failed.failure);
            failed
        });
        let duration = began.elapsed();
        attempts.push(Attempt {
            provider: provider.to_owned(),
            model: model.to_owned(),
            outcome: result
                .as_ref()
                .map_or_else(|failed| Outcome::from(&failed.failure), |_| Outcome::Success),
            duration,
            waited,
        });
        let failed = match result {
            Ok(answer) => {
                debug!(target: "ferrule", provider, model, ?duration, "attempt succeeded");
                return Ok((answer, attempts));
            }
            Err(failed) => failed,
        };
        let made = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
        let Some(delay) = retry::delay(&failed, made, max_retries, limits.remaining()) else {
            debug!(target: "ferrule", provider, model, ?duration, failure = %failed.failure, "call failed");
            return Err(target.error(failed.failure, attempts));
        };
        debug!(target: "ferrule", provider, model, ?duration, ?delay, failure = %failed.failure, "attempt failed, trying again");
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        waited = delay;
    }
}

async fn attempt<R: Receive>(target: &Target, limits: Limits, receive: &R) -> Result<R::Answer, Failed> {
    let incoming = send::send(target, Watch::start(limits)).await?;
    Ok(receive.receive(incoming, target).await?)
}
