//! The door: providers and settings in, calls through.

use crate::{
    Call, CallError, CallOptions, EventStream, Failure, ProviderSettings, Reply, Stats, Timeouts,
    TransportSettings,
    call::{Answered, call},
    models::{self, Listing},
    pulse::Pulse,
    resolve::{Route, Routes, Routing, RoutingProblem},
    stream::Opening,
    target::{Provider, Target},
    timeout::Limits,
    tls::Tls,
    whole::{Whole, WholeAnswer},
};
use ferrule_wire::{
    dialect::{self, Dialect},
    operation::ModelInfo,
};
use std::{collections::HashMap, fmt, sync::Arc};
use tokio::time::Instant;

/// Finds dialects by name.
type Dialects = Arc<dyn Fn(&str) -> Option<&'static dyn Dialect> + Send + Sync>;

/// Calls providers. One per client; it holds the connections.
///
/// It never changes: other settings make another engine ([`Engine::renewed`]), which shares what stays the same. A call
/// keeps the engine it began with.
pub struct Engine {
    providers: HashMap<String, Arc<Provider>>,
    routes: Routes,
    dialects: Dialects,
    tls: Arc<Tls>,
    timeouts: Timeouts,
    max_retries: u32,
    pulse: Arc<Pulse>,
}

impl Engine {
    /// An engine for `providers`. Fails where a setting is not usable (bad URL, unknown dialect, unreadable
    /// certificate). Needs no runtime; its calls are made inside a tokio runtime.
    pub fn new(
        providers: Vec<ProviderSettings>,
        timeouts: Timeouts,
        max_retries: u32,
        transport: TransportSettings,
    ) -> Result<Self, String> {
        Self::with_dialects(providers, timeouts, max_retries, transport, dialect::registry::find)
    }

