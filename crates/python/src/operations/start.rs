//! Start of an operation: resolves its model, reads its options, opens its ledger entry.

use super::answer::{Fields, outcome};
use crate::{
    bridge::LoopBridge,
    caller::Caller,
    errors::raise_client,
    flight::Flight,
    observers::Observed,
    produce,
    request::{self, Given, Models},
    routing,
};
use ferrule_client::{Client, ClientError, Entry, ResolvedCall};
use ferrule_engine::{CallError, CallOptions, Demands, OperationReply};
use ferrule_wire::json::Extra;
use pyo3::{prelude::*, types::PyDict};
use std::{future::Future, sync::Arc};

/// A call of `model` with the current engine.
pub(crate) fn resolve_call(client: &Client, model: &Bound<'_, PyAny>) -> PyResult<ResolvedCall> {
    let py = model.py();
    let model = request::model(model).map_err(|error| raise_client(py, ClientError::Config(error)))?;
    let call = match &model {
        Models::Default => client.resolve_call(None),
        Models::One(name) => client.resolve_call(name.as_str()),
        Models::Several(names) => client.resolve_call_of_any(names),
    };
    call.map_err(|error| raise_client(py, error))
}

/// An operation before it is sent.
pub(super) struct Start<'a> {
    pub(super) bridge: Option<&'a LoopBridge>,
    pub(super) call: ResolvedCall,
    pub(super) provider: String,
    pub(super) options: CallOptions,
    pub(super) entry: Arc<Entry>,
    /// Provider-specific fields.
    pub(super) extra: Extra,
    pub(super) observed: Option<Observed>,
}

impl<'a> Start<'a> {
    /// Resolves `model` and reads `options`; `own` reads those that only this operation has, and returns whether it
    /// knows the name.
    pub(super) fn read<'py>(
        client: &Caller,
        model: &Bound<'py, PyAny>,
        options: &Bound<'py, PyDict>,
        bridge: Option<&'a LoopBridge>,
        demands: &Demands<'_>,
        mut own: impl FnMut(&str, &Bound<'py, PyAny>) -> PyResult<bool>,
    ) -> PyResult<Self> {
        let mut call = resolve_call(client, model)?;
        let Given { options: mut how, extra } = request::operation(options, call.drop_params(), &mut own)?;
        routing::settle(model.py(), &call, demands, &mut how)?;
        let observed = client.observe(model.py(), bridge, &call, &mut how)?;
        let (provider, entry) = (call.provider().to_owned(), call.open_entry(how.metadata.clone()));
        Ok(Self { bridge, call, provider, options: how, entry, extra, observed })
    }

    /// Makes the call by `run`, and delivers the response converted by `fields`.
    pub(super) fn answer<A: Send + 'static, F>(
        self,
        run: impl FnOnce(ResolvedCall, CallOptions) -> F,
        fields: fn(A) -> Fields,
    ) -> PyResult<Flight>
    where
        F: Future<Output = Result<OperationReply<A>, CallError>> + Send + 'static,
    {
        let Self { bridge, call, provider, options, entry, observed, .. } = self;
        let replied = run(call, options);
        let answered = async move { replied.await.map(|reply| outcome(reply, fields)) };
        let flight = Flight::start(bridge, provider, entry, None, move |channel| {
            produce::settle(channel, Box::pin(answered))
        })?;
        Ok(flight.observed(observed))
    }
}
