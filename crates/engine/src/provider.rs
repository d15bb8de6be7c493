//! Providers, prepared once: what does not change between calls (addresses, header values, credentials).

use crate::{
    backend::Backend,
    credentials::{self, Authentication, Credentials, Deferred, Pending, Prepared},
    failure::Failure,
    headers::{carry_credentials, parse_header},
    keys::{HeaderOfKeys, KeyRing, masked},
    observe::EventTarget,
    process::ProcessBackend,
    secrets::Secrets,
    settings::ProviderSettings,
    target_state::TargetStates,
    tls::Tls,
    transport::Pool,
    vector_memory::VectorMemory,
};
use ferrule_wire::{
    base_url::without_endpoint,
    dialect::{
        Dialect,
        shared::{foreign, join},
    },
    encode::{EncodeOptions, UnsupportedField},
    model::Request,
    operation::{Codec, Listed},
    prefill::Prefill,
    quirks::Quirks,
};
use http::{HeaderMap, HeaderName, HeaderValue, header::USER_AGENT};
use secrecy::ExposeSecret;
use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
};
use url::Url;

/// The address of a provider that has none.
const NOWHERE: &str = "http://backend.invalid/";
pub(crate) const USER_AGENT_VALUE: &str = concat!("ferrule/", env!("CARGO_PKG_VERSION"));

/// A prepared provider.
pub struct Provider {
    pub(crate) id: Arc<str>,
    /// The settings it was made from.
    pub(crate) settings: ProviderSettings,
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) quirks: Quirks,
    pub(crate) pool: Arc<Pool>,
    secrets: Secrets,
    base: Url,
    /// The path and URL of the first request: nearly all use the same.
    usual: OnceLock<(String, Url)>,
    /// Our headers, the provider's, and the key.
    pub(crate) headers: HeaderMap,
    /// The headers named in the settings; they take precedence over the dialect's.
    pub(crate) named: Vec<HeaderName>,
    /// The header that carries the key.
    key_header: Option<HeaderName>,
    has_credentials: bool,
    needs_credentials: bool,
    /// `None` if no credentials besides the headers are needed.
    pub(crate) credentials: Option<Credentials>,
    /// Its keys, if it has several; the headers contain none then.
    pub(crate) keys: Option<Arc<KeyRing>>,
    /// Where its key was found, unless it is the configured one.
    key_origin: Option<&'static str>,
    /// Its key, masked, if it is in the settings.
    key_shown: Option<Arc<str>>,
    /// What answers requests; `None` for an HTTP server.
    pub(crate) backend: Option<Arc<dyn Backend>>,
    /// The vector formats it accepts, as learned from its refusals.
    pub(crate) vectors: VectorMemory,
    /// The state of its models, kept between calls.
    pub(crate) targets: Arc<TargetStates>,
}

