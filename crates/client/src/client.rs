//! Client: holds the current engine, and replaces it when the settings change.

use crate::{account::Account, call::ResolvedCall, error::ClientError, process, settings::Settings};
use arc_swap::ArcSwap;
use ferrule_admission::Store;
use ferrule_catalog::{Row, Totals};
use ferrule_engine::{
    BudgetChange, BudgetStatus, Call, CallError, Engine, Health, Observer, RawReply, RawRequest, Recipient,
    Route, Status, Timeouts,
};
use ferrule_state::Shared;
use ferrule_wire::operation::ModelInfo;
use std::{fmt, future::Future, sync::Arc};
use tokio::task::JoinSet;

/// A client for all providers in its settings.
///
/// Settings and engine change together and atomically ([`Client::apply`]); calls in flight keep those they began with.
/// A forked child gets its own engine ([`process`]).
pub struct Client {
    state: ArcSwap<State>,
    account: Account,
}

/// The state of a client at one point in time.
struct State {
    process: u32,
    settings: Settings,
    /// `None` after `close`.
    engine: Option<Arc<Engine>>,
    /// State shared with other processes, if any.
    shared: Option<Shared>,
}

impl State {
    /// `before` is this process's previous state, with its engine.
    fn new(settings: Settings, before: Option<(&Self, &Engine)>) -> Result<Self, ClientError> {
        let same = before.filter(|(before, _)| before.settings.state == settings.state);
        let shared = match same {
            Some((before, _)) => before.shared.clone(),
            None => settings.state.open().map_err(ClientError::Config)?,
        };
        let store = same.is_none().then(|| shared.clone().map(|shared| Box::new(shared) as Box<dyn Store>));
        let engine = settings.engine(before.map(|(_, engine)| engine), store).map_err(ClientError::Config)?;
        Ok(Self { process: process::current(), settings, engine: Some(Arc::new(engine)), shared })
    }
}

impl Client {
    /// A client with these settings; does not connect yet.
    pub fn new(settings: Settings) -> Result<Self, ClientError> {
        Ok(Self { state: ArcSwap::from_pointee(State::new(settings, None)?), account: Account::default() })
    }

    /// Replaces the settings. Unchanged providers keep their connections, and calls in flight keep the engine they
    /// began with. If the new settings are invalid, the old ones stay.
    pub fn apply(&self, settings: &Settings) -> Result<(), ClientError> {
        loop {
            let (state, engine) = self.current()?;
            if self.replace(&state, State::new(settings.clone(), Some((&state, &engine)))?) {
                return Ok(());
            }
        }
    }

    /// Closes idle connections; calls in flight keep theirs until they end. No further calls can be made.
    pub fn close(&self) {
        loop {
            let state = self.state.load_full();
            let (process, settings) = (process::current(), Settings::default());
            let closed = State { process, settings, engine: None, shared: None };
            if self.replace(&state, closed) {
                return;
            }
        }
    }

    /// The current engine of this process.
    pub fn engine(&self) -> Result<Arc<Engine>, ClientError> {
        self.current().map(|(_, engine)| engine)
    }

    /// The candidates for `model`, or for the default model.
    pub fn resolve(&self, model: Option<&str>) -> Result<Route, ClientError> {
        self.engine()?.resolve(model).map_err(ClientError::Config)
    }

    /// The id of the provider with this id or alias.
    pub fn provider_id(&self, name: &str) -> Result<String, ClientError> {
        self.engine()?.provider_id(name).map(str::to_owned).map_err(ClientError::Config)
    }

