//! Settings of a client, as `python/ferrule/configuration` makes them of files, environment and arguments.

use crate::{
    bridge::LoopBridge,
    from_python::{self, Path},
    function::FunctionBackend,
    request,
    secrets::ConfiguredSecrets,
    token::FunctionTokens,
};
use ferrule_client::{ProviderSettings, Settings, authentication, quirks};
use ferrule_engine::{Authentication, Backend, Secret, SecretSource, TransportSettings};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyDict, PyList},
};
use std::sync::Arc;

/// What gives a provider's settings with its secrets, and what keeps those.
type Secrets<'a, 'py> = Option<(&'a Bound<'py, PyAny>, &'a Bound<'py, PyAny>)>;

/// The settings in `fields`; `fetch` gives a provider's with its secrets, where there are calls to come.
pub(crate) fn read(fields: &Bound<'_, PyDict>, fetch: Option<&Bound<'_, PyAny>>) -> PyResult<Settings> {
    let get = |name: &str| fields.as_any().get_item(name);
    let aliases: Bound<'_, PyDict> = get("aliases")?.extract()?;
    let mut settings = Settings {
        max_retries: get("max_retries")?.extract()?,
        drop_params: get("drop_params")?.extract()?,
        transport: TransportSettings {
            ca_file: get("ca_file")?.extract()?,
            client_certificate: get("client_certificate")?.extract()?,
        },
        catalog: crate::catalog::with_entries(Some(get("models")?.cast()?))?,
        ..Settings::default()
    };
    let timeouts = get("timeouts")?;
    if !timeouts.is_none() {
        settings.timeouts = request::timeouts(&timeouts)?;
    }
    let bounds: Bound<'_, PyDict> = get("bounds")?.extract()?;
    for (name, bound) in [
        ("response_bytes", &mut settings.bounds.response_bytes),
        ("stream_bytes", &mut settings.bounds.stream_bytes),
        ("stream_events", &mut settings.bounds.stream_events),
        ("list_bytes", &mut settings.bounds.list_bytes),
    ] {
        if let Some(given) = bounds.get_item(name)? {
            *bound = given.extract()?;
        }
    }
    settings.routing.aliases = pairs(&aliases)?;
    settings.routing.default_model = get("model")?.extract()?;
    let vault = get("vault")?;
    let secrets = fetch.map(|fetch| (fetch, &vault));
    for provider in get("providers")?.cast::<PyList>()?.iter() {
        add(&mut settings, provider.cast()?, secrets)?;
    }
    Ok(settings)
}

/// Adds the provider in `fields`.
fn add(settings: &mut Settings, fields: &Bound<'_, PyDict>, secrets: Secrets<'_, '_>) -> PyResult<()> {
    let get = |name: &str| fields.as_any().get_item(name);
    let id: String = get("id")?.extract()?;
    for alias in get("aliases")?.extract::<Vec<String>>()? {
        settings.routing.provider_aliases.push((alias, id.clone()));
    }
    if get("configured")?.extract()? {
        settings.routing.configured.push(id.clone());
    }
    let dialect: String = get("dialect")?.extract()?;
    if let Some(missing) = get("missing")?.extract::<Option<String>>()? {
        let provider = ProviderSettings::new(id, dialect, "");
        settings.providers.push(ProviderSettings { missing: Some(missing), ..provider });
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
    let given = get("quirks")?;
    let given = if given.is_none() { None } else { Some(from_python::json(&given, Path::Root("quirks"))?) };
    let quirks = quirks(&id, given.as_ref().map(|given| given.text())).map_err(PyValueError::new_err)?;
    let authentication = match fields.get_item("token_provider")? {
        Some(read) => Authentication::Source(Arc::new(FunctionTokens::new(read.unbind()))),
        None => authentication(&id),
    };
    let backend = match (fields.get_item("function")?, fields.get_item("own_loop")?) {
        (Some(function), Some(own_loop)) => {
            let own_loop = own_loop.cast::<LoopBridge>()?;
            let backend = FunctionBackend::new(function.unbind(), own_loop.get());
            Some(Arc::new(backend) as Arc<dyn Backend>)
        }
        _ => None,
    };
    settings.providers.push(ProviderSettings {
        backend,
        command: get("command")?.extract()?,
        api_key: get("api_key")?.extract::<Option<String>>()?.map(Secret::from),
        key_variables: get("key_variables")?.extract()?,
        authentication,
        secrets,
        headers,
        query,
        declared: get("secrets")?.extract::<Vec<String>>()?.into_iter().map(Secret::from).collect(),
        fallback: get("fallback")?.extract()?,
        quirks,
        ..ProviderSettings::new(id, dialect, get("base_url")?.extract::<String>()?)
    });
    Ok(())
}

fn pairs(fields: &Bound<'_, PyDict>) -> PyResult<Vec<(String, String)>> {
    fields.iter().map(|(name, value)| Ok((name.extract()?, value.extract()?))).collect()
}

/// What is wrong with the names of models in `settings`: pairs of the alias at fault (`None` for the default model) and
/// the words for it.
#[pyfunction]
pub(crate) fn check_names(settings: &Bound<'_, PyDict>) -> PyResult<Vec<(Option<String>, String)>> {
    let problems = read(settings, None)?.check_names();
    Ok(problems.into_iter().map(|problem| (problem.alias, problem.message)).collect())
}
