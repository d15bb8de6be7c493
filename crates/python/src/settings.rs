//! A client's settings, as `python/ferrule/configuration` makes them of files, environment and arguments.

use crate::{
    bridge::LoopBridge,
    from_python::{self, Path},
    function::FunctionBackend,
    request,
    secrets::ConfiguredSecrets,
    token::FunctionTokens,
};
use ferrule_catalog::Catalog;
use ferrule_engine::{
    Authentication, Backend, Candidate, Engine, LookUp, ProviderSettings, Routing, RoutingProblem, Secret,
    SecretSource, Timeouts, TransportSettings,
};
use ferrule_wire::{
    providers::{self, ProviderRow},
    quirks::Quirks,
};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyDict, PyList},
};
use std::sync::Arc;

/// A client's settings.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    providers: Vec<ProviderSettings>,
    routing: Routing,
    timeouts: Timeouts,
    max_retries: u32,
    pub(crate) drop_params: bool,
    transport: TransportSettings,
    /// What is known of models, where the user adds to what is built in.
    pub(crate) catalog: Option<Arc<Catalog>>,
}

impl Settings {
    /// `fetch` gives a provider's settings with its secrets, where there are calls to come.
    pub(crate) fn read(fields: &Bound<'_, PyDict>, fetch: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let get = |name: &str| fields.as_any().get_item(name);
        let aliases: Bound<'_, PyDict> = get("aliases")?.extract()?;
        let mut settings = Self {
            max_retries: get("max_retries")?.extract()?,
            drop_params: get("drop_params")?.extract()?,
            transport: TransportSettings {
                ca_file: get("ca_file")?.extract()?,
                client_certificate: get("client_certificate")?.extract()?,
            },
            ..Self::default()
        };
        let timeouts = get("timeouts")?;
        if !timeouts.is_none() {
            settings.timeouts = request::timeouts(&timeouts)?;
        }
        settings.routing.aliases = pairs(&aliases)?;
        settings.routing.default_model = get("model")?.extract()?;
        settings.catalog = crate::catalog::with_entries(Some(get("models")?.cast()?))?;
        settings.routing.look_up = Some(look_up(settings.catalog.clone()));
        let vault = get("vault")?;
        let secrets = fetch.map(|fetch| (fetch, &vault));
        for provider in get("providers")?.cast::<PyList>()?.iter() {
            settings.add(provider.cast()?, secrets)?;
        }
        Ok(settings)
    }

    /// The engine for them, with what stays the same of the one before.
    pub(crate) fn engine(&self, before: Option<&Engine>) -> Result<Engine, String> {
        let Self { providers, timeouts, max_retries, transport, .. } = self;
        let engine = match before {
            Some(engine) => engine.renewed(providers.clone(), *timeouts, *max_retries, transport.clone()),
            None => Engine::new(providers.clone(), *timeouts, *max_retries, transport.clone()),
        }?;
        engine.with_catalog(self.catalog.clone()).with_routing(self.routing.clone()).map_err(|problems| {
            let said = |problem: RoutingProblem| match problem.alias {
                Some(alias) => format!("aliases.{alias}: {}", problem.message),
                None => problem.message,
            };
            problems.into_iter().map(said).collect::<Vec<_>>().join("\n")
        })
    }

