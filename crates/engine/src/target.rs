//! A provider made ready, and one call made ready to be sent to it.
//!
//! What does not change from call to call (addresses, header values, credentials) is prepared once.

use crate::{
    Attempt, Backend, Call, CallError, CallOptions, Context, Failure, ProviderSettings, RawCall, TimeoutKind,
    credentials::{self, Authoriser, Grant},
    process,
    secrets::Secrets,
    timeout::Limits,
    tls::Tls,
    transport::Pool,
};
use bytes::Bytes;
use ferrule_wire::{
    dialect::{self, Dialect, shared::signer},
    encode::{EncodeOptions, EncodedRequest, UnsupportedField},
    model::Request,
    quirks::Quirks,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use reqwest::Url;
use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
};

/// The address of a provider that has none.
const NOWHERE: &str = "http://backend.invalid/";
const OUR_NAME: &str = concat!("ferrule/", env!("CARGO_PKG_VERSION"));
/// Headers that carry credentials, whoever names them.
const CREDENTIALS: [HeaderName; 4] = [
    AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// A provider made ready.
pub(crate) struct Provider {
    pub(crate) id: Arc<str>,
    /// What it was made of.
    pub(crate) settings: ProviderSettings,
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) quirks: Quirks,
    pub(crate) pool: Pool,
    secrets: Secrets,
    base: Url,
    /// The path of the first call with its address: nearly all calls go to the same one.
    usual: OnceLock<(String, Url)>,
    /// Ours, the provider's, and the credentials.
    headers: HeaderMap,
    /// Which of them the settings name; they win over the dialect's.
    named: Vec<HeaderName>,
    /// The header that the key goes in.
    key_header: Option<HeaderName>,
    has_credentials: bool,
    needs_credentials: bool,
    key_variables: Vec<String>,
    /// `None` where the headers are all there is.
    authoriser: Option<Authoriser>,
    /// Who is asked instead when this one cannot be reached.
    pub(crate) fallback: Option<String>,
    /// Who answers; `None` where an HTTP server does.
    pub(crate) backend: Option<Arc<dyn Backend>>,
}

/// One call to one provider, ready to be sent as often as it takes.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) provider: Arc<Provider>,
    pub(crate) model: String,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) dropped: Vec<UnsupportedField>,
    pub(crate) secrets: Secrets,
    /// Whether the answer is to come in pieces.
    pub(crate) stream: bool,
    /// What the caller gave for a backend of its own.
    pub(crate) context: Option<Context>,
    /// Whether each attempt is authorised; not where the call brings credentials of its own.
    authorised: bool,
    /// The same call to the provider that is asked when this one cannot be reached.
    pub(crate) fallback: Option<Box<Target>>,
}

