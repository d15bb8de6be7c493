//! Delivery: sends a response, streamed or not, with faults during transmission.

use crate::{
    body::{ResponseBody, Step},
    clock::now_milliseconds,
    context::{Connection, RequestContext},
    gzip::Gzipped,
    headers::header_map,
    pacing::Pacing,
    random,
    script::{Fault, Place, Reply},
    socket::{Cut, WriteSizes},
    streamed_body::StreamedBody,
};
use bytes::Bytes;
use ferrule_wire::{
    dialect::{RateLimit, ResponseContext},
    model::{ErrorKind, Request},
    server::{JSON, stream_content_type},
};
use http::{
    HeaderMap, HeaderValue, Response,
    header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
};
use std::{io::Write as _, time::Duration};

/// The organization that every key belongs to.
const ORGANIZATION: &str = "org-simulated";
/// The limit that is reported with every response.
const RATE_LIMIT: RateLimit = RateLimit { limit: 10_000, remaining: 9_999, reset: Duration::from_millis(6) };

/// The parameters of sending a response.
pub(crate) struct Delivery<'a> {
    pub(crate) context: &'a RequestContext<'a>,
    pub(crate) request: &'a Request,
    pub(crate) reply: &'a Reply,
    /// Identifies the request.
    pub(crate) number: u64,
}

impl Delivery<'_> {
    /// Sends a chat response.
    pub(crate) async fn deliver(
        &self,
        response: &ferrule_wire::model::Response,
        fault: Option<Fault>,
    ) -> Response<ResponseBody> {
        let mut headers = self.begin(fault.as_ref());
        let body = if self.request.stream {
            self.streamed(response, fault, &mut headers)
        } else {
            let tokens = response.usage.as_ref().and_then(|usage| usage.output_tokens).unwrap_or(0);
            let chunks = tokens.div_ceil(self.reply.chunk_tokens.unwrap_or(1) as u64);
            if let Some(time) =
                Pacing::for_reply(self.reply).due(usize::try_from(chunks).unwrap_or(usize::MAX))
            {
                tokio::time::sleep(time).await;
            }
            let body = self.context.provider.encode_response(response);
            self.plain(JSON, body.into(), fault, &mut headers)
        };
        with_headers(body, headers)
    }

    /// Sends the encoded response of another operation.
    pub(crate) fn deliver_body(
        &self,
        content_type: &str,
        body: Bytes,
        fault: Option<Fault>,
    ) -> Response<ResponseBody> {
        let mut headers = self.begin(fault.as_ref());
        let body = self.plain(content_type, body, fault, &mut headers);
        with_headers(body, headers)
    }

    /// Sets how the response is written to the socket, and returns its headers.
    fn begin(&self, fault: Option<&Fault>) -> HeaderMap {
        let sizes = match (fault, &self.reply.split_bytes) {
            (Some(Fault::SlowLoris { byte_ms }), _) => Some((vec![1], *byte_ms)),
            (_, Some(sizes)) => Some((sizes.clone(), self.reply.split_delay_ms.unwrap_or(0))),
            _ => None,
        };
        let write_sizes =
            sizes.map(|(sizes, delay)| WriteSizes { sizes, delay: Duration::from_millis(delay) });
        self.context.connection.control.write_in(write_sizes);

        let mut headers = self.provider_headers();
        headers.extend(header_map(&self.reply.headers));
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
    ) -> ResponseBody {
        headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static(stream_content_type(&*self.context.provider)));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let compressed = matches!(fault, Some(Fault::Gzip {}));
        let steps = StreamedBody::new(response, self.reply, fault, self.context.provider, self.request);
        if compressed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            return self.steps(Gzipped::new(steps));
        }
        self.steps(steps)
    }

    fn plain(
        &self,
        content_type: &str,
        body: Bytes,
        fault: Option<Fault>,
        headers: &mut HeaderMap,
    ) -> ResponseBody {
        if let Ok(content_type) = HeaderValue::try_from(content_type) {
            headers.entry(CONTENT_TYPE).or_insert(content_type);
        }
        let half = body.len() / 2;
        let until = |at: Place| match at {
            Place::BeforeHeaders | Place::AfterHeaders => 0,
            Place::MidEvent => half,
            Place::BeforeTerminal => body.len().saturating_sub(1),
        };
        // Announces a length that is not kept.
        let mut promise = || headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        match fault {
            Some(Fault::Reset { at, .. }) => {
                promise();
                self.steps(
                    [Step::Bytes(body.slice(..until(at))), Step::Cut(Cut::Reset)]
                        .into_iter()
                        .filter(has_content),
                )
            }
            Some(Fault::Close { at, .. }) => {
                promise();
                let cut = Step::Cut(Cut::Close { without: 0 });
                self.steps([Step::Bytes(body.slice(..until(at))), cut].into_iter().filter(has_content))
            }
            Some(Fault::Stall { at, for_ms, .. }) if at != Place::BeforeHeaders => {
                promise();
                let stop = for_ms.map_or(Step::Stall, |time| Step::Pause(Duration::from_millis(time)));
                let (sent, rest) = (body.slice(..until(at)), body.slice(until(at)..));
                self.steps([Step::Bytes(sent), stop, Step::Bytes(rest)].into_iter().filter(has_content))
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
                    self.context.provider,
                );
                self.whole(self.context.provider.encode_error(&error).into())
            }
            Some(Fault::HugeLine { bytes }) => {
                let before = Step::Bytes(Bytes::from_static(b"{\"padding\":\""));
                let after = Step::Bytes(Bytes::from_static(b"\","));
                let rest = Step::Bytes(body.slice(1.min(body.len())..));
                self.steps([before, Step::Padding(bytes), after, rest].into_iter())
            }
            Some(Fault::Gzip {}) => self.compressed(&body, headers),
            _ if self.reply.gzip == Some(true) && accepts_gzip(&self.context.head.headers) => {
                self.compressed(&body, headers)
            }
            _ => self.whole(body),
        }
    }

    fn compressed(&self, body: &[u8], headers: &mut HeaderMap) -> ResponseBody {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        // Writing to a vector does not fail.
        let compressed = encoder.write_all(body).and_then(|()| encoder.finish()).unwrap_or_default();
        self.whole(compressed.into())
    }

    fn whole(&self, body: Bytes) -> ResponseBody {
        let Connection { control, exchange, .. } = self.context.connection;
        ResponseBody::whole(body, control, exchange)
    }

    fn steps(&self, steps: impl Iterator<Item = Step> + Send + 'static) -> ResponseBody {
        let Connection { control, exchange, .. } = self.context.connection;
        ResponseBody::steps(steps, control, exchange)
    }

    /// The headers that the provider sends with a response.
    fn provider_headers(&self) -> HeaderMap {
        let context = ResponseContext {
            request_id: &format!("req_{}", random::id(self.number)),
            organization: ORGANIZATION,
            processing: Duration::from_millis(1),
            rate_limit: Some(RATE_LIMIT),
            now: now_milliseconds(),
        };
        header_map(self.context.provider.response_headers(&context))
    }
}

fn with_headers(body: ResponseBody, headers: HeaderMap) -> Response<ResponseBody> {
    let mut answer = Response::new(body);
    *answer.headers_mut() = headers;
    answer
}

/// Whether a step must be kept: hyper takes an empty frame for the end of a body of known length.
fn has_content(step: &Step) -> bool {
    !matches!(step, Step::Bytes(bytes) if bytes.is_empty())
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|part| part == "q=0")
    })
}
