//! Streams, read event by event through their decoder.

use crate::{
    apart::{LONG_BYTES, apart, read_whole},
    bounds::Bounds,
    failure::Failure,
    incoming::Incoming,
    target::Target,
};
use bytes::Bytes;
use ferrule_wire::{
    dialect::{
        StreamDecoder,
        shared::foreign::{self, MarkedStream},
    },
    framing::{StreamError, StreamLimits},
    json::Extra,
    model::{FinishReason, StreamEvent, Usage, replay},
};
use std::{
    collections::VecDeque,
    fmt, mem,
    ops::ControlFlow,
    time::{Duration, Instant},
};
use tokio::time::timeout_at;

/// The events of one chunk of the body.
#[derive(Clone, Debug)]
pub struct EventBatch {
    /// When the chunk was read from the socket.
    pub received_at: Instant,
    /// Its events; never empty.
    pub events: Vec<StreamEvent>,
}

/// The usage that a stream reports. Only the few events that carry some are examined.
#[derive(Clone, Debug, Default)]
pub(crate) struct StreamUsage {
    pub(crate) model: String,
    pub(crate) usage: Option<Box<Usage>>,
    /// The one of the response's other fields that affects its price.
    pub(crate) extra: Extra,
    /// Whether an answer is complete and only usage may follow.
    finished: bool,
    /// Whether the answer ended because its provider failed.
    failed: bool,
}

/// The service tier, as the provider names it.
const SERVICE_TIER: &str = "service_tier";

impl StreamUsage {
    fn observe(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::Start(start) => {
                self.model.clone_from(&start.model);
                self.keep(&start.extra);
            }
            StreamEvent::ResponseExtra(extra) => self.keep(extra),
            StreamEvent::Finish { reason, .. } => {
                self.finished = true;
                self.failed |= *reason == FinishReason::Error;
            }
            StreamEvent::UsageUpdate(usage) => self.usage.get_or_insert_default().advance(usage),
            _ => {}
        }
    }

    fn keep(&mut self, extra: &Extra) {
        if let Some(tier) = extra.get(SERVICE_TIER) {
            self.extra.insert(SERVICE_TIER, tier.clone());
        }
    }
}

/// Reads a body through its decoder.
pub struct Reader {
    /// `None` after the end.
    incoming: Option<Incoming>,
    decoder: Box<dyn StreamDecoder>,
    signed: MarkedStream,
    ready: VecDeque<EventBatch>,
    /// The events of the next batch so far: if a read is dropped, they go to the next one.
    gathered: Vec<StreamEvent>,
    /// Delivered after the pending events.
    failure: Option<Failure>,
    status: Option<u16>,
    pub(crate) request_id: Option<String>,
    /// The beginning of the body, kept until it yields events: a body that yields none is something else.
    beginning: Bytes,
    has_begun: bool,
    pub(crate) first_token: Option<Instant>,
    pub(crate) ended: Option<Instant>,
    /// The usage reported so far.
    pub(crate) usage: StreamUsage,
    /// The bytes that may still arrive.
    bytes_left: u64,
    events_left: u64,
    bounds: Bounds,
    /// Bytes since the last event, which the decoder keeps.
    unread: usize,
    /// Whether the answer ends with its first complete choice.
    is_single: bool,
    /// When a complete answer fell silent; `None` until it is complete.
    complete_since: Option<tokio::time::Instant>,
}

/// The number of chunks for which the mere beginning of an answer, or metadata, is held back, so that an error right
/// after it can still be retried.
const MAX_HELD_BACK: usize = 16;

/// How many bytes of the beginning are kept; an error shows fewer.
const KEPT_BYTES: usize = 16 << 10;

/// How long to wait for the usage that follows a complete answer. Some servers leave the connection open without an end
/// marker.
const SILENCE_AT_END: Duration = Duration::from_secs(1);

/// The maximum number of events gathered from available chunks before they are delivered.
const MAX_AT_ONCE: usize = 256;

