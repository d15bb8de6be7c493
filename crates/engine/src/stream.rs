//! Event streams, as callers read them.

use crate::{
    admission::Admitted,
    continuation::{Continuation, Resume},
    error::CallError,
    failover::Reason,
    failure::Failure,
    observe::{EventKind, Events, StreamEnding, What},
    one_line::InOneLine,
    provider::Provider,
    receive::{EventBatch, Reader},
    reply::{Attempt, Outcome, Stats},
    secrets::Secrets,
    target::Target,
    target_state::{self, Lease},
    work::Success,
};
use ferrule_catalog::{Catalog, Settlement, UsageRecord};
use ferrule_wire::encode::UnsupportedField;
use std::{mem, sync::Arc, time::Instant};

/// A response in progress. Dropping it closes the upstream connection at once.
///
/// It keeps what it needs of its call, and the request only if another target may continue it: many streams may be open
/// for a long time.
#[derive(Debug)]
pub struct EventStream {
    reader: Reader,
    provider: Arc<Provider>,
    secrets: Secrets,
    model: String,
    attempts: Vec<Attempt>,
    dropped: Vec<UnsupportedField>,
    started: Instant,
    opened: Instant,
    /// The start of the call, in seconds since 1970, and the catalog for its prices.
    pricing: (i64, Option<Arc<Catalog>>),
    settlement: Option<Arc<Settlement>>,
    /// The lease on the target.
    lease: Option<Lease>,
    /// Its admission, if there are limits or budgets.
    admitted: Option<Arc<Admitted>>,
    /// Where the end is reported; `None` once it has been.
    events: Option<Events>,
    /// What continues it if it breaks off; `None` if nothing does.
    continuation: Option<Box<Continuation>>,
    /// Usage of the targets that began the answer.
    begun: Vec<Arc<Settlement>>,
    /// Usage of attempts that contributed nothing to it.
    unanswered: Vec<Arc<Settlement>>,
}

impl EventStream {
    /// A stream of what `reader` has and will have.
    pub(crate) fn new(reader: Reader, answered: Success) -> Self {
        let Success { target, attempts, policy, lease, unanswered } = answered;
        let Target { provider, secrets, model, dropped, admitted, .. } = *target;
        policy.events.response(&attempts, None);
        Self {
            reader,
            provider,
            secrets,
            model,
            attempts,
            dropped,
            started: policy.started.into_std(),
            opened: Instant::now(),
            pricing: (policy.at, policy.catalog),
            settlement: None,
            lease,
            admitted,
            events: Some(policy.events),
            continuation: None,
            begun: Vec::new(),
            unanswered,
        }
    }

    /// If it breaks off, another target of `call` continues it.
    pub(crate) fn continued_by(mut self, call: Box<dyn Resume>) -> Self {
        self.continuation = Some(Box::new(Continuation::new(call)));
        self
    }

    /// The next events; `None` after the end. After an error there is nothing more. Nothing is lost when the future is
    /// dropped.
    pub async fn next(&mut self) -> Option<Result<EventBatch, CallError>> {
        loop {
            if let Some(continuation) = &mut self.continuation
                && let Some(resumed) = continuation.resumed().await
            {
                return Some(match resumed {
                    Ok((reader, answered)) => Ok(self.go_on(reader, answered)),
                    Err(error) => {
                        self.settle();
                        self.notify_end(StreamEnding::Interrupted, Some(&error.failure));
                        Err(error)
                    }
                });
            }
            match self.reader.next().await {
                Some(Ok(batch)) => {
                    if let Some(admitted) = &self.admitted {
                        admitted.deliver(&batch.events);
                    }
                    let Some(continuation) = &mut self.continuation else { return Some(Ok(batch)) };
                    if let Some(batch) = continuation.deliver(batch) {
                        return Some(Ok(batch));
                    }
                }
                Some(Err(failure)) => {
                    let mut error = self.error(failure);
                    if let Some(continuation) = &mut self.continuation {
                        match continuation.begin(error) {
                            None => continue,
                            Some(known) => error = known,
                        }
                    }
                    self.settle();
                    self.notify_end(StreamEnding::Interrupted, Some(&error.failure));
                    return Some(Err(error));
                }
                None => {
                    if let Some(mut lease) = self.lease.take() {
                        self.note_use(&lease);
                        lease.succeed(self.opened.elapsed());
                    }
                    if let Some(admitted) = self.admitted.take() {
                        admitted.settle(&self.settle_own());
                    }
                    self.settle();
                    self.notify_end(StreamEnding::Complete, None);
                    return None;
                }
            }
        }
    }

