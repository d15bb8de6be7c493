//! Settings of a client, from the dicts that `python/ferrule/configuration` makes of files, environment and arguments.

use crate::{
    bridge::LoopBridge,
    from_python::{self, Path},
    function::FunctionBackend,
    groups, limits, policies, request,
    secrets::ConfiguredSecrets,
    state,
    token::FunctionTokens,
};
use ferrule_client::{ProviderSettings, Settings, authentication, quirks};
use ferrule_engine::{
    Authentication, Backend, KeySettings, Place, RoutingProblem, Secret, SecretSource, TransportSettings,
};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyDict, PyList},
};
use std::sync::Arc;

/// The function that returns a provider's settings with its secrets, and the vault that holds them.
type Secrets<'a, 'py> = Option<(&'a Bound<'py, PyAny>, &'a Bound<'py, PyAny>)>;

/// Reads the settings in `fields`; `fetch` returns a provider's settings with its secrets, if calls will be made.
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
    settings.retry = policies::retry(&get("retry")?)?;
    settings.breaker = policies::breaker(&get("breaker")?)?;
    for group in get("groups")?.cast::<PyList>()?.iter() {
        let read = groups::group(group.cast()?, settings.catalog.as_ref());
        settings.routing.groups.push(read?);
    }
    settings.routing.aliases = pairs(&aliases)?;
    settings.routing.default_model = get("model")?.extract()?;
    limits::add(&mut settings, fields)?;
    settings.state = state::read(fields)?;
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
        let variant = get("variant")?.extract()?;
        settings.providers.push(ProviderSettings { missing: Some(missing), variant, ..provider });
        return Ok(());
    }
    let headers = pairs(get("headers")?.cast()?)?;
    let query = pairs(get("query")?.cast()?)?;
    let references: Vec<String> = get("deferred")?.extract()?;
    let name: String = get("name")?.extract()?;
    let api_keys = keys(&name, &get("api_keys")?, secrets)?;
    let secrets = secrets.filter(|_| !references.is_empty()).map(|(fetch, vault)| {
        let known = headers.iter().chain(&query).map(|(name, _)| name.clone()).collect();
        let source = ConfiguredSecrets::new(name, fetch, vault, &references, known);
        Arc::new(source) as Arc<dyn SecretSource>
    });
    let given = get("quirks")?;
    let given = if given.is_none() { None } else { Some(from_python::json(&given, Path::Root("quirks"))?) };
    let quirks = quirks(&id, given.as_ref().map(|given| given.text())).map_err(PyValueError::new_err)?;
    let region: Option<String> = get("region")?.extract()?;
    let authentication = match fields.get_item("token_provider")? {
        Some(read) => Authentication::Source(Arc::new(FunctionTokens::new(read.unbind()))),
        None => authentication(&id).in_region(region.as_deref()),
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
        variant: get("variant")?.extract()?,
        region,
        retry: policies::retry(&get("retry")?)?,
        breaker: policies::breaker(&get("breaker")?)?,
        command: get("command")?.extract()?,
        api_key: get("api_key")?.extract::<Option<String>>()?.map(Secret::from),
        api_keys,
        key_source: get("key_source")?.extract()?,
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

/// The keys of the provider called `name`, if it has several.
fn keys(name: &str, list: &Bound<'_, PyAny>, secrets: Secrets<'_, '_>) -> PyResult<Vec<KeySettings>> {
    let mut keys = Vec::new();
    for (place, fields) in list.cast::<PyList>()?.iter().enumerate() {
        let reference: String = fields.get_item("reference")?.extract()?;
        let key = fields.get_item("key")?.extract::<Option<String>>()?.map(Secret::from);
        let source = secrets.filter(|_| key.is_none()).map(|(fetch, vault)| {
            let source = ConfiguredSecrets::of_key(name.to_owned(), fetch, vault, place, &reference);
            Arc::new(source) as Arc<dyn SecretSource>
        });
        keys.push(KeySettings { key, source, reference, weight: fields.get_item("weight")?.extract()? });
    }
    Ok(keys)
}

fn pairs(fields: &Bound<'_, PyDict>) -> PyResult<Vec<(String, String)>> {
    fields.iter().map(|(name, value)| Ok((name.extract()?, value.extract()?))).collect()
}

/// The problems of the model names in `settings`: triples of a section (`aliases`, `groups` or `model`), the invalid
/// name there, and the message.
#[pyfunction]
pub(crate) fn check_names(settings: &Bound<'_, PyDict>) -> PyResult<Vec<(&'static str, String, String)>> {
    let py = settings.py();
    let mut problems = Vec::new();
    for group in settings.as_any().get_item("groups")?.cast::<PyList>()?.iter() {
        let fields = group.cast::<PyDict>()?;
        if let Err(error) = groups::group(fields, None) {
            let name: String = fields.as_any().get_item("name")?.extract()?;
            problems.push(("groups", name, error.value(py).to_string()));
        }
    }
    if !problems.is_empty() {
        return Ok(problems);
    }
    let described = |problem: RoutingProblem| match problem.place {
        Place::Alias(alias) => ("aliases", alias, problem.message),
        Place::Group(group) => ("groups", group, problem.message),
        Place::DefaultModel => ("model", String::new(), problem.message),
    };
    Ok(read(settings, None)?.check_names().into_iter().map(described).collect())
}
