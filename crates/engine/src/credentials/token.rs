//! Bearer tokens: their sources, and the header that carries them.

use super::{
    CredentialsError, EntraSettings, GoogleSettings, WatsonxSettings,
    cache::{Cache, Fetched, Held},
    databricks,
    exchange::Exchange,
    oauth::Access,
};
use crate::{
    characters,
    failure::Failure,
    secrets::{Secret, Secrets},
};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use secrecy::ExposeSecret;
use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};
use url::Url;

const QUOTA_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// A custom source caches its tokens itself; it is called again soon if it does not say how long one is valid.
const SOON: Duration = Duration::from_secs(60);

/// A token for a provider.
#[derive(Clone)]
pub struct Token {
    /// The token itself.
    pub secret: Secret,
    /// Its lifetime, counted from now. Without one the source is called again after a minute.
    pub lifetime: Option<Duration>,
}

/// A pending token.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<Token, CredentialsError>> + Send + 'a>>;

/// A source of tokens; used by one task at a time, and only when needed.
pub trait TokenSource: fmt::Debug + Send + Sync {
    /// A currently valid token.
    fn token(&self) -> TokenFuture<'_>;
}

/// The tokens of one provider.
#[derive(Debug)]
pub(crate) struct Tokens(Cache<Pass>);

/// A token as requests carry it.
pub(crate) struct Pass {
    header: HeaderValue,
    quota_project: Option<HeaderValue>,
    secret: Secret,
    /// A description of where the underlying credentials were found; empty if not known.
    origin: String,
}

/// The token of one attempt.
pub(crate) struct Grant {
    held: Arc<Held<Pass>>,
    /// Whether it was cached before this attempt.
    cached: bool,
}

impl Tokens {
    pub(crate) fn from_source(source: &Arc<dyn TokenSource>) -> Self {
        let source = Arc::clone(source);
        Self(Cache::new(move || {
            let source = Arc::clone(&source);
            async move {
                let Token { secret, lifetime } = source.token().await?;
                pass(Fetched { value: secret, lifetime: Some(lifetime.unwrap_or(SOON)) }, None, "")
            }
        }))
    }

    pub(crate) fn from_google(settings: &GoogleSettings, exchange: Arc<Exchange>) -> Self {
        let settings = settings.clone();
        Self(Cache::new(move || {
            let (settings, exchange) = (settings.clone(), Arc::clone(&exchange));
            async move {
                let granted = settings.token(&exchange).await?;
                pass(granted.access, granted.quota_project.as_deref(), &granted.origin)
            }
        }))
    }

    pub(crate) fn from_entra(settings: &EntraSettings, exchange: Arc<Exchange>) -> Self {
        let settings = settings.clone();
        Self(Cache::new(move || {
            let (settings, exchange) = (settings.clone(), Arc::clone(&exchange));
            async move {
                let (access, origin) = settings.token(&exchange).await?;
                pass(access, None, origin)
            }
        }))
    }

    pub(crate) fn from_watsonx(settings: &WatsonxSettings, key: &Secret, exchange: Arc<Exchange>) -> Self {
        let (settings, key) = (settings.clone(), key.clone());
        Self(Cache::new(move || {
            let (settings, key, exchange) = (settings.clone(), key.clone(), Arc::clone(&exchange));
            async move { pass(settings.token(&key, &exchange).await?, None, "") }
        }))
    }

    pub(crate) fn from_databricks(principal: (String, Secret), base: &Url, exchange: Arc<Exchange>) -> Self {
        let base = base.clone();
        Self(Cache::new(move || {
            let (principal, base, exchange) = (principal.clone(), base.clone(), Arc::clone(&exchange));
            async move {
                let access = databricks::token(&principal, &base, &exchange).await?;
                pass(
                    access,
                    None,
                    "the service principal in DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET",
                )
            }
        }))
    }

    pub(crate) async fn grant(&self) -> Result<Grant, CredentialsError> {
        let (held, cached) = self.0.get().await?;
        Ok(Grant { held, cached })
    }

    /// A token that worked before may have been revoked; a new one is refused for another reason.
    pub(crate) fn renew(&self, grant: &Grant, failure: &Failure) -> bool {
        let refused = matches!(failure, Failure::Provider(error) if error.status == Some(401));
        if refused && grant.cached {
            self.0.invalidate(&grant.held);
        }
        refused && grant.cached
    }
}

fn pass(
    access: Access,
    quota_project: Option<&str>,
    origin: &str,
) -> Result<Fetched<Pass>, CredentialsError> {
    let Fetched { value: secret, lifetime } = access;
    let unusable =
        |what: &str| CredentialsError::refused(format!("{what} has characters that no header can carry"));
    let token = characters::clean_key(secret.expose_secret())
        .map_err(|wrong| CredentialsError::refused(format!("the token cannot be used: {wrong}")))?;
    let secret = Secret::from(token);
    let header = HeaderValue::try_from(format!("Bearer {token}"));
    let mut header = header.map_err(|_| unusable("the token"))?;
    header.set_sensitive(true);
    let quota_project = quota_project.map(HeaderValue::from_str).transpose();
    let quota_project = quota_project.map_err(|_| unusable("the quota project"))?;
    Ok(Fetched { value: Pass { header, quota_project, secret, origin: origin.to_owned() }, lifetime })
}

impl Grant {
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        let Pass { header, quota_project, .. } = &self.held.value;
        headers.insert(AUTHORIZATION, header.clone());
        if let Some(project) = quota_project
            && !headers.contains_key(QUOTA_PROJECT)
        {
            headers.insert(QUOTA_PROJECT, project.clone());
        }
    }

    /// Where the underlying credentials were found; empty if not known.
    pub(crate) fn origin(&self) -> &str {
        &self.held.value.origin
    }

    pub(crate) fn add_secrets(&self, secrets: &mut Secrets) {
        secrets.add(self.held.value.secret.expose_secret());
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Token").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}
