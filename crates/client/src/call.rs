//! Calls with a resolved model: made with one engine, and recorded in the ledger when they end.

use crate::{
    account::{Bill, Entry},
    stream::{RawBody, Stream},
};
use ferrule_catalog::{Catalog, End, Labels, Ledger, Settlement};
use ferrule_engine::{
    Call, CallError, CallOptions, Demands, Engine, OperationReply, OperationRequest, OwnStrategy, Preview,
    Reply, ResponseTo, Route,
};
use ferrule_state::Shared;
use ferrule_wire::{
    model::Request,
    operation::{EmbeddingRequest, EmbeddingResponse, SpeechRequest},
};
use std::sync::Arc;

/// A call whose model has been resolved. It keeps the engine that resolved it.
#[derive(Clone, Debug)]
pub struct ResolvedCall {
    engine: Arc<Engine>,
    route: Route,
    drop_params: bool,
    catalog: Option<Arc<Catalog>>,
    ledger: Arc<Ledger>,
    shared: Option<Shared>,
    entry: Option<Arc<Entry>>,
}

impl ResolvedCall {
    pub(crate) fn new(
        engine: Arc<Engine>,
        route: Route,
        drop_params: bool,
        catalog: Option<Arc<Catalog>>,
        ledger: Arc<Ledger>,
        shared: Option<Shared>,
    ) -> Self {
        Self { engine, route, drop_params, catalog, ledger, shared, entry: None }
    }

    /// The engine that resolved it.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Its candidates.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// The model as the caller named it; the target's name for the default model.
    pub fn asked_model(&self) -> String {
        let Route { alias, group, .. } = &self.route;
        match (group, alias) {
            // An ad-hoc group.
            (Some(group), _) if group.name.is_empty() => {
                group.targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            }
            (_, Some(alias)) => alias.clone(),
            (Some(group), None) => group.name.clone(),
            (None, None) => self.route.to_string(),
        }
    }

    /// The id of the first candidate's provider.
    pub fn provider(&self) -> &str {
        self.route.first().map_or("", |first| &first.provider)
    }

    /// The custom strategy that orders the targets, if there is one. It must be run before the call is made, and its
    /// order put into the options.
    pub fn own_strategy<'a>(&'a self, options: &'a CallOptions) -> Option<&'a OwnStrategy> {
        ferrule_engine::own_strategy(self.route.group.as_deref(), options)
    }

    /// The targets that the call would try, in order, and why. Sends no request.
    #[expect(clippy::result_large_err, reason = "it is the error of the call itself")]
    pub fn preview(&self, demands: &Demands<'_>, options: &CallOptions) -> Result<Preview, CallError> {
        self.engine.preview(self.route.clone().into(), demands, options)
    }

    /// The default for dropping what the provider cannot carry.
    pub fn drop_params(&self) -> bool {
        self.drop_params
    }

    /// The call's entry in the ledger, opened if necessary, with `metadata` as the labels by which usage is grouped. If
    /// the call ends early, the caller must close it.
    pub fn open_entry(&mut self, metadata: Vec<(String, String)>) -> Arc<Entry> {
        let first = self.route.first().cloned().unwrap_or_default();
        let labels = Labels { alias: self.route.alias.clone(), metadata };
        let open = || {
            let (ledger, catalog) = (Arc::clone(&self.ledger), self.catalog.clone());
            Entry::open(ledger, self.shared.clone(), catalog, first.provider, first.model, labels)
        };
        Arc::clone(self.entry.get_or_insert_with(open))
    }

    /// A chat completion without streaming.
    pub async fn complete(mut self, request: Request, options: CallOptions) -> Result<Reply, CallError> {
        let entry = self.open_entry(options.metadata.clone());
        let (engine, call) = self.with(request, options);
        let reply = engine.complete(call).await;
        accounted(&entry, reply, |reply| &reply.settlement)
    }

    /// A streamed completion; returns when the first events have arrived.
    pub async fn stream(mut self, request: Request, options: CallOptions) -> Result<Stream, CallError> {
        let entry = self.open_entry(options.metadata.clone());
        let (engine, call) = self.with(request, options);
        match engine.stream(call).await {
            Ok(stream) => Ok(Stream::new(stream, entry)),
            Err(error) => Err(failed(&entry, error)),
        }
    }

    /// Embeds texts, in requests of at most `batch_size` texts.
    pub async fn embed(
        mut self,
        request: EmbeddingRequest,
        batch_size: Option<usize>,
        options: CallOptions,
    ) -> Result<OperationReply<EmbeddingResponse>, CallError> {
        let entry = self.open_entry(options.metadata.clone());
        let (engine, call) = self.with(request, options);
        let reply = engine.embed(call, batch_size).await;
        accounted(&entry, reply, |reply| &reply.settlement)
    }

    /// An operation that takes one request: reranking, images, transcription.
    pub async fn operate<R: OperationRequest>(
        mut self,
        request: R,
        options: CallOptions,
    ) -> Result<OperationReply<ResponseTo<R>>, CallError> {
        let entry = self.open_entry(options.metadata.clone());
        let (engine, call) = self.with(request, options);
        let reply = engine.operate(call).await;
        accounted(&entry, reply, |reply| &reply.settlement)
    }

    /// Synthesises speech; returns when the first of the audio has arrived.
    pub async fn speech(
        mut self,
        request: SpeechRequest,
        options: CallOptions,
    ) -> Result<RawBody, CallError> {
        let entry = self.open_entry(options.metadata.clone());
        let (engine, call) = self.with(request, options);
        match engine.speech(call).await {
            Ok(reply) => Ok(RawBody::new(reply, entry)),
            Err(error) => Err(failed(&entry, error)),
        }
    }

    /// Counts the tokens of a request, if the provider offers that. Counting is free, and not recorded.
    pub async fn count_tokens(
        self,
        request: Request,
        options: CallOptions,
    ) -> Result<Option<u64>, CallError> {
        let (engine, call) = self.with(request, options);
        Ok(engine.count_tokens(call).await?.map(|reply| reply.response))
    }

    fn with<R>(self, request: R, options: CallOptions) -> (Arc<Engine>, Call<R>) {
        (self.engine, Call { to: self.route.into(), request, options })
    }
}

/// Returns `reply` after recording it.
#[expect(clippy::result_large_err, reason = "it is the error of the call itself")]
fn accounted<T>(
    entry: &Entry,
    reply: Result<T, CallError>,
    settlement: impl Fn(&T) -> &Arc<Settlement>,
) -> Result<T, CallError> {
    match reply {
        Ok(reply) => {
            entry.close(End::Answered, settlement(&reply));
            Ok(reply)
        }
        Err(error) => Err(failed(entry, error)),
    }
}

fn failed(entry: &Entry, error: CallError) -> CallError {
    let bill = Bill { unanswered: error.unanswered.clone(), ..Bill::default() };
    entry.close_unsettled(End::Failed, bill, |_| {});
    error
}
