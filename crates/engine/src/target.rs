//! Targets: one call's request prepared for one provider, ready to be sent as often as needed.

use crate::{
    admission::{Admitted, Measured},
    backend::Context,
    credentials::Grant,
    error::CallError,
    failure::Failure,
    keys::{Access, KeyInUse, KeyRing},
    provider::{Provider, USER_AGENT_VALUE},
    reply::Attempt,
    reported::Reported,
    secrets::{Secret, Secrets},
    target_state::{self, TargetState},
    timeout::Limits,
};
use bytes::Bytes;
use ferrule_catalog::UsageRecord;
use ferrule_wire::{encode::UnsupportedField, rate_limits};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
};
use std::{
    borrow::Cow,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use url::Url;

/// One call's request to one provider, ready to be sent as often as needed.
#[derive(Clone, Debug)]
pub struct Target {
    pub(crate) provider: Arc<Provider>,
    pub(crate) model: String,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// The headers set by the call, if that matters for credentials.
    pub(crate) own_headers: Vec<HeaderName>,
    pub(crate) body: Bytes,
    pub(crate) dropped: Vec<UnsupportedField>,
    pub(crate) secrets: Secrets,
    /// Whether the response should be streamed.
    pub(crate) stream: bool,
    /// The caller's context for a custom backend.
    pub(crate) context: Option<Context>,
    /// Whether each attempt is authorised; not if the call brings its own credentials.
    pub(crate) authorised: bool,
    /// Whether the target should continue a partial answer rather than begin anew.
    pub(crate) continues: bool,
    /// The usage that the current attempt has reported.
    pub(crate) reported: Reported,
    /// The key for the next attempt, if the provider has several.
    pub(crate) key: Option<KeyChoice>,
    /// State kept between calls.
    pub(crate) state: Option<Arc<TargetState>>,
    /// The maximum usage of the request, if a limit or a budget depends on it.
    pub(crate) measured: Option<Box<Measured>>,
    /// The current attempt's admission, if there are limits or budgets.
    pub(crate) admitted: Option<Arc<Admitted>>,
}

/// One of several keys of a provider, for an attempt.
#[derive(Clone, Debug)]
pub(crate) struct KeyChoice {
    ring: Arc<KeyRing>,
    index: usize,
    /// The key itself, once fetched.
    access: Option<Access>,
}

impl Target {
    /// The provider.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The provider's name of the model; empty if the call has none.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The authorisation of the next attempt in addition to its headers; `None` if the headers suffice.
    pub(crate) async fn grant(&self, limits: Limits) -> Result<Option<Grant>, Failure> {
        let Some(credentials) = self.provider.credentials.as_ref().filter(|_| self.authorised) else {
            return Ok(None);
        };
        // Boxed, as few calls need it and all would carry its size.
        let grant = tokio::time::timeout(limits.remaining(), Box::pin(credentials.grant())).await;
        let grant = grant.map_err(|_| limits.expired())?;
        grant.map(Some).map_err(|error| error.into_failure(&self.provider.id))
    }

    /// Chooses a key of `ring` for the next attempt.
    pub(crate) fn choose_key(&mut self, ring: &Arc<KeyRing>, key: &KeyInUse) {
        self.key = Some(KeyChoice { ring: Arc::clone(ring), index: key.index(), access: None });
    }

    /// Adds the chosen key to the headers, fetching it if necessary.
    pub(crate) async fn put_key(&mut self, limits: Limits) -> Result<(), Failure> {
        let Some(choice) = &mut self.key else { return Ok(()) };
        // Boxed, as few calls need it and all would carry its size.
        let access = Box::pin(choice.ring.access(choice.index));
        let access = tokio::time::timeout(limits.remaining(), access).await;
        let access = access.map_err(|_| limits.expired())?;
        let access = access.map_err(|error| error.into_failure(&self.provider.id))?;
        let (name, value) = access.header().clone();
        self.headers.insert(name, value);
        access.add_secrets(&mut self.secrets);
        choice.access = Some(access);
        Ok(())
    }

    /// The key that the last attempt used, masked.
    pub(crate) fn key_shown(&self) -> Option<&Arc<str>> {
        match &self.key {
            Some(choice) => choice.access.as_ref().map(Access::shown),
            None => self.provider.key_shown(&self.own_headers),
        }
    }

    /// The key itself, for backends.
    pub(crate) fn key_secret(&self) -> Option<Secret> {
        match &self.key {
            Some(choice) => choice.access.as_ref().map(|access| access.secret().clone()),
            None => self.provider.settings.api_key.clone(),
        }
    }

    /// Whether the key was fetched, so that it may have changed since.
    pub(crate) fn has_fetched_key(&self) -> bool {
        self.key.as_ref().and_then(|choice| choice.access.as_ref()).is_some_and(Access::was_fetched)
    }

    /// Whether a retry with new authorisation may help after the attempt with `grant` ended with `failure`.
    pub(crate) async fn renew(&self, grant: Option<&Grant>, failure: &Failure, limits: Limits) -> bool {
        // Boxed, as few calls need it and all would carry its size.
        let renewed = Box::pin(async {
            if let Some(KeyChoice { ring, index, access: Some(access) }) = &self.key
                && ring.renew(*index, access, failure).await
            {
                return true;
            }
            match self.provider.credentials.as_ref().zip(grant) {
                Some((credentials, grant)) => credentials.renew(grant, failure).await,
                None => false,
            }
        });
        tokio::time::timeout(limits.remaining(), renewed).await.unwrap_or(false)
    }

    /// Records the provider's rate limits from response headers.
    pub(crate) fn note_limits(&self, headers: &HeaderMap) {
        if self.state.is_none() && self.admitted.is_none() {
            return;
        }
        let headers = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let report = rate_limits::read(headers, i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
        if report.is_empty() {
            return;
        }
        if let Some(admitted) = &self.admitted {
            admitted.note_limits(&report);
        }
        let Some(state) = &self.state else { return };
        let report = match &self.key {
            Some(KeyChoice { ring, index, .. }) => ring.report(&self.model, *index, &report),
            None => report,
        };
        state.statistics().limits(target_state::now(), &report);
    }

    /// The signer of the proofs of reasoning in its response.
    pub(crate) fn signer(&self) -> Cow<'_, str> {
        self.provider.dialect.signer(&self.provider.id, &self.model)
    }

    /// The media type to assume for a backend's answer.
    pub(crate) fn answer_media_type(&self) -> &'static str {
        match self.provider.dialect.stream_media_types().first() {
            Some(streamed) if self.stream => streamed,
            _ => "application/json",
        }
    }

    /// A follow-up request to `url`, without the headers named in `dropped`. Credentials are sent to the same origin
    /// only.
    pub(crate) fn follow(
        &self,
        method: Method,
        url: &Url,
        accept: Option<&'static str>,
        dropped: &[&str],
    ) -> Self {
        let mut target = self.clone();
        if url.origin() != self.url.origin() {
            target.headers.clear();
            target.headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_VALUE));
        }
        for name in [CONTENT_TYPE.as_str(), ACCEPT.as_str()].iter().chain(dropped) {
            target.headers.remove(*name);
        }
        if let Some(accept) = accept {
            target.headers.insert(ACCEPT, HeaderValue::from_static(accept));
        }
        target.method = method;
        target.url = url.clone();
        target.body = Bytes::new();
        target
    }

    /// Masks every secret of the provider and of this call in `failure`.
    pub(crate) fn mask(&self, failure: &mut Failure) {
        self.provider.mask(failure);
        self.secrets.mask_failure(failure);
    }

    /// A usage record of the request, without the usage.
    pub(crate) fn record(&self) -> UsageRecord {
        UsageRecord {
            provider: self.provider.id.to_string(),
            asked: self.model.clone(),
            ..UsageRecord::default()
        }
    }

    /// The call's error after `failure`.
    pub(crate) fn error(&self, failure: Failure, attempts: Vec<Attempt>) -> CallError {
        CallError { attempts, ..CallError::unsent(failure, &self.provider.id, &self.model) }
    }
}
