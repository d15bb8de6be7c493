//! Targets: one call made ready for one provider, to be sent as often as it takes.

use crate::{
    backend::Context,
    credentials::Grant,
    error::CallError,
    failure::{Failure, TimeoutKind},
    provider::{Provider, USER_AGENT_VALUE},
    reply::Attempt,
    reported::Reported,
    secrets::Secrets,
    timeout::Limits,
};
use bytes::Bytes;
use ferrule_catalog::UsageRecord;
use ferrule_wire::encode::UnsupportedField;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
};
use std::{borrow::Cow, sync::Arc};
use url::Url;

/// One call to one provider, ready to be sent as often as it takes.
#[derive(Clone, Debug)]
pub struct Target {
    pub(crate) provider: Arc<Provider>,
    pub(crate) model: String,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// Which of them are the call's own, where that matters to its credentials.
    pub(crate) own_headers: Vec<HeaderName>,
    pub(crate) body: Bytes,
    pub(crate) dropped: Vec<UnsupportedField>,
    pub(crate) secrets: Secrets,
    /// Whether the response is to be streamed.
    pub(crate) stream: bool,
    /// What the caller gave for a backend of its own.
    pub(crate) context: Option<Context>,
    /// Whether each attempt is authorised; not where the call brings credentials of its own.
    pub(crate) authorised: bool,
    /// Whether an answer that began elsewhere is to be continued rather than begun anew.
    pub(crate) continues: bool,
    /// What the attempt under way reported that it used.
    pub(crate) reported: Reported,
}

impl Target {
    /// The provider that is asked.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Its name of the model; empty where the call concerns none.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What the next attempt is authorised with in addition to its headers; `None` where they are all there is.
    pub(crate) async fn grant(&self, limits: Limits) -> Result<Option<Grant>, Failure> {
        let Some(credentials) = self.provider.credentials.as_ref().filter(|_| self.authorised) else {
            return Ok(None);
        };
        // Boxed, as few calls need it and all would carry its size.
        let grant = tokio::time::timeout(limits.remaining(), Box::pin(credentials.grant())).await;
        let grant = grant.map_err(|_| Failure::Timeout(TimeoutKind::Total))?;
        grant.map(Some).map_err(|error| error.into_failure(&self.provider.id))
    }

    /// Whether another attempt, authorised anew, may do better than the one with `grant` that ended with `failure`.
    pub(crate) async fn renew(&self, grant: Option<&Grant>, failure: &Failure, limits: Limits) -> bool {
        let Some((credentials, grant)) = self.provider.credentials.as_ref().zip(grant) else { return false };
        let renewed = Box::pin(credentials.renew(grant, failure));
        tokio::time::timeout(limits.remaining(), renewed).await.unwrap_or(false)
    }

    /// Whose proofs of reasoning its response has.
    pub(crate) fn signer(&self) -> Cow<'_, str> {
        self.provider.dialect.signer(&self.provider.id, &self.model)
    }

    /// What a backend's answer is to be read as.
    pub(crate) fn answer_media_type(&self) -> &'static str {
        match self.provider.dialect.stream_media_types().first() {
            Some(streamed) if self.stream => streamed,
            _ => "application/json",
        }
    }

    /// A request to `url` that follows this one, without the headers named in `dropped`. Credentials go to the same
    /// origin only.
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

    /// Takes every secret of the provider and of this call out of `failure`.
    pub(crate) fn mask(&self, failure: &mut Failure) {
        self.provider.mask(failure);
        self.secrets.mask_failure(failure);
    }

    /// A usage record of what it is asked, of which only what was used is still to be filled in.
    pub(crate) fn record(&self) -> UsageRecord {
        UsageRecord {
            provider: self.provider.id.to_string(),
            asked: self.model.clone(),
            ..UsageRecord::default()
        }
    }

    /// The call ends with `failure`.
    pub(crate) fn error(&self, failure: Failure, attempts: Vec<Attempt>) -> CallError {
        CallError { failure, provider: self.provider.id.to_string(), model: self.model.clone(), attempts }
    }
}
