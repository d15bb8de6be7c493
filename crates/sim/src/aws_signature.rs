//! AWS signatures, version 4, verified as by AWS (`docs/wire/bedrock.md`, sections 6 and 8): the request is signed
//! again, by the `aws-sigv4` crate, with the secret of its access key.
//!
//! A signature by an unknown access key is accepted, as any other key is, unless the settings contain secrets: then
//! only their access keys are valid.

use crate::clock::now;
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
    },
    sign::v4::SigningParams,
};
use http::{HeaderMap, header::HOST, request::Parts};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, SystemTime},
};
use tracing::dispatcher::{Dispatch, with_default};

/// The prefix of a signed request's `authorization`.
const SCHEME: &str = "AWS4-HMAC-SHA256";
/// An access key that the simulator always knows.
const ACCESS_KEY: &str = "AKIASIMULATED";
/// Its secret.
const SECRET: &str = "sk-simulated";
/// The maximum difference between a request's time and ours.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
const WRONG: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/// The secrets of access keys.
pub(crate) struct Secrets {
    known: BTreeMap<String, String>,
    /// Whether no other access keys are accepted.
    only: bool,
    /// A key that is never valid.
    invalid_key: &'static str,
}

/// The exception class and the message of a refused signature.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) class: &'static str,
    pub(crate) message: String,
}

impl Secrets {
    /// The given secrets, and the simulator's own.
    pub(crate) fn new(given: BTreeMap<String, String>, invalid_key: &'static str) -> Self {
        let only = !given.is_empty();
        let mut known = given;
        known.entry(ACCESS_KEY.to_owned()).or_insert_with(|| SECRET.to_owned());
        Self { known, only, invalid_key }
    }

    /// Why the signature of a request is refused; `None` if it is valid or absent.
    pub(crate) fn refusal(&self, head: &Parts, body: &[u8]) -> Option<Refusal> {
        let authorization = head.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
        let signature = authorization.strip_prefix(SCHEME)?;
        self.check(signature, head, body, now()).err()
    }

    fn check(&self, signature: &str, head: &Parts, body: &[u8], now: Timestamp) -> Result<(), Refusal> {
        let signature = Signature::parse(signature)?;
        let Some(secret) = self.known.get(signature.access_key) else {
            return if self.only || signature.access_key == self.invalid_key {
                Err(Refusal::new(
                    "UnrecognizedClientException",
                    "The security token included in the request is invalid.",
                ))
            } else {
                Ok(())
            };
        };
        let time = signature.time(&head.headers, now)?;
        if signature.made_with(secret, time, head, body).as_deref() == Some(signature.value) {
            Ok(())
        } else {
            Err(Refusal::invalid(WRONG))
        }
    }
}

/// Secrets are not shown.
impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secrets").field("only", &self.only).finish_non_exhaustive()
    }
}

impl Refusal {
    fn new(class: &'static str, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidSignatureException", message)
    }

    fn incomplete(what: &str) -> Self {
        Self::new("IncompleteSignatureException", format!("Authorization header requires {what}."))
    }
}

/// The fields of `authorization` after the scheme.
struct Signature<'a> {
    access_key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed: Vec<&'a str>,
    value: &'a str,
}

impl<'a> Signature<'a> {
    fn parse(text: &'a str) -> Result<Self, Refusal> {
        let field = |name: &str| {
            let mut fields = text.split(',').filter_map(|field| field.trim().split_once('='));
            fields
                .find_map(|(known, value)| (known == name).then_some(value))
                .filter(|value| !value.is_empty())
        };
        let part =
            |name: &str| field(name).ok_or_else(|| Refusal::incomplete(&format!("'{name}' parameter")));
        let (scope, signed, value) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
        let mut scope = scope.rsplitn(5, '/');
        let (Some("aws4_request"), Some(service), Some(region), Some(date), Some(access_key)) =
            (scope.next(), scope.next(), scope.next(), scope.next(), scope.next())
        else {
            return Err(Refusal::incomplete(
                "a 'Credential' of key, date, region, service and 'aws4_request'",
            ));
        };
        let signed: Vec<&str> = signed.split(';').collect();
        if !signed.contains(&"host") {
            return Err(Refusal::invalid(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
            ));
        }
        // The prefix of both the runtime's and the mantle's name.
        if !service.starts_with("bedrock") {
            return Err(Refusal::invalid("Credential should be scoped to correct service: 'bedrock'."));
        }
        Ok(Self { access_key, date, region, service, signed, value })
    }

