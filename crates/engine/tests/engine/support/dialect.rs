//! A dialect of one-line commands, which keeps tests readable.
//!
//! A response that is not streamed is its text; `error: ...` is an error. A stream has lines: `start`, `usage`, `text
//! ...`, `error ...`, `done`; `:` begins a comment.

use ferrule_wire::{
    dialect::{Dialect, FollowUp, KeyHeader, ReadFollowUp, StreamDecoder, StreamEncoder, registry::find},
    encode::{EncodeOptions, EncodedRequest, UnsupportedField},
    error::Headers,
    framing::{StreamError, StreamLimits},
    json::JsonError,
    model::{
        Choice, DelaySource, ErrorKind, FinishReason, Message, Part, ProviderError, Request, Response,
        RetryAfter, Role, StreamEvent,
    },
    operation::{Endpoint, Operations},
};
use std::{
    sync::{
        Condvar, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

#[derive(Debug)]
pub(crate) struct Tiny {
    name: &'static str,
}

static DIALECTS: [Tiny; 4] =
    [Tiny { name: "tiny" }, Tiny { name: "anthropic" }, Tiny { name: "followed" }, Tiny { name: "counted" }];

/// Responses that begin with `slow` are decoded only after this has been opened.
pub(crate) static SLOW: Gate = Gate { open: Mutex::new(false), opened: Condvar::new() };

/// Blocks a thread until it is opened, or until the test fails.
pub(crate) struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub(crate) fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    fn wait(&self) {
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_timeout_while(open, Duration::from_secs(15), |open| !*open).unwrap());
    }
}

/// The number of requests encoded by the dialect `counted`.
pub(crate) static ENCODED: AtomicUsize = AtomicUsize::new(0);

impl Tiny {
    pub(crate) fn find(name: &str) -> Option<&'static dyn Dialect> {
        DIALECTS.iter().find(|dialect| dialect.name == name).map(|dialect| dialect as &dyn Dialect)
    }
}

impl Dialect for Tiny {
    fn name(&self) -> &'static str {
        self.name
    }

    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        if self.name == "counted" {
            ENCODED.fetch_add(1, Ordering::SeqCst);
        }
        let mut encoded = EncodedRequest {
            path: "/say".into(),
            body: format!("{} {}", request.model, if request.stream { "stream" } else { "plain" })
                .into_bytes(),
            headers: vec![("x-tiny", "1".into())],
            dropped: vec![],
        };
        if request.seed.is_some() {
            let field =
                UnsupportedField { field: "seed".into(), dialect: self.name, reason: "it is tiny".into() };
            if !options.drop_unsupported {
                return Err(field);
            }
            encoded.dropped.push(field);
        }
        Ok(encoded)
    }

    fn carried_options(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, StreamError> {
        let text = str::from_utf8(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        if let Some(message) = text.strip_prefix("error: ") {
            return Err(StreamError::Provider(Box::new(ProviderError::new(ErrorKind::Overloaded, message))));
        }
        if text.starts_with("slow") {
            SLOW.wait();
        }
        if text.starts_with('<') {
            return Err(StreamError::Malformed(format!("not tiny: {text}")));
        }
        let choice = Choice {
            index: 0,
            message: Message::new(Role::Assistant, vec![Part::text(text)]),
            finish_reason: Some(FinishReason::Stop),
            stop_sequence: None,
            logprobs: None,
            extra: Default::default(),
        };
        Ok(Response { choices: vec![choice], ..Response::default() })
    }

    fn stream_decoder(&self, limits: StreamLimits) -> Box<dyn StreamDecoder> {
        Box::new(Lines { limit: limits.event_bytes, line: Vec::new(), done: false })
    }

    fn decode_error(&self, status: u16, headers: Headers<'_>, body: &[u8], _: i64) -> ProviderError {
        let kind = match status {
            401 => ErrorKind::Authentication,
            429 => ErrorKind::RateLimited,
            529 => ErrorKind::Overloaded,
            500.. => ErrorKind::Server,
            _ => ErrorKind::InvalidRequest,
        };
        let mut error = ProviderError::new(kind, String::from_utf8_lossy(body));
        error.status = Some(status);
        error.body = String::from_utf8_lossy(body).into_owned();
        error.request_id = headers.get("x-request-id").map(str::to_owned);
        error.retry_after = headers.get("retry-after-ms").map(|delay| RetryAfter {
            delay: Duration::from_millis(delay.parse().unwrap()),
            source: DelaySource::RetryAfterMilliseconds,
        });
        error
    }

    fn decode_request(&self, _: &[u8]) -> Result<Request, JsonError> {
        panic!("no server side")
    }

    fn encode_response(&self, _: &Response) -> Vec<u8> {
        panic!("no server side")
    }

    fn stream_encoder(&self, _: &Request) -> Box<dyn StreamEncoder> {
        panic!("no server side")
    }

    fn encode_error(&self, _: &ProviderError) -> Vec<u8> {
        panic!("no server side")
    }

    fn follow_up(&self) -> Option<ReadFollowUp> {
        (self.name == "followed").then_some(follow_up)
    }

    fn endpoint<'a>(&self, _: &'a str) -> Option<Endpoint<'a>> {
        None
    }

    fn key_header(&self) -> KeyHeader {
        find("anthropic")
            .filter(|other| other.name() == self.name)
            .map_or(KeyHeader::Bearer, Dialect::key_header)
    }

    fn operations(&self) -> &'static Operations {
        static ANTHROPIC: LazyLock<Operations> = LazyLock::new(|| lists_of("anthropic"));
        static OPENAI: LazyLock<Operations> = LazyLock::new(|| lists_of("openai-chat"));
        if self.name == "anthropic" { &ANTHROPIC } else { &OPENAI }
    }
}