    /// Another target continues the stream, which is its own from here on. Returns the event that announces it.
    fn go_on(&mut self, reader: Reader, answered: Success) -> EventBatch {
        if self.reader.usage.usage.is_some() {
            self.begun.push(Arc::new(self.settle_own()));
        }
        let first_token = self.reader.first_token;
        let event = self.continuation.as_mut().map(|continuation| continuation.event(&answered));
        let mut next = Self::new(reader, answered);
        next.continuation = self.continuation.take();
        next.begun = mem::take(&mut self.begun);
        next.unanswered.splice(0..0, mem::take(&mut self.unanswered));
        next.started = self.started;
        next.reader.first_token = first_token.or(next.reader.first_token);
        // It has not ended.
        self.events = None;
        *self = next;
        event.unwrap_or_else(|| EventBatch { received_at: Instant::now(), events: Vec::new() })
    }

    fn error(&mut self, mut failure: Failure) -> CallError {
        self.provider.mask(&mut failure);
        self.secrets.mask_failure(&mut failure);
        let reason = Reason::from_failure(&failure);
        if let Some(mut lease) = self.lease.take() {
            lease.fail(reason, &failure);
        }
        self.cut();
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.outcome = Outcome::from(&failure);
            attempt.reason = Some(reason);
            attempt.duration += self.opened.elapsed();
        }
        // If another target may continue, the continuation reports the end.
        if let Some(events) = self.events.as_ref().filter(|_| self.continuation.is_none()) {
            events.broken_off(&self.attempts, &failure);
        }
        let (provider, model) = (&*self.provider.id, &*self.model);
        tracing::debug!(target: "ferrule", provider, model, failure = %InOneLine(&failure), "stream failed");
        CallError {
            failure,
            provider: provider.to_owned(),
            model: model.to_owned(),
            attempts: self.attempts.clone(),
            // The stream's settlement includes it.
            unanswered: Vec::new(),
        }
    }

    /// Settles its admission before the end, by the usage so far.
    fn cut(&mut self) {
        let Some(admitted) = self.admitted.take() else { return };
        if self.reader.is_reported() {
            return admitted.settle(&self.settle_own());
        }
        admitted.cut(self.reader.usage.usage.as_deref());
    }

    /// Notifies the call's observer of the end, once.
    fn notify_end(&mut self, ending: StreamEnding, failure: Option<&Failure>) {
        let Some(events) = self.events.take().filter(|events| events.want(EventKind::StreamEnd)) else {
            return;
        };
        let (settlement, time_to_first_token) = (self.settle(), self.stats().time_to_first_token);
        let (failure, duration) = (failure.cloned().map(Box::new), self.started.elapsed());
        let what = What::StreamEnd { ending, failure, duration, time_to_first_token, settlement };
        events.stream_end(self.provider.event_target(&self.model), what);
    }

    /// Adds the usage to the target's statistics.
    fn note_use(&self, lease: &Lease) {
        let usage = self.reader.usage.usage.as_deref();
        let all = usage.map_or(0, |usage| {
            usage.input_tokens.unwrap_or_default().saturating_add(usage.output_tokens.unwrap_or_default())
        });
        lease.statistics().used(target_state::now(), all);
    }

    /// The stream's usage and cost: settled when it ended; while it is open, as of now.
    pub fn settle(&mut self) -> Arc<Settlement> {
        if let Some(settlement) = &self.settlement {
            return Arc::clone(settlement);
        }
        let settlement = self.settle_own().with(self.begun.clone(), self.unanswered.clone());
        Arc::clone(self.settlement.insert(Arc::new(settlement)))
    }

    /// The usage and cost at the answering target.
    fn settle_own(&self) -> Settlement {
        let usage = &self.reader.usage;
        let mut record = UsageRecord {
            provider: self.provider.id.to_string(),
            asked: self.model.clone(),
            at: self.pricing.0,
            ..UsageRecord::default()
        };
        record.fill(&usage.model, usage.usage.as_deref(), &usage.extra);
        Settlement::new(record, self.pricing.1.clone())
    }

    /// The catalog for its prices; built-in prices if absent.
    pub fn catalog(&self) -> Option<&Arc<Catalog>> {
        self.pricing.1.as_ref()
    }

    /// The usage and cost of targets that began the answer and broke off.
    pub fn begun(&self) -> &[Arc<Settlement>] {
        &self.begun
    }

    /// Usage of attempts that contributed nothing to the answer.
    pub fn unanswered(&self) -> &[Arc<Settlement>] {
        &self.unanswered
    }

    /// The provider that answers.
    pub fn provider(&self) -> &str {
        &self.provider.id
    }

    /// The model requested there.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The provider's id of the request, from its headers.
    pub fn request_id(&self) -> Option<&str> {
        self.reader.request_id.as_deref()
    }

    /// Every attempt, the answering one last.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The durations so far.
    pub fn stats(&self) -> Stats {
        let since_start = |instant: Instant| instant.saturating_duration_since(self.started);
        Stats {
            started: self.started,
            time_to_first_token: self.reader.first_token.map(since_start),
            duration: self.reader.ended.map(since_start),
        }
    }

    /// The fields that were dropped because the dialect cannot carry them.
    pub fn dropped(&self) -> &[UnsupportedField] {
        &self.dropped
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.cut();
        self.notify_end(StreamEnding::Closed, None);
    }
}
