//! Streamed body: the frames of a response, encoded as they are sent, so that ten thousand open streams hold ten
//! thousand responses and no frames.

use crate::{
    body::Step,
    frames::Frames,
    pacing::Pacing,
    script::{Fault, Place, Reply},
    socket::Cut,
    tokens,
};
use ferrule_wire::{
    dialect::StreamEncoder,
    model::{ErrorKind, Request, Response, StreamEvent, Usage, replay},
    server::EmulatedProvider,
};
use std::{collections::VecDeque, time::Duration, vec};

/// The length of the chunks' texts.
#[derive(Clone, Copy, Debug)]
enum ChunkSize {
    Tokens(usize),
    Characters(usize),
}

/// The events of a response, with their texts cut into chunks.
struct Events {
    whole: vec::IntoIter<StreamEvent>,
    /// The event whose text is being cut, and how many bytes of it have been sent.
    cutting: Option<(StreamEvent, usize)>,
    size: ChunkSize,
}

impl Iterator for Events {
    type Item = StreamEvent;

    fn next(&mut self) -> Option<StreamEvent> {
        let (event, sent) = match self.cutting.take() {
            Some(cutting) => cutting,
            None => (self.whole.next()?, 0),
        };
        let Some(rest) = text_of(&event).and_then(|text| text.get(sent..)) else { return Some(event) };
        let (chunk, after) = match self.size {
            ChunkSize::Tokens(count) => tokens::cut(rest, count),
            ChunkSize::Characters(count) => tokens::cut_characters(rest, count),
        };
        let next = with_text(&event, chunk);
        if !after.is_empty() {
            let sent = sent + chunk.len();
            self.cutting = Some((event, sent));
        }
        Some(next)
    }
}

/// The text that is cut into chunks.
fn text_of(event: &StreamEvent) -> Option<&str> {
    match event {
        StreamEvent::TextDelta { text, .. }
        | StreamEvent::ReasoningDelta { text, .. }
        | StreamEvent::RefusalDelta { text, .. } => Some(text),
        StreamEvent::ToolCallDelta { arguments, .. } => Some(arguments),
        _ => None,
    }
}

fn with_text(event: &StreamEvent, chunk: &str) -> StreamEvent {
    let chunk = chunk.to_owned();
    match *event {
        StreamEvent::TextDelta { choice, part, .. } => {
            StreamEvent::TextDelta { choice, part, text: chunk.into() }
        }
        StreamEvent::ReasoningDelta { choice, part, .. } => {
            StreamEvent::ReasoningDelta { choice, part, text: chunk.into() }
        }
        StreamEvent::RefusalDelta { choice, part, .. } => {
            StreamEvent::RefusalDelta { choice, part, text: chunk.into() }
        }
        StreamEvent::ToolCallDelta { choice, part, .. } => {
            StreamEvent::ToolCallDelta { choice, part, arguments: chunk.into() }
        }
        _ => event.clone(),
    }
}

/// The body of a streamed response.
pub(crate) struct StreamedBody {
    events: Events,
    provider: EmulatedProvider,
    frames: Frames,
    encoder: Box<dyn StreamEncoder>,
    pacing: Pacing,
    fault: Option<Fault>,
    chunks: usize,
    queue: VecDeque<Step>,
    finished: bool,
}

impl StreamedBody {
    pub(crate) fn new(
        response: &Response,
        reply: &Reply,
        fault: Option<Fault>,
        provider: EmulatedProvider,
        request: &Request,
    ) -> Self {
        let size = match (reply.chunk_chars, reply.chunk_tokens) {
            (Some(count), _) => ChunkSize::Characters(count),
            (None, count) => ChunkSize::Tokens(count.unwrap_or(1)),
        };
        let whole = replay(response, |text| vec![text]).into_iter();
        let mut body = Self {
            events: Events { whole, cutting: None, size },
            provider,
            frames: Frames::for_provider(provider),
            encoder: provider.stream_encoder(request),
            pacing: Pacing::for_reply(reply),
            fault,
            chunks: 0,
            queue: VecDeque::new(),
            finished: false,
        };
        if let Some(usage) = &response.usage
            && provider.server_facts().reports_usage_first
        {
            // The usage of the prompt, and one token of output.
            let begun = Usage { output_tokens: Some(1), reasoning_tokens: None, ..usage.clone() };
            let frames = body.encode(Some(&StreamEvent::UsageUpdate(Box::new(begun))));
            body.queue_bytes(frames);
        }
        body
    }