    /// When the request was signed.
    fn time(&self, headers: &HeaderMap, now: Timestamp) -> Result<Timestamp, Refusal> {
        let text = headers.get("x-amz-date").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let time = text.parse::<Timestamp>().ok().filter(|_| text.len() == "20250115T120000Z".len());
        let Some(time) = time else {
            return Err(Refusal::incomplete("existence of either a 'X-Amz-Date' or a 'Date' header"));
        };
        if !self.signed.contains(&"x-amz-date") {
            return Err(Refusal::invalid(WRONG));
        }
        if text.get(..8) != Some(self.date) {
            let message = format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{text}'.",
                self.date
            );
            return Err(Refusal::invalid(message));
        }
        let apart = time.duration_since(now);
        if apart < -SKEW {
            return Err(Refusal::invalid(format!("Signature expired: {text} is more than 5 min. ago.")));
        }
        if apart > SKEW {
            return Err(Refusal::invalid(format!(
                "Signature not yet current: {text} is more than 5 min. ahead."
            )));
        }
        Ok(time)
    }

    /// The signature of the request with `secret`; `None` if it cannot be signed.
    fn made_with(&self, secret: &str, time: Timestamp, head: &Parts, body: &[u8]) -> Option<String> {
        let host = head
            .headers
            .get(HOST)
            .map_or_else(|| head.uri.authority()?.as_str().into(), |host| host.to_str().ok())?;
        let target = head.uri.path_and_query()?.as_str();
        let mut headers = vec![("host", host)];
        for name in self.signed.iter().filter(|name| !matches!(**name, "host" | "x-amz-date")) {
            for value in head.headers.get_all(*name) {
                headers.push((name, value.to_str().ok()?));
            }
        }
        let identity = Credentials::new(self.access_key, secret, None, None, "ferrule").into();
        let mut settings = SigningSettings::default();
        // The path is signed as it was sent, each segment encoded once more.
        settings.percent_encoding_mode = PercentEncodingMode::Double;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        // Every header that the client signed is included.
        settings.excluded_headers = None;
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_second().try_into().ok()?))
            .settings(settings)
            .build()
            .ok()?
            .into();
        let url = format!("http://{host}{target}");
        let request =
            SignableRequest::new(head.method.as_str(), url, headers.into_iter(), SignableBody::Bytes(body))
                .ok()?;
        // The crate logs what it signs, including session tokens: logging is disabled here.
        let output = with_default(&Dispatch::none(), || sign(request, &parameters)).ok()?;
        Some(output.signature().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const BODY: &str = r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#;
    const TIME: &str = "20250115T120000Z";
    const INVALID_KEY: &str = "sk-invalid";

    fn secrets() -> Secrets {
        Secrets::new(BTreeMap::from([("AKIDEXAMPLE".to_owned(), KEY.to_owned())]), INVALID_KEY)
    }

    /// The head of a signed request, and its `authorization` after the scheme.
    fn signed(path: &str, region: &str, more: &[(&str, &str)], signature: &str) -> (Parts, String) {
        let mut request = http::Request::post(path)
            .header("host", format!("bedrock-runtime.{region}.amazonaws.com"))
            .header("content-type", "application/json")
            .header("x-amz-date", TIME)
            .header("user-agent", "not signed");
        let mut names = vec!["content-type", "host", "x-amz-date"];
        for (name, value) in more {
            request = request.header(*name, *value);
            names.push(name);
        }
        names.sort_unstable();
        let authorization = format!(
            " Credential=AKIDEXAMPLE/20250115/{region}/bedrock/aws4_request, SignedHeaders={}, Signature={signature}",
            names.join(";")
        );
        (request.body(()).unwrap().into_parts().0, authorization)
    }

    fn check(head: &Parts, authorization: &str, body: &str, now: &str) -> Result<(), Refusal> {
        secrets().check(authorization, head, body.as_bytes(), now.parse().unwrap())
    }

    const V1: (&str, &str) = (
        "/model/us.amazon.nova-micro-v1%3A0/converse",
        "f3b2bd1eca6372cd5a3d4ac17baff653937cea31163e09de94d7f176951ae487",
    );

    /// `docs/wire/bedrock.md`, section 6, made by botocore.
    #[test]
    fn botocores_signatures_are_accepted_and_no_others() {
        let token = [("x-amz-security-token", "SESSIONTOKEN")];
        let accept = [("accept", "application/json")];
        for (path, region, more, body, signature) in [
            (V1.0, "us-east-1", &[][..], BODY, V1.1),
            (
                "/model/us.amazon.nova-micro-v1%3A0/converse-stream",
                "us-east-1",
                &token[..],
                BODY,
                "518cf80ea8ae588fe689c629380f4617348033d5d142d3e614ed1058607de81e",
            ),
            (
                "/model/arn%3Aaws%3Abedrock%3Aus-west-2%3A123456789012%3Aapplication-inference-profile%2Fabc123/converse",
                "us-west-2",
                &[],
                BODY,
                "dad2e85eecfd385fc3ec5857b6561edae2cfa1082bed643045c56b60674b631a",
            ),
            (
                "/model/amazon.titan-embed-text-v2:0/invoke",
                "us-east-1",
                &accept,
                r#"{"inputText":"hi"}"#,
                "c3eb5a2104cdab1a854bebb4aaec4b8b08f108af50f3a502a4a0a8a6744075b4",
            ),
            (
                "/model/meta.llama3/converse",
                "us-east-1",
                &[],
                "{}",
                "4a9e99ffde72f5800817d740d1f09101a2c96607c82984afbb9988cbc2260783",
            ),
        ] {
            let now = "2025-01-15T12:04:59Z";
            let (head, authorization) = signed(path, region, more, signature);
            assert_eq!(check(&head, &authorization, body, now), Ok(()), "{path}");
            // A different body, path, header or method does not match.
            assert_eq!(check(&head, &authorization, "{ }", now), Err(Refusal::invalid(WRONG)));
            let (other, _) = signed("/model/x/converse", region, more, signature);
            assert_eq!(check(&other, &authorization, body, now), Err(Refusal::invalid(WRONG)));
            let mut other = head.clone();
            other.headers.insert("content-type", http::HeaderValue::from_static("text/plain"));
            assert_eq!(check(&other, &authorization, body, now), Err(Refusal::invalid(WRONG)));
            let mut other = head;
            other.method = http::Method::GET;
            assert_eq!(check(&other, &authorization, body, now), Err(Refusal::invalid(WRONG)));
        }
    }

    #[test]
    fn the_error_names_the_problem() {
        let (head, good) = signed(V1.0, "us-east-1", &[], V1.1);
        let refused = |authorization: &str, now: &str| {
            let refusal = check(&head, authorization, BODY, now).unwrap_err();
            (refusal.class, refusal.message)
        };
        let now = "2025-01-15T12:00:00Z";
        for (from, to, class, says) in [
            ("AKIDEXAMPLE", "AKIDOTHER", "UnrecognizedClientException", "security token"),
            ("Signature=f", "Signature=0", "InvalidSignatureException", "does not match"),
            ("us-east-1", "eu-west-1", "InvalidSignatureException", "does not match"),
            ("/bedrock/", "/s3/", "InvalidSignatureException", "scoped to correct service"),
            ("/20250115/", "/20250114/", "InvalidSignatureException", "'20250114' != '20250115T120000Z'"),
            ("host;", "", "InvalidSignatureException", "'Host'"),
            (";x-amz-date", "", "InvalidSignatureException", "does not match"),
            ("SignedHeaders=", "Signed=", "IncompleteSignatureException", "'SignedHeaders' parameter"),
            ("aws4_request", "aws5_request", "IncompleteSignatureException", "'Credential' of key"),
        ] {
            let (found, message) = refused(&good.replace(from, to), now);
            assert!(found == class && message.contains(says), "{from} -> {to}: {found}: {message}");
        }
        assert!(refused(&good, "2025-01-15T12:05:01Z").1.starts_with("Signature expired: 20250115T120000Z"));
        assert!(refused(&good, "2025-01-15T11:54:59Z").1.starts_with("Signature not yet current: 2025"));
        let mut undated = head.clone();
        undated.headers.remove("x-amz-date");
        let refusal = check(&undated, &good, BODY, now).unwrap_err();
        assert_eq!(refusal.class, "IncompleteSignatureException");
    }

    #[test]
    fn access_keys_without_a_known_secret_are_accepted_unless_secrets_were_given() {
        let (head, good) = signed(V1.0, "us-east-1", &[], "00");
        let lax = Secrets::new(BTreeMap::new(), INVALID_KEY);
        let now = "2025-01-15T12:00:00Z".parse().unwrap();
        assert_eq!(lax.check(&good, &head, b"", now), Ok(()));
        let simulated = good.replace("AKIDEXAMPLE", ACCESS_KEY);
        assert_eq!(lax.check(&simulated, &head, b"", now), Err(Refusal::invalid(WRONG)));
        let invalid = good.replace("AKIDEXAMPLE", INVALID_KEY);
        assert_eq!(lax.check(&invalid, &head, b"", now).unwrap_err().class, "UnrecognizedClientException");
        assert!(!format!("{:?}", secrets()).contains(KEY));
    }

    /// Under HTTP/2 the host is in the URL.
    #[test]
    fn the_host_may_be_in_the_address() {
        let (mut head, good) = signed(V1.0, "us-east-1", &[], V1.1);
        let host = head.headers.remove("host").unwrap();
        head.uri = format!("http://{}{}", host.to_str().unwrap(), V1.0).parse().unwrap();
        assert_eq!(check(&head, &good, BODY, "2025-01-15T12:00:00Z"), Ok(()));
    }
}
