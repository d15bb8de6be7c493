//! Delivery, event by event.

use crate::{
    Attempt, CallError, Failure, Outcome, Stats,
    call::Receive,
    secrets::Secrets,
    send::Incoming,
    target::{Provider, Target},
};
use bytes::Bytes;
use ferrule_wire::{
    dialect::{
        StreamDecoder,
        shared::signer::{self, SignedStream},
    },
    encode::UnsupportedField,
    framing::StreamLimits,
    model::{StreamEvent, replay},
};
use std::{collections::VecDeque, fmt, ops::ControlFlow, sync::Arc, time::Instant};

/// An answer that is being received. Dropping it closes the connection upstream at once.
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
}

/// The events of one piece of the body.
#[derive(Clone, Debug)]
pub struct EventBatch {
    /// When the piece was read from the socket.
    pub received_at: Instant,
    /// What it said; never empty.
    pub events: Vec<StreamEvent>,
}

impl EventStream {
    /// What `reader` has and will have, as an answer to `target`.
    pub(crate) fn new(reader: Reader, target: Target, attempts: Vec<Attempt>, started: Instant) -> Self {
        let Target { provider, secrets, model, dropped, .. } = target;
        Self { reader, provider, secrets, model, attempts, dropped, started, opened: Instant::now() }
    }

    /// The next events; `None` after the end. After an error there is nothing more. Nothing is lost when the future
    /// is dropped.
    pub async fn next(&mut self) -> Option<Result<EventBatch, CallError>> {
        loop {
            if let Some(batch) = self.reader.ready.pop_front() {
                return Some(Ok(batch));
            }
            if let Some(failure) = self.reader.failure.take() {
                return Some(Err(self.error(failure)));
            }
            self.reader.incoming.as_ref()?;
            self.reader.read().await;
        }
    }

    fn error(&mut self, mut failure: Failure) -> CallError {
        self.provider.mask(&mut failure);
        self.secrets.mask_failure(&mut failure);
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.outcome = Outcome::from(&failure);
            attempt.duration += self.opened.elapsed();
        }
        let (provider, model) = (&*self.provider.id, &*self.model);
        tracing::debug!(target: "ferrule", provider, model, %failure, "stream failed");
        CallError {
            failure,
            provider: provider.to_owned(),
            model: model.to_owned(),
            attempts: self.attempts.clone(),
        }
    }

    /// The provider that answers.
    pub fn provider(&self) -> &str {
        &self.provider.id
    }

    /// The provider's id of the request, from its headers.
    pub fn request_id(&self) -> Option<&str> {
        self.reader.request_id.as_deref()
    }

    /// Every attempt, the one that answers last.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// How long it took so far.
    pub fn stats(&self) -> Stats {
        let since_start = |instant: Instant| instant.saturating_duration_since(self.started);
        Stats {
            started: self.started,
            time_to_first_token: self.reader.first_token.map(since_start),
            duration: self.reader.ended.map(since_start),
        }
    }

    /// What was left out because the dialect cannot carry it.
    pub fn dropped(&self) -> &[UnsupportedField] {
        &self.dropped
    }
}

/// Reads a body through its decoder.
pub(crate) struct Reader {
    /// `None` after the end.
    incoming: Option<Incoming>,
    decoder: Box<dyn StreamDecoder>,
    signed: SignedStream,
    ready: VecDeque<EventBatch>,
    /// Comes after what is ready.
    failure: Option<Failure>,
    request_id: Option<String>,
    first_token: Option<Instant>,
    ended: Option<Instant>,
}

/// An answer that only begins or counts may be held back this many pieces long, so that an error right behind its
/// beginning can still be retried.
const HELD_BACK: usize = 16;

/// The most events that are gathered from pieces at hand before they are handed on.
const MOST_AT_ONCE: usize = 256;

impl Reader {
    /// Waits for a piece of the body, or its end, and reads it and all that is here already behind it.
    async fn read(&mut self) {
        let Some(incoming) = &mut self.incoming else { return };
        let mut chunk = incoming.chunk().await;
        let received_at = Instant::now();
        let mut events = Vec::new();
        let end = loop {
            if let ControlFlow::Break(end) = digest(self.decoder.as_mut(), chunk, &mut events) {
                break Some(end);
            }
            if events.len() >= MOST_AT_ONCE {
                break None;
            }
            match incoming.chunk_at_hand().await {
                Some(next) => chunk = next,
                None => break None,
            }
        };
        self.signed.mark(&mut events);
        self.deliver(received_at, events);
        let Some(end) = end else { return };
        self.ended = Some(received_at);
        match (self.incoming.take(), end) {
            (Some(incoming), Ok(())) => incoming.finish(),
            (_, Ok(())) => {}
            (_, Err(failure)) => self.failure = Some(self.with_request_id(failure)),
        }
    }

