//! Requests whose bodies no dialect writes or reads: what only one provider has. They go the same way as all others:
//! credentials, retries, limits. And answers that are read by nobody but the caller, such as sound.

use crate::{
    Attempt, CallError, CallOptions, Engine, Failure,
    call::{Answered, Receive, call},
    engine::failed,
    send::Incoming,
    target::Target,
    whole::told_cost,
};
use bytes::Bytes;
use ferrule_wire::{encode::UnsupportedField, json::Json};
use http::Method;
use std::fmt;
use tokio::time::Instant;

/// A request as it is.
#[derive(Clone, Debug)]
pub struct RawCall {
    /// The provider's id.
    pub provider: String,
    /// The model it concerns, for errors and attempts; empty where it concerns none.
    pub model: String,
    /// The HTTP method.
    pub method: Method,
    /// What follows the provider's base URL.
    pub path: String,
    /// The body.
    pub body: Bytes,
    /// What the body is.
    pub content_type: Option<String>,
    /// How.
    pub options: CallOptions,
}

/// The answer's head, and its first bytes.
pub struct RawReply {
    /// The answer's media type, without parameters.
    pub media_type: String,
    /// The answer's headers in lower case, as far as they are text.
    pub headers: Vec<(String, String)>,
    /// The provider that answered.
    pub provider: String,
    /// The model asked for; empty where it concerns none.
    pub model: String,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// Every attempt, the successful one last.
    pub attempts: Vec<Attempt>,
    cost: Option<Json>,
    incoming: Option<Incoming>,
    first: Option<Bytes>,
    target: Target,
}

/// Waits until there is a piece of the body, so that all before it can be retried.
#[derive(Debug)]
pub(crate) struct FirstPiece;

impl Receive for FirstPiece {
    type Answer = (Incoming, Option<Bytes>);

    async fn receive(&self, mut incoming: Incoming, _: &Target) -> Result<Self::Answer, Failure> {
        let first = incoming.chunk().await?;
        Ok((incoming, first))
    }
}

impl Engine {
    /// Sends a request as it is. Comes back when the answer's first bytes are there.
    pub async fn raw(&self, call: RawCall) -> Result<RawReply, CallError> {
        let started = Instant::now();
        let fail = |failure| failed(failure, &call.provider, &call.model);
        let row = self.provider(&call.provider).map_err(fail)?;
        let (limits, max_retries) = self.limits(&call.options, started);
        let target = row.prepare_raw(&call).map_err(fail)?;
        Ok(RawReply::new(self::call(target, limits, max_retries, &FirstPiece).await?))
    }
}

impl RawReply {
    pub(crate) fn new(answered: Answered<(Incoming, Option<Bytes>)>) -> Self {
        let Answered { answer: (incoming, first), target, attempts } = answered;
        let headers = incoming
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        Self {
            media_type: incoming.media_type().to_owned(),
            headers,
            provider: target.provider.id.to_string(),
            model: target.model.clone(),
            request_id: incoming.request_id(),
            attempts,
            cost: told_cost(incoming.headers()),
            incoming: first.is_some().then_some(incoming),
            first,
            target,
        }
    }

    /// What the provider says beside the answer that it cost, in dollars.
    pub fn cost(&self) -> Option<&Json> {
        self.cost.as_ref()
    }

    /// What was left out because the dialect cannot carry it.
    pub fn dropped(&self) -> &[UnsupportedField] {
        &self.target.dropped
    }

    /// The next piece of the body; `None` at its end. After an error there is nothing more.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, CallError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let Some(incoming) = &mut self.incoming else { return Ok(None) };
        match incoming.chunk().await {
            Ok(Some(piece)) => Ok(Some(piece)),
            Ok(None) => {
                self.incoming = None;
                Ok(None)
            }
            Err(mut failure) => {
                self.incoming = None;
                self.target.mask(&mut failure);
                Err(self.target.error(failure, self.attempts.clone()))
            }
        }
    }

    /// The whole body, at most `limit` bytes of it.
    pub async fn body(&mut self, limit: usize) -> Result<Bytes, CallError> {
        let mut whole = bytes::BytesMut::new();
        while let Some(piece) = self.chunk().await? {
            if whole.len() + piece.len() > limit {
                let failure = Failure::Unreadable(format!("the answer is longer than {limit} bytes"));
                return Err(self.target.error(failure, self.attempts.clone()));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
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
