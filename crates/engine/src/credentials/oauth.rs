//! OAuth token exchange: one request to a token endpoint, whose response has an access token (RFC 6749, section 5).

use super::{CredentialsError, Secret, cache::Fetched, exchange::Exchange};
use crate::secrets::Secrets;
use bytes::Bytes;
use ferrule_wire::json::{Fields, Value};
use http::{
    HeaderValue, Request, Response,
    header::{ACCEPT, CONTENT_TYPE},
};
use std::time::Duration;
use url::Url;

/// How much of an endpoint's message an error repeats.
const WORDS: usize = 300;

/// A token and its lifetime.
pub(crate) type Access = Fetched<Secret>;

/// A form for `url`.
pub(crate) fn form(url: &str, fields: &[(&str, &str)]) -> Result<Request<Bytes>, CredentialsError> {
    let mut form = Url::parse("form:").map_err(|_| unusable(url))?;
    form.query_pairs_mut().extend_pairs(fields);
    let body = Bytes::from(form.query().unwrap_or_default().to_owned());
    let mut request = Request::post(url).body(body).map_err(|_| unusable(url))?;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    Ok(request)
}

fn unusable(url: &str) -> CredentialsError {
    let url = url.split('?').next().unwrap_or_default();
    CredentialsError::missing(format!("{url} is not a valid address of a token endpoint"))
}

/// Headers for metadata services that are not secret.
const PLAIN_HEADERS: [&str; 8] = [
    "accept",
    "content-type",
    "host",
    "metadata",
    "metadata-flavor",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-aws-ec2-metadata-token-ttl-seconds",
];

/// Fields of a form that are not secret.
const PLAIN_FIELDS: [&str; 9] = [
    "audience",
    "client_assertion_type",
    "client_id",
    "grant_type",
    "requested_token_type",
    "resource",
    "response_type",
    "scope",
    "subject_token_type",
];

/// Requests a token from `who`.
pub(crate) async fn exchange(
    exchange: &Exchange,
    request: Request<Bytes>,
    who: &str,
) -> Result<Access, CredentialsError> {
    let sent = sent(&request);
    let answer =
        exchange.send(request).await.map_err(|error| error.map_text(|text| format!("{who}: {text}")))?;
    read(&answer, "access_token").ok_or_else(|| refusal(&answer, who, &sent))
}

/// The parts of `request` that no error may repeat: headers, form fields, and the query parameters that are secret by
/// name.
pub(crate) fn sent(request: &Request<Bytes>) -> Secrets {
    let mut secrets = Secrets::default();
    for (name, value) in request.headers() {
        if let Ok(value) = value.to_str()
            && !PLAIN_HEADERS.contains(&name.as_str())
        {
            secrets.add_declared(value);
        }
    }
    let pairs = |query: &str| Url::parse(&format!("form:?{query}")).ok();
    let form = std::str::from_utf8(request.body()).ok().filter(|body| !body.starts_with('{'));
    if let Some(form) = form.and_then(pairs) {
        for (_, value) in form.query_pairs().filter(|(name, _)| !PLAIN_FIELDS.contains(&&**name)) {
            secrets.add_declared(&value);
        }
    }
    if let Some(query) = request.uri().query().and_then(pairs) {
        query.query_pairs().for_each(|(name, value)| secrets.add_header(&name, &value));
    }
    secrets
}

/// The token called `name` in a response.
pub(crate) fn read(answer: &Response<Bytes>, name: &str) -> Option<Access> {
    if !answer.status().is_success() {
        return None;
    }
    let fields = Fields::parse(answer.body()).ok()?;
    let token = fields.get(name)?.string().filter(|token| !token.is_empty())?;
    // Azure's metadata service writes numbers as text.
    let seconds = |value: Value<'_>| value.u64().or_else(|| value.string()?.parse().ok());
    let lifetime = fields.get("expires_in").and_then(seconds).map(Duration::from_secs);
    Some(Fetched { value: Secret::from(token), lifetime })
}

/// Why a response has no token, without the secrets that were `sent`.
pub(crate) fn refusal(answer: &Response<Bytes>, who: &str, sent: &Secrets) -> CredentialsError {
    let status = answer.status();
    let mut words = match Fields::parse(answer.body()) {
        Ok(fields) => {
            let inner = fields.get("error").and_then(Value::object);
            let text = |name: &str| {
                let inner = inner.as_ref().and_then(|inner| inner.get(name)?.string());
                inner.or_else(|| fields.get(name)?.string())
            };
            // OAuth's own, then IBM's, then Google's.
            let names = ["error", "errorCode", "error_description", "errorMessage", "message"];
            names.into_iter().filter_map(text).collect::<Vec<_>>().join(": ")
        }
        Err(_) => String::new(),
    };
    // Masked before truncation: half a secret would not be found.
    sent.mask(&mut words);
    if let Some((end, _)) = words.char_indices().nth(WORDS) {
        words.truncate(end);
    }
    let text = match words.as_str() {
        "" if status.is_success() => format!("{who} gives no token"),
        "" => format!("{who} answers with status {}", status.as_u16()),
        words => format!("{who} answers with status {}: {words}", status.as_u16()),
    };
    if status.is_server_error() || status.as_u16() == 429 {
        CredentialsError::unreachable(text)
    } else {
        CredentialsError::refused(text)
    }
}