    /// `secrets` are what gives the provider's settings with its secrets, and what keeps those.
    fn add(
        &mut self,
        fields: &Bound<'_, PyDict>,
        secrets: Option<(&Bound<'_, PyAny>, &Bound<'_, PyAny>)>,
    ) -> PyResult<()> {
        let get = |name: &str| fields.as_any().get_item(name);
        let id: String = get("id")?.extract()?;
        for alias in get("aliases")?.extract::<Vec<String>>()? {
            self.routing.provider_aliases.push((alias, id.clone()));
        }
        if get("configured")?.extract()? {
            self.routing.configured.push(id.clone());
        }
        if let Some(missing) = get("missing")?.extract::<Option<String>>()? {
            let settings = ProviderSettings::new(id, get("dialect")?.extract::<String>()?, "");
            self.providers.push(ProviderSettings { missing: Some(missing), ..settings });
            return Ok(());
        }
        let headers = pairs(get("headers")?.cast()?)?;
        let query = pairs(get("query")?.cast()?)?;
        let references: Vec<String> = get("deferred")?.extract()?;
        let secrets = secrets.filter(|_| !references.is_empty()).map(|(fetch, vault)| {
            let known = headers.iter().chain(&query).map(|(name, _)| name.clone()).collect();
            let source = ConfiguredSecrets::new(id.clone(), fetch, vault, &references, known);
            Arc::new(source) as Arc<dyn SecretSource>
        });
        let quirks = quirks(&id, &get("quirks")?)?;
        // A provider of the caller's own may well need no key.
        let authentication = match fields.get_item("token_provider")? {
            Some(read) => Authentication::Source(Arc::new(FunctionTokens::new(read.unbind()))),
            None => row(&id).map_or(Authentication::Optional, |row| row.authentication.into()),
        };
        let settings = ProviderSettings::new(
            id,
            get("dialect")?.extract::<String>()?,
            get("base_url")?.extract::<String>()?,
        );
        let backend = match (fields.get_item("function")?, fields.get_item("own_loop")?) {
            (Some(function), Some(own_loop)) => {
                let own_loop = own_loop.cast::<LoopBridge>()?;
                let backend = FunctionBackend::new(function.unbind(), own_loop.get());
                Some(Arc::new(backend) as Arc<dyn Backend>)
            }
            _ => None,
        };
        self.providers.push(ProviderSettings {
            backend,
            command: get("command")?.extract()?,
            api_key: get("api_key")?.extract::<Option<String>>()?.map(Secret::from),
            key_variables: get("key_variables")?.extract()?,
            authentication,
            secrets,
            headers,
            query,
            fallback: get("fallback")?.extract()?,
            quirks,
            ..settings
        });
        Ok(())
    }
}

/// Who offers a bare name. What is built in is unpacked when the first such name is looked up.
fn look_up(catalog: Option<Arc<Catalog>>) -> LookUp {
    Arc::new(move |name| {
        let catalog = catalog.as_ref().unwrap_or_else(|| Catalog::builtin());
        let route = |provider: &str| Candidate { provider: provider.to_owned(), model: name.to_owned() };
        catalog.providers_of(name).into_iter().map(route).collect()
    })
}

fn row(id: &str) -> Option<&'static ProviderRow> {
    providers::all().iter().find(|row| row.id == id)
}

/// The quirks of provider `id`: its built-in row's, with what is `given` over them.
fn quirks(id: &str, given: &Bound<'_, PyAny>) -> PyResult<Quirks> {
    let built_in = row(id).map(|row| row.quirks.clone());
    let mut quirks = built_in.unwrap_or(Quirks { provider: id.to_owned().into(), ..Quirks::NONE });
    if given.is_none() {
        return Ok(quirks);
    }
    let wrong = |why: String| PyValueError::new_err(format!("providers.{id}.quirks: {why}"));
    let text = from_python::json(given, Path::Root("quirks"))?;
    let given: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text.text()).map_err(|error| wrong(error.to_string()))?;
    let provider = quirks.provider.clone();
    let mut all = serde_json::to_value(&quirks).map_err(|error| wrong(error.to_string()))?;
    if let Some(fields) = all.as_object_mut() {
        fields.extend(given);
    }
    quirks = serde_json::from_value(all).map_err(|error| wrong(error.to_string()))?;
    quirks.provider = provider;
    Ok(quirks)
}

fn pairs(fields: &Bound<'_, PyDict>) -> PyResult<Vec<(String, String)>> {
    fields.iter().map(|(name, value)| Ok((name.extract()?, value.extract()?))).collect()
}

/// What is wrong with the names of models in `settings`: pairs of the alias at fault (`None` for the default model) and
/// the words for it.
#[pyfunction]
pub(crate) fn check_names(settings: &Bound<'_, PyDict>) -> PyResult<Vec<(Option<String>, String)>> {
    let Settings { providers, routing, .. } = Settings::read(settings, None)?;
    let problems = routing.check(providers.iter().map(|provider| provider.id.as_str()));
    Ok(problems.into_iter().map(|problem| (problem.alias, problem.message)).collect())
}