impl Reader {
    /// Whether the usage is complete: so is the answer, and it was reported.
    pub(crate) fn is_reported(&self) -> bool {
        let usage = self.usage.usage.as_ref();
        self.usage.finished && usage.is_some_and(|usage| usage.output_tokens.is_some())
    }

    /// The next events; `None` after the end. After a failure there is nothing more. Nothing is lost when the future is
    /// dropped.
    pub(crate) async fn next(&mut self) -> Option<Result<EventBatch, Failure>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Some(Ok(batch));
            }
            if !self.gathered.is_empty() {
                self.deliver_gathered(Instant::now());
                continue;
            }
            if let Some(failure) = self.failure.take() {
                return Some(Err(failure));
            }
            self.incoming.as_ref()?;
            self.read().await;
        }
    }

    /// Waits for a chunk of the body, or its end, and reads it and every chunk already available after it.
    async fn read(&mut self) {
        let Some(incoming) = &mut self.incoming else { return };
        let mut chunk = match self.complete_since {
            // The answer is complete: neither silence nor a broken connection can damage it. Keep-alives count as
            // silence.
            Some(since) => {
                let silent = timeout_at(since + SILENCE_AT_END, incoming.chunk()).await;
                silent.unwrap_or(Ok(None)).or(Ok(None))
            }
            None => incoming.chunk().await,
        };
        let received_at = Instant::now();
        let mut at_once = 0;
        let end = loop {
            if let Ok(Some(bytes)) = &chunk {
                at_once += bytes.len();
                match self.bytes_left.checked_sub(bytes.len() as u64) {
                    Some(left) => self.bytes_left = left,
                    None => break Some(Err(too_long(self.bounds.stream_bytes, "bytes"))),
                }
                self.unread += bytes.len();
                if !self.has_begun && self.beginning.is_empty() {
                    self.beginning = bytes.slice(..bytes.len().min(KEPT_BYTES));
                }
            }
            let before = self.gathered.len();
            if self.unread > LONG_BYTES {
                let decoder = mem::replace(&mut self.decoder, Box::new(Absent));
                let gathered = mem::take(&mut self.gathered);
                let digested = digest_apart(incoming, decoder, chunk, gathered).await;
                match digested {
                    Ok((decoder, all, flow)) => {
                        (self.decoder, self.gathered) = (decoder, all);
                        if let ControlFlow::Break(end) = flow {
                            break Some(end);
                        }
                    }
                    Err(failure) => break Some(Err(failure)),
                }
            } else if let ControlFlow::Break(end) = digest(self.decoder.as_mut(), chunk, &mut self.gathered) {
                break Some(end);
            }
            if self.gathered.len() > before {
                self.unread = 0;
            }
            // Time limits are checked in between.
            if self.gathered.len() >= MAX_AT_ONCE || at_once >= LONG_BYTES {
                break None;
            }
            match incoming.chunk_at_hand().await {
                Some(next) => chunk = next,
                None => break None,
            }
        };
        let end = match self.events_left.checked_sub(self.gathered.len() as u64) {
            Some(_) => end,
            None => Some(Err(too_long(self.bounds.stream_events, "events"))),
        };
        self.deliver_gathered(received_at);
        let end = match end {
            // Only usage and end markers follow a complete answer: if they are unreadable or missing, the answer is
            // still good.
            Some(Err(Failure::Unreadable(_) | Failure::Interrupted(_))) if self.complete_since.is_some() => {
                Some(Ok(()))
            }
            Some(Err(Failure::Provider(_))) if self.complete_since.is_some() && !self.usage.failed => {
                Some(Ok(()))
            }
            end => end,
        };
        let Some(end) = end else {
            if self.has_begun {
                self.beginning = Bytes::new();
            }
            return;
        };
        self.ended = Some(received_at);
        match (self.incoming.take(), end) {
            (Some(incoming), Ok(())) => incoming.finish(),
            (_, Ok(())) => {}
            (_, Err(failure)) => self.failure = Some(self.identify(failure)),
        }
    }

    fn deliver_gathered(&mut self, received_at: Instant) {
        let mut events = mem::take(&mut self.gathered);
        self.events_left = self.events_left.saturating_sub(events.len() as u64);
        self.signed.mark(&mut events);
        let says_something = !events.is_empty();
        self.deliver(received_at, events);
        if self.usage.finished && self.is_single && (says_something || self.complete_since.is_none()) {
            self.complete_since = Some(received_at.into());
        }
    }

    fn deliver(&mut self, received_at: Instant, events: Vec<StreamEvent>) {
        if events.is_empty() {
            return;
        }
        self.has_begun = true;
        events.iter().for_each(|event| self.usage.observe(event));
        if self.first_token.is_none() && events.iter().any(is_token) {
            self.first_token = Some(received_at);
        }
        self.ready.push_back(EventBatch { received_at, events });
    }

    /// The failure with the status, the request id and, if nothing was read before, the beginning of the body.
    fn identify(&self, failure: Failure) -> Failure {
        failure
            .with_status(self.status)
            .with_request_id(|| self.request_id.clone())
            .with_body(&self.beginning)
    }

    /// Whether there is something that a caller waits for. Openings and metadata are not: keep-alives, the head, the
    /// filter's verdict on the prompt, usage, an empty text delta.
    fn has_substance(&self) -> bool {
        let counts = |event: &StreamEvent| is_token(event) || matches!(event, StreamEvent::Finish { .. });
        self.ready.len() > MAX_HELD_BACK || self.ready.iter().any(|batch| batch.events.iter().any(counts))
    }

    /// Why the answer ended, if it ended before there was any of it.
    pub(crate) fn end_at_once(&self) -> Option<&FinishReason> {
        let events = || self.ready.iter().flat_map(|batch| &batch.events);
        if !self.is_single || events().any(is_token) {
            return None;
        }
        events().find_map(|event| match event {
            StreamEvent::Finish { reason, .. } => Some(reason),
            _ => None,
        })
    }
}

