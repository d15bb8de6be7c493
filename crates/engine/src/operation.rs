//! Operations other than chat, with a single response: their common execution.
//!
//! Encoding and decoding belong to the dialect ([`ferrule_wire::operation`]); the engine's part of each operation is an
//! [`OperationRequest`].

use crate::{
    admission::Measured,
    failure::Failure,
    incoming::Incoming,
    option_defaults::{FillIn, OptionDefaults},
    outgoing::Outgoing,
    provider::Provider,
    receive::{Decoded, decode},
    reply::{Attempt, Stats},
    target::Target,
    work::{Encoding, Success, Work},
};
use ferrule_catalog::{Settlement, UsageRecord};
use ferrule_wire::{
    encode::UnsupportedField,
    framing::StreamError,
    json::Json,
    operation::{Listed, Operation},
};
use std::{borrow::Cow, sync::Arc};

/// A request of an operation, with the engine's handling of it.
#[expect(private_bounds, reason = "requests are those of `ferrule_wire`")]
pub trait OperationRequest: FillIn + Sized + Clone + Send + Sync + 'static {
    /// The operation.
    type Operation: Listed<Request = Self>;

    /// Records the usage reported by the response.
    fn record(response: &ResponseTo<Self>, record: &mut UsageRecord);

    /// The maximum usage of the request.
    fn measure(&self) -> Measured {
        Measured::unbounded("what it is charged for is not known before it is sent")
    }

    /// Prepares the request for encoding.
    fn prepare(&mut self) {}

    /// The request as it is sent to `provider`.
    fn as_sent(&self, _provider: &Provider) -> Cow<'_, Self> {
        Cow::Borrowed(self)
    }

    /// Checks that the response matches this request.
    fn check(&self, _response: &ResponseTo<Self>) -> Result<(), StreamError> {
        Ok(())
    }

    /// Drops the large parts of the request after encoding.
    fn release(&mut self) {}
}

/// The response to a request.
pub type ResponseTo<R> = <<R as OperationRequest>::Operation as Operation>::Response;

/// The reply to an operation.
#[derive(Clone, Debug)]
pub struct OperationReply<T> {
    /// The response.
    pub response: T,
    /// The provider that answered.
    pub provider: String,
    /// The requested model.
    pub model: String,
    /// The provider's request id, from the headers; of several requests, the first one's.
    pub request_id: Option<String>,
    /// Every attempt of every request.
    pub attempts: Vec<Attempt>,
    /// How long the call took.
    pub stats: Stats,
    /// The fields that were dropped because the dialect cannot carry them.
    pub dropped: Vec<UnsupportedField>,
    /// The cost that the provider states outside the response, in dollars, for each request; empty unless it states it
    /// for all.
    pub reported_costs: Vec<Json>,
    /// Its usage and cost.
    pub settlement: Arc<Settlement>,
}

/// The work of an operation.
#[derive(Clone, Debug)]
pub struct Operate<R>(pub R);

impl<R: OperationRequest> Work for Operate<R> {
    type Received = Decoded<ResponseTo<R>>;
    type Output = OperationReply<ResponseTo<R>>;

    fn encode(&mut self, provider: &Provider, model: &str, how: Encoding<'_>) -> Result<Outgoing, Failure> {
        R::Operation::set_model(&mut self.0, model);
        self.0.prepare();
        let codec = provider.operation::<R::Operation>()?;
        let filled = how.defaults.map(|defaults| {
            let mut filled = self.0.clone();
            FillIn::fill_in(&mut filled, defaults);
            filled
        });
        let request = filled.as_ref().unwrap_or(&self.0).as_sent(provider);
        let encoded = codec.encode_request(&request, provider.encode_options(how.drop_unsupported));
        encoded.map(Outgoing::from).map_err(Failure::Unsupported)
    }

    fn measure(&self, _: Option<&OptionDefaults>) -> Measured {
        self.0.measure()
    }

    fn release(&mut self) {
        self.0.release();
    }

    async fn receive(&self, incoming: Incoming, target: &Target) -> Result<Self::Received, Failure> {
        let codec = target.provider.operation::<R::Operation>()?;
        decode(incoming, target, &self.0, move |request: &R, headers, body| {
            let response = codec.decode_response(headers, body)?;
            request.check(&response)?;
            Ok(response)
        })
        .await
    }

    fn finish(self, received: Self::Received, answered: Success) -> Self::Output {
        let Decoded { response, request_id, cost } = received;
        let stats = answered.policy.stats();
        let mut record = answered.record();
        R::record(&response, &mut record);
        record.report(&cost);
        let settlement = answered.settle(record);
        let Success { target, attempts, .. } = answered;
        OperationReply {
            response,
            provider: target.provider.id.to_string(),
            model: target.model,
            request_id,
            attempts,
            stats,
            dropped: target.dropped,
            reported_costs: cost.into_iter().collect(),
            settlement,
        }
    }
}
