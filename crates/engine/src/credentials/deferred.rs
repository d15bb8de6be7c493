//! Deferred secrets: keys in files or from commands.
//!
//! They are fetched by the first attempt that needs them, cached and shared like tokens, and fetched again when the
//! provider refuses them: a key may have been rotated in the meantime.

use super::{
    CredentialsError, Environment,
    authoriser::{self, Authentication, Authoriser, Prepared, prepare},
    cache::{Cache, Fetched, Held},
};
use crate::{
    failure::Failure,
    headers::parse_header,
    net::RequestHead,
    secrets::{Secret, Secrets},
    tls::Tls,
};
use ferrule_wire::dialect::KeyHeader;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use secrecy::ExposeSecret;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use url::Url;

/// The fetched secrets of a provider, in addition to those in its settings.
#[derive(Clone, Default)]
pub struct FetchedSecrets {
    /// Its key; absent, that of the settings applies.
    pub api_key: Option<Secret>,
    /// Headers for each request.
    pub headers: Vec<(String, String)>,
    /// Parameters for each URL.
    pub query: Vec<(String, String)>,
    /// Those that come from variables, files or commands: secret, whatever their names.
    pub declared: Vec<Secret>,
}

/// A pending fetch of secrets.
pub type SecretsFuture<'a> =
    Pin<Box<dyn Future<Output = Result<FetchedSecrets, CredentialsError>> + Send + 'a>>;

/// Fetches the secrets of a provider from files or commands. Called by one task at a time, and only when they are
/// needed. An error's text reaches the caller unchanged.
pub trait SecretSource: fmt::Debug + Send + Sync {
    /// The current secrets. `refused` says that the provider refused the ones fetched before.
    fn fetch(&self, refused: bool) -> SecretsFuture<'_>;

    /// Equal for sources that give the same secrets: an engine that takes over a provider from another one keeps the
    /// fetched secrets if this is equal.
    fn identity(&self) -> u64;
}

/// How the secrets of one provider are fetched and sent.
pub(crate) struct Deferred {
    held: Cache<Access>,
    refused: Arc<AtomicBool>,
}

/// The authorisation of requests, made from the provider's settings and its secrets.
struct Access {
    fetched: FetchedSecrets,
    headers: Vec<(HeaderName, HeaderValue)>,
    authoriser: Option<Authoriser>,
    secrets: Secrets,
}

/// The access of one attempt.
pub(crate) struct Grant {
    held: Arc<Held<Access>>,
    /// Whether it was cached before this attempt.
    cached: bool,
    /// A token, if the key is exchanged for one.
    inner: Option<authoriser::Grant>,
}

/// A provider's authorisation without the secrets that are still to be fetched.
pub(crate) struct Pending {
    pub(crate) id: Arc<str>,
    pub(crate) source: Arc<dyn SecretSource>,
    pub(crate) authentication: Authentication,
    pub(crate) environment: Environment,
    pub(crate) key: Option<Secret>,
    /// The variables in which the key is looked up, for the error that says it is missing; empty if no key is needed.
    pub(crate) key_variables: Vec<String>,
    pub(crate) key_header: KeyHeader,
    pub(crate) base: Url,
    pub(crate) tls: Arc<Tls>,
}

impl Deferred {
    pub(crate) fn new(mut pending: Pending) -> Self {
        // While the engine is built, on the program's thread.
        pending.environment = pending.environment.held();
        let pending = Arc::new(pending);
        let refused = Arc::new(AtomicBool::new(false));
        let is_refused = Arc::clone(&refused);
        let held = Cache::new(move || {
            let (pending, is_refused) = (Arc::clone(&pending), Arc::clone(&is_refused));
            async move {
                let fetched = pending.source.fetch(is_refused.swap(false, Ordering::Relaxed)).await?;
                let access = pending.access(fetched).map_err(CredentialsError::unusable)?;
                Ok(Fetched { value: access, lifetime: None })
            }
        });
        Self { held, refused }
    }

    pub(crate) async fn grant(&self) -> Result<Grant, CredentialsError> {
        let (held, cached) = self.held.get().await?;
        let inner = match &held.value.authoriser {
            Some(authoriser) => Some(authoriser.grant().await?),
            None => None,
        };
        Ok(Grant { held, cached, inner })
    }