/// As [`digest`], on a separate thread.
async fn digest_apart(
    incoming: &mut Incoming,
    mut decoder: Box<dyn StreamDecoder>,
    chunk: Result<Option<Bytes>, Failure>,
    mut events: Vec<StreamEvent>,
) -> Result<(Box<dyn StreamDecoder>, Vec<StreamEvent>, ControlFlow<Result<(), Failure>>), Failure> {
    apart(incoming, move || {
        let flow = digest(decoder.as_mut(), chunk, &mut events);
        (decoder, events, flow)
    })
    .await
}

/// Placeholder for a decoder that is in use elsewhere; if that one never returns, the stream is over.
struct Absent;

impl StreamDecoder for Absent {
    fn push(&mut self, _: &[u8], _: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        Err(StreamError::Interrupted)
    }

    fn finish(&mut self, _: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        Err(StreamError::Interrupted)
    }

    fn is_done(&self) -> bool {
        false
    }
}

fn too_long(limit: u64, what: &str) -> Failure {
    Failure::unreadable(format!("the stream has more than {limit} {what} (bounds.stream_{what})"))
}

/// Reads one chunk of the body, or its end. Breaks if nothing of interest follows.
fn digest(
    decoder: &mut dyn StreamDecoder,
    chunk: Result<Option<Bytes>, Failure>,
    events: &mut Vec<StreamEvent>,
) -> ControlFlow<Result<(), Failure>> {
    let read = match chunk {
        Ok(Some(bytes)) => match decoder.push(&bytes, events) {
            Ok(()) if decoder.is_done() => decoder.finish(events),
            Ok(()) => return ControlFlow::Continue(()),
            Err(error) => return ControlFlow::Break(Err(Failure::from(error).with_body(&bytes))),
        },
        Ok(None) => decoder.finish(events),
        Err(failure) => {
            finish_broken(decoder, events);
            return ControlFlow::Break(Err(failure));
        }
    };
    ControlFlow::Break(read.map_err(Failure::from))
}

/// The connection broke: flushes the text that the decoder still holds, but discards any end it would report.
fn finish_broken(decoder: &mut dyn StreamDecoder, events: &mut Vec<StreamEvent>) {
    let mut held_back = Vec::new();
    // The connection's failure is the one that is reported.
    let _ = decoder.finish(&mut held_back);
    events.extend(held_back.into_iter().filter(is_token));
}