    /// Queues the frames of the next event, or of the end.
    fn advance(&mut self) {
        let event = self.events.next();
        let ends = !matches!(&event, Some(event) if !matches!(event, StreamEvent::Finish { .. } | StreamEvent::UsageUpdate(_)));
        let is_chunk = event.as_ref().is_some_and(|event| text_of(event).is_some());
        // `first_token_ms` applies to the first chunk: nothing is sent before it, not even the start.
        if (is_chunk || self.chunks == 0)
            && let Some(due) = self.pacing.due(self.chunks)
        {
            self.queue.push_back(Step::At(due));
        }
        if self
            .fault
            .as_ref()
            .is_some_and(|fault| strikes(fault, self.chunks, is_chunk, ends, event.is_none()))
            && let Some(fault) = self.fault.take()
        {
            return self.strike(&fault, event.as_ref());
        }
        let bytes = self.encode(event.as_ref());
        self.queue_bytes(bytes);
        self.chunks += usize::from(is_chunk);
    }

    fn encode(&mut self, event: Option<&StreamEvent>) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        match event {
            Some(event) => self.encoder.push(event, &mut out),
            None => {
                self.encoder.finish(&mut out);
                self.finished = true;
            }
        }
        out
    }

    fn queue_bytes(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.queue.push_back(Step::Bytes(bytes.into()));
        }
    }

    /// Queues the next event as the fault changes it.
    fn strike(&mut self, fault: &Fault, event: Option<&StreamEvent>) {
        let mut frames = self.encode(event);
        let half = match fault {
            Fault::Reset { at, .. } | Fault::Close { at, .. } | Fault::Stall { at, .. }
                if *at != Place::MidEvent =>
            {
                0
            }
            _ => frames.len() / 2,
        };
        match fault {
            Fault::Reset { .. } => {
                frames.truncate(half);
                self.queue_bytes(frames);
                self.end(Some(Step::Cut(Cut::Reset)));
            }
            Fault::Close { .. } => {
                frames.truncate(half);
                self.queue_bytes(frames);
                self.end(Some(Step::Cut(Cut::Close { without: 0 })));
            }
            Fault::Stall { for_ms, .. } => {
                let rest = frames.split_off(half);
                self.queue_bytes(frames);
                match for_ms {
                    Some(time) => {
                        self.queue.push_back(Step::Pause(Duration::from_millis(*time)));
                        self.queue_bytes(rest);
                    }
                    None => self.end(Some(Step::Stall)),
                }
            }
            Fault::NoTerminal { keep_finish } => {
                if *keep_finish {
                    self.frames.drop_last(&mut frames);
                    self.queue_bytes(frames);
                }
                self.end(None);
            }
            Fault::TruncatedChunk { .. } => {
                self.queue.push_back(Step::Hold);
                // The held bytes end with the event and the CR LF of its chunk.
                let without = frames.len() - half + 2;
                self.queue_bytes(frames);
                self.end(Some(Step::Cut(Cut::Close { without })));
            }
            Fault::MalformedJson { .. } => {
                self.frames.spoil(&mut frames);
                self.queue_bytes(frames);
            }
            Fault::ErrorEvent { error, .. } => {
                let mut out = Vec::new();
                let error = error.provider_error(
                    ErrorKind::Overloaded,
                    "The simulated provider failed in the middle.",
                    self.provider,
                );
                self.encoder.error(&error, &mut out);
                self.queue_bytes(out);
                self.end(None);
            }
            Fault::HugeLine { bytes } => {
                let (before, after) = self.frames.around_padding();
                self.queue_bytes(before.to_vec());
                self.queue.push_back(Step::Padding(*bytes));
                self.queue_bytes(after.to_vec());
                self.queue_bytes(frames);
            }
            // The other faults concern the whole response and are applied before it.
            _ => self.queue_bytes(frames),
        }
    }

    fn end(&mut self, step: Option<Step>) {
        self.queue.extend(step);
        self.finished = true;
    }
}

/// Whether `fault` strikes now. `ends`: the next event belongs to the end of the response; `last`: there is no next
/// event.
fn strikes(fault: &Fault, chunks: usize, is_chunk: bool, ends: bool, last: bool) -> bool {
    // A short response may have fewer chunks than required: then its end is hit.
    let after = |count: usize| ends || (is_chunk && chunks >= count);
    match fault {
        Fault::Reset { at, after_chunks }
        | Fault::Close { at, after_chunks }
        | Fault::Stall { at, after_chunks, .. } => match at {
            Place::BeforeHeaders | Place::AfterHeaders => true,
            Place::MidEvent => after(*after_chunks),
            Place::BeforeTerminal => ends,
        },
        Fault::NoTerminal { keep_finish } => last || (ends && !keep_finish),
        Fault::TruncatedChunk { after_chunks }
        | Fault::MalformedJson { after_chunks }
        | Fault::ErrorEvent { after_chunks, .. } => after(*after_chunks),
        Fault::HugeLine { .. } => true,
        _ => false,
    }
}

impl Iterator for StreamedBody {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        while self.queue.is_empty() && !self.finished {
            self.advance();
        }
        self.queue.pop_front()
    }
}
