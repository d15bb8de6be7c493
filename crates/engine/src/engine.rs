//! The door: providers and settings in, calls through.

use crate::{
    Call, CallError, CallOptions, EventStream, Failure, ProviderSettings, Reply, Stats, Timeouts,
    TransportSettings,
    call::{Answered, call},
    models::{self, Listing},
    pulse::Pulse,
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
use std::{collections::BTreeMap, sync::Arc};
use tokio::time::Instant;

/// Calls providers. One per client; it holds the connections.
#[derive(Debug)]
pub struct Engine {
    providers: BTreeMap<String, Arc<Provider>>,
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
        Self::with_dialects(providers, timeouts, max_retries, transport, dialect::find)
    }

    /// As [`Engine::new`], with dialects that `find` looks up: for wire formats that ferrule does not know.
    #[expect(clippy::needless_pass_by_value, reason = "an engine takes over its settings, keys included")]
    pub fn with_dialects(
        providers: Vec<ProviderSettings>,
        timeouts: Timeouts,
        max_retries: u32,
        transport: TransportSettings,
        find: impl Fn(&str) -> Option<&'static dyn Dialect>,
    ) -> Result<Self, String> {
        let tls = Arc::new(Tls::read(&transport)?);
        let mut rows = BTreeMap::new();
        for settings in &providers {
            let dialect = find(&settings.dialect).ok_or_else(|| {
                format!("provider `{}`: there is no dialect `{}`", settings.id, settings.dialect)
            })?;
            let provider = Provider::new(settings, dialect, Arc::clone(&tls))?;
            rows.insert(settings.id.clone(), Arc::new(provider));
        }
        for settings in &providers {
            if let Some(fallback) = settings.fallback.as_ref().filter(|id| !rows.contains_key(*id)) {
                return Err(format!(
                    "provider `{}`: there is no provider `{fallback}` to fall back on",
                    settings.id
                ));
            }
        }
        Ok(Self { providers: rows, timeouts, max_retries, pulse: Arc::default() })
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

    pub(crate) fn provider(&self, id: &str) -> Result<&Arc<Provider>, Failure> {
        self.providers.get(id).ok_or_else(|| {
            let known: Vec<&str> = self.providers.keys().map(String::as_str).collect();
            Failure::Config(format!("there is no provider `{id}`; known are: {}", known.join(", ")))
        })
    }
}

/// A call that was never sent.
pub(crate) fn failed(failure: Failure, provider: &str, model: &str) -> CallError {
    CallError { failure, provider: provider.to_owned(), model: model.to_owned(), attempts: Vec::new() }
}