fn is_token(event: &StreamEvent) -> bool {
    match event {
        StreamEvent::TextDelta { text, .. }
        | StreamEvent::ReasoningDelta { text, .. }
        | StreamEvent::RefusalDelta { text, .. } => !text.is_empty(),
        StreamEvent::ToolCallStart { .. }
        | StreamEvent::ToolCallDelta { .. }
        | StreamEvent::Part { .. }
        | StreamEvent::MessagePieces { .. } => true,
        _ => false,
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reader").field("ready", &self.ready.len()).finish_non_exhaustive()
    }
}

/// Reads until there is something to deliver. `is_single` says that one choice was requested.
pub(crate) async fn open_stream(
    mut incoming: Incoming,
    target: &Target,
    is_single: bool,
) -> Result<Reader, Failure> {
    let (dialect, quirks) = (target.provider.dialect, &target.provider.quirks);
    let bounds = incoming.bounds();
    let mut reader = Reader {
        status: incoming.status(),
        request_id: incoming.request_id(),
        beginning: Bytes::new(),
        has_begun: false,
        incoming: None,
        decoder: quirks.decoder(dialect.stream_decoder(StreamLimits::default())),
        signed: MarkedStream::new(target.signer(), dialect.format()),
        ready: VecDeque::new(),
        gathered: Vec::new(),
        failure: None,
        first_token: None,
        ended: None,
        usage: StreamUsage::default(),
        bytes_left: bounds.stream_bytes,
        events_left: bounds.stream_events,
        bounds,
        unread: 0,
        is_single,
        complete_since: None,
    };
    match incoming.media_type() {
        // The whole answer at once: some servers do not stream, and some report errors this way.
        "application/json" if !dialect.stream_media_types().contains(&"application/json") => {
            let body = incoming.content().await?;
            let decoded = read_whole(&mut incoming, &body, move |body| dialect.decode_response(body)).await?;
            let mut response = decoded.map_err(|error| incoming.unreadable(error.into(), &body))?;
            quirks.adjust(&mut response);
            foreign::mark_response(&mut response, &target.signer(), dialect.format());
            let received_at = Instant::now();
            reader.deliver(received_at, replay(&response, |text| vec![text]));
            reader.ended = Some(received_at);
            return Ok(reader);
        }
        "text/html" => {
            let body = incoming.beginning().await;
            return Err(incoming.unreadable(Failure::unreadable("a page instead of a stream"), &body));
        }
        _ => {
            incoming.forget_headers();
            reader.incoming = Some(incoming);
        }
    }
    while reader.incoming.is_some() && !reader.has_substance() {
        reader.read().await;
        // The attempt may still fail, or be cancelled for a faster one.
        let StreamUsage { model, usage, extra, .. } = &reader.usage;
        target.reported.note(model, usage.as_deref(), extra);
    }
    // What is held back has not been delivered, so this attempt can still be retried.
    if !reader.has_substance()
        && let Some(failure) = reader.failure.take()
    {
        return Err(failure);
    }
    Ok(reader)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferrule_wire::dialect::registry::find;

    /// The first half of a pair waits for the second, which does not come.
    #[test]
    fn held_back_text_is_delivered_before_a_connection_failure() {
        let mut decoder = find("openai-chat").unwrap().stream_decoder(StreamLimits::default());
        let mut events = Vec::new();
        let chunk = |text: &str| {
            let body = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
            Ok(Some(Bytes::from(body)))
        };
        for text in ["a", r"b\ud83c"] {
            assert!(digest(decoder.as_mut(), chunk(text), &mut events).is_continue());
        }
        let broken = Err(Failure::Interrupted("the connection broke".to_owned()));
        assert!(digest(decoder.as_mut(), broken, &mut events).is_break());
        let text: String = events
            .iter()
            .filter_map(|event| match event {
                StreamEvent::TextDelta { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(text, "ab\u{fffd}");
    }
}