    fn deliver(&mut self, received_at: Instant, events: Vec<StreamEvent>) {
        if events.is_empty() {
            return;
        }
        if self.first_token.is_none() && events.iter().any(is_token) {
            self.first_token = Some(received_at);
        }
        self.ready.push_back(EventBatch { received_at, events });
    }

    fn with_request_id(&self, mut failure: Failure) -> Failure {
        if let Failure::Provider(error) = &mut failure
            && error.request_id.is_none()
        {
            error.request_id.clone_from(&self.request_id);
        }
        failure
    }

    /// Whether there is something that a caller waits for.
    fn has_substance(&self) -> bool {
        let held_back =
            |event: &StreamEvent| matches!(event, StreamEvent::Start(_) | StreamEvent::UsageUpdate(_));
        self.ready.len() > HELD_BACK || self.ready.iter().any(|batch| !batch.events.iter().all(held_back))
    }
}

/// Reads one piece of the body, or its end. Breaks where nothing of interest follows.
fn digest(
    decoder: &mut dyn StreamDecoder,
    chunk: Result<Option<Bytes>, Failure>,
    events: &mut Vec<StreamEvent>,
) -> ControlFlow<Result<(), Failure>> {
    let read = match chunk {
        Ok(Some(bytes)) => match decoder.push(&bytes, events) {
            Ok(()) if decoder.is_done() => decoder.finish(events),
            Ok(()) => return ControlFlow::Continue(()),
            Err(error) => Err(error),
        },
        Ok(None) => decoder.finish(events),
        Err(failure) => return ControlFlow::Break(Err(failure)),
    };
    ControlFlow::Break(read.map_err(Failure::from))
}

fn is_token(event: &StreamEvent) -> bool {
    matches!(
        event,
        StreamEvent::TextDelta { .. }
            | StreamEvent::ReasoningDelta { .. }
            | StreamEvent::RefusalDelta { .. }
            | StreamEvent::ToolCallStart { .. }
            | StreamEvent::ToolCallDelta { .. }
            | StreamEvent::Part { .. }
    )
}

impl fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reader").field("ready", &self.ready.len()).finish_non_exhaustive()
    }
}

/// Reads until there is something to deliver.
#[derive(Debug)]
pub(crate) struct Opening;

impl Receive for Opening {
    type Answer = Reader;

    async fn receive(&self, mut incoming: Incoming, target: &Target) -> Result<Reader, Failure> {
        let (dialect, quirks) = (target.provider.dialect, &target.provider.quirks);
        let mut reader = Reader {
            request_id: incoming.request_id(),
            incoming: None,
            decoder: quirks.decoder(dialect.stream_decoder(StreamLimits::default())),
            signed: SignedStream::new(target.signer()),
            ready: VecDeque::new(),
            failure: None,
            first_token: None,
            ended: None,
        };
        match incoming.media_type() {
            // The whole answer at once: some servers do not stream, and some report errors so.
            "application/json" if !dialect.stream_media_types().contains(&"application/json") => {
                let body = incoming.body().await?;
                let mut response =
                    dialect.decode_response(&body).map_err(|error| reader.with_request_id(error.into()))?;
                quirks.adjust(&mut response);
                signer::sign(&mut response, &target.signer());
                let received_at = Instant::now();
                reader.deliver(received_at, replay(&response, |text| vec![text]));
                reader.ended = Some(received_at);
                return Ok(reader);
            }
            "text/html" => {
                return Err(incoming.unreadable(Failure::Unreadable("a page instead of a stream".to_owned())));
            }
            _ => {
                incoming.forget_headers();
                reader.incoming = Some(incoming);
            }
        }
        while reader.incoming.is_some() && !reader.has_substance() {
            reader.read().await;
        }
        // What is only held back is not delivered, so this attempt can still be repeated.
        if !reader.has_substance()
            && let Some(failure) = reader.failure.take()
        {
            return Err(failure);
        }
        Ok(reader)
    }
}
