//! Token endpoints and metadata services: requests to the issuers of credentials.
//!
//! They use the engine's TLS settings and the environment's proxies. A metadata service belongs to the machine: it is
//! contacted directly, whatever proxy is set, and abandoned soon, as most machines have none.

use super::{CredentialsError, Environment};
use crate::{
    cause,
    net::{Client, ClientSettings, Proxies, RequestHead, ResponseBody, bare_host},
    tls::{self, Tls},
};
use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode, header::PROXY_AUTHORIZATION, response::Parts};
use http_body_util::Full;
use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use url::Url;

const ANSWER_BYTES: usize = 1 << 20;
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(20);
const METADATA_CONNECT: Duration = Duration::from_secs(1);
const METADATA_WHOLE: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_millis(200);

/// Hosts of metadata services that their address does not reveal: Amazon's (`docs/wire/bedrock.md`, section 7),
/// Google's.
const METADATA_HOSTS: [&str; 3] = ["[fd00:ec2::23]", "[fd00:ec2::254]", "metadata.google.internal"];

/// The client of token endpoints and metadata services.
pub(crate) struct Exchange {
    tls: Arc<Tls>,
    pub(crate) environment: Environment,
    outer: OnceLock<Result<Client<Full<Bytes>>, String>>,
    metadata: OnceLock<Result<Client<Full<Bytes>>, String>>,
}

impl Exchange {
    pub(crate) fn new(tls: Arc<Tls>, environment: Environment) -> Self {
        Self { tls, environment, outer: OnceLock::new(), metadata: OnceLock::new() }
    }

    /// The response to `request`, whatever its status; retried if there is none or the server is overloaded.
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
        let proxies = if metadata { Proxies::none() } else { Proxies::from_environment() };
        let limit = if metadata { METADATA_WHOLE } else { WHOLE };
        let mut headers = head.headers;
        // Most carry a secret, whatever their names; loggers of requests leave out the values of sensitive headers.
        headers.values_mut().for_each(|value| value.set_sensitive(true));
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (method, mut headers) = (head.method.clone(), headers.clone());
            if let Some(authorization) = proxies.authorization(&url).map_err(CredentialsError::missing)? {
                headers.insert(PROXY_AUTHORIZATION, authorization);
            }
            let request = RequestHead { method, url: url.clone(), headers };
            let request = request
                .with_body(Full::new(body.clone()))
                .map_err(|failure| CredentialsError::missing(failure.to_string()))?;
            // Boxed, as few calls need it and all would carry its size.
            let asked = Box::pin(send_request(client, request, &url, body.len()));
            let result = tokio::time::timeout(limit, asked).await.unwrap_or_else(|_| {
                Err(CredentialsError::unreachable(format!(
                    "no answer from {} within {} s",
                    cause::origin(&url),
                    limit.as_secs()
                )))
            });
            let again = result.as_ref().map_or(!metadata, |answer| is_busy(answer.status()));
            if !again || attempt == ATTEMPTS {
                return result;
            }
            // Jitter of up to a half: callers that failed together should not retry together.
            let delay = FIRST_DELAY * (1 << attempt) / 2;
            tokio::time::sleep(delay.mul_f64(1.0 - 0.5 * fastrand::f64())).await;
        }
    }

    /// Whether `url` is a service of this machine or of its host.
    fn is_metadata(&self, url: &Url) -> bool {
        let Some(host) = url.host_str().filter(|_| url.scheme() == "http") else { return false };
        match bare_host(host).parse() {
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

    fn client(&self, metadata: bool) -> Result<&Client<Full<Bytes>>, CredentialsError> {
        let built = if metadata {
            self.metadata.get_or_init(|| Ok(build(tls::unused()?, Proxies::none(), METADATA_CONNECT)))
        } else {
            self.outer.get_or_init(|| Ok(build(self.tls.config()?, Proxies::from_environment(), CONNECT)))
        };
        built.as_ref().map_err(CredentialsError::missing)
    }
}

/// Used once an hour, so keeping the connection is not worthwhile.
fn build(tls: rustls::ClientConfig, proxies: Proxies, connect_timeout: Duration) -> Client<Full<Bytes>> {
    Client::new(ClientSettings {
        connect_timeout: Some(connect_timeout),
        ..ClientSettings::new(tls, Arc::new(proxies))
    })
}

async fn send_request(
    client: &Client<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    url: &Url,
    bytes: usize,
) -> Result<Response<Bytes>, CredentialsError> {
    match client.intercepted(request).await {
        Ok((head, body, _)) => answer(head, body, url).await,
        Err(unanswered) => {
            let sending = cause::Sending { bytes, ..cause::Sending::default() };
            let failed = cause::unanswered(&unanswered, url, sending, None);
            Err(CredentialsError::unreachable(failed.failure.to_string()))
        }
    }
}

async fn answer(
    mut head: Parts,
    mut response: ResponseBody,
    url: &Url,
) -> Result<Response<Bytes>, CredentialsError> {
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
                return Err(CredentialsError::unreachable(format!("{place}: {}", cause::broken(&*error))));
            }
        }
    }
    let mut answer = Response::new(body.freeze());
    *answer.status_mut() = head.status;
    *answer.headers_mut() = std::mem::take(&mut head.headers);
    Ok(answer)
}

fn is_busy(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// `url` with another origin.
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
    fn metadata_services_are_recognised() {
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
