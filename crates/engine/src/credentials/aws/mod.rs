//! Amazon credentials: the identity (`chain`), and the signature of each request (`sign`).

mod chain;
mod key;
mod process;
mod profile;
mod settings;
mod sign;
mod sso;

pub(crate) use key::Key;
pub use settings::AwsSettings;

use super::{
    CredentialsError,
    cache::{Cache, Fetched, Held},
    clock,
    exchange::Exchange,
};
use crate::{failure::Failure, net::RequestHead, secrets::Secrets};
use http::{
    HeaderMap,
    header::{CONTENT_TYPE, DATE},
};
use secrecy::ExposeSecret;
use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};
use url::Url;

/// Amazon accepts requests whose time is within five minutes of its own; a much smaller difference is not treated as
/// skew.
const SKEW_SECONDS: i64 = 60;

/// Error codes that refuse a signature because of its time (`docs/wire/bedrock.md`, section 6; `RequestExpired` comes
/// from other Amazon services).
const SKEWED: [&str; 4] =
    ["InvalidSignatureException", "RequestTimeTooSkewed", "RequestExpired", "SignatureDoesNotMatch"];

/// Error codes that refuse credentials which were valid when they were fetched.
const EXPIRED: [&str; 4] =
    ["ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId"];

/// Signs requests.
pub(crate) struct Signer {
    keys: Cache<SigningKey>,
    service: Arc<str>,
    /// How many seconds the server's clock is ahead of ours.
    skew: AtomicI64,
}

/// A key, and its region.
pub(crate) struct SigningKey {
    key: Key,
    region: String,
}

/// The signing key of one attempt.
pub(crate) struct Grant {
    held: Arc<Held<SigningKey>>,
    /// Whether it was cached before this attempt.
    cached: bool,
    service: Arc<str>,
    skew: i64,
    /// The server's time in a refusing response.
    server_time: OnceLock<i64>,
}

impl Signer {
    pub(crate) fn new(settings: AwsSettings, base: &Url, exchange: Arc<Exchange>) -> Self {
        let service = settings.service().into();
        let of_address = region_of(base);
        let keys = Cache::new(move || {
            let (settings, exchange) = (settings.clone(), Arc::clone(&exchange));
            let of_address = of_address.clone();
            async move {
                let region = match settings.region.clone().or(of_address) {
                    Some(region) => Some(region),
                    None => settings.find_region(&exchange.environment).await,
                };
                let region = region
                    .ok_or_else(|| CredentialsError::missing("no region: give one, or set AWS_REGION"))?;
                let Fetched { value: key, lifetime } = chain::find(&settings, &region, &exchange).await?;
                Ok(Fetched { value: SigningKey { key, region }, lifetime })
            }
        });
        Self { keys, service, skew: AtomicI64::new(0) }
    }

    pub(crate) async fn grant(&self) -> Result<Grant, CredentialsError> {
        let (held, cached) = self.keys.get().await?;
        let skew = self.skew.load(Ordering::Relaxed);
        Ok(Grant { held, cached, service: Arc::clone(&self.service), skew, server_time: OnceLock::new() })
    }

    /// Whether a retry may help after the attempt signed with `grant` ended with `failure`.
    pub(crate) fn renew(&self, grant: &Grant, failure: &Failure) -> bool {
        let Failure::Provider(error) = failure else { return false };
        let code = error.code.as_deref().or(error.error_type.as_deref()).unwrap_or_default();
        let names =
            |codes: &[&str]| codes.iter().any(|name| code.contains(name) || error.message.contains(name));
        if !matches!(error.status, Some(400 | 401 | 403)) {
            return false;
        }
        let ours = i64::try_from(clock::now()).unwrap_or(i64::MAX);
        if let Some(ahead) = grant.server_time.get().map(|theirs| theirs.saturating_sub(ours))
            && (ahead - grant.skew).abs() > SKEW_SECONDS
            && (names(&SKEWED) || error.message.contains("Signature expired"))
        {
            self.skew.store(ahead, Ordering::Relaxed);
            return true;
        }
        if grant.cached && names(&EXPIRED) {
            self.keys.invalidate(&grant.held);
            return true;
        }
        false
    }
}

impl Grant {
    /// Signs `request`.
    pub(crate) fn apply(&self, request: &mut RequestHead, body: &[u8]) -> Result<(), String> {
        let offset = Duration::from_secs(self.skew.unsigned_abs());
        let ours = SystemTime::now();
        let time = if self.skew < 0 { ours.checked_sub(offset) } else { ours.checked_add(offset) };
        let SigningKey { key, region } = &self.held.value;
        let (method, url) = (request.method.clone(), request.url.clone());
        let content_type = request.headers.get(CONTENT_TYPE).cloned();
        let content_type = content_type.as_ref().and_then(|value| value.to_str().ok());
        let headers: Vec<_> = content_type.map(|value| ("content-type", value)).into_iter().collect();
        let unsigned = sign::Unsigned { method: method.as_str(), url: url.as_str(), headers: &headers, body };
        let scope = sign::Scope { region, service: &self.service, time: time.unwrap_or(ours) };
        for (name, value) in sign::sign(&unsigned, &scope, key)? {
            request.headers.insert(name, value);
        }
        Ok(())
    }

    /// Records the server's time.
    pub(crate) fn refused(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let parsed = date.map(|date| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date));
        if let Some(Ok(time)) = parsed {
            // Only the first refusal of an attempt counts.
            let _ = self.server_time.set(time.as_second());
        }
    }

    /// Where the signing key was found.
    pub(crate) fn origin(&self) -> &str {
        &self.held.value.key.origin
    }

    pub(crate) fn add_secrets(&self, secrets: &mut Secrets) {
        let key = &self.held.value.key;
        secrets.add(key.secret.expose_secret());
        if let Some(token) = &key.token {
            secrets.add(token.expose_secret());
        }
    }
}

/// `bedrock-runtime.eu-west-1.amazonaws.com` is in `eu-west-1`, where a signature for another region is refused.
fn region_of(base: &Url) -> Option<String> {
    let host = base.host_str()?;
    let (before, _) = [".amazonaws.", ".api.aws", ".c2s.ic.gov", ".sc2s.sgov.gov"]
        .iter()
        .find_map(|suffix| host.split_once(suffix))?;
    let region = before.rsplit('.').next()?;
    (before != region && region.contains('-')).then(|| region.to_owned())
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Signer").field("service", &self.service).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_read_from_the_address() {
        let region = |url: &str| region_of(&Url::parse(url).unwrap());
        for (url, expected) in [
            ("https://bedrock-runtime.us-east-1.amazonaws.com", Some("us-east-1")),
            ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com/x", Some("us-gov-west-1")),
            ("https://bedrock-runtime.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("https://bedrock-runtime.eu-west-1.api.aws", Some("eu-west-1")),
            ("https://vpce-1-2.bedrock-runtime.eu-west-1.vpce.amazonaws.com", None),
            ("http://127.0.0.1:8080", None),
            ("https://amazonaws.com", None),
        ] {
            assert_eq!(region(url).as_deref(), expected, "{url}");
        }
    }
}
