//! Work: one kind of call, with the request that it encodes and the response that it reads.

use crate::{
    admission::Measured, demands::Demands, failure::Failure, incoming::Incoming,
    option_defaults::OptionDefaults, outgoing::Outgoing, policy::CallPolicy, provider::Provider,
    reply::Attempt, target::Target, target_state::Lease,
};
use ferrule_catalog::{Settlement, UsageRecord};
use std::{future::Future, sync::Arc};

/// One kind of call: a completion, a stream, an operation, a list. [`crate::Engine::run`] executes it.
pub trait Work: Clone + Send + Sync {
    /// The result of a successful attempt.
    type Received: Send;
    /// The result of the call.
    type Output;

    /// Whether the result may break off after it has been delivered.
    const IS_STREAM: bool = false;

    /// Encodes the request to `provider` for `model`. Called for a candidate only when its turn comes.
    fn encode(&mut self, provider: &Provider, model: &str, how: Encoding<'_>) -> Result<Outgoing, Failure>;

    /// The maximum usage of the request, with `defaults` for unset options. Called after [`Self::encode`].
    fn measure(&self, _defaults: Option<&OptionDefaults>) -> Measured {
        Measured::unbounded("what it is charged for is not known before it is sent")
    }

    /// Drops the request after encoding: no other candidate is left, and a long prompt should not be kept twice.
    fn release(&mut self) {}

    /// Reads as much of `incoming` as must be there before delivery can begin. A failure until then can be retried.
    fn receive(
        &self,
        incoming: Incoming,
        target: &Target,
    ) -> impl Future<Output = Result<Self::Received, Failure>> + Send;

    /// The request's demands for routing.
    fn demands(&self) -> Demands<'_> {
        Demands::other(Self::IS_STREAM)
    }

    /// Whether the request asks the model to reason before it answers.
    fn may_reason(&self) -> bool {
        false
    }

    /// The output tokens of an answer whose duration is proportional to them, if they were counted; `None` if the
    /// duration says nothing about other answers.
    fn output_tokens(_received: &Self::Received) -> Option<Option<u64>> {
        None
    }

    /// Why another target should be tried, if the group wants that, although this one answered. Records the reported
    /// usage.
    fn objection(_received: &Self::Received, _target: &Target) -> Option<Failure> {
        None
    }

    /// The result for the caller.
    fn finish(self, received: Self::Received, answered: Success) -> Self::Output;
}

/// How a request is encoded for one candidate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoding<'a> {
    /// Drop what the provider cannot carry instead of refusing it.
    pub drop_unsupported: bool,
    /// The wire format in which the caller wrote the request, if any.
    pub written_in: Option<&'static str>,
    /// The candidate's defaults for options that the call does not set.
    pub defaults: Option<&'a OptionDefaults>,
    /// The tokens to reserve for a chat answer if neither the call nor the candidate limits it.
    pub reserve_output: Option<u64>,
}

/// The success of a call: which target answered, after which attempts.
#[derive(Debug)]
pub struct Success {
    pub(crate) target: Box<Target>,
    /// Every attempt, the successful one last.
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) policy: CallPolicy,
    /// The lease on the target, held until the response ends.
    pub(crate) lease: Option<Lease>,
    /// Usage of attempts that contributed nothing to the answer.
    pub(crate) unanswered: Vec<Arc<Settlement>>,
}

impl Success {
    /// A usage record of the call, without the usage.
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
