//! Work: one kind of call, with the request that it sends and what it makes of the response.

use crate::{
    admission::Measured, demands::Demands, failure::Failure, incoming::Incoming,
    option_defaults::OptionDefaults, outgoing::Outgoing, policy::CallPolicy, provider::Provider,
    reply::Attempt, target::Target, target_state::Lease,
};
use ferrule_catalog::{Settlement, UsageRecord};
use std::{future::Future, sync::Arc};

/// One kind of call: a plain completion, a stream, an operation, a list. [`crate::Engine::run`] executes it.
pub trait Work: Clone + Send + Sync {
    /// What a successful attempt gives.
    type Received: Send;
    /// What the call gives.
    type Output;

    /// Whether what is received may break off after the call has delivered it.
    const IS_STREAM: bool = false;

    /// The request that asks `provider` for `model`. Called for a candidate when its turn comes, and for no other.
    fn encode(&mut self, provider: &Provider, model: &str, how: Encoding<'_>) -> Result<Outgoing, Failure>;

    /// How much the request may use, asked with `defaults` where it says nothing itself. After [`Self::encode`].
    fn measure(&self, _defaults: Option<&OptionDefaults>) -> Measured {
        Measured::unbounded("what it is charged for is not known before it is sent")
    }

    /// Lets go of what was encoded: no other candidate is left, and a long prompt should not be kept twice.
    fn release(&mut self) {}

    /// Reads as much of `incoming` as has to be there before anything can be delivered. A failure until then is
    /// retried.
    fn receive(
        &self,
        incoming: Incoming,
        target: &Target,
    ) -> impl Future<Output = Result<Self::Received, Failure>> + Send;

    /// What routing reads of the request.
    fn demands(&self) -> Demands<'_> {
        Demands::other(Self::IS_STREAM)
    }

    /// Whether the model was asked to think before it answers.
    fn may_reason(&self) -> bool {
        false
    }

    /// The output tokens of an answer that took as long as they are many, where they were counted; `None` where how
    /// long such an answer takes says nothing about others.
    fn output_tokens(_received: &Self::Received) -> Option<Option<u64>> {
        None
    }

    /// Why another target is to be asked where that is wanted, although this one answered. Notes what it reported.
    fn objection(_received: &Self::Received, _target: &Target) -> Option<Failure> {
        None
    }

    /// What the caller gets.
    fn finish(self, received: Self::Received, answered: Success) -> Self::Output;
}

/// How a request is encoded for one candidate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoding<'a> {
    /// Leave out what the provider cannot carry instead of refusing it.
    pub drop_unsupported: bool,
    /// The wire format that the caller wrote the request in, where it was written in one.
    pub written_in: Option<&'static str>,
    /// The options that the candidate has where the call has none.
    pub defaults: Option<&'a OptionDefaults>,
    /// The most tokens of a chat's answer, where neither the call nor the candidate limits it.
    pub reserve_output: Option<u64>,
}

/// The success of a call: which target answered, after which attempts.
#[derive(Debug)]
pub struct Success {
    pub(crate) target: Box<Target>,
    /// Every attempt, the successful one last.
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) policy: CallPolicy,
    /// The place at the target, held for as long as it is at work.
    pub(crate) lease: Option<Lease>,
    /// What attempts used that gave nothing of the answer.
    pub(crate) unanswered: Vec<Arc<Settlement>>,
}

impl Success {
    /// A usage record of the call, of which only what was used is still to be filled in.
    pub(crate) fn record(&self) -> UsageRecord {
        UsageRecord { at: self.policy.at, ..self.target.record() }
    }

    /// Settles the call, and notifies its observer of the response.
    pub(crate) fn settle(&self, record: UsageRecord) -> Arc<Settlement> {
        let settlement = Settlement::new(record, self.policy.catalog.clone());
        if let Some(admitted) = &self.target.admitted {
            admitted.settle(&settlement);
        }
        let settlement = Arc::new(settlement.with(Vec::new(), self.unanswered.clone()));
        self.policy.events.response(&self.attempts, Some(&settlement));
        settlement
    }
}
