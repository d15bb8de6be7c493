//! Engine: executes calls, with the providers and settings that it was built from (`build.rs`).

mod build;
mod degrade;
mod gather;

use crate::{
    admission::AdmissionRules,
    arrange::{CallContext, arrange},
    bounds::Bounds,
    call::execute,
    candidates::Candidates,
    chat::{Complete, Stream},
    demands::Demands,
    embed,
    error::CallError,
    failure::Failure,
    group_state::GroupStates,
    health::{Health, listing_path},
    models::ListModels,
    observe::Events,
    operation::{Operate, OperationReply, OperationRequest, ResponseTo},
    options::{CallOptions, Timeouts},
    patience::Patience,
    policy::CallPolicy,
    policy_options::{BreakerOptions, RetryOptions},
    provider::Provider,
    raw::{RawReply, RawRequest},
    recipient::{Call, Recipient},
    reply::Reply,
    resolve::{Candidate, Group, Route, Routes},
    resume,
    speech::Speak,
    stream::EventStream,
    timeout::Limits,
    timer_keep_alive::TimerKeepAlive,
    tls::Tls,
    work::Work,
};
use bytes::Bytes;
use ferrule_admission::Admission;
use ferrule_catalog::Catalog;
use ferrule_wire::{
    dialect::Dialect,
    model::Request,
    operation::{EmbeddingRequest, EmbeddingResponse, Listed, ModelInfo, SpeechRequest, TokenCounting},
};
use futures_util::future::Either;
use http::Method;
use std::{
    collections::HashMap,
    fmt,
    future::Future,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::time::Instant;

/// More pages than any provider's list of models has.
const MAX_MODEL_PAGES: usize = 100;

/// Looks up dialects by name.
type Dialects = Arc<dyn Fn(&str) -> Option<&'static dyn Dialect> + Send + Sync>;

/// Calls providers. One per client; it holds the connections.
///
/// It is immutable: changed settings make another engine ([`Engine::renewed`]), which shares what stays the same. A
/// call keeps the engine it began with.
pub struct Engine {
    providers: HashMap<String, Arc<Provider>>,
    /// For providers that are known but cannot be called: what is missing, and the name of the dialect.
    unusable: HashMap<String, (String, String)>,
    routes: Routes,
    dialects: Dialects,
    tls: Arc<Tls>,
    timeouts: Timeouts,
    retry: RetryOptions,
    breaker: BreakerOptions,
    groups: GroupStates,
    catalog: Option<Arc<Catalog>>,
    bounds: Bounds,
    keep_alive: Arc<TimerKeepAlive>,
    /// The counters of limits and budgets.
    counters: Arc<Admission>,
    pub(crate) admission: Option<Arc<AdmissionRules>>,
}

impl Engine {
    /// The candidates for `model`, or for the default model. The error says what to write instead.
    pub fn resolve(&self, model: Option<&str>) -> Result<Route, String> {
        let mut route = self.routes.resolve(model)?;
        let first = route.first().filter(|_| route.group.is_none());
        let is_spelled_out = first.zip(model).is_some_and(|(first, name)| first.is_spelled_out_by(name));
        // A provider's `fallback` is short for a group of the two.
        let fallback = first.and_then(|first| {
            let provider = self.providers.get(&first.provider)?.settings.fallback.clone()?;
            Some(Candidate::new(provider, first.model.clone()))
        });
        route.candidates.extend(fallback);
        route.alias = model.filter(|_| !is_spelled_out).map(str::to_owned);
        Ok(route)
    }

    /// The candidates for any of `models`, in their order: an ad-hoc group.
    pub fn resolve_all(&self, models: &[String]) -> Result<Route, String> {
        match models {
            [only] => self.resolve(Some(only)),
            several => self.routes.resolve_all(several),
        }
    }

    /// The wire format of the provider with this id; `None` if there is none.
    pub fn format_of(&self, provider: &str) -> Option<&'static str> {
        self.providers.get(provider).map(|provider| provider.dialect.format())
    }

    /// The id of the provider with this id or alias. The error suggests the nearest one.
    pub fn provider_id(&self, name: &str) -> Result<&str, String> {
        self.routes.provider(name).ok_or_else(|| self.routes.unknown_provider(name))
    }

    /// As [`Engine::provider_id`]; an unknown name is returned unchanged.
    fn spelled<'a>(&'a self, name: &'a str) -> &'a str {
        self.routes.provider(name).unwrap_or(name)
    }

    /// Makes a call: the single entry point. Candidates are tried in order, each prepared when its turn comes; retries,
    /// limits, credentials and cost settlement are the same for all operations.
    pub fn run<W: Work>(&self, call: Call<W>) -> impl Future<Output = Result<W::Output, CallError>> + Send {
        if self.may_degrade(&call.to) {
            // Boxed, as few clients have such budgets and all calls would carry its size.
            return Either::Left(Box::pin(self.degrading(call, |call| self.run_directly(call))));
        }
        Either::Right(self.run_directly(call))
    }

    async fn run_directly<W: Work>(&self, call: Call<W>) -> Result<W::Output, CallError> {
        let mut candidates = Self::observed(&call.options, self.candidates(call.to))?;
        let policy = self.policy(&call.options, &candidates);
        self.arrange(&mut candidates, &call.request.demands(), &call.options, &policy)?;
        execute(candidates, call.request, &call.options, policy).await
    }

    #[expect(clippy::result_large_err, reason = "it is the error of the call itself")]
    fn arrange(
        &self,
        candidates: &mut Candidates,
        demands: &Demands<'_>,
        options: &CallOptions,
        policy: &CallPolicy,
    ) -> Result<(), CallError> {
        arrange(candidates, &CallContext { demands, options, policy, routes: &self.routes, is_dry: false })
    }

    // These only build the work or choose the operation: as plain functions they do not hold a second copy of the
    // request in a future.

    /// A chat completion without streaming.
    pub fn complete(&self, call: Call<Request>) -> impl Future<Output = Result<Reply, CallError>> + Send {
        self.run(call.map(Complete::new))
    }

    /// A streamed completion; returns when the first events have arrived.
    pub fn stream(&self, call: Call<Request>) -> impl Future<Output = Result<EventStream, CallError>> + Send {
        if self.may_degrade(&call.to) {
            return Either::Left(Box::pin(self.degrading(call, |call| self.stream_directly(call))));
        }
        Either::Right(self.stream_directly(call))
    }

    async fn stream_directly(&self, call: Call<Request>) -> Result<EventStream, CallError> {
        let Call { to, request, options } = call;
        let mut candidates = Self::observed(&options, self.candidates(to))?;
        let policy = self.policy(&options, &candidates);
        let goes_on = policy.patience.continue_streams;
        let work = if goes_on { Stream::kept(request) } else { Stream::new(request) };
        self.arrange(&mut candidates, &work.demands(), &options, &policy)?;
        if goes_on {
            return Box::pin(resume::stream(candidates, work, options, policy)).await;
        }
        execute(candidates, work, &options, policy).await
    }

    /// An operation that takes one request: reranking, images, transcription.
    pub fn operate<R: OperationRequest>(
        &self,
        call: Call<R>,
    ) -> impl Future<Output = Result<OperationReply<ResponseTo<R>>, CallError>> + Send {
        self.run(call.map(Operate))
    }

    /// Synthesises speech; returns when the first of the audio has arrived.
    pub fn speech(
        &self,
        call: Call<SpeechRequest>,
    ) -> impl Future<Output = Result<RawReply, CallError>> + Send {
        self.run(call.map(Speak))
    }

    /// Sends a request unchanged; returns when the first of the body has arrived.
    pub fn raw(&self, call: Call<RawRequest>) -> impl Future<Output = Result<RawReply, CallError>> + Send {
        self.run(call)
    }

    /// Embeds texts, in as many requests as needed, of at most `batch_size` texts each.
    pub fn embed(
        &self,
        call: Call<EmbeddingRequest>,
        batch_size: Option<usize>,
    ) -> impl Future<Output = Result<OperationReply<EmbeddingResponse>, CallError>> + Send {
        if self.may_degrade(&call.to) {
            let make = move |call| self.embed_directly(call, batch_size);
            return Either::Left(Box::pin(self.degrading(call, make)));
        }
        Either::Right(self.embed_directly(call, batch_size))
    }

    async fn embed_directly(
        &self,
        call: Call<EmbeddingRequest>,
        batch_size: Option<usize>,
    ) -> Result<OperationReply<EmbeddingResponse>, CallError> {
        let Call { to, request, options } = call;
        let mut candidates = Self::observed(&options, self.candidates(to))?;
        let policy = self.policy(&options, &candidates);
        // All requests of the call use the same order of candidates.
        self.arrange(&mut candidates, &Demands::texts(&request.inputs), &options, &policy)?;
        embed::embed(candidates, request, batch_size, options, policy).await
    }

    /// Counts the tokens of a chat request; `None` if the provider does not offer that, or its server has no endpoint
    /// for it.
    pub async fn count_tokens(&self, call: Call<Request>) -> Result<Option<OperationReply<u64>>, CallError> {
        let mut route = self.route(call.to)?;
        route.candidates.retain(|one| self.may_have::<TokenCounting>(&one.provider));
        if route.candidates.is_empty() {
            return Ok(None);
        }
        let call = Call { to: route.into(), ..call };
        // Boxed, as few calls are counts and all would carry its size.
        match Box::pin(self.operate(call)).await {
            Err(error) if has_no_address(&error.failure) => Ok(None),
            counted => counted.map(Some),
        }
    }

    /// Lists the models that `provider` offers.
    pub async fn models(&self, provider: &str, timeouts: Timeouts) -> Result<Vec<ModelInfo>, CallError> {
        let options = CallOptions { timeouts, ..CallOptions::default() };
        let policy = self.policy(&options, &Candidates::default());
        let mut models = Vec::new();
        let mut after: Option<String> = None;
        let mut bytes = 0_u64;
        for _ in 0..MAX_MODEL_PAGES {
            let candidates = self.candidates(Recipient::Provider(provider.to_owned()))?;
            let page = execute(candidates, ListModels(after.clone()), &options, policy.clone()).await?;
            let (page, length) = page;
            bytes = bytes.saturating_add(length);
            if bytes > self.bounds.list_bytes {
                let limit = self.bounds.list_bytes;
                let failure =
                    Failure::unreadable(format!("the list is longer than {limit} bytes (bounds.list_bytes)"));
                return Err(CallError::unsent(failure, provider, ""));
            }
            models.extend(page.models);
            match page.next.filter(|next| after.as_ref() != Some(next)) {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        Ok(models)
    }

    /// Checks the health of `provider` with one request. Never fails: errors are the result.
    pub async fn health(&self, provider: &str, timeouts: Timeouts) -> Health {
        let started = std::time::Instant::now();
        let provider = self.spelled(provider);
        let (method, path) = (Method::GET, self.first_page(provider));
        let request = RawRequest { method, path, body: Bytes::new(), content_type: None };
        let options = CallOptions { timeouts, max_retries: Some(0), ..CallOptions::default() };
        let to = Recipient::Provider(provider.to_owned());
        let outcome = self.raw(Call { to, request, options }).await;
        Health::judge(provider, started, outcome)
    }

    /// Returns `found`, and notifies the call's observer if it is an error.
    #[expect(clippy::result_large_err, reason = "it is the error of the call itself")]
    fn observed(
        options: &CallOptions,
        found: Result<Candidates, CallError>,
    ) -> Result<Candidates, CallError> {
        found.inspect_err(|error| Events::new(options.observer.as_ref()).call_failed(error))
    }

    /// The policy of a call to `candidates` that begins now.
    fn policy(&self, options: &CallOptions, candidates: &Candidates) -> CallPolicy {
        self.keep_alive.note_call();
        self.policy_of_none(options, candidates)
    }

    /// The policy of a call that is not made. Needs no runtime.
    pub(crate) fn policy_of_none(&self, options: &CallOptions, candidates: &Candidates) -> CallPolicy {
        let started = Instant::now();
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let of_call = RetryOptions { max_retries: options.max_retries, ..RetryOptions::default() };
        CallPolicy {
            limits: Limits::new(options.timeouts, self.timeouts, started).with_bounds(self.bounds),
            retry: options.retry.or(of_call).or(candidates.retry).or(self.retry),
            patience: Patience::new(options.routing(), candidates.group.as_ref().map(|group| &group.rules)),
            started,
            at: i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX),
            catalog: self.catalog.clone(),
            events: Events::new(options.observer.as_ref()),
            admission: self.admission.clone(),
        }
    }

    #[expect(clippy::result_large_err, reason = "it is the error of the call itself")]
    fn route(&self, to: Recipient) -> Result<Route, CallError> {
        match to {
            Recipient::Route(route) => Ok(route),
            Recipient::Provider(provider) => Ok(Candidate::new(self.spelled(&provider), "").into()),
            Recipient::Model(model) => self.resolve(model.as_deref()).map_err(|message| {
                CallError::unsent(Failure::Config(message), "", model.as_deref().unwrap_or_default())
            }),
        }
    }

    /// The names of models and providers.
    pub(crate) fn routes(&self) -> &Routes {
        &self.routes
    }

    /// All groups but wildcards.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.routes.groups()
    }

    /// The providers that can be called.
    pub(crate) fn all_providers(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.providers.values()
    }

    /// The provider of a candidate, if it can be called.
    pub(crate) fn provider_of(&self, candidate: &Candidate) -> Option<&Arc<Provider>> {
        self.providers.get(candidate.provider_key())
    }

    /// Whether provider `id` has an operation, as far as is known; calling it reports what else is missing.
    fn may_have<O: Listed>(&self, id: &str) -> bool {
        match self.providers.get(id) {
            Some(provider) => provider.operation::<O>().is_ok(),
            None => self.dialect(id).is_none_or(|dialect| dialect.operations().get::<O>().is_some()),
        }
    }

    /// The path of the first page of provider `id`'s model list in its dialect; empty if it has none, or if the
    /// provider is known to have no list: any response shows that the server is up.
    fn first_page(&self, id: &str) -> String {
        self.dialect(id).map(listing_path).unwrap_or_default()
    }

    /// The dialect of provider `id`, even if it cannot be called as it is.
    fn dialect(&self, id: &str) -> Option<&'static dyn Dialect> {
        match self.providers.get(id) {
            Some(provider) => Some(provider.dialect),
            None => (self.dialects)(&self.unusable.get(id)?.1),
        }
    }

    fn provider(&self, id: &str) -> Result<&Arc<Provider>, Failure> {
        self.providers.get(id).ok_or_else(|| {
            if let Some((missing, _)) = self.unusable.get(id) {
                return Failure::Config(missing.clone());
            }
            let mut known: Vec<&str> = self.providers.keys().map(String::as_str).collect();
            known.sort_unstable();
            Failure::Config(format!("there is no provider `{id}`; known are: {}", known.join(", ")))
        })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Engine")
            .field("providers", &self.providers)
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}

/// Whether the server does not know the requested URL, as opposed to the model in the request.
fn has_no_address(failure: &Failure) -> bool {
    let Failure::Provider(error) = failure else { return false };
    let message = error.message.to_ascii_lowercase();
    let names_address =
        ["count", "input_tokens", "tokenize", "cannot post"].iter().any(|it| message.contains(it));
    match error.status {
        Some(405 | 501) => true,
        Some(404) => names_address || !message.contains("model"),
        _ => false,
    }
}
