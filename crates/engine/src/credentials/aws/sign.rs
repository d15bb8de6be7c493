//! Signature of one request, Amazon's version 4, made by the `aws-sigv4` crate (`docs/wire/bedrock.md`, section 6).

use super::Key;
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
        sign as sign_v4,
    },
    sign::v4::SigningParams,
};
use http::{HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use std::time::SystemTime;
use tracing::dispatcher::{Dispatch, with_default};

/// The request to sign. `host` and the time are signed as well.
pub(crate) struct Unsigned<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

/// The region, service and time of a signature.
pub(crate) struct Scope<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) time: SystemTime,
}

/// The headers that carry the signature.
pub(crate) fn sign(
    request: &Unsigned<'_>,
    scope: &Scope<'_>,
    key: &Key,
) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let token = key.token.as_ref().map(|token| token.expose_secret().to_owned());
    let identity = Credentials::new(&key.id, key.secret.expose_secret(), token, None, "ferrule").into();
    let mut settings = SigningSettings::default();
    // The path is signed as it is sent, each segment encoded once more.
    settings.percent_encoding_mode = PercentEncodingMode::Double;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(scope.time)
        .settings(settings)
        .build()
        .map_err(|error| format!("the request cannot be signed: {error}"))?;
    let signable = SignableRequest::new(
        request.method,
        request.url,
        request.headers.iter().copied(),
        SignableBody::Bytes(request.body),
    )
    .map_err(|error| format!("the request cannot be signed: {error}"))?;
    // The crate logs what it signs, including the session token: logging is disabled here.
    let parameters = parameters.into();
    let output = with_default(&Dispatch::none(), || sign_v4(signable, &parameters))
        .map_err(|error| format!("the request cannot be signed: {error}"))?;
    let (instructions, _) = output.into_parts();
    let (headers, _) = instructions.into_parts();
    headers
        .into_iter()
        .map(|header| {
            let mut value = HeaderValue::from_str(header.value())
                .map_err(|_| "the AWS credentials have characters that no header can carry".to_owned())?;
            value.set_sensitive(true);
            Ok((HeaderName::from_static(header.name()), value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const TYPE: (&str, &str) = ("content-type", "application/json");

    struct Vector<'a> {
        request: Unsigned<'a>,
        scope: (&'a str, &'a str, i64),
        token: Option<&'a str>,
        signed: &'a str,
        signature: &'a str,
    }

    fn check(vector: &Vector<'_>) {
        let (region, service, time) = vector.scope;
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(time.try_into().unwrap());
        let key = Key::new("AKIDEXAMPLE", SECRET, vector.token.map(str::to_owned));
        let headers = sign(&vector.request, &Scope { region, service, time }, &key).unwrap();
        let header = |name: &str| {
            let found = headers.iter().find(|(header, _)| header == name);
            found.map(|(_, value)| value.to_str().unwrap())
        };
        let date = jiff::Timestamp::from_second(vector.scope.2).unwrap().to_string();
        let stamp = date.replace(['-', ':'], "");
        assert_eq!(header("x-amz-date"), Some(stamp.as_str()));
        assert_eq!(header("x-amz-security-token"), vector.token);
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{}/{region}/{service}/aws4_request, SignedHeaders={}, Signature={}",
            stamp.split_once('T').unwrap().0,
            vector.signed,
            vector.signature
        );
        assert_eq!(header("authorization"), Some(expected.as_str()), "{}", vector.request.url);
    }

    /// `docs/wire/bedrock.md`, section 6.
    #[test]
    fn bedrocks_vectors() {
        let body = br#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#;
        let east = "https://bedrock-runtime.us-east-1.amazonaws.com";
        let time = "2025-01-15T12:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
        let usual = "content-type;host;x-amz-date";
        let post = |url: &str, region: &'static str, body: &'static [u8], signature: &'static str| {
            check(&Vector {
                request: Unsigned { method: "POST", url, headers: &[TYPE], body },
                scope: (region, "bedrock", time),
                token: None,
                signed: usual,
                signature,
            });
        };
        post(
            &format!("{east}/model/us.amazon.nova-micro-v1%3A0/converse"),
            "us-east-1",
            body,
            "f3b2bd1eca6372cd5a3d4ac17baff653937cea31163e09de94d7f176951ae487",
        );
        post(
            "https://bedrock-runtime.us-west-2.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aus-west-2%3A123456789012%3Aapplication-inference-profile%2Fabc123/converse",
            "us-west-2",
            body,
            "dad2e85eecfd385fc3ec5857b6561edae2cfa1082bed643045c56b60674b631a",
        );
        post(
            &format!("{east}/model/meta.llama3/converse"),
            "us-east-1",
            b"{}",
            "4a9e99ffde72f5800817d740d1f09101a2c96607c82984afbb9988cbc2260783",
        );
        check(&Vector {
            request: Unsigned {
                method: "POST",
                url: &format!("{east}/model/us.amazon.nova-micro-v1%3A0/converse-stream"),
                headers: &[TYPE],
                body,
            },
            scope: ("us-east-1", "bedrock", time),
            token: Some("SESSIONTOKEN"),
            signed: "content-type;host;x-amz-date;x-amz-security-token",
            signature: "518cf80ea8ae588fe689c629380f4617348033d5d142d3e614ed1058607de81e",
        });
        check(&Vector {
            request: Unsigned {
                method: "POST",
                url: &format!("{east}/model/amazon.titan-embed-text-v2:0/invoke"),
                headers: &[TYPE, ("accept", "application/json")],
                body: br#"{"inputText":"hi"}"#,
            },
            scope: ("us-east-1", "bedrock", time),
            token: None,
            signed: "accept;content-type;host;x-amz-date",
            signature: "c3eb5a2104cdab1a854bebb4aaec4b8b08f108af50f3a502a4a0a8a6744075b4",
        });
    }

    /// `get-vanilla` of Amazon's test suite.
    #[test]
    fn amazons_vector() {
        check(&Vector {
            request: Unsigned {
                method: "GET",
                url: "https://example.amazonaws.com/",
                headers: &[],
                body: b"",
            },
            scope: (
                "us-east-1",
                "service",
                "2015-08-30T12:36:00Z".parse::<jiff::Timestamp>().unwrap().as_second(),
            ),
            token: None,
            signed: "host;x-amz-date",
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        });
    }

    #[test]
    fn signing_errors_contain_no_secrets() {
        let request = Unsigned { method: "GET", url: "https://a b/", headers: &[], body: b"" };
        let scope = Scope { region: "r", service: "s", time: SystemTime::UNIX_EPOCH };
        let error = sign(&request, &scope, &Key::new("id", SECRET, None)).unwrap_err();
        assert!(!error.contains(SECRET), "{error}");
        let good = Unsigned { url: "https://a/", ..request };
        let error = sign(&good, &scope, &Key::new("id", SECRET, Some("a\nb".into()))).unwrap_err();
        assert!(error.contains("cannot be signed") && !error.contains("a\nb"), "{error}");
    }
}
