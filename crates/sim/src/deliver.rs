//! Sending an answer, plain or streamed, with what goes wrong on the way.

use crate::speaker::Speaker;
use crate::{
    body::{AnswerBody, Step},
    failure::{is_anthropic, now, request_id_header},
    random,
    script::{Fault, Place, Reply},
    service::{Conversation, streamed_as, to_headers},
    socket::{Cut, Pieces},
    stream::{Compressed, Pacing, StreamedAnswer},
};
use bytes::Bytes;
use ferrule_wire::model::{ErrorKind, Request};
use http::{
    HeaderMap, HeaderValue, Response,
    header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
};
use std::{io::Write as _, time::Duration};

/// What an answer is sent with.
pub(crate) struct Delivery<'a> {
    pub(crate) conversation: &'a Conversation<'a>,
    pub(crate) request: &'a Request,
    pub(crate) speaker: Speaker,
    pub(crate) reply: &'a Reply,
    /// Tells requests apart.
    pub(crate) number: u64,
    /// The request's.
    pub(crate) headers: &'a HeaderMap,
}

impl Delivery<'_> {
    /// Sends `response`.
    pub(crate) async fn deliver(
        &self,
        response: &ferrule_wire::model::Response,
        fault: Option<Fault>,
    ) -> Response<AnswerBody> {
        let mut headers = self.begin(fault.as_ref());
        let body = if self.request.stream {
            self.streamed(response, fault, &mut headers)
        } else {
            let tokens = response.usage.as_ref().and_then(|usage| usage.output_tokens).unwrap_or(0);
            let chunks = tokens.div_ceil(self.reply.chunk_tokens.unwrap_or(1) as u64);
            if let Some(time) = Pacing::of(self.reply).due(usize::try_from(chunks).unwrap_or(usize::MAX)) {
                tokio::time::sleep(time).await;
            }
            self.plain("application/json", self.speaker.encode_response(response).into(), fault, &mut headers)
        };
        with_headers(body, headers)
    }

    /// Sends a body that is no chat's.
    pub(crate) fn deliver_body(
        &self,
        media_type: &'static str,
        body: Bytes,
        fault: Option<Fault>,
    ) -> Response<AnswerBody> {
        let mut headers = self.begin(fault.as_ref());
        let body = self.plain(media_type, body, fault, &mut headers);
        with_headers(body, headers)
    }

    /// Has the answer written in the pieces that are asked for; its headers.
    fn begin(&self, fault: Option<&Fault>) -> HeaderMap {
        let sizes = match (fault, &self.reply.split_bytes) {
            (Some(Fault::SlowLoris { byte_ms }), _) => Some((vec![1], *byte_ms)),
            (_, Some(sizes)) => Some((sizes.clone(), self.reply.split_delay_ms.unwrap_or(0))),
            _ => None,
        };
        let pieces = sizes.map(|(sizes, delay)| Pieces { sizes, delay: Duration::from_millis(delay) });
        self.conversation.control.write_in(pieces);

        let mut headers = self.provider_headers();
        headers.extend(to_headers(&self.reply.headers));
        if let Some(Fault::ContentType { value }) = fault
            && let Ok(value) = HeaderValue::try_from(value)
        {
            headers.insert(CONTENT_TYPE, value);
        }
        headers
    }

    fn streamed(
        &self,
        response: &ferrule_wire::model::Response,
        fault: Option<Fault>,
        headers: &mut HeaderMap,
    ) -> AnswerBody {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(streamed_as(self.speaker)));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let compressed = matches!(fault, Some(Fault::Gzip {}));
        let steps = StreamedAnswer::new(response, self.reply, fault, self.speaker, self.request);
        if compressed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            return self.steps(Compressed::new(steps));
        }
        self.steps(steps)
    }

    fn plain(
        &self,
        media_type: &'static str,
        body: Bytes,
        fault: Option<Fault>,
        headers: &mut HeaderMap,
    ) -> AnswerBody {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(media_type));
        let half = body.len() / 2;
        let until = |at: Place| match at {
            Place::BeforeHeaders | Place::AfterHeaders => 0,
            Place::MidEvent => half,
            Place::BeforeTerminal => body.len().saturating_sub(1),
        };
        // The length is promised, and not kept.
        let mut promise = || headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        match fault {
            Some(Fault::Reset { at, .. }) => {
                promise();
                self.steps(
                    [Step::Bytes(body.slice(..until(at))), Step::Cut(Cut::Reset)].into_iter().filter(says),
                )
            }
            Some(Fault::Close { at, .. }) => {
                promise();
                let cut = Step::Cut(Cut::Close { without: 0 });
                self.steps([Step::Bytes(body.slice(..until(at))), cut].into_iter().filter(says))
            }
            Some(Fault::Stall { at, for_ms, .. }) if at != Place::BeforeHeaders => {
                promise();
                let stop = for_ms.map_or(Step::Stall, |time| Step::Pause(Duration::from_millis(time)));
                let (said, rest) = (body.slice(..until(at)), body.slice(until(at)..));
                self.steps([Step::Bytes(said), stop, Step::Bytes(rest)].into_iter().filter(says))
            }
            Some(Fault::NoTerminal { .. }) => {
                self.steps([Step::Bytes(body.slice(..until(Place::BeforeTerminal)))].into_iter())
            }
            Some(Fault::TruncatedChunk { .. }) => {
                let without = body.len() - half + 2;
                self.steps([Step::Hold, Step::Bytes(body), Step::Cut(Cut::Close { without })].into_iter())
            }
            Some(Fault::MalformedJson { .. }) => self.whole(
                [body.slice(..until(Place::BeforeTerminal)), Bytes::from_static(b"]")].concat().into(),
            ),
            Some(Fault::ErrorEvent { error, .. }) => {
                let error = error.provider_error(
                    ErrorKind::Overloaded,
                    "The simulated provider failed.",
                    self.speaker.name(),
                );
                self.whole(self.speaker.encode_error(&error).into())
            }
            Some(Fault::HugeLine { bytes }) => {
                let before = Step::Bytes(Bytes::from_static(b"{\"padding\":\""));
                let after = Step::Bytes(Bytes::from_static(b"\","));
                let rest = Step::Bytes(body.slice(1.min(body.len())..));
                self.steps([before, Step::Padding(bytes), after, rest].into_iter())
            }
            Some(Fault::Gzip {}) => self.compressed(&body, headers),
            _ if self.reply.gzip == Some(true) && accepts_gzip(self.headers) => {
                self.compressed(&body, headers)
            }
            _ => self.whole(body),
        }
    }

    fn compressed(&self, body: &[u8], headers: &mut HeaderMap) -> AnswerBody {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        // Writing to a vector does not fail.
        let compressed = encoder.write_all(body).and_then(|()| encoder.finish()).unwrap_or_default();
        self.whole(compressed.into())
    }

    fn whole(&self, body: Bytes) -> AnswerBody {
        AnswerBody::whole(body, self.conversation.control, self.conversation.exchange)
    }

    fn steps(&self, steps: impl Iterator<Item = Step> + Send + 'static) -> AnswerBody {
        AnswerBody::steps(steps, self.conversation.control, self.conversation.exchange)
    }

    /// The headers that the real providers send with an answer.
    fn provider_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(12);
        let id = format!("req_{}", random::id(self.number));
        let id = HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("req_sim"));
        headers.insert(request_id_header(self.speaker.name()), id);
        if is_anthropic(self.speaker.name()) {
            headers.insert("anthropic-organization-id", HeaderValue::from_static("org-simulated"));
            headers.insert("anthropic-ratelimit-requests-limit", HeaderValue::from_static("10000"));
            headers.insert("anthropic-ratelimit-requests-remaining", HeaderValue::from_static("9999"));
            if let Ok(now) = HeaderValue::try_from(now().to_string()) {
                headers.insert("anthropic-ratelimit-requests-reset", now);
            }
        } else {
            headers.insert("openai-version", HeaderValue::from_static("2020-10-01"));
            headers.insert("openai-organization", HeaderValue::from_static("org-simulated"));
            headers.insert("openai-processing-ms", HeaderValue::from_static("1"));
            headers.insert("x-ratelimit-limit-requests", HeaderValue::from_static("10000"));
            headers.insert("x-ratelimit-remaining-requests", HeaderValue::from_static("9999"));
            headers.insert("x-ratelimit-reset-requests", HeaderValue::from_static("6ms"));
        }
        headers
    }
}

fn with_headers(body: AnswerBody, headers: HeaderMap) -> Response<AnswerBody> {
    let mut answer = Response::new(body);
    *answer.headers_mut() = headers;
    answer
}

/// Hyper takes an empty frame for the end of a body whose length is promised.
fn says(step: &Step) -> bool {
    !matches!(step, Step::Bytes(bytes) if bytes.is_empty())
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|part| part == "q=0")
    })
}