    /// Whether the secrets have changed since `grant`, which `failure` says was refused.
    pub(crate) async fn renew(&self, grant: &Grant, failure: &Failure) -> bool {
        if let (Some(authoriser), Some(inner)) = (&grant.held.value.authoriser, &grant.inner)
            && authoriser.renew(inner, failure)
        {
            return true;
        }
        let is_refused = matches!(failure, Failure::Provider(error) if error.status == Some(401));
        if !is_refused || !grant.cached {
            return false;
        }
        self.refused.store(true, Ordering::Relaxed);
        self.held.invalidate(&grant.held);
        let fetched = self.held.get().await;
        fetched.is_ok_and(|(held, _)| !held.value.fetched.is_same(&grant.held.value.fetched))
    }
}

impl Pending {
    fn access(&self, fetched: FetchedSecrets) -> Result<Access, String> {
        let mut secrets = Secrets::default();
        let key = fetched.api_key.as_ref().or(self.key.as_ref());
        let Prepared { header, authoriser, optional, .. } = prepare(
            &self.authentication,
            key,
            &self.environment,
            self.key_header,
            &self.base,
            &self.tls,
            &mut secrets,
        )
        .map_err(|why| format!("provider `{}`: {why}", self.id))?;
        if header.is_none() && authoriser.is_none() && !optional && !self.key_variables.is_empty() {
            let (id, variables) = (&self.id, self.key_variables.join(" or "));
            return Err(format!("no key for provider `{id}`: set {variables}, or give it an api_key"));
        }
        let mut headers: Vec<_> = header.into_iter().collect();
        for (name, value) in &fetched.headers {
            headers.push(
                parse_header(name, value, &mut secrets)
                    .map_err(|why| format!("provider `{}`: {why}", self.id))?,
            );
        }
        for (name, value) in &fetched.query {
            secrets.add_parameter(name, value);
        }
        fetched.declared.iter().for_each(|secret| secrets.add_declared(secret.expose_secret()));
        Ok(Access { fetched, headers, authoriser, secrets })
    }
}

impl FetchedSecrets {
    fn is_same(&self, other: &Self) -> bool {
        let key = |secrets: &Self| secrets.api_key.as_ref().map(|key| key.expose_secret().to_owned());
        key(self) == key(other) && self.headers == other.headers && self.query == other.query
    }
}

impl Grant {
    pub(crate) fn apply(
        &self,
        request: &mut RequestHead,
        body: &[u8],
        own: &[HeaderName],
    ) -> Result<(), Failure> {
        let access = &self.held.value;
        for (name, value) in access.headers.iter().filter(|(name, _)| !own.contains(name)) {
            request.headers.insert(name, value.clone());
        }
        if !access.fetched.query.is_empty() {
            request.url.query_pairs_mut().extend_pairs(&access.fetched.query);
        }
        // A signature covers everything added before it.
        self.inner.as_ref().map_or(Ok(()), |inner| inner.apply(request, body))
    }

    pub(crate) fn refused(&self, status: StatusCode, headers: &HeaderMap) {
        if let Some(inner) = &self.inner {
            inner.refused(status, headers);
        }
    }

    pub(crate) fn origin(&self) -> &str {
        self.inner.as_ref().map_or("", authoriser::Grant::origin)
    }

    pub(crate) fn key(&self) -> Option<Secret> {
        self.held.value.fetched.api_key.clone()
    }

    pub(crate) fn add_secrets(&self, secrets: &mut Secrets) {
        secrets.add_all(&self.held.value.secrets);
        if let Some(inner) = &self.inner {
            inner.add_secrets(secrets);
        }
    }
}

/// Fetched values are secret.
impl fmt::Debug for Deferred {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Deferred").finish_non_exhaustive()
    }
}

/// Names only: values are secrets.
impl fmt::Debug for FetchedSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names =
            |pairs: &[(String, String)]| pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        formatter
            .debug_struct("FetchedSecrets")
            .field("headers", &names(&self.headers))
            .field("query", &names(&self.query))
            .finish_non_exhaustive()
    }
}
