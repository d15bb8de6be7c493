//! Token endpoints and metadata services: requests to those who hand out credentials.
//!
//! They use the engine's TLS settings and the environment's proxies. A metadata service is a machine's own: it is asked
//! directly, whatever proxy is set, and given up soon, as most machines have none.

use super::{CredentialsError, Environment};
use crate::{
    cause,
    tls::{self, Tls},
};
use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode};
use reqwest::{Client, ClientBuilder, Url};
use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

const ANSWER_BYTES: usize = 1 << 20;
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(20);
const METADATA_CONNECT: Duration = Duration::from_secs(1);
const METADATA_WHOLE: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_millis(200);

/// Names of metadata services whose address does not say that they are one: Amazon's (`docs/wire/bedrock.md`, section
/// 7), Google's.
const METADATA_HOSTS: [&str; 3] = ["[fd00:ec2::23]", "[fd00:ec2::254]", "metadata.google.internal"];

/// Asks token endpoints and metadata services.
pub(crate) struct Exchange {
    tls: Arc<Tls>,
    pub(crate) environment: Environment,
    outer: OnceLock<Result<Client, String>>,
    metadata: OnceLock<Result<Client, String>>,
}

impl Exchange {
    pub(crate) fn new(tls: Arc<Tls>, environment: Environment) -> Self {
        Self { tls, environment, outer: OnceLock::new(), metadata: OnceLock::new() }
    }

    /// The answer to `request`, whatever its status; repeated where nothing or an overloaded server answers.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, CredentialsError> {
        let (head, body) = request.into_parts();
        let mut url = Url::parse(&head.uri.to_string()).map_err(|error| {
            CredentialsError::missing(format!("an address for credentials is not a valid URL: {error}"))
        })?;
        let metadata = self.is_metadata(&url);
        if let Some(instead) = self.environment.endpoint(&cause::origin(&url)) {
            url = moved(&url, instead).ok_or_else(|| {
                CredentialsError::missing(format!("the endpoint {instead:?} is not a valid URL"))
            })?;
        }
        let client = self.client(metadata)?;
        let mut headers = head.headers;
        // Most carry a secret, whatever their names; what logs requests leaves out the values of such.
        headers.values_mut().for_each(|value| value.set_sensitive(true));
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut request = reqwest::Request::new(head.method.clone(), url.clone());
            *request.headers_mut() = headers.clone();
            *request.body_mut() = Some(body.clone().into());
            let result = match client.execute(request).await {
                Ok(response) => answer(response, &url).await,
                Err(error) => {
                    Err(CredentialsError::unreachable(cause::unanswered(&error, &url).failure.to_string()))
                }
            };
            let again = result.as_ref().map_or(!metadata, |answer| is_busy(answer.status()));
            if !again || attempt == ATTEMPTS {
                return result;
            }
            // Up to half less: those who failed together should not come back together.
            let delay = FIRST_DELAY * (1 << attempt) / 2;
            tokio::time::sleep(delay.mul_f64(1.0 - 0.5 * fastrand::f64())).await;
        }
    }

    /// Whether `url` is a service of this machine, or of what it runs on.
    fn is_metadata(&self, url: &Url) -> bool {
        let Some(host) = url.host_str().filter(|_| url.scheme() == "http") else { return false };
        match host.trim_matches(['[', ']']).parse() {
            Ok(IpAddr::V4(address)) if address.is_loopback() || address.is_link_local() => return true,
            Ok(IpAddr::V6(address)) if address.is_loopback() => return true,
            _ => {}
        }
        METADATA_HOSTS.contains(&host)
            || self
                .environment
                .variable("GCE_METADATA_HOST")
                .is_some_and(|google| google.split(':').next() == Some(host))
    }

    fn client(&self, metadata: bool) -> Result<&Client, CredentialsError> {
        let built = if metadata {
            self.metadata.get_or_init(|| {
                let client = Client::builder().no_proxy().tls_backend_preconfigured(tls::unused()?);
                build(client.connect_timeout(METADATA_CONNECT).timeout(METADATA_WHOLE))
            })
        } else {
            self.outer.get_or_init(|| {
                let client = Client::builder().tls_backend_preconfigured(self.tls.config()?);
                build(client.connect_timeout(CONNECT).timeout(WHOLE))
            })
        };
        built.as_ref().map_err(CredentialsError::missing)
    }
}

fn build(client: ClientBuilder) -> Result<Client, String> {
    client
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        // Asked once an hour; a connection is not worth keeping.
        .pool_max_idle_per_host(0)
        .build()
        .map_err(|error| format!("cannot prepare connections: {}", error.without_url()))
}

async fn answer(mut response: reqwest::Response, url: &Url) -> Result<Response<Bytes>, CredentialsError> {
    let place = cause::origin(url);
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                return Err(CredentialsError::refused(format!(
                    "the answer of {place} is longer than {ANSWER_BYTES} bytes"
                )));
            }
            Ok(None) => break,
            Err(error) => {
                return Err(CredentialsError::unreachable(format!("{place}: {}", cause::broken(&error))));
            }
        }
    }
    let mut answer = Response::new(body.freeze());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    Ok(answer)
}

fn is_busy(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// `url` at another origin.
fn moved(url: &Url, origin: &str) -> Option<Url> {
    let mut moved = Url::parse(origin).ok()?;
    moved.set_path(url.path());
    moved.set_query(url.query());
    Some(moved)
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Exchange").field("environment", &self.environment).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TransportSettings;

    #[test]
    fn what_this_machine_runs_on_is_told_from_the_rest() {
        let tls = Arc::new(Tls::read(&TransportSettings::default()).unwrap());
        let exchange =
            Exchange::new(tls, Environment::from_variables([("GCE_METADATA_HOST", "metadata.test:81")]));
        for (url, expected) in [
            ("http://169.254.169.254/latest", true),
            ("http://169.254.170.2/", true),
            ("http://127.0.0.1:41234/msi/token", true),
            ("http://[::1]/", true),
            ("http://[fd00:ec2::23]/v1/credentials", true),
            ("http://metadata.google.internal/computeMetadata", true),
            ("http://metadata.test:81/computeMetadata", true),
            ("https://169.254.169.254/", false),
            ("http://10.0.0.1/", false),
            ("https://sts.amazonaws.com/", false),
            ("http://metadata.google.internal.example/", false),
        ] {
            assert_eq!(exchange.is_metadata(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn another_origin_keeps_the_path_and_the_query() {
        let url = Url::parse("https://sts.amazonaws.com/a%2Fb?c=d+e").unwrap();
        assert_eq!(moved(&url, "http://127.0.0.1:8").unwrap().as_str(), "http://127.0.0.1:8/a%2Fb?c=d+e");
        assert!(moved(&url, "nowhere").is_none());
    }
}