impl Provider {
    /// `before` is a provider whose settings differ at most in secrets, and whose connections are taken over; `targets`
    /// are the existing states of its models.
    pub(crate) fn new(
        settings: &ProviderSettings,
        dialect: &'static dyn Dialect,
        tls: Arc<Tls>,
        before: Option<&Self>,
        targets: Arc<TargetStates>,
    ) -> Result<Self, String> {
        let id: Arc<str> = settings.id.as_str().into();
        let backend = settings.backend.clone().or_else(|| {
            let program = dialect.program()?;
            Some(Arc::new(ProcessBackend::for_program(program, settings.command.clone())))
        });
        // A backend has no address.
        let address = if backend.is_some() { NOWHERE } else { &settings.base_url };
        let mut base = parse_base(address).map_err(|why| format!("provider `{id}`: base_url {why}"))?;
        let path = without_endpoint(dialect, &settings.quirks, base.path()).to_owned();
        base.set_path(&path);
        let mut secrets = Secrets::default();
        for (name, value) in &settings.query {
            base.query_pairs_mut().append_pair(name, value);
        }
        secrets.add_query(&base);
        settings.declared.iter().for_each(|secret| secrets.add_declared(secret.expose_secret()));
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_VALUE));
        let Prepared { header, authoriser, optional, origin } = match &settings.secrets {
            Some(_) => Prepared::default(),
            None if !settings.api_keys.is_empty() => Prepared::default(),
            None => credentials::prepare(
                &settings.authentication,
                settings.api_key.as_ref(),
                &settings.environment,
                dialect.key_header(),
                &base,
                &tls,
                &mut secrets,
            )
            .map_err(|why| format!("provider `{id}`: {why}"))?,
        };
        let credentials = match &settings.secrets {
            Some(source) => Some(Credentials::Deferred(Box::new(Deferred::new(Pending {
                id: Arc::clone(&id),
                source: Arc::clone(source),
                // Multiple keys are handled elsewhere.
                authentication: match settings.api_keys.is_empty() {
                    true => settings.authentication.clone(),
                    false => Authentication::None,
                },
                environment: settings.environment.clone(),
                key: settings.api_key.clone(),
                key_variables: match settings.api_keys.is_empty() {
                    true => settings.key_variables.clone(),
                    false => Vec::new(),
                },
                key_header: dialect.key_header(),
                base: base.clone(),
                tls: Arc::clone(&tls),
            })))),
            None => authoriser.map(Credentials::Renewed),
        };
        let key_header = header.as_ref().map(|(name, _)| name.clone());
        let key_shown = header.as_ref().and_then(|_| settings.key()).map(masked);
        headers.extend(header);
        let keys = match settings.api_keys.as_slice() {
            [] => None,
            keys => {
                let how = HeaderOfKeys {
                    authentication: settings.authentication.clone(),
                    key_header: dialect.key_header(),
                    base: base.clone(),
                    tls: Arc::clone(&tls),
                };
                let ring = KeyRing::new(&id, keys, how, &targets.keys, &mut secrets);
                Some(ring.map_err(|why| format!("provider `{id}`: {why}"))?)
            }
        };
        let mut named = Vec::new();
        for (name, value) in &settings.headers {
            let (name, value) =
                parse_header(name, value, &mut secrets).map_err(|why| format!("provider `{id}`: {why}"))?;
            headers.insert(name.clone(), value);
            named.push(name);
        }
        let pool = match before {
            Some(before) => Arc::clone(&before.pool),
            None => Arc::new(Pool::new(tls, base.scheme() == "https")),
        };
        Ok(Self {
            vectors: before.map(|before| before.vectors.clone()).unwrap_or_default(),
            targets,
            settings: settings.clone(),
            dialect,
            quirks: settings.quirks.clone().with_provider_id(&id),
            pool,
            secrets,
            usual: OnceLock::new(),
            has_credentials: carry_credentials(&headers, key_header.as_ref()),
            needs_credentials: !optional && !settings.key_variables.is_empty() && keys.is_none(),
            key_header,
            key_shown,
            key_origin: origin,
            credentials,
            keys,
            backend,
            headers,
            named,
            base,
            id,
        })
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its wire format.
    pub fn dialect(&self) -> &'static dyn Dialect {
        self.dialect
    }

    /// `request`, with only those proofs of reasoning that its model here accepts.
    pub(crate) fn without_foreign_proofs<'a>(&self, request: &'a Request) -> Cow<'a, Request> {
        foreign::for_signer(request, &self.dialect.signer(&self.id, &request.model))
    }

    /// How its requests are encoded.
    pub fn encode_options(&self, drop_unsupported: bool) -> EncodeOptions<'_> {
        EncodeOptions { drop_unsupported, quirks: &self.quirks }
    }

    /// How `model` treats a partial answer that it should continue.
    pub(crate) fn prefill(&self, model: &str) -> Prefill {
        Prefill::for_model(self.dialect.format(), &self.quirks, model, self.base.path())
    }

    /// The codec of an operation, if the dialect and this provider offer it.
    pub fn operation<O: Listed>(&self) -> Result<&'static dyn Codec<O>, Failure> {
        let codec = self.dialect.operations().get::<O>().filter(|_| self.quirks.has(O::KIND));
        codec.ok_or_else(|| {
            Failure::Unsupported(UnsupportedField {
                field: O::KIND.method().to_owned(),
                dialect: self.dialect.name(),
                reason: format!("{} has no such operation", self.id),
            })
        })
    }

    /// The target of `model` as events name it.
    pub(crate) fn event_target(&self, model: &str) -> EventTarget {
        EventTarget::new(&self.id, model, self.settings.variant.as_deref())
    }

    /// The name of the target of `model`, for messages.
    pub(crate) fn target_name(&self, model: &str) -> String {
        match &self.settings.variant {
            Some(variant) => format!("{}/{model}@{variant}", self.id),
            None => format!("{}/{model}", self.id),
        }
    }

    /// The ring of its keys for a request with headers of its own; `None` if those, or the settings, replace the key.
    pub(crate) fn keys_for(&self, own_headers: &[HeaderName]) -> Option<&Arc<KeyRing>> {
        let ring = self.keys.as_ref()?;
        (!own_headers.contains(ring.header()) && !self.named.contains(ring.header())).then_some(ring)
    }

    /// The single key of a request with headers of its own, masked.
    pub(crate) fn key_shown(&self, own_headers: &[HeaderName]) -> Option<&Arc<str>> {
        let header = self.key_header.as_ref()?;
        let is_replaced = own_headers.contains(header) || self.named.contains(header);
        self.key_shown.as_ref().filter(|_| !is_replaced)
    }

    /// Masks every secret of the provider in `failure`.
    pub(crate) fn mask(&self, failure: &mut Failure) {
        self.secrets.mask_failure(failure);
    }

    /// Whether each attempt of a request with these headers must be authorised: it may carry its own credentials, rely
    /// on the provider's headers, or need authorisation. Fails if there is none of them.
    pub(crate) fn is_authorised(&self, headers: &HeaderMap) -> Result<bool, Failure> {
        if let Some(Credentials::Deferred(_)) = self.credentials {
            // What is fetched may include more than a key.
            return Ok(true);
        }
        if self.has_credentials || carry_credentials(headers, self.key_header.as_ref()) {
            return Ok(false);
        }
        if self.credentials.is_some() || !self.needs_credentials {
            return Ok(self.credentials.is_some());
        }
        let (id, variables) = (&self.id, self.settings.key_variables.join(" or "));
        Err(Failure::Config(format!("no key for provider `{id}`: set {variables}, or give it an api_key")))
    }

    /// A description of where the key in `headers` comes from; `None` if it is not the configured one, or not known.
    pub(crate) fn key_source(&self, headers: &HeaderMap) -> Option<&str> {
        let is_configured = match &self.key_header {
            Some(name) => headers.get(name) == self.headers.get(name),
            None => self.credentials.is_some(),
        };
        self.key_origin.or(self.settings.key_source.as_deref()).filter(|_| is_configured)
    }

    /// The URL of `path`, remembered if it is the `usual` one.
    pub(crate) fn address(&self, path: &str, usual: bool) -> Url {
        match self.usual.get() {
            Some((known, url)) if known == path => url.clone(),
            _ => {
                let url = self.join(path);
                if usual {
                    // A concurrent first call made the same URL.
                    let _ = self.usual.set((path.to_owned(), url.clone()));
                }
                url
            }
        }
    }

    /// `https://host/v1?api=2` and `/models` make `https://host/v1/models?api=2`.
    fn join(&self, path: &str) -> Url {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let mut url = self.base.clone();
        let joined = join(url.path(), path);
        url.set_path(&joined);
        if let Some(query) = query {
            let query = url.query().map_or_else(|| query.to_owned(), |base| format!("{base}&{query}"));
            url.set_query(Some(&query));
        }
        url
    }
}

/// The address may have secrets in its query.
impl fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Provider")
            .field("id", &self.id)
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

fn parse_base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("is not a valid URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err("has to begin with http:// or https:// and a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name or password in it; use api_key or headers".to_owned());
    }
    Ok(url)
}
