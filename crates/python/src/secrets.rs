//! Secrets from files and commands, fetched by Python's configuration (`python/ferrule/configuration/secrets.py`) on a
//! separate thread, as the runtime's thread never attaches to the interpreter.

use ferrule_engine::{CredentialsError, FetchedSecrets, Secret, SecretSource, SecretsFuture, mask_secrets};
use pyo3::{prelude::*, types::PyDict};
use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
    thread,
};
use tokio::sync::oneshot;

/// The secrets of one provider.
pub(crate) struct ConfiguredSecrets {
    shared: Arc<Shared>,
    identity: u64,
}

struct Shared {
    provider: String,
    /// Returns a provider's settings with its secrets; holds no reference to the client.
    fetch: Py<PyAny>,
    /// The index of the only key to fetch, if the provider has several.
    key: Option<usize>,
    /// The vault that holds the values. Kept alive so that its address is not reused.
    _vault: Py<PyAny>,
    /// Headers and parameters that need no fetching.
    known: HashSet<String>,
}

impl ConfiguredSecrets {
    /// `references` are the sources of the values, `known` the names of the headers and parameters that need no
    /// fetching.
    pub(crate) fn new(
        provider: String,
        fetch: &Bound<'_, PyAny>,
        vault: &Bound<'_, PyAny>,
        references: &[String],
        known: HashSet<String>,
    ) -> Self {
        let mut hasher = DefaultHasher::new();
        (vault.as_ptr() as usize, references).hash(&mut hasher);
        let (fetch, vault) = (fetch.clone().unbind(), vault.clone().unbind());
        let shared = Shared { provider, fetch, key: None, _vault: vault, known };
        Self { shared: Arc::new(shared), identity: hasher.finish() }
    }

    /// One of the provider's keys, at index `place`, from the source `reference`.
    pub(crate) fn of_key(
        provider: String,
        fetch: &Bound<'_, PyAny>,
        vault: &Bound<'_, PyAny>,
        place: usize,
        reference: &str,
    ) -> Self {
        let mut hasher = DefaultHasher::new();
        (vault.as_ptr() as usize, reference).hash(&mut hasher);
        let (fetch, vault) = (fetch.clone().unbind(), vault.clone().unbind());
        let shared = Shared { provider, fetch, key: Some(place), _vault: vault, known: HashSet::new() };
        Self { shared: Arc::new(shared), identity: hasher.finish() }
    }
}

impl fmt::Debug for ConfiguredSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ConfiguredSecrets").field("provider", &self.shared.provider).finish()
    }
}

impl SecretSource for ConfiguredSecrets {
    fn fetch(&self, refused: bool) -> SecretsFuture<'_> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let (sender, receiver) = oneshot::channel();
            let asked = thread::Builder::new().name("ferrule-secrets".to_owned()).spawn(move || {
                // The call that needed it may be gone.
                let _ = sender.send(Python::attach(|py| shared.fetch(py, refused)));
            });
            asked.map_err(|error| {
                CredentialsError::unreachable(format!("no thread to fetch the key: {error}"))
            })?;
            receiver.await.unwrap_or_else(|_| {
                Err(CredentialsError::unreachable("the key was not fetched: its thread ended"))
            })
        })
    }

    fn identity(&self) -> u64 {
        self.identity
    }
}

impl Shared {
    /// A `ConfigError` says which source failed, with file and line, and nothing of the value.
    fn fetch(&self, py: Python<'_>, refused: bool) -> Result<FetchedSecrets, CredentialsError> {
        self.read(py, refused).map_err(|error| {
            let name = error.get_type(py).name().map(|name| name.to_string()).unwrap_or_default();
            if name == "ConfigError" {
                return CredentialsError::unusable(error.value(py).to_string());
            }
            CredentialsError::unusable(format!("the secrets of `{}` cannot be read: {name}", self.provider))
        })
    }

    fn read(&self, py: Python<'_>, refused: bool) -> PyResult<FetchedSecrets> {
        let fields = self.fetch.bind(py).call1((&self.provider, refused, self.key))?;
        let new = |name: &str| -> PyResult<Vec<(String, String)>> {
            let pairs = fields.get_item(name)?;
            let pairs = pairs
                .cast::<PyDict>()?
                .iter()
                .map(|(name, value)| Ok::<(String, String), PyErr>((name.extract()?, value.extract()?)));
            let pairs = pairs.collect::<PyResult<Vec<_>>>()?;
            Ok(pairs.into_iter().filter(|(name, _)| !self.known.contains(name)).collect())
        };
        Ok(FetchedSecrets {
            api_key: fields.get_item("api_key")?.extract::<Option<String>>()?.map(Secret::from),
            headers: new("headers")?,
            query: new("query")?,
            declared: fields
                .get_item("secrets")?
                .extract::<Vec<String>>()?
                .into_iter()
                .map(Secret::from)
                .collect(),
        })
    }
}

/// `text` with `secrets` masked, however they are escaped in it.
#[pyfunction]
#[pyo3(name = "mask_secrets")]
#[expect(clippy::needless_pass_by_value, reason = "lists of Python's are copied")]
pub(crate) fn masked(text: String, secrets: Vec<String>) -> String {
    mask_secrets(text, secrets.iter().map(String::as_str))
}

/// Whether the value of a header, parameter or environment variable called `name` is a secret.
#[pyfunction]
pub(crate) fn is_secret_name(name: &str) -> bool {
    ferrule_engine::is_secret_name(name)
}
