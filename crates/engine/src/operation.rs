//! Operations other than chat whose answer is one response: how each is written and read, and the one way all of them go.

use crate::{
    failure::Failure,
    incoming::Incoming,
    outgoing::Outgoing,
    provider::Provider,
    receive::{Decoded, decode},
    reply::{Attempt, Stats},
    target::Target,
    work::{Answered, Work},
};
use ferrule_catalog::{Settlement, UsageRecord};
use ferrule_wire::{
    encode::{EncodedRequest, UnsupportedField},
    error::Headers,
    framing::StreamError,
    json::Json,
};
use std::sync::Arc;

/// An operation: a request that a provider may have an endpoint for, and its response.
pub trait Operation: Send + Sync {
    /// What is answered.
    type Response: Send;

    /// Sets the provider's own name of the model.
    fn set_model(&mut self, model: &str);

    /// The request that asks `provider`; a failure where it has no such operation, or cannot carry a field.
    fn encode(&self, provider: &Provider, drop_unsupported: bool) -> Result<EncodedRequest, Failure>;

    /// Reads the response.
    fn decode(
        &self,
        provider: &Provider,
        headers: Headers<'_>,
        body: &[u8],
    ) -> Result<Self::Response, StreamError>;

    /// Fills in what `response` says was used.
    fn record(response: &Self::Response, record: &mut UsageRecord);

    /// Lets go of what is large in the request, which was encoded.
    fn release(&mut self) {}
}

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
    /// What the provider says outside the response that it cost, in dollars, for each request; empty where it does not say it
    /// of all.
    pub reported_costs: Vec<Json>,
    /// What it used and cost.
    pub settlement: Arc<Settlement>,
}

/// The work of an operation.
#[derive(Debug)]
pub struct Operate<O>(pub O);

impl<O: Operation> Work for Operate<O> {
    type Received = Decoded<O::Response>;
    type Output = OperationReply<O::Response>;

    fn encode(
        &mut self,
        provider: &Provider,
        model: &str,
        drop_unsupported: bool,
    ) -> Result<Outgoing, Failure> {
        self.0.set_model(model);
        self.0.encode(provider, drop_unsupported).map(Outgoing::from)
    }

    fn release(&mut self) {
        self.0.release();
    }

    async fn receive(&self, incoming: Incoming, target: &Target) -> Result<Self::Received, Failure> {
        decode(incoming, target, |headers, body| self.0.decode(&target.provider, headers, body)).await
    }

    fn finish(self, received: Self::Received, answered: Answered) -> Self::Output {
        let Decoded { response, request_id, cost } = received;
        let stats = answered.policy.stats();
        let mut record = answered.record();
        O::record(&response, &mut record);
        record.report(&cost);
        let settlement = answered.settle(record);
        let Answered { target, attempts, .. } = answered;
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
