//! What providers do beside chat: what all such calls have, and the way they go.

use crate::{
    Attempt, CallError, CallOptions, Engine, Failure, Stats,
    call::{Answered, Receive, call},
    decode::{Decode, Decoded},
    engine::failed,
    target::{Provider, Target},
    timeout::Limits,
};
use ferrule_wire::{
    encode::{EncodedRequest, UnsupportedField},
    error::Headers,
    framing::StreamError,
    json::Json,
    quirks::Feature,
};
use std::sync::Arc;
use tokio::time::Instant;

/// A call beside chat.
#[derive(Clone, Debug)]
pub struct OperationCall<R> {
    /// The provider's id.
    pub provider: String,
    /// What is asked; its `model` is the provider's own name of the model.
    pub request: R,
    /// How.
    pub options: CallOptions,
}

/// The answer to a call beside chat.
#[derive(Clone, Debug)]
pub struct OperationReply<A> {
    /// What was answered.
    pub response: A,
    /// The provider that answered.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// The provider's id of the request, from its headers; of several requests, the first one's.
    pub request_id: Option<String>,
    /// Every attempt of every request.
    pub attempts: Vec<Attempt>,
    /// How long it took.
    pub stats: Stats,
    /// What was left out because the dialect cannot carry it.
    pub dropped: Vec<UnsupportedField>,
    /// What the provider says beside the answer that it cost, in dollars, for each request; empty where it does not say
    /// it of all.
    pub costs: Vec<Json>,
}

/// How one call asks its provider.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) provider: &'a Arc<Provider>,
    pub(crate) model: &'a str,
    pub(crate) options: &'a CallOptions,
    pub(crate) limits: Limits,
    pub(crate) max_retries: u32,
    pub(crate) started: Instant,
}

impl<'a> Asking<'a> {
    /// `provider` is asked for `model`, from now on.
    pub(crate) fn new(
        engine: &Engine,
        provider: &'a Arc<Provider>,
        model: &'a str,
        options: &'a CallOptions,
    ) -> Self {
        let started = Instant::now();
        let (limits, max_retries) = engine.limits(options, started);
        Self { provider, model, options, limits, max_retries, started }
    }

    /// Sends what was encoded, until `receive` has something to deliver.
    pub(crate) async fn send<R: Receive>(
        self,
        encoded: Result<EncodedRequest, UnsupportedField>,
        receive: &R,
    ) -> Result<Answered<R::Answer>, CallError> {
        call(self.target(encoded)?, self.limits, self.max_retries, receive).await
    }

    /// Sends what was encoded, and reads the whole answer.
    pub(crate) async fn ask<A: Send>(
        self,
        encoded: Result<EncodedRequest, UnsupportedField>,
        decode: impl Fn(Headers<'_>, &[u8]) -> Result<A, StreamError> + Sync,
    ) -> Result<OperationReply<A>, CallError> {
        let Answered { answer: Decoded { answer, request_id, cost }, target, attempts } =
            self.send(encoded, &Decode(decode)).await?;
        Ok(OperationReply {
            response: answer,
            provider: self.provider.id.to_string(),
            model: self.model.to_owned(),
            request_id,
            attempts,
            stats: self.stats(),
            dropped: target.dropped,
            costs: cost.into_iter().collect(),
        })
    }

    /// How long it took until now.
    pub(crate) fn stats(self) -> Stats {
        let duration = self.started.elapsed();
        Stats {
            started: self.started.into_std(),
            time_to_first_token: Some(duration),
            duration: Some(duration),
        }
    }

    #[expect(clippy::result_large_err, reason = "it is the error of the call itself")]
    fn target(self, encoded: Result<EncodedRequest, UnsupportedField>) -> Result<Target, CallError> {
        let target = encoded
            .map_err(Failure::Unsupported)
            .and_then(|encoded| self.provider.prepare_encoded(encoded, self.model, self.options, None));
        target.map_err(|failure| failed(failure, &self.provider.id, self.model))
    }
}

impl Provider {
    /// What the dialect has of an operation, where this provider has it too; `name` is our word for it.
    pub(crate) fn operation<T: ?Sized>(
        &self,
        of_dialect: Option<&'static T>,
        feature: Feature,
        name: &str,
    ) -> Result<&'static T, Failure> {
        of_dialect.filter(|_| self.quirks.supports(feature)).ok_or_else(|| {
            Failure::Unsupported(UnsupportedField {
                field: name.to_owned(),
                dialect: self.dialect.name(),
                reason: format!("{} has no such operation", self.id),
            })
        })
    }
}
