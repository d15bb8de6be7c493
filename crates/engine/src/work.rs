//! Work: what one kind of call asks of a provider, and what it makes of the response.

use crate::{
    failure::Failure, incoming::Incoming, outgoing::Outgoing, policy::CallPolicy, provider::Provider,
    reply::Attempt, target::Target,
};
use ferrule_catalog::{Settlement, UsageRecord};
use std::{future::Future, sync::Arc};

/// One kind of call: a plain completion, a stream, an operation, a list. [`crate::Engine::run`] executes it.
pub trait Work: Send + Sync {
    /// What a successful attempt gives.
    type Received: Send;
    /// What the call gives.
    type Output;

    /// The request that asks `provider` for `model`. Called for a candidate when its turn comes, and for no other;
    /// `drop_unsupported` leaves out what the provider cannot carry instead of refusing it.
    fn encode(
        &mut self,
        provider: &Provider,
        model: &str,
        drop_unsupported: bool,
    ) -> Result<Outgoing, Failure>;

    /// Lets go of what was encoded: no other candidate is left, and a long prompt should not be kept twice.
    fn release(&mut self) {}

    /// Reads as much of `incoming` as has to be there before anything can be delivered. A failure until then is
    /// retried.
    fn receive(
        &self,
        incoming: Incoming,
        target: &Target,
    ) -> impl Future<Output = Result<Self::Received, Failure>> + Send;

    /// What the caller gets.
    fn finish(self, received: Self::Received, answered: Answered) -> Self::Output;
}

/// How a call was answered.
#[derive(Debug)]
pub struct Answered {
    pub(crate) target: Box<Target>,
    /// Every attempt, the successful one last.
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) policy: CallPolicy,
}

impl Answered {
    /// A usage record of the call, of which only what was used is still to be filled in.
    pub(crate) fn record(&self) -> UsageRecord {
        UsageRecord {
            provider: self.target.provider.id.to_string(),
            asked: self.target.model.clone(),
            at: self.policy.at,
            ..UsageRecord::default()
        }
    }

    /// Settles the call.
    pub(crate) fn settle(&self, record: UsageRecord) -> Arc<Settlement> {
        Arc::new(Settlement::new(record, self.policy.catalog.clone()))
    }
}
