//! Settings of a client, and the engine that is built from them.

use crate::state::StateSettings;
use ferrule_admission::Store;
use ferrule_catalog::Catalog;
use ferrule_engine::{
    Bounds, BreakerOptions, BudgetMode, BudgetSettings, Candidate, Engine, LimitSettings, LookUp, Place,
    ProviderSettings, RetryOptions, Routing, RoutingProblem, Timeouts, TransportSettings, nearest_name,
};
use std::sync::Arc;

/// Settings of a client.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The providers.
    pub providers: Vec<ProviderSettings>,
    /// The names of models. Without a `look_up`, bare names are looked up in the catalog.
    pub routing: Routing,
    /// Default time limits of calls.
    pub timeouts: Timeouts,
    /// The default number of retries.
    pub max_retries: u32,
    /// Default retry options.
    pub retry: RetryOptions,
    /// Default settings of circuit breakers.
    pub breaker: BreakerOptions,
    /// Whether calls drop what their provider cannot carry by default.
    pub drop_params: bool,
    /// The bounds on what is read of responses.
    pub bounds: Bounds,
    /// How connections are made.
    pub transport: TransportSettings,
    /// The catalog with the user's own entries; the built-in one if absent.
    pub catalog: Option<Arc<Catalog>>,
    /// Rate limits.
    pub limits: Vec<LimitSettings>,
    /// Budgets.
    pub budgets: Vec<BudgetSettings>,
    /// Where limits, budgets and the ledger of calls are kept.
    pub state: StateSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            providers: Vec::new(),
            routing: Routing::default(),
            timeouts: Timeouts::default(),
            max_retries: 2,
            retry: RetryOptions::default(),
            breaker: BreakerOptions::default(),
            drop_params: false,
            bounds: Bounds::default(),
            transport: TransportSettings::default(),
            catalog: None,
            limits: Vec::new(),
            budgets: Vec::new(),
            state: StateSettings::default(),
        }
    }
}

impl Settings {
    /// The engine for these settings, which takes over everything unchanged from the engine `before`; with its counters
    /// in `store`, if that is a new one.
    pub(crate) fn engine(
        &self,
        before: Option<&Engine>,
        store: Option<Option<Box<dyn Store>>>,
    ) -> Result<Engine, String> {
        let Self { providers, timeouts, max_retries, transport, catalog, bounds, .. } = self;
        let engine = match before {
            Some(engine) => engine.renewed(providers.clone(), *timeouts, *max_retries, transport.clone()),
            None => Engine::new(providers.clone(), *timeouts, *max_retries, transport.clone()),
        }?;
        let engine = engine.with_catalog(catalog.clone()).with_bounds(*bounds);
        let engine = engine.with_policies(self.retry, self.breaker).with_routing(self.routing());
        let engine = engine.map_err(|problems| {
            let described = |problem: RoutingProblem| match problem.place {
                Place::Alias(alias) => format!("aliases.{alias}: {}", problem.message),
                Place::Group(group) => format!("groups.{group}: {}", problem.message),
                Place::DefaultModel => problem.message,
            };
            problems.into_iter().map(described).collect::<Vec<_>>().join("\n")
        })?;
        for budget in &self.budgets {
            if let BudgetMode::Degrade { to, .. } = &budget.mode {
                let found = engine.resolve(Some(to));
                found.map_err(|problem| format!("budgets.{}.degrade_to: {problem}", budget.name))?;
            }
        }
        let engine = match store {
            Some(store) => engine.with_store(store),
            None => engine,
        };
        Ok(engine.with_admission(&self.limits, &self.budgets))
    }

    /// All problems with the names of models.
    pub fn check_names(&self) -> Vec<RoutingProblem> {
        let own = self.providers.iter().filter(|provider| provider.variant.is_none());
        self.routing().check(own.map(|provider| provider.id.as_str()))
    }

    fn routing(&self) -> Routing {
        let look_up = self.routing.look_up.clone().unwrap_or_else(|| look_up(self.catalog.clone()));
        let similar = self.routing.similar.clone().unwrap_or_else(|| similar(self.catalog.clone()));
        let catalog = self.catalog.clone();
        Routing { look_up: Some(look_up), similar: Some(similar), catalog, ..self.routing.clone() }
    }
}

/// Looks up the providers of a bare name. The built-in catalog is unpacked on first use.
fn look_up(catalog: Option<Arc<Catalog>>) -> LookUp {
    Arc::new(move |name| {
        let catalog = catalog.as_ref().unwrap_or_else(|| Catalog::builtin());
        let candidate = |provider: &str| Candidate::new(provider, name);
        catalog.providers_listing(name).into_iter().map(candidate).collect()
    })
}

/// Looks up suggestions for an unlisted name: providers whose pattern it matches, or else those that list the nearest
/// name.
fn similar(catalog: Option<Arc<Catalog>>) -> LookUp {
    Arc::new(move |name| {
        let catalog = catalog.as_ref().unwrap_or_else(|| Catalog::builtin());
        let candidates = |providers: Vec<&str>, model: &str| -> Vec<Candidate> {
            let candidate = |provider: &str| Candidate::new(provider, model);
            providers.into_iter().map(candidate).collect()
        };
        let matching = candidates(catalog.providers_of(name), name);
        if !matching.is_empty() {
            return matching;
        }
        let Some(model) = nearest_name(name, catalog.all().map(|model| &*model.id)) else {
            return Vec::new();
        };
        candidates(catalog.providers_listing(model), model)
    })
}
