//! Resumption of a call whose stream broke off: its next attempts, as the plan decides.

use crate::{
    call::Run,
    candidates::Candidates,
    chat::Stream,
    continuation::{Broken, Resume, Resumed, Resuming},
    error::CallError,
    failover::Reason,
    options::CallOptions,
    plan::Step,
    policy::CallPolicy,
    receive::Reader,
    reply::Attempt,
    retry::Failed,
    stream::EventStream,
    work::Success,
};
use std::borrow::Cow;

/// A streamed completion that another target continues if it breaks off. It keeps its request until the end.
pub(crate) async fn stream(
    candidates: Candidates,
    work: Stream,
    options: CallOptions,
    policy: CallPolicy,
) -> Result<EventStream, CallError> {
    let mut run = Box::new(Run::new(candidates, work, Cow::Owned(options), policy));
    let first = run.first();
    let (reader, answered) = run.answer(first).await?;
    Ok(EventStream::new(reader, answered).continued_by(run))
}

impl Resume for Run<'static, Stream> {
    fn resume(mut self: Box<Self>, broken: Broken) -> Resuming {
        Box::pin(async move {
            let outcome = go_on(&mut self, broken).await;
            Resumed { call: self, outcome }
        })
    }
}

async fn go_on(run: &mut Run<'static, Stream>, broken: Broken) -> Result<(Reader, Success), Vec<Attempt>> {
    let Broken { failure, attempts, delivered } = broken;
    let may = run.work.go_on_with(&delivered);
    let mut step = run.broke_off(Failed::from(failure), attempts, may);
    loop {
        if step == Step::GiveUp {
            return Err(run.take_attempts());
        }
        let error = match run.answer(step).await {
            Ok(answered) => return Ok(answered),
            Err(error) => error,
        };
        // A request that is invalid only because of the prefix is sent without it.
        let refused = Reason::from_failure(&error.failure) == Reason::InvalidRequest;
        match refused.then(|| run.without_prefix(&error.attempts)).flatten() {
            Some(again) => {
                run.work.begin_anew();
                step = again;
            }
            None => return Err(error.attempts),
        }
    }
}