    /// A call of `model`, or of the default model, with the current engine.
    pub fn resolve_call<'a>(&self, model: impl Into<Option<&'a str>>) -> Result<ResolvedCall, ClientError> {
        let model = model.into();
        self.resolved(|engine| engine.resolve(model))
    }

    /// A call of any of `models`, in their order, with the current engine.
    pub fn resolve_call_of_any(&self, models: &[String]) -> Result<ResolvedCall, ClientError> {
        self.resolved(|engine| engine.resolve_all(models))
    }

    fn resolved(
        &self,
        resolve: impl FnOnce(&Engine) -> Result<Route, String>,
    ) -> Result<ResolvedCall, ClientError> {
        let (state, engine) = self.current()?;
        let route = resolve(&engine).map_err(ClientError::Config)?;
        let Settings { drop_params, catalog, .. } = &state.settings;
        let (ledger, shared) = (self.account.ledger(), state.shared.clone());
        Ok(ResolvedCall::new(engine, route, *drop_params, catalog.clone(), ledger, shared))
    }

    /// The current status of groups and targets.
    pub fn status(&self) -> Result<Status, ClientError> {
        Ok(self.engine()?.status())
    }

    /// Changes the budget `name` manually, for one `value` of its scope.
    pub fn change_budget(
        &self,
        name: &str,
        value: Option<&str>,
        change: BudgetChange,
    ) -> Result<BudgetStatus, ClientError> {
        self.engine()?.change_budget(name, value, change).map_err(ClientError::Config)
    }

    /// Opens the circuit breakers of a target, or of all targets of a group, until they are closed by this method.
    /// `observer` is notified of those that change.
    pub fn set_breaker(
        &self,
        name: &str,
        open: bool,
        observer: Option<&Arc<dyn Observer>>,
    ) -> Result<(), ClientError> {
        let engine = self.engine()?;
        let set =
            if open { engine.open_breaker(name, observer) } else { engine.reset_breaker(name, observer) };
        set.map_err(ClientError::Config)
    }

    /// The models that `provider` offers to its key.
    pub fn models(
        &self,
        provider: &str,
        timeouts: Timeouts,
    ) -> Result<impl Future<Output = Result<Vec<ModelInfo>, CallError>> + Send + use<>, ClientError> {
        let (engine, provider) = (self.engine()?, provider.to_owned());
        Ok(async move { engine.models(&provider, timeouts).await })
    }

    /// Sends a request to `provider` unchanged; returns when the first of the body has arrived.
    pub fn raw(
        &self,
        provider: &str,
        request: RawRequest,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<impl Future<Output = Result<RawReply, CallError>> + Send + use<>, ClientError> {
        let mut call = Call::new(Recipient::Provider(provider.to_owned()), request);
        call.options.observer = observer;
        let engine = self.engine()?;
        Ok(async move { engine.raw(call).await })
    }

    /// The health of `providers`, in their order. All are checked at once, and none charges for it.
    pub fn health(
        &self,
        providers: Vec<String>,
        timeouts: Timeouts,
    ) -> Result<impl Future<Output = Vec<Health>> + Send + use<>, ClientError> {
        let engine = self.engine()?;
        Ok(async move {
            let mut tasks = JoinSet::new();
            for (position, provider) in providers.into_iter().enumerate() {
                let engine = Arc::clone(&engine);
                tasks.spawn(async move { (position, engine.health(&provider, timeouts).await) });
            }
            let mut found = Vec::with_capacity(tasks.len());
            while let Some(health) = tasks.join_next().await {
                found.extend(health);
            }
            found.sort_by_key(|(position, _)| *position);
            found.into_iter().map(|(_, health)| health).collect()
        })
    }

    /// The usage and cost of all calls so far, by provider, model, alias and metadata.
    pub fn usage(&self) -> Vec<(Row, Totals)> {
        self.account.rows()
    }

    /// Clears the usage of the calls so far.
    pub fn clear_usage(&self) {
        self.account.clear();
    }

    /// This process's state and engine. A forked child gets its own and must not use the parent's connections.
    fn current(&self) -> Result<(Arc<State>, Arc<Engine>), ClientError> {
        loop {
            let state = self.state.load_full();
            let engine = state.engine.clone().ok_or(ClientError::Closed)?;
            if state.process == process::current() {
                return Ok((state, engine));
            }
            self.replace(&state, State::new(state.settings.clone(), None)?);
        }
    }

    /// Replaces `expected` by `next`, unless it has been replaced in the meantime; returns whether it did.
    fn replace(&self, expected: &Arc<State>, next: State) -> bool {
        let before = arc_swap::Guard::into_inner(self.state.compare_and_swap(expected, Arc::new(next)));
        let replaced = Arc::ptr_eq(&before, expected);
        if replaced && before.process != process::current() {
            // The parent's engine must never be dropped here: closing its connections would write to the parent's
            // sockets.
            std::mem::forget(before);
        }
        replaced
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let current = self.state.load_full();
        if current.process != process::current() {
            std::mem::forget(current);
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("engine", &self.state.load().engine).finish_non_exhaustive()
    }
}
