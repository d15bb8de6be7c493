//! Raw requests, whose bodies are not encoded by a dialect, for provider-specific APIs; raw replies, decoded by the
//! caller, such as audio.

use crate::{
    admission::Measured,
    error::CallError,
    failure::Failure,
    incoming::Incoming,
    observe::Events,
    option_defaults::OptionDefaults,
    outgoing::Outgoing,
    provider::Provider,
    receive::first_chunk,
    reply::Attempt,
    target::Target,
    target_state::Lease,
    work::{Encoding, Success, Work},
};
use bytes::Bytes;
use ferrule_catalog::{Settlement, UsageRecord};
use ferrule_wire::encode::UnsupportedField;
use http::Method;
use std::{fmt, sync::Arc};

/// A request that is sent unchanged.
#[derive(Clone, Debug)]
pub struct RawRequest {
    /// The HTTP method.
    pub method: Method,
    /// The path after the provider's base URL.
    pub path: String,
    /// The body.
    pub body: Bytes,
    /// The body's content type.
    pub content_type: Option<String>,
}

/// The head of a response, and its streamed body.
pub struct RawReply {
    /// The response's media type, without parameters.
    pub media_type: String,
    /// The response's headers that are text, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The provider that answered.
    pub provider: String,
    /// The requested model; empty if there is none.
    pub model: String,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// Every attempt, the successful one last.
    pub attempts: Vec<Attempt>,
    /// Its usage and cost, as far as known before its body is read.
    pub settlement: Arc<Settlement>,
    incoming: Option<Incoming>,
    first: Option<Bytes>,
    /// The number of bytes received so far.
    received: u64,
    target: Box<Target>,
    #[expect(dead_code, reason = "held for as long as the target is at work")]
    lease: Option<Lease>,
    events: Events,
}

impl Work for RawRequest {
    type Received = (Incoming, Option<Bytes>);
    type Output = RawReply;

    fn encode(&mut self, _: &Provider, _: &str, _: Encoding<'_>) -> Result<Outgoing, Failure> {
        Ok(Outgoing {
            method: self.method.clone(),
            content_type: self.content_type.clone().map(Into::into),
            body: self.body.clone(),
            accept: None,
            is_callers_path: true,
            ..Outgoing::get(self.path.clone())
        })
    }

    fn measure(&self, _: Option<&OptionDefaults>) -> Measured {
        // Lists and the like are free.
        if self.method == Method::GET {
            return Measured::free();
        }
        Measured::unbounded("what a raw request is charged for is not known")
    }

    async fn receive(&self, incoming: Incoming, _: &Target) -> Result<Self::Received, Failure> {
        first_chunk(incoming).await
    }

    fn finish(self, received: Self::Received, answered: Success) -> RawReply {
        RawReply::new(received, answered, Vec::new())
    }
}

impl RawReply {
    /// `measured` holds the request's quantities, by the names of units.
    pub(crate) fn new(
        (incoming, first): (Incoming, Option<Bytes>),
        answered: Success,
        measured: Vec<(&'static str, u64)>,
    ) -> Self {
        let dialect = answered.target.provider.dialect;
        let mut record = UsageRecord { measured, ..answered.record() };
        record.report(&dialect.decode_headers(&|name| incoming.header(name)).cost);
        let settlement = answered.settle(record);
        let Success { target, attempts, policy, lease, .. } = answered;
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let headers = incoming.text_headers().into_iter().map(owned).collect();
        Self {
            media_type: incoming.media_type().to_owned(),
            headers,
            provider: target.provider.id.to_string(),
            model: target.model.clone(),
            request_id: incoming.request_id(),
            attempts,
            settlement,
            incoming: first.is_some().then_some(incoming),
            first,
            received: 0,
            target,
            lease,
            events: policy.events,
        }
    }

    /// The fields that were dropped because the dialect cannot carry them.
    pub fn dropped(&self) -> &[UnsupportedField] {
        &self.target.dropped
    }

    /// The next chunk of the body; `None` at its end. After an error there is nothing more.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, CallError> {
        if let Some(first) = self.first.take() {
            self.received = first.len() as u64;
            return Ok(Some(first));
        }
        let Some(incoming) = &mut self.incoming else { return Ok(None) };
        let limit = incoming.bounds().stream_bytes;
        let chunk = incoming.chunk().await.and_then(|chunk| {
            self.received += chunk.as_ref().map_or(0, Bytes::len) as u64;
            if self.received > limit { Err(too_long(limit)) } else { Ok(chunk) }
        });
        match chunk {
            Ok(Some(chunk)) => Ok(Some(chunk)),
            Ok(None) => {
                self.incoming = None;
                Ok(None)
            }
            Err(mut failure) => {
                self.incoming = None;
                self.target.mask(&mut failure);
                self.events.broken_off(&self.attempts, &failure);
                Err(self.target.error(failure, self.attempts.clone()))
            }
        }
    }

    /// The whole body, at most `limit` bytes of it.
    pub async fn body(&mut self, limit: usize) -> Result<Bytes, CallError> {
        let mut whole = bytes::BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if whole.len() + chunk.len() > limit {
                let failure = Failure::unreadable(format!("the answer is longer than {limit} bytes"));
                return Err(self.target.error(failure, self.attempts.clone()));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }
}

fn too_long(limit: u64) -> Failure {
    Failure::unreadable(format!("the body is longer than {limit} bytes (bounds.stream_bytes)"))
}

/// Headers may hold secrets.
impl fmt::Debug for RawReply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RawReply")
            .field("provider", &self.provider)
            .field("media_type", &self.media_type)
            .finish_non_exhaustive()
    }
}
