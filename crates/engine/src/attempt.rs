//! Attempts of a call, one at a time: authorised, sent, and received as far as has to be there before anything can be
//! delivered.

use crate::{
    backend::{self, Backend, BackendRequest},
    credentials::Grant,
    follow,
    incoming::Incoming,
    retry::{Again, Failed},
    send,
    target::Target,
    timeout::{Limits, Watch},
    work::Work,
};
use http::Method;

/// One attempt, and what it was authorised with.
pub(crate) async fn attempt<W: Work>(
    target: &mut Target,
    limits: Limits,
    work: &W,
) -> (Option<Grant>, Result<W::Received, Failed>) {
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
        Some(backend) => ask_backend(backend.as_ref(), target, grant, limits),
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

fn ask_backend(
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
        key: grant.and_then(Grant::key).or_else(|| target.provider.settings.api_key.clone()),
        context: target.context.clone(),
    };
    backend.begin(request, sender)?;
    Ok(Incoming::from_backend(receiver, Watch::begun(limits)))
}
