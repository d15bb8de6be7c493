//! Construction of an engine from its settings and providers; renewal, which keeps what has not changed.

use super::Engine;
use crate::{
    admission::{AdmissionRules, BudgetSettings, LimitSettings, counters, counters_in},
    bounds::Bounds,
    group_state::GroupStates,
    options::{Timeouts, TransportSettings},
    policy_options::{BreakerOptions, RetryOptions},
    provider::Provider,
    resolve::{Routes, Routing, RoutingProblem},
    settings::ProviderSettings,
    tls::Tls,
};
use ferrule_admission::{Memory, Store};
use ferrule_catalog::Catalog;
use ferrule_wire::dialect::{Dialect, registry};
use std::{collections::HashMap, sync::Arc};

impl Engine {
    /// An engine for `providers`. Fails if a setting is not usable (bad URL, unknown dialect, unreadable certificate).
    /// Needs no runtime to construct; its calls run inside a tokio runtime.
    pub fn new(
        providers: Vec<ProviderSettings>,
        timeouts: Timeouts,
        max_retries: u32,
        transport: TransportSettings,
    ) -> Result<Self, String> {
        Self::with_dialects(providers, timeouts, max_retries, transport, registry::find)
    }

    /// As [`Engine::new`], with dialects looked up by `find`: for wire formats that ferrule does not know.
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
            unusable: HashMap::new(),
            routes: Routes::default(),
            dialects: Arc::new(find),
            tls: Arc::new(Tls::read(&transport)?),
            timeouts,
            retry: RetryOptions::default(),
            breaker: BreakerOptions::default(),
            groups: GroupStates::default(),
            catalog: None,
            bounds: Bounds::default(),
            keep_alive: Arc::default(),
            counters: counters(),
            admission: None,
        };
        nothing.with_providers(&providers, Arc::clone(&nothing.tls), timeouts, max_retries)
    }

    /// An engine for other settings. Providers whose settings have not changed keep their connections, and remaining
    /// targets keep their state. Routing, catalog, bounds and policies must be set again.
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
        settings: &[ProviderSettings],
        tls: Arc<Tls>,
        timeouts: Timeouts,
        max_retries: u32,
    ) -> Result<Self, String> {
        let same_tls = Arc::ptr_eq(&tls, &self.tls);
        let mut providers = HashMap::with_capacity(settings.len());
        let mut unusable = HashMap::new();
        for settings in settings {
            let id = &settings.id;
            let name = settings.name().into_owned();
            if let Some(missing) = &settings.missing {
                unusable.insert(name, (missing.clone(), settings.dialect.clone()));
                continue;
            }
            let known = self.providers.get(&name);
            let same_place = |known: &&Arc<Provider>| {
                known.settings.base_url == settings.base_url && known.settings.dialect == settings.dialect
            };
            let targets =
                known.filter(same_place).map(|known| Arc::clone(&known.targets)).unwrap_or_default();
            let before = known.filter(|_| same_tls);
            let provider = match before {
                Some(provider) if provider.settings.is_like(settings) => Arc::clone(provider),
                _ => {
                    let dialect = (self.dialects)(&settings.dialect).ok_or_else(|| {
                        format!("provider `{id}`: there is no dialect `{}`", settings.dialect)
                    })?;
                    // Its secrets are fetched again; its connections are still good.
                    let before = before.filter(|before| before.settings.is_like_but_for_secrets(settings));
                    let before = before.map(Arc::as_ref);
                    Arc::new(Provider::new(settings, dialect, Arc::clone(&tls), before, targets)?)
                }
            };
            providers.insert(name, provider);
        }
        let is_known = |id: &String| providers.contains_key(id) || unusable.contains_key(id);
        for settings in settings {
            if let Some(fallback) = settings.fallback.as_ref().filter(|id| !is_known(id)) {
                return Err(format!(
                    "provider `{}`: there is no provider `{fallback}` to fall back on",
                    settings.id
                ));
            }
        }
        let routes = Routes::new(Routing::default(), ids(&providers, &unusable), self.groups.clone());
        Ok(Self {
            // Without model names nothing can be wrong with them.
            routes: routes.unwrap_or_default(),
            providers,
            unusable,
            dialects: Arc::clone(&self.dialects),
            tls,
            timeouts,
            retry: RetryOptions { max_retries: Some(max_retries), ..RetryOptions::default() },
            breaker: BreakerOptions::default(),
            groups: self.groups.clone(),
            catalog: None,
            bounds: Bounds::default(),
            keep_alive: Arc::clone(&self.keep_alive),
            counters: Arc::clone(&self.counters),
            admission: None,
        })
    }

    /// The engine with names for its models. The error lists every problem at once.
    pub fn with_routing(mut self, routing: Routing) -> Result<Self, Vec<RoutingProblem>> {
        self.routes = Routes::new(routing, ids(&self.providers, &self.unusable), self.groups.clone())?;
        Ok(self)
    }

    /// The engine with defaults for every call: retry rules besides their number, and breakers.
    #[must_use]
    pub fn with_policies(mut self, retry: RetryOptions, breaker: BreakerOptions) -> Self {
        self.retry = retry.or(self.retry);
        self.breaker = breaker;
        self
    }

    /// The engine with a catalog for its prices; without one the built-in prices apply.
    #[must_use]
    pub fn with_catalog(mut self, catalog: Option<Arc<Catalog>>) -> Self {
        self.catalog = catalog;
        self
    }

    /// The engine with its counters in `store`, or new ones in this process. Must be called before limits and budgets
    /// are set.
    #[must_use]
    pub fn with_store(mut self, store: Option<Box<dyn Store>>) -> Self {
        self.counters = counters_in(store.unwrap_or_else(|| Box::<Memory>::default()));
        self
    }

    /// The engine with limits and budgets; existing counters carry on.
    #[must_use]
    pub fn with_admission(mut self, limits: &[LimitSettings], budgets: &[BudgetSettings]) -> Self {
        self.admission = AdmissionRules::new(limits, budgets, &self.counters);
        self
    }

    /// The engine with other limits on what is read.
    #[must_use]
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }
}

/// The ids of providers. A provider made for one target of a group is reachable through that target alone.
fn ids<'a>(
    providers: &'a HashMap<String, Arc<Provider>>,
    unusable: &'a HashMap<String, (String, String)>,
) -> impl Iterator<Item = &'a str> {
    let own = providers.iter().filter(|(_, provider)| provider.settings.variant.is_none());
    own.map(|(id, _)| id).chain(unusable.keys()).map(String::as_str)
}