    /// As [`Engine::new`], with dialects that `find` looks up: for wire formats that ferrule does not know.
    #[expect(clippy::needless_pass_by_value, reason = "an engine takes over its settings, keys included")]
    pub fn with_dialects(
        providers: Vec<ProviderSettings>,
        timeouts: Timeouts,
        max_retries: u32,
        transport: TransportSettings,
        find: impl Fn(&str) -> Option<&'static dyn Dialect> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let nothing = Self {
            providers: HashMap::new(),
            routes: Routes::default(),
            dialects: Arc::new(find),
            tls: Arc::new(Tls::read(&transport)?),
            timeouts,
            max_retries,
            pulse: Arc::default(),
        };
        nothing.with_providers(&providers, Arc::clone(&nothing.tls), timeouts, max_retries)
    }

    /// An engine for other settings, which takes over every provider whose settings are still the same, with its
    /// connections. Routes are to be given anew.
    #[expect(clippy::needless_pass_by_value, reason = "an engine takes over its settings, keys included")]
    pub fn renewed(
        &self,
        providers: Vec<ProviderSettings>,
        timeouts: Timeouts,
        max_retries: u32,
        transport: TransportSettings,
    ) -> Result<Self, String> {
        let tls = Tls::read(&transport)?;
        let tls = if tls.is_like(&self.tls) { Arc::clone(&self.tls) } else { Arc::new(tls) };
        self.with_providers(&providers, tls, timeouts, max_retries)
    }

    fn with_providers(
        &self,
        providers: &[ProviderSettings],
        tls: Arc<Tls>,
        timeouts: Timeouts,
        max_retries: u32,
    ) -> Result<Self, String> {
        let same_tls = Arc::ptr_eq(&tls, &self.tls);
        let mut rows = HashMap::with_capacity(providers.len());
        for settings in providers {
            let id = &settings.id;
            let provider = match self.providers.get(id) {
                Some(provider) if same_tls && provider.settings.is_like(settings) => Arc::clone(provider),
                _ => {
                    let dialect = (self.dialects)(&settings.dialect).ok_or_else(|| {
                        format!("provider `{id}`: there is no dialect `{}`", settings.dialect)
                    })?;
                    Arc::new(Provider::new(settings, dialect, Arc::clone(&tls))?)
                }
            };
            rows.insert(id.clone(), provider);
        }
        for settings in providers {
            if let Some(fallback) = settings.fallback.as_ref().filter(|id| !rows.contains_key(*id)) {
                return Err(format!(
                    "provider `{}`: there is no provider `{fallback}` to fall back on",
                    settings.id
                ));
            }
        }
        Ok(Self {
            providers: rows,
            routes: Routes::default(),
            dialects: Arc::clone(&self.dialects),
            tls,
            timeouts,
            max_retries,
            pulse: Arc::clone(&self.pulse),
        })
    }

    /// The engine with names for its models. Gives all that is wrong with them at once.
    pub fn with_routing(mut self, routing: Routing) -> Result<Self, Vec<RoutingProblem>> {
        self.routes = Routes::new(routing, self.providers.keys().map(String::as_str))?;
        Ok(self)
    }

    /// Who is asked for `model`, or for the default one. The error says what to write instead.
    pub fn resolve(&self, model: Option<&str>) -> Result<Route, String> {
        self.routes.resolve(model)
    }

    /// The id of the provider with this id or alias. The error names the nearest one.
    pub fn provider_id(&self, name: &str) -> Result<&str, String> {
        self.routes.provider(name).ok_or_else(|| self.routes.unknown_provider(name))
    }

    /// A plain call.
    pub async fn complete(&self, mut call: Call) -> Result<Reply, CallError> {
        call.request.stream = false;
        let started = Instant::now();
        let (target, limits, max_retries) = self.prepare(call, started)?;
        let Answered { answer, target, attempts } = self::call(target, limits, max_retries, &Whole).await?;
        let WholeAnswer { response, raw, request_id } = answer;
        let duration = started.elapsed();
        Ok(Reply {
            response,
            raw,
            provider: target.provider.id.to_string(),
            request_id,
            attempts,
            stats: Stats {
                started: started.into_std(),
                time_to_first_token: Some(duration),
                duration: Some(duration),
            },
            dropped: target.dropped,
        })
    }

    /// A streamed call; comes back when the first events are there, so that all before them can be retried.
    pub async fn stream(&self, mut call: Call) -> Result<EventStream, CallError> {
        call.request.stream = true;
        let started = Instant::now();
        let (target, limits, max_retries) = self.prepare(call, started)?;
        let Answered { answer, target, attempts } = self::call(target, limits, max_retries, &Opening).await?;
        Ok(EventStream::new(answer, target, attempts, started.into_std()))
    }

    /// The models `provider` offers.
    pub async fn models(&self, provider: &str, timeouts: Timeouts) -> Result<Vec<ModelInfo>, CallError> {
        let limits = Limits::new(timeouts, self.timeouts, Instant::now());
        let provider = self.provider(provider).map_err(|failure| failed(failure, provider, ""))?;
        let listing = provider.dialect.model_listing();
        let mut models = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..models::MOST_PAGES {
            let target = provider
                .prepare_list(listing.path(), &listing.query(after.as_deref()))
                .map_err(|failure| failed(failure, &provider.id, ""))?;
            let page = call(target, limits, self.max_retries, &Listing).await?.answer;
            models.extend(page.models);
            match page.next.filter(|next| after.as_ref() != Some(next)) {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        Ok(models)
    }

    /// Consumes the call: the target has all of it, and a long prompt should not be kept twice.
    #[expect(clippy::needless_pass_by_value, reason = "dropped before the call is sent")]
    #[expect(clippy::result_large_err, reason = "it is the error of the call itself")]
    fn prepare(&self, call: Call, started: Instant) -> Result<(Target, Limits, u32), CallError> {
        self.pulse.beat();
        let (limits, max_retries) = self.limits(&call.options, started);
        let target = self
            .provider(&call.provider)
            .and_then(|provider| self.with_fallback(provider, &call))
            .map_err(|failure| failed(failure, &call.provider, &call.request.model))?;
        Ok((target, limits, max_retries))
    }

    /// How long a call that began at `started` may take, and how often it may be repeated.
    pub(crate) fn limits(&self, options: &CallOptions, started: Instant) -> (Limits, u32) {
        let limits = Limits::new(options.timeouts, self.timeouts, started);
        (limits, options.max_retries.unwrap_or(self.max_retries))
    }

    /// A call that the fallback cannot carry is left to the provider alone.
    fn with_fallback(&self, provider: &Arc<Provider>, call: &Call) -> Result<Target, Failure> {
        let mut target = provider.prepare(call)?;
        if let Some(fallback) = provider.fallback.as_ref().and_then(|id| self.providers.get(id)) {
            match fallback.prepare(call) {
                Ok(other) => target.fallback = Some(Box::new(other)),
                Err(failure) => {
                    let (provider, fallback) = (&*provider.id, &*fallback.id);
                    tracing::debug!(target: "ferrule", provider, fallback, %failure, "the fallback cannot be asked");
                }
            }
        }
        Ok(target)
    }

    /// The dialect of provider `id`, also where it cannot be called as it is.
    pub(crate) fn dialect(&self, id: &str) -> Option<&'static dyn Dialect> {
        match self.providers.get(id) {
            Some(provider) => Some(provider.dialect),
            None => (self.dialects)(&self.routes.unusable(id)?.dialect),
        }
    }

    pub(crate) fn provider(&self, id: &str) -> Result<&Arc<Provider>, Failure> {
        self.providers.get(id).ok_or_else(|| {
            if let Some(unusable) = self.routes.unusable(id) {
                return Failure::Config(unusable.missing.clone());
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

/// A call that was never sent.
pub(crate) fn failed(failure: Failure, provider: &str, model: &str) -> CallError {
    CallError { failure, provider: provider.to_owned(), model: model.to_owned(), attempts: Vec::new() }
}