impl Provider {
    pub(crate) fn new(
        settings: &ProviderSettings,
        dialect: &'static dyn Dialect,
        tls: Arc<Tls>,
    ) -> Result<Self, String> {
        let id = &settings.id;
        let backend = settings.backend.clone().or_else(|| process::of(settings, dialect.name()));
        // A backend has no address.
        let address = if backend.is_some() { NOWHERE } else { &settings.base_url };
        let mut base = parse_base(address).map_err(|why| format!("provider `{id}`: base_url {why}"))?;
        let mut secrets = Secrets::default();
        for (name, value) in &settings.query {
            base.query_pairs_mut().append_pair(name, value);
            secrets.add_header(name, value);
        }
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(OUR_NAME));
        let prepared = credentials::prepare(settings, dialect.key_header(), &base, &tls, &mut secrets)
            .map_err(|why| format!("provider `{id}`: {why}"))?;
        let key_header = prepared.header.as_ref().map(|(name, _)| name.clone());
        headers.extend(prepared.header);
        let mut named = Vec::new();
        for (name, value) in &settings.headers {
            let (name, value) =
                header(name, value, &mut secrets).map_err(|why| format!("provider `{id}`: {why}"))?;
            headers.insert(name.clone(), value);
            named.push(name);
        }
        Ok(Self {
            id: id.as_str().into(),
            settings: settings.clone(),
            dialect,
            quirks: settings.quirks.clone().of(id),
            pool: Pool::new(tls, base.scheme() == "https"),
            secrets,
            usual: OnceLock::new(),
            has_credentials: carries_credentials(&headers, key_header.as_ref()),
            needs_credentials: !prepared.optional && !settings.key_variables.is_empty(),
            key_header,
            authoriser: prepared.authoriser,
            fallback: settings.fallback.clone(),
            backend,
            headers,
            named,
            base,
            key_variables: settings.key_variables.clone(),
        })
    }

    /// Makes `call` ready.
    pub(crate) fn prepare(self: &Arc<Self>, call: &Call) -> Result<Target, Failure> {
        let options = self.encode_options(&call.options);
        let request = self.own(&call.request);
        let encoded = self.dialect.encode_request(&request, options).map_err(Failure::Unsupported)?;
        let accept = call.request.stream.then(|| self.dialect.stream_media_types().first().copied());
        self.prepare_encoded(encoded, &call.request.model, &call.options, accept.flatten())
    }

    /// `request` with no proofs of reasoning but those that its model here takes back.
    pub(crate) fn own<'a>(&self, request: &'a Request) -> Cow<'a, Request> {
        signer::for_signer(request, &self.dialect.signer(&self.id, &request.model))
    }

    pub(crate) fn encode_options(&self, options: &CallOptions) -> EncodeOptions<'_> {
        EncodeOptions { drop_unsupported: options.drop_params, quirks: &self.quirks }
    }

    /// Makes what was encoded for `model` ready. `streamed_as`: the media type that a stream is asked for as.
    pub(crate) fn prepare_encoded(
        self: &Arc<Self>,
        encoded: EncodedRequest,
        model: &str,
        options: &CallOptions,
        streamed_as: Option<&'static str>,
    ) -> Result<Target, Failure> {
        let mut target = self.target(Method::POST, self.address(&encoded.path)?)?;
        model.clone_into(&mut target.model);
        target.stream = streamed_as.is_some();
        target.context.clone_from(&options.context);
        target.body = Bytes::from(encoded.body);
        target.dropped = encoded.dropped;
        target.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(streamed_as) = streamed_as {
            target.headers.entry(ACCEPT).or_insert(HeaderValue::from_static(streamed_as));
            // A compressed stream comes when the compressor pleases.
            target.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        for (name, value) in encoded.headers {
            let name = HeaderName::from_static(name);
            if !self.named.contains(&name) {
                let value = HeaderValue::try_from(value)
                    .map_err(|_| Failure::Config(format!("the header {name} cannot be sent")))?;
                target.headers.insert(name, value);
            }
        }
        self.add_options(&mut target, options)?;
        Ok(target)
    }

    /// Makes a request ready whose body no dialect writes: what only one provider has.
    pub(crate) fn prepare_raw(self: &Arc<Self>, call: &RawCall) -> Result<Target, Failure> {
        let mut target = self.target(call.method.clone(), self.join(&call.path)?)?;
        call.model.clone_into(&mut target.model);
        target.body = call.body.clone();
        if let Some(content_type) = &call.content_type {
            let content_type = HeaderValue::try_from(content_type)
                .map_err(|_| Failure::Config("the content type cannot be sent".to_owned()))?;
            target.headers.insert(CONTENT_TYPE, content_type);
        }
        self.add_options(&mut target, &call.options)?;
        Ok(target)
    }

    fn add_options(&self, target: &mut Target, options: &CallOptions) -> Result<(), Failure> {
        for (name, value) in &options.headers {
            let (name, value) = header(name, value, &mut target.secrets).map_err(Failure::Config)?;
            target.headers.insert(name, value);
        }
        if !options.query.is_empty() {
            target.url.query_pairs_mut().extend_pairs(&options.query);
        }
        self.check_credentials(target)
    }

    /// Makes the request for a list ready.
    pub(crate) fn prepare_list(
        self: &Arc<Self>,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Target, Failure> {
        let mut target = self.target(Method::GET, self.join(path)?)?;
        if !query.is_empty() {
            target.url.query_pairs_mut().extend_pairs(query);
        }
        self.check_credentials(&mut target)?;
        Ok(target)
    }

    fn target(self: &Arc<Self>, method: Method, url: Url) -> Result<Target, Failure> {
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 6);
        headers.extend(self.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        Ok(Target {
            provider: Arc::clone(self),
            model: String::new(),
            method,
            url,
            headers,
            body: Bytes::new(),
            dropped: Vec::new(),
            secrets: Secrets::default(),
            stream: false,
            context: None,
            authorised: false,
            fallback: None,
        })
    }

    /// Takes every secret of the provider out of `failure`.
    pub(crate) fn mask(&self, failure: &mut Failure) {
        self.secrets.mask_failure(failure);
    }

    /// A call goes out with its own credentials, the provider's headers, or what it is authorised with.
    fn check_credentials(&self, target: &mut Target) -> Result<(), Failure> {
        if self.has_credentials || carries_credentials(&target.headers, self.key_header.as_ref()) {
            return Ok(());
        }
        target.authorised = self.authoriser.is_some();
        if target.authorised || !self.needs_credentials {
            return Ok(());
        }
        let (id, variables) = (&self.id, self.key_variables.join(" or "));
        Err(Failure::Config(format!("no key for provider `{id}`: set {variables}, or give it an api_key")))
    }

    fn address(&self, path: &str) -> Result<Url, Failure> {
        match self.usual.get() {
            Some((usual, url)) if usual == path => Ok(url.clone()),
            _ => {
                let url = self.join(path)?;
                // A second first call at the same time made the same address.
                let _ = self.usual.set((path.to_owned(), url.clone()));
                Ok(url)
            }
        }
    }

    /// `https://host/v1?api=2` and `/models` make `https://host/v1/models?api=2`.
    fn join(&self, path: &str) -> Result<Url, Failure> {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let mut url = self.base.clone();
        let joined = dialect::shared::join(url.path(), path);
        url.set_path(&joined);
        if let Some(query) = query {
            let query = url.query().map_or_else(|| query.to_owned(), |base| format!("{base}&{query}"));
            url.set_query(Some(&query));
        }
        Ok(url)
    }
}

/// Its address may have secrets in its query.
impl fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Provider")
            .field("id", &self.id)
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// What the next attempt is authorised with beside its headers; `None` where they are all there is.
    pub(crate) async fn grant(&self, limits: Limits) -> Result<Option<Grant>, Failure> {
        let Some(authoriser) = self.provider.authoriser.as_ref().filter(|_| self.authorised) else {
            return Ok(None);
        };
        // Boxed, as few calls need it and all would carry its size.
        let grant = tokio::time::timeout(limits.remaining(), Box::pin(authoriser.grant())).await;
        let grant = grant.map_err(|_| Failure::Timeout(TimeoutKind::Total))?;
        grant.map(Some).map_err(|error| error.into_failure(&self.provider.id))
    }

    /// Whose proofs of reasoning its answer has.
    pub(crate) fn signer(&self) -> Cow<'_, str> {
        self.provider.dialect.signer(&self.provider.id, &self.model)
    }

    /// A request to `url` that follows this one. Credentials go to the same origin only.
    pub(crate) fn follow(&self, method: Method, url: &Url, accept: Option<&'static str>) -> Self {
        let mut target = self.clone();
        if url.origin() != self.url.origin() {
            target.headers.clear();
            target.headers.insert(USER_AGENT, HeaderValue::from_static(OUR_NAME));
        }
        for name in [CONTENT_TYPE, ACCEPT, HeaderName::from_static("prefer")] {
            target.headers.remove(name);
        }
        if let Some(accept) = accept {
            target.headers.insert(ACCEPT, HeaderValue::from_static(accept));
        }
        target.method = method;
        target.url = url.clone();
        target.body = Bytes::new();
        target
    }

    /// The call as its fallback gets it; the same where there is none.
    pub(crate) fn into_fallback(mut self) -> Self {
        self.fallback.take().map_or(self, |fallback| *fallback)
    }

    /// Whether another attempt, authorised anew, may do better than the one with `grant` that ended with `failure`.
    pub(crate) fn renew(&self, grant: &Grant, failure: &Failure) -> bool {
        self.provider.authoriser.as_ref().is_some_and(|authoriser| authoriser.renew(grant, failure))
    }

    /// Takes every secret of the provider and of this call out of `failure`.
    pub(crate) fn mask(&self, failure: &mut Failure) {
        self.provider.mask(failure);
        self.secrets.mask_failure(failure);
    }

    /// The call ends with `failure`.
    pub(crate) fn error(&self, failure: Failure, attempts: Vec<Attempt>) -> CallError {
        CallError { failure, provider: self.provider.id.to_string(), model: self.model.clone(), attempts }
    }
}

fn parse_base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err("has to begin with http:// or https:// and a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name or password in it; use api_key or headers".to_owned());
    }
    Ok(url)
}

fn carries_credentials(headers: &HeaderMap, key: Option<&HeaderName>) -> bool {
    CREDENTIALS.iter().chain(key).any(|name| headers.contains_key(name))
}

/// A header somebody else named; its value may be a secret.
fn header(name: &str, value: &str, secrets: &mut Secrets) -> Result<(HeaderName, HeaderValue), String> {
    let name = HeaderName::try_from(name).map_err(|_| format!("{name:?} is no header name"))?;
    let mut value_ = HeaderValue::try_from(value)
        .map_err(|_| format!("the value of header {name} has characters that no header can carry"))?;
    value_.set_sensitive(true);
    secrets.add_header(name.as_str(), value);
    Ok((name, value_))
}
