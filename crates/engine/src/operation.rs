//! Operations other than chat whose answer is one response: how all of them are executed.
//!
//! How an operation is written and read is the dialect's ([`ferrule_wire::operation`]); what the engine adds for each
//! is an [`OperationRequest`].

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

/// A request of an operation, with what the engine does for it.
#[expect(private_bounds, reason = "requests are those of `ferrule_wire`")]
pub trait OperationRequest: FillIn + Sized + Clone + Send + Sync + 'static {
    /// The operation.
    type Operation: Listed<Request = Self>;

    /// Fills in what the response says was used.
    fn record(response: &ResponseTo<Self>, record: &mut UsageRecord);

    /// How much the request may use.
    fn measure(&self) -> Measured {
        Measured::unbounded("what it is charged for is not known before it is sent")
    }

    /// Makes the request ready to be encoded.
    fn prepare(&mut self) {}

    /// The request as `provider` may see it.
    fn as_sent(&self, _provider: &Provider) -> Cow<'_, Self> {
        Cow::Borrowed(self)
    }

    /// Whether the response is one to this request.
    fn check(&self, _response: &ResponseTo<Self>) -> Result<(), StreamError> {
        Ok(())
    }

    /// Lets go of what is large in the request, which was encoded.
    fn release(&mut self) {}
}

/// The response to a request.
pub type ResponseTo<R> = <<R as OperationRequest>::Operation as Operation>::Response;

/// The reply to an operation.
#[derive(Clone, Debug)]
pub struct OperationReply<T> {
    /// What was answered.
    pub response: T,
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
    /// What the provider says outside the response that it cost, in dollars, for each request; empty where it does not
    /// say it of all.
    pub reported_costs: Vec<Json>,
    /// What it used and cost.
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