/// Lists of models in the form of `dialect`, and nothing else.
fn lists_of(dialect: &str) -> Operations {
    Operations { model_listing: find(dialect).unwrap().operations().model_listing, ..Operations::NONE }
}

/// `later get=... stream=... cancel=...`, or a text that is a complete answer.
fn follow_up(body: &[u8]) -> Option<FollowUp> {
    let text = str::from_utf8(body).ok()?;
    let Some(places) = text.strip_prefix("later ") else {
        return Some(FollowUp { is_over: true, ..FollowUp::default() });
    };
    let place = |name: &str| {
        let (_, rest) = places.split_once(&format!("{name}="))?;
        rest.split(' ').next().map(str::to_owned)
    };
    Some(FollowUp {
        is_over: false,
        get: place("get"),
        stream: place("stream"),
        cancel: place("cancel"),
        ..FollowUp::default()
    })
}

struct Lines {
    limit: usize,
    line: Vec<u8>,
    done: bool,
}

impl StreamDecoder for Lines {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        for byte in bytes {
            if *byte != b'\n' {
                self.line.push(*byte);
                if self.line.len() > self.limit {
                    return Err(StreamError::TooLarge(self.limit));
                }
                continue;
            }
            let line = String::from_utf8(std::mem::take(&mut self.line)).unwrap();
            let (command, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match command {
                "" | ":" | "event:" | "data:" => {}
                "start" => events.push(StreamEvent::Start(Box::default())),
                "usage" => events.push(StreamEvent::UsageUpdate(Box::default())),
                "text" => events.push(StreamEvent::TextDelta { choice: 0, part: 0, text: rest.into() }),
                "error" => {
                    return Err(StreamError::Provider(Box::new(ProviderError::new(
                        ErrorKind::Overloaded,
                        rest,
                    ))));
                }
                "done" => self.done = true,
                other => return Err(StreamError::Malformed(other.into())),
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.done { Ok(()) } else { Err(StreamError::Interrupted) }
    }

    fn is_done(&self) -> bool {
        self.done
    }
}
