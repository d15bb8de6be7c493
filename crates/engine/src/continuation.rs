//! Continuation of streams: another target continues a stream that broke off, if its caller asked for that.
//!
//! What was delivered stays delivered. The new target continues it or answers anew; an event says which.

use crate::{
    delivered::{Delivered, Splice},
    error::CallError,
    failure::Failure,
    receive::{EventBatch, Reader},
    reply::Attempt,
    work::Success,
};
use ferrule_wire::model::{Continuation as How, Continued, StreamEvent};
use std::{fmt, future::Future, mem, pin::Pin, time::Instant};

/// A call whose stream can be continued by another target.
pub(crate) trait Resume: Send {
    /// Asks another target to continue what broke off.
    fn resume(self: Box<Self>, broken: Broken) -> Resuming;
}

/// A stream that broke off.
pub(crate) struct Broken {
    pub(crate) failure: Failure,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) delivered: Delivered,
}

/// The result of a continuation attempt: the new stream, or all attempts if there is none.
pub(crate) struct Resumed {
    pub(crate) call: Box<dyn Resume>,
    pub(crate) outcome: Result<(Reader, Success), Vec<Attempt>>,
}

pub(crate) type Resuming = Pin<Box<dyn Future<Output = Resumed> + Send>>;

/// What a stream keeps of its call for a continuation.
pub(crate) struct Continuation {
    state: State,
    delivered: Delivered,
    /// Set if the answering target continues what another one began.
    splice: Option<Splice>,
}

enum State {
    /// The stream is read.
    Reading(Box<dyn Resume>),
    /// Another target is being tried; the error is the stream's if none continues it.
    Resuming(Resuming, CallError),
    /// No target continues it.
    Over,
}

impl Continuation {
    pub(crate) fn new(call: Box<dyn Resume>) -> Self {
        Self { state: State::Reading(call), delivered: Delivered::default(), splice: None }
    }

    /// The batch to deliver; `None` if nothing is left of it.
    pub(crate) fn deliver(&mut self, mut batch: EventBatch) -> Option<EventBatch> {
        if let Some(splice) = &mut self.splice {
            batch.events = splice.fit(batch.events);
        }
        self.delivered.add(&mut batch.events);
        (!batch.events.is_empty()).then_some(batch)
    }

    /// The stream broke off with `error`: tries another target, or returns the error if there is none.
    pub(crate) fn begin(&mut self, error: CallError) -> Option<CallError> {
        match mem::replace(&mut self.state, State::Over) {
            State::Reading(call) => {
                let (failure, attempts) = (error.failure.clone(), error.attempts.clone());
                let broken = Broken { failure, attempts, delivered: self.delivered.clone() };
                self.state = State::Resuming(call.resume(broken), error);
                None
            }
            State::Resuming(..) | State::Over => Some(error),
        }
    }

    /// The result of trying other targets, once known; `None` if that is not in progress. Nothing is lost when the
    /// future is dropped.
    pub(crate) async fn resumed(&mut self) -> Option<Result<(Reader, Success), CallError>> {
        let State::Resuming(resuming, _) = &mut self.state else { return None };
        let Resumed { call, outcome } = resuming.await;
        let before = mem::replace(&mut self.state, State::Over);
        match outcome {
            Ok(answered) => {
                self.state = State::Reading(call);
                Some(Ok(answered))
            }
            Err(attempts) => match before {
                State::Resuming(_, error) => Some(Err(CallError { attempts, ..error })),
                State::Reading(_) | State::Over => None,
            },
        }
    }

    /// The event that announces `answered` as the continuing target.
    pub(crate) fn event(&mut self, answered: &Success) -> EventBatch {
        let target = answered.target.provider.target_name(&answered.target.model);
        let how = if answered.target.continues { How::Prefix } else { How::Restart };
        self.splice = (how == How::Prefix).then(|| self.delivered.splice());
        if how == How::Restart {
            self.delivered = Delivered::default();
        }
        let event = StreamEvent::Continued(Box::new(Continued { target, how }));
        EventBatch { received_at: Instant::now(), events: vec![event] }
    }
}

impl fmt::Debug for Continuation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Reading(_) => "reading",
            State::Resuming(..) => "resuming",
            State::Over => "over",
        };
        formatter.debug_struct("Continuation").field("state", &state).finish_non_exhaustive()
    }
}
