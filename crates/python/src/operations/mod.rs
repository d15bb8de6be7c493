//! Operations other than chat, as functions over a client: each is one crossing. Those that count in the usage deliver one
//! dictionary (`answer`) that `python/ferrule/operations/` makes an object of; audio, and what only one kind of server
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
    client::{NativeClient, ResolvedCall, provider_of},
    flight::Flight,
    request::{self, Given},
};
use answer::Fields;
use ferrule_engine::{Call, CallError, CallOptions, Engine, OperationReply, Route};
use ferrule_wire::json::Extra;
use pyo3::{prelude::*, types::PyDict};
use std::{future::Future, sync::Arc};

/// An operation before it is sent.
struct Start<'a> {
    bridge: Option<&'a LoopBridge>,
    engine: Arc<Engine>,
    route: Route,
    options: CallOptions,
    entry: Entry,
    /// Fields of the provider's own.
    extra: Extra,
}

impl<'a> Start<'a> {
    /// Resolves `model`, and reads `options`; `own` reads those that only this operation has, and says whether it knows
    /// the name.
    fn read<'py>(
        client: &NativeClient,
        model: &Bound<'py, PyAny>,
        options: &Bound<'py, PyDict>,
        bridge: Option<&'a LoopBridge>,
        mut own: impl FnMut(&str, &Bound<'py, PyAny>) -> PyResult<bool>,
    ) -> PyResult<Self> {
        let ResolvedCall { engine, route, drop_params, catalog } = client.resolve_call(model.py(), model)?;
        let Given { options, extra, metadata } = request::operation(options, drop_params, &mut own)?;
        let entry = client.open(catalog, &route, metadata);
        Ok(Self { bridge, engine, route, options, entry, extra })
    }

    /// Sends `request` by `ask`, and delivers what `fields` makes of the response.
    fn answer<R, A: 'static, F>(
        self,
        request: R,
        ask: impl FnOnce(Arc<Engine>, Call<R>) -> F,
        fields: fn(A) -> Fields,
    ) -> PyResult<Flight>
    where
        F: Future<Output = Result<OperationReply<A>, CallError>> + Send + 'static,
    {
        let Self { bridge, engine, route, options, entry, .. } = self;
        let provider = provider_of(&route);
        let asked = ask(engine, Call { to: route.into(), request, options });
        let answered = async move { asked.await.map(|reply| OperationAnswer::deliver(reply, fields)) };
        Flight::start_call(bridge, provider, entry, None, move |shared| shared.settle(Box::pin(answered)))
    }
}
