//! Key access: a key from the settings, or one fetched from a file or a command by the first attempt that needs it.

use super::masked::masked;
use crate::{
    characters,
    credentials::{
        Authentication, Cache, CredentialsError, Environment, Fetched, Held, Prepared, SecretSource, prepare,
    },
    failure::Failure,
    secrets::{Secret, Secrets},
    tls::Tls,
};
use ferrule_wire::dialect::KeyHeader;
use http::{HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use url::Url;

/// How a provider's keys become headers.
pub(crate) struct HeaderOfKeys {
    pub(crate) authentication: Authentication,
    pub(crate) key_header: KeyHeader,
    pub(crate) base: Url,
    pub(crate) tls: Arc<Tls>,
}

/// A key, and the header that carries it.
pub(super) struct Ready {
    pub(super) header: (HeaderName, HeaderValue),
    pub(super) secret: Secret,
    pub(super) shown: Arc<str>,
}

/// Where a key comes from.
pub(super) enum Place {
    AtHand(Arc<Ready>),
    /// With a flag that the key fetched before was refused.
    Elsewhere(Cache<Arc<Ready>>, Arc<AtomicBool>),
}

/// The key of one attempt.
#[derive(Clone)]
pub(crate) struct Access {
    pub(super) ready: Arc<Ready>,
    fetched: Option<Arc<Held<Arc<Ready>>>>,
    /// Whether it was cached before this attempt.
    cached: bool,
}

impl HeaderOfKeys {
    /// The header for `key`; its secrets are added to `secrets`.
    pub(super) fn ready(&self, key: &Secret, secrets: &mut Secrets) -> Result<Ready, String> {
        let text =
            characters::clean_key(key.expose_secret()).map_err(|wrong| format!("cannot be used: {wrong}"))?;
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        if matches!(self.authentication, Authentication::None) {
            return Err("cannot be used: requests to this provider carry no key".to_owned());
        }
        // The listed keys are used, whatever tokens the environment has.
        let nothing = Environment { variables: Some(BTreeMap::new()), endpoints: Vec::new() };
        let Prepared { header, .. } = prepare(
            &self.authentication,
            Some(key),
            &nothing,
            self.key_header,
            &self.base,
            &self.tls,
            secrets,
        )?;
        let header = header.ok_or(
            "cannot be used: requests to this provider are authorised by a token, for which it has one api_key",
        )?;
        secrets.add(text);
        Ok(Ready { header, secret: Secret::from(text), shown: masked(text) })
    }
}

impl Place {
    /// A key fetched by `source`. `what` names the key in errors.
    pub(super) fn elsewhere(source: &Arc<dyn SecretSource>, how: &Arc<HeaderOfKeys>, what: String) -> Self {
        let refused = Arc::new(AtomicBool::new(false));
        let is_refused = Arc::clone(&refused);
        let (source, how, what) = (Arc::clone(source), Arc::clone(how), Arc::<str>::from(what));
        let cache = Cache::new(move || {
            let (source, how) = (Arc::clone(&source), Arc::clone(&how));
            let (is_refused, what) = (Arc::clone(&is_refused), Arc::clone(&what));
            async move {
                let fetched = source.fetch(is_refused.swap(false, Ordering::Relaxed)).await?;
                let key = fetched.api_key.unwrap_or_else(|| Secret::from(""));
                let ready = how.ready(&key, &mut Secrets::default());
                let ready = ready.map_err(|wrong| CredentialsError::unusable(format!("{what} {wrong}")))?;
                Ok(Fetched { value: Arc::new(ready), lifetime: None })
            }
        });
        Self::Elsewhere(cache, refused)
    }

    /// The key, fetched if necessary.
    pub(super) async fn access(&self) -> Result<Access, CredentialsError> {
        match self {
            Self::AtHand(ready) => Ok(Access { ready: Arc::clone(ready), fetched: None, cached: false }),
            Self::Elsewhere(cache, _) => {
                let (held, cached) = cache.get().await?;
                Ok(Access { ready: Arc::clone(&held.value), fetched: Some(held), cached })
            }
        }
    }

    /// Whether the key has changed since `access`, which `failure` says was refused.
    pub(super) async fn renew(&self, access: &Access, failure: &Failure) -> bool {
        let (Self::Elsewhere(cache, refused), Some(held)) = (self, &access.fetched) else { return false };
        let is_refused = matches!(failure, Failure::Provider(error) if error.status == Some(401));
        if !is_refused || !access.cached {
            return false;
        }
        refused.store(true, Ordering::Relaxed);
        cache.invalidate(held);
        let fetched = cache.get().await;
        fetched.is_ok_and(|(now, _)| now.value.secret.expose_secret() != access.ready.secret.expose_secret())
    }
}

impl Access {
    /// The header that carries the key.
    pub(crate) fn header(&self) -> &(HeaderName, HeaderValue) {
        &self.ready.header
    }

    /// The key, masked.
    pub(crate) fn shown(&self) -> &Arc<str> {
        &self.ready.shown
    }

    /// The key itself, for backends.
    pub(crate) fn secret(&self) -> &Secret {
        &self.ready.secret
    }

    /// Whether it was fetched, so that it may have changed since.
    pub(crate) fn was_fetched(&self) -> bool {
        self.fetched.is_some()
    }

    /// Adds the secrets that no error may show.
    pub(crate) fn add_secrets(&self, secrets: &mut Secrets) {
        if self.was_fetched() {
            secrets.add(self.ready.secret.expose_secret());
        }
    }
}

/// The content is secret.
impl fmt::Debug for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Access").field("key", &self.ready.shown).finish_non_exhaustive()
    }
}
