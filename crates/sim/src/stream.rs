//! A streamed answer, made step by step while it is sent, so that ten thousand open streams hold ten thousand
//! answers and no frames.

use crate::{
    body::Step,
    frames::Frames,
    script::{Fault, Place, Reply},
    socket::Cut,
    speaker::Speaker,
    tokens,
};
use bytes::Bytes;
use ferrule_wire::{
    dialect::StreamEncoder,
    model::{ErrorKind, Request, Response, StreamEvent, Usage, replay},
};
use std::{collections::VecDeque, time::Duration, vec};

/// How big the texts of the chunks are.
#[derive(Clone, Copy, Debug)]
enum ChunkSize {
    Tokens(usize),
    Characters(usize),
}

/// The events of an answer, its texts cut into chunks.
struct Events {
    whole: vec::IntoIter<StreamEvent>,
    /// An event whose text is being cut, and how many bytes of it are gone.
    cutting: Option<(StreamEvent, usize)>,
    size: ChunkSize,
}

impl Iterator for Events {
    type Item = StreamEvent;

    fn next(&mut self) -> Option<StreamEvent> {
        let (event, gone) = match self.cutting.take() {
            Some(cutting) => cutting,
            None => (self.whole.next()?, 0),
        };
        let Some(rest) = text_of(&event).and_then(|text| text.get(gone..)) else { return Some(event) };
        let (chunk, after) = match self.size {
            ChunkSize::Tokens(count) => tokens::cut(rest, count),
            ChunkSize::Characters(count) => tokens::cut_characters(rest, count),
        };
        let next = with_text(&event, chunk);
        if !after.is_empty() {
            let gone = gone + chunk.len();
            self.cutting = Some((event, gone));
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

/// The body of a streamed answer.
pub(crate) struct StreamedAnswer {
    events: Events,
    name: &'static str,
    frames: Frames,
    encoder: Box<dyn StreamEncoder>,
    pacing: Pacing,
    fault: Option<Fault>,
    chunks: usize,
    queue: VecDeque<Step>,
    finished: bool,
}

/// When each chunk is due, from the moment the headers are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pacing {
    first: Duration,
    between: Duration,
}

impl Pacing {
    pub(crate) fn of(reply: &Reply) -> Self {
        let tokens = reply.chunk_tokens.unwrap_or(1) as f64;
        let between = reply.tokens_per_second.map_or(0.0, |rate| tokens / rate);
        Self {
            first: Duration::from_millis(reply.first_token_ms.unwrap_or(0)),
            between: Duration::try_from_secs_f64(between).unwrap_or(Duration::MAX),
        }
    }

    /// When the chunk after `chunks` others is due; `None`: as soon as can be.
    pub(crate) fn due(&self, chunks: usize) -> Option<Duration> {
        let count = u32::try_from(chunks).unwrap_or(u32::MAX);
        let due = self.first.saturating_add(self.between.saturating_mul(count));
        (!due.is_zero()).then_some(due)
    }
}

impl StreamedAnswer {
    pub(crate) fn new(
        response: &Response,
        reply: &Reply,
        fault: Option<Fault>,
        speaker: Speaker,
        request: &Request,
    ) -> Self {
        let size = match (reply.chunk_chars, reply.chunk_tokens) {
            (Some(count), _) => ChunkSize::Characters(count),
            (None, count) => ChunkSize::Tokens(count.unwrap_or(1)),
        };
        let whole = replay(response, |text| vec![text]).into_iter();
        let mut answer = Self {
            events: Events { whole, cutting: None, size },
            name: speaker.name(),
            frames: Frames::of(speaker),
            encoder: speaker.stream_encoder(request),
            pacing: Pacing::of(reply),
            fault,
            chunks: 0,
            queue: VecDeque::new(),
            finished: false,
        };
        // Responses tells nothing of it before the end.
        if let Some(usage) = response.usage.as_ref().filter(|_| speaker.name() != "openai-responses") {
            // Anthropic says at the start what the prompt cost, and one token of output.
            let begun = Usage { output_tokens: Some(1), reasoning_tokens: None, ..usage.clone() };
            let said = answer.encode(Some(&StreamEvent::UsageUpdate(Box::new(begun))));
            answer.say(said);
        }
        answer
    }

    /// Queues what says the next event, or the end.
    fn advance(&mut self) {
        let event = self.events.next();
        let ends = !matches!(&event, Some(event) if !matches!(event, StreamEvent::Finish { .. } | StreamEvent::UsageUpdate(_)));
        let is_chunk = event.as_ref().is_some_and(|event| text_of(event).is_some());
        // The first chunk is what `first_token_ms` is about: nothing is said before, not even the start.
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
        self.say(bytes);
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

    fn say(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.queue.push_back(Step::Bytes(bytes.into()));
        }
    }

    /// Queues what the fault makes of the next event.
    fn strike(&mut self, fault: &Fault, event: Option<&StreamEvent>) {
        let mut said = self.encode(event);
        let half = match fault {
            Fault::Reset { at, .. } | Fault::Close { at, .. } | Fault::Stall { at, .. }
                if *at != Place::MidEvent =>
            {
                0
            }
            _ => said.len() / 2,
        };
        match fault {
            Fault::Reset { .. } => {
                said.truncate(half);
                self.say(said);
                self.end(Some(Step::Cut(Cut::Reset)));
            }
            Fault::Close { .. } => {
                said.truncate(half);
                self.say(said);
                self.end(Some(Step::Cut(Cut::Close { without: 0 })));
            }
            Fault::Stall { for_ms, .. } => {
                let rest = said.split_off(half);
                self.say(said);
                match for_ms {
                    Some(time) => {
                        self.queue.push_back(Step::Pause(Duration::from_millis(*time)));
                        self.say(rest);
                    }
                    None => self.end(Some(Step::Stall)),
                }
            }
            Fault::NoTerminal { keep_finish } => {
                if *keep_finish {
                    self.frames.drop_last(&mut said);
                    self.say(said);
                }
                self.end(None);
            }
            Fault::TruncatedChunk { .. } => {
                self.queue.push_back(Step::Hold);
                // The held bytes end with the event and the CR LF of its chunk.
                let without = said.len() - half + 2;
                self.say(said);
                self.end(Some(Step::Cut(Cut::Close { without })));
            }
            Fault::MalformedJson { .. } => {
                self.frames.spoil(&mut said);
                self.say(said);
            }
            Fault::ErrorEvent { error, .. } => {
                let mut out = Vec::new();
                let error = error.provider_error(
                    ErrorKind::Overloaded,
                    "The simulated provider failed in the middle.",
                    self.name,
                );
                self.encoder.error(&error, &mut out);
                self.say(out);
                self.end(None);
            }
            Fault::HugeLine { bytes } => {
                let (before, after) = self.frames.around_padding();
                self.say(before.to_vec());
                self.queue.push_back(Step::Padding(*bytes));
                self.say(after.to_vec());
                self.say(said);
            }
            // The others concern the whole answer and are dealt with before.
            _ => self.say(said),
        }
    }

    fn end(&mut self, step: Option<Step>) {
        self.queue.extend(step);
        self.finished = true;
    }
}

/// Whether the time for `fault` has come. `ends`: the next event belongs to the answer's end; `last`: there is none.
fn strikes(fault: &Fault, chunks: usize, is_chunk: bool, ends: bool, last: bool) -> bool {
    // A short answer has fewer chunks than asked for: then it is its end that is hit.
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

impl Iterator for StreamedAnswer {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        while self.queue.is_empty() && !self.finished {
            self.advance();
        }
        self.queue.pop_front()
    }
}

/// Compresses each piece so that it can be read as it comes.
pub(crate) struct Compressed<S> {
    steps: S,
    encoder: Option<flate2::write::GzEncoder<Vec<u8>>>,
}

impl<S: Iterator<Item = Step>> Compressed<S> {
    pub(crate) fn new(steps: S) -> Self {
        Self { steps, encoder: Some(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast())) }
    }
}

impl<S: Iterator<Item = Step>> Iterator for Compressed<S> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        use std::io::Write as _;
        match self.steps.next() {
            Some(Step::Bytes(bytes)) => {
                let encoder = self.encoder.as_mut()?;
                // Writing to a vector does not fail.
                encoder.write_all(&bytes).and_then(|()| encoder.flush()).ok()?;
                Some(Step::Bytes(std::mem::take(encoder.get_mut()).into()))
            }
            Some(other) => Some(other),
            None => {
                let rest = self.encoder.take()?.finish().ok()?;
                Some(Step::Bytes(Bytes::from(rest)))
            }
        }
    }
}
