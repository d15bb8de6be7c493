//! What clients do beside chat, as functions over a client: each is one crossing. Who counts in the usage delivers one
//! dictionary (`answer`) that `python/ferrule/operations/` makes an object of; sound, and what only one kind of server
//! has, come as they are (`pieces`).

mod answer;
mod ask;
mod embedding;
mod media;
mod pieces;
mod reranking;

pub(crate) use answer::OperationAnswer;
pub(crate) use ask::{count_tokens, health};
pub(crate) use embedding::embed;
pub(crate) use media::{images, speech, transcribe};
pub(crate) use pieces::{raw, raw_head, raw_piece};
pub(crate) use reranking::rerank;

use crate::{
    account::Entry,
    bridge::LoopBridge,
    client::{Departure, NativeClient},
    flight::Flight,
    request::{self, Given},
};
use answer::Told;
use ferrule_catalog::Labels;
use ferrule_engine::{CallError, CallOptions, Engine, OperationCall, OperationReply};
use ferrule_wire::json::Extra;
use pyo3::{prelude::*, types::PyDict};
use std::{future::Future, sync::Arc};

/// A call of a model beside chat, before it is sent.
struct Start<'a> {
    bridge: Option<&'a LoopBridge>,
    engine: Arc<Engine>,
    provider: String,
    options: CallOptions,
    entry: Entry,
    /// The provider's own name of the model.
    model: String,
    /// Fields of the provider's own.
    extra: Extra,
}

impl<'a> Start<'a> {
    /// Finds out whom `model` means, and reads `options`; `own` reads those that only this operation has, and says
    /// whether it knows the name.
    fn read<'py>(
        client: &NativeClient,
        model: &Bound<'py, PyAny>,
        options: &Bound<'py, PyDict>,
        bridge: Option<&'a LoopBridge>,
        mut own: impl FnMut(&str, &Bound<'py, PyAny>) -> PyResult<bool>,
    ) -> PyResult<Self> {
        let Departure { engine, route, drop_params, catalog, alias } = client.depart(model.py(), model)?;
        let Given { options, extra, metadata } = request::operation(options, drop_params, &mut own)?;
        let entry = client.open(catalog, &route, Labels { alias, metadata });
        Ok(Self { bridge, engine, provider: route.provider, options, entry, model: route.model, extra })
    }

    /// Sends `request` by `ask`, and delivers what `tell` makes of the answer.
    fn answer<R, A: 'static, F>(
        self,
        request: R,
        ask: impl FnOnce(Arc<Engine>, OperationCall<R>) -> F,
        tell: fn(A) -> Told,
    ) -> PyResult<Flight>
    where
        F: Future<Output = Result<OperationReply<A>, CallError>> + Send + 'static,
    {
        let Self { bridge, engine, provider, options, entry, .. } = self;
        let asked = ask(engine, OperationCall { provider: provider.clone(), request, options });
        let answered = async move { asked.await.map(|reply| OperationAnswer::deliver(reply, tell)) };
        Flight::start_call(bridge, provider, entry, None, move |shared| shared.settle(Box::pin(answered)))
    }
}
