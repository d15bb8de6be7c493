//! The one loop around every call, plain, streamed or a list: attempts, retries, deadline.
//!
//! An attempt is over when its `Receive` has what can be delivered; nothing after that is repeated. The loop asks one
//! target, and its fallback when that one cannot be reached; a choice of several, breakers and limits have their place
//! where an attempt begins and where it is recorded.

use crate::{
    Attempt, CallError, Failure, Outcome, backend,
    credentials::Grant,
    follow,
    retry::{self, Again, Failed},
    send::{self, Incoming},
    target::Target,
    timeout::{Limits, Watch},
};
use http::Method;
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

/// What a call came to, and who answered.
pub(crate) struct Answered<A> {
    pub(crate) answer: A,
    pub(crate) target: Target,
    pub(crate) attempts: Vec<Attempt>,
}

/// Sends `target` until there is something to deliver, it makes no sense any more, or time is up. A provider that cannot
/// be reached is left at once for its fallback, where it has one.
pub(crate) async fn call<R: Receive>(
    mut target: Target,
    limits: Limits,
    max_retries: u32,
    receive: &R,
) -> Result<Answered<R::Answer>, CallError> {
    let mut attempts = Vec::new();
    let mut waited = Duration::ZERO;
    // Of this target, without those that only its credentials were renewed for.
    let mut made = 0;
    let mut renewed = false;
    loop {
        let began = Instant::now();
        {
            let (provider, model) = (&*target.provider.id, target.model.as_str());
            debug!(target: "ferrule", provider, model, attempt = attempts.len() + 1, "attempt begins");
        }
        let (grant, result) = attempt(&mut target, limits, receive).await;
        let result = result.map_err(|mut failed| {
            target.mask(&mut failed.failure);
            failed
        });
        let (provider, model) = (&*target.provider.id, target.model.as_str());
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
                return Ok(Answered { answer, target, attempts });
            }
            Err(failed) => failed,
        };
        if !renewed
            && let Some(grant) = &grant
            && target.renew(grant, &failed.failure)
            && !limits.remaining().is_zero()
        {
            debug!(target: "ferrule", provider, model, ?duration, failure = %failed.failure, "credentials renewed, trying again");
            (renewed, waited) = (true, Duration::ZERO);
            continue;
        }
        made += 1;
        if failed.is_unreached(made, max_retries)
            && !limits.remaining().is_zero()
            && let Some(next) = &target.fallback
        {
            let fallback = &*next.provider.id;
            debug!(target: "ferrule", provider, model, fallback, ?duration, failure = %failed.failure, "cannot be reached, asking the fallback");
            target = target.into_fallback();
            (made, renewed, waited) = (0, false, Duration::ZERO);
            continue;
        }
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

/// One attempt, and what it was authorised with.
async fn attempt<R: Receive>(
    target: &mut Target,
    limits: Limits,
    receive: &R,
) -> (Option<Grant>, Result<R::Answer, Failed>) {
    let grant = match target.grant(limits).await {
        Ok(grant) => grant,
        Err(failure) => return (None, Err(failure.into())),
    };
    if let Some(grant) = &grant {
        grant.add_secrets(&mut target.secrets);
    }
    let result = answered(target, grant.as_ref(), limits, receive).await;
    (grant, result)
}

async fn answered<R: Receive>(
    target: &Target,
    grant: Option<&Grant>,
    limits: Limits,
    receive: &R,
) -> Result<R::Answer, Failed> {
    let incoming = match &target.provider.backend {
        None => send::send(target, grant, Watch::start(limits)).await,
        Some(backend) => backend::ask(backend.as_ref(), target, limits),
    };
    let Some(read) = target.provider.dialect.follow_up().filter(|_| target.method == Method::POST) else {
        return receive.receive(incoming?, target).await.map_err(Failed::from);
    };
    // Boxed, as few calls need it and all would carry its size.
    let incoming = Box::pin(follow::follow(incoming.map_err(follow::spare)?, target, limits, read)).await;
    let received = match incoming {
        Ok(incoming) => receive.receive(incoming, target).await,
        Err(failure) => Err(failure),
    };
    received.map_err(|failure| Failed::new(failure, Again::Never))
}
