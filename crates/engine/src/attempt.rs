//! Attempts of a call, one at a time: authorise, send, and receive as much as must be there before delivery can begin.

use crate::{
    backend::{self, Backend, BackendRequest},
    credentials::Grant,
    failure::{Expired, Failure, TimeoutKind},
    follow,
    incoming::Incoming,
    keys::KeyInUse,
    retry::{Again, Failed},
    send,
    target::Target,
    target_state::Lease,
    timeout::{Limits, Watch},
    trail::Began,
    work::Work,
};
use http::Method;
use std::{pin::pin, time::Duration};

/// An attempt: its target, and that target's position among the candidates.
#[derive(Debug)]
pub(crate) struct Turn {
    /// The position among the call's candidates.
    pub(crate) seat: usize,
    pub(crate) target: Box<Target>,
    pub(crate) lease: Option<Lease>,
    /// The key in use, if the provider has several.
    pub(crate) key: Option<KeyInUse>,
    pub(crate) began: Began,
}

/// Time limits of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) limits: Limits,
    /// How long the target may be silent if another candidate is left.
    pub(crate) patience: Option<Duration>,
}

/// How an attempt ended, and the credentials it used.
pub(crate) struct Ended<T> {
    pub(crate) grant: Option<Grant>,
    pub(crate) result: Result<T, Failed>,
    pub(crate) took: Duration,
}

impl Turn {
    /// Makes the attempt, and abandons it if nothing arrives within the target's time.
    pub(crate) async fn attempt<W: Work>(&mut self, window: Window, work: &W) -> Ended<W::Received> {
        let Self { target, began, .. } = self;
        let (grant, result) = {
            // One future for both branches: two would enlarge the future of every call.
            let attempted = pin!(attempt(target, window.limits, work));
            match window.patience.filter(|patience| *patience < window.limits.remaining()) {
                None => attempted.await,
                Some(patience) => {
                    let attempted = tokio::time::timeout(patience, attempted).await;
                    let expired = Expired { kind: TimeoutKind::FirstToken, limit: patience };
                    let silent = || (None, Err(Failure::from(expired).into()));
                    attempted.unwrap_or_else(|_| silent())
                }
            }
        };
        let took = began.elapsed();
        let result = result.map_err(|mut failed| {
            target.mask(&mut failed.failure);
            failed
        });
        Ended { grant, result, took }
    }
}

/// Makes one attempt; also returns the credentials it used.
async fn attempt<W: Work>(
    target: &mut Target,
    limits: Limits,
    work: &W,
) -> (Option<Grant>, Result<W::Received, Failed>) {
    if let Err(failure) = target.put_key(limits).await {
        return (None, Err(failure.into()));
    }
    let grant = match target.grant(limits).await {
        Ok(grant) => grant,
        Err(failure) => return (None, Err(failure.into())),
    };
    if let Some(grant) = &grant {
        grant.add_secrets(&mut target.secrets);
    }
    let result = receive(target, grant.as_ref(), limits, work).await;
    (grant, result)
}

async fn receive<W: Work>(
    target: &Target,
    grant: Option<&Grant>,
    limits: Limits,
    work: &W,
) -> Result<W::Received, Failed> {
    let incoming = match &target.provider.backend {
        None => send::send(target, grant, Watch::start(limits)).await,
        Some(backend) => call_backend(backend.as_ref(), target, grant, limits),
    };
    let Some(read) = target.provider.dialect.follow_up().filter(|_| target.method == Method::POST) else {
        return work.receive(incoming?, target).await.map_err(Failed::from);
    };
    // Boxed, as few calls need it and all would carry its size.
    let incoming = Box::pin(follow::follow(incoming.map_err(follow::spare)?, target, limits, read)).await;
    let received = match incoming {
        Ok(incoming) => work.receive(incoming, target).await,
        Err(failure) => Err(failure),
    };
    received.map_err(|failure| Failed::new(failure, Again::Never))
}

fn call_backend(
    backend: &dyn Backend,
    target: &Target,
    grant: Option<&Grant>,
    limits: Limits,
) -> Result<Incoming, Failed> {
    let (sender, receiver) = backend::channel(target.answer_media_type());
    let request = BackendRequest {
        model: target.model.clone(),
        body: target.body.clone(),
        stream: target.stream,
        key: grant.and_then(Grant::key).or_else(|| target.key_secret()),
        context: target.context.clone(),
    };
    if let Some(admitted) = &target.admitted {
        admitted.sent();
    }
    backend.begin(request, sender)?;
    Ok(Incoming::from_backend(receiver, Watch::begun(limits)))
}
