//! Environment in which credentials are looked up: variables, files, and the addresses of issuers.

use crate::files;
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// Prefixes of the variables that concern credentials.
const NAMES: [&str; 11] = [
    "APPDATA",
    "AWS_",
    "AZURE_",
    "CLOUDSDK_",
    "DATABRICKS_",
    "GCE_",
    "GOOGLE_",
    "HOME",
    "IDENTITY_",
    "USERPROFILE",
    "WATSONX_IAM_URL",
];

/// Where a provider's credentials are looked up. By default the process's own environment.
#[derive(Clone, Default)]
pub struct Environment {
    /// These instead of the process's variables and its home directory (`HOME`).
    pub variables: Option<BTreeMap<String, String>>,
    /// Addresses to use instead of the usual ones, as pairs of origins (`https://sts.amazonaws.com`,
    /// `http://169.254.169.254`): for private links and closed networks.
    pub endpoints: Vec<(String, String)>,
}

impl Environment {
    /// An environment with just these variables.
    pub fn from_variables<K: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables: Some(variables), endpoints: Vec::new() }
    }

    /// The variables as they are now. Other threads may change the process's, so reading them later is not safe: they
    /// are read while the engine is built, on the program's thread.
    pub(crate) fn held(&self) -> Self {
        let variables = self.variables.clone().unwrap_or_else(|| {
            let mut variables: BTreeMap<String, String> = std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .filter(|(name, _)| NAMES.iter().any(|beginning| name.starts_with(beginning)))
                .collect();
            if let Some(home) = std::env::home_dir().and_then(|home| home.into_os_string().into_string().ok())
            {
                variables.insert("HOME".to_owned(), home);
            }
            variables
        });
        Self { variables: Some(variables), endpoints: self.endpoints.clone() }
    }

    /// The variable's value without surrounding white space; an empty one counts as unset.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let value = match &self.variables {
            Some(variables) => variables.get(name)?.clone(),
            None => std::env::var(name).ok()?,
        };
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(crate) fn home(&self) -> Option<PathBuf> {
        match &self.variables {
            Some(_) => self.variable("HOME").map(PathBuf::from),
            None => std::env::home_dir(),
        }
    }

    /// Expands `~/` to the home directory.
    pub(crate) fn expand(&self, path: &str) -> Option<PathBuf> {
        match path.strip_prefix("~/") {
            Some(rest) => self.home().map(|home| home.join(rest)),
            None => Some(PathBuf::from(path)),
        }
    }

    /// The address to use instead of `origin`.
    pub(crate) fn endpoint(&self, origin: &str) -> Option<&str> {
        let (_, instead) = self.endpoints.iter().find(|(usual, _)| usual == origin)?;
        Some(instead)
    }
}

/// Names only: values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.variables.as_ref().map(|variables| variables.keys().collect::<Vec<_>>());
        formatter
            .debug_struct("Environment")
            .field("variables", &names)
            .field("endpoints", &self.endpoints)
            .finish()
    }
}

/// Reads a regular file off the runtime's thread, which carries every stream of the process.
pub(crate) async fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let path = path.to_owned();
    blocking(move || files::read_regular(&path)).await.map_err(std::io::Error::other)?
}

/// Runs `work` on another thread than the runtime's.
#[expect(
    clippy::disallowed_methods,
    reason = "once an hour, and noted: docs/decisions/2026-11-25-cloud-credentials.md"
)]
pub(crate) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::task::spawn_blocking(work)
}
