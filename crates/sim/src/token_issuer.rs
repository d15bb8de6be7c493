//! Token issuers of the clouds: Databricks, Google, IBM and Microsoft, each at its own URL.
//!
//! A correct request gets a token, which the simulated providers accept like any key; an incorrect one, or one with the
//! secret `sk-invalid`, is refused in the service's own form.

use crate::{authorization::INVALID_KEY, random};
use http::{HeaderMap, Method, header::AUTHORIZATION};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The lifetime of a token.
const SECONDS: u64 = 3600;

/// A service that issues tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenIssuer {
    Databricks,
    Google,
    Ibm,
    Microsoft,
}

impl TokenIssuer {
    /// The service whose token endpoint is at this path.
    pub(crate) fn at(method: &Method, path: &str) -> Option<Self> {
        if *method != Method::POST {
            return None;
        }
        match path {
            "/oidc/v1/token" => Some(Self::Databricks),
            "/token" => Some(Self::Google),
            "/identity/token" => Some(Self::Ibm),
            _ => {
                // Below the tenant's path.
                let tenant = path.strip_prefix('/')?.strip_suffix("/oauth2/v2.0/token")?;
                (!tenant.is_empty() && !tenant.contains('/')).then_some(Self::Microsoft)
            }
        }
    }

    /// The status and the body of the response to a request with this form.
    pub(crate) fn answer(self, headers: &HeaderMap, body: &[u8], seed: u64) -> (u16, Value) {
        let form: HashMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str);
        let (grant, secret) = match self {
            Self::Databricks => {
                let basic = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
                ("client_credentials", basic.and_then(|value| value.strip_prefix("Basic ")))
            }
            Self::Google => ("urn:ietf:params:oauth:grant-type:jwt-bearer", field("assertion")),
            Self::Ibm => ("urn:ibm:params:oauth:grant-type:apikey", field("apikey")),
            Self::Microsoft => ("client_credentials", field("client_secret").or(field("client_assertion"))),
        };
        if field("grant_type") != Some(grant) {
            return self.refusal(400, "unsupported_grant_type", "The grant type is not supported.");
        }
        match secret.filter(|secret| !secret.is_empty()) {
            None => self.refusal(400, "invalid_request", "The request has no credentials."),
            Some(INVALID_KEY) => self.refusal(401, "invalid_client", "The client is not known."),
            Some(secret) => {
                let token = format!("sim-token-{}", random::id(random::hash(seed, secret.as_bytes())));
                (200, json!({ "access_token": token, "token_type": "Bearer", "expires_in": SECONDS }))
            }
        }
    }

    fn refusal(self, status: u16, code: &str, message: &str) -> (u16, Value) {
        let body = match self {
            Self::Ibm => json!({ "errorCode": code, "errorMessage": message }),
            Self::Databricks | Self::Google | Self::Microsoft => {
                json!({ "error": code, "error_description": message })
            }
        };
        (status, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(issuer: TokenIssuer, form: &str) -> (u16, Value) {
        issuer.answer(&HeaderMap::new(), form.as_bytes(), 0)
    }

    #[test]
    fn addresses_are_known() {
        for (path, issuer) in [
            ("/oidc/v1/token", Some(TokenIssuer::Databricks)),
            ("/token", Some(TokenIssuer::Google)),
            ("/identity/token", Some(TokenIssuer::Ibm)),
            ("/a-tenant/oauth2/v2.0/token", Some(TokenIssuer::Microsoft)),
            ("/oauth2/v2.0/token", None),
            ("/a/b/oauth2/v2.0/token", None),
            ("/v1/token", None),
        ] {
            assert_eq!(TokenIssuer::at(&Method::POST, path), issuer, "{path}");
            assert_eq!(TokenIssuer::at(&Method::GET, path), None);
        }
    }

    #[test]
    fn the_same_secret_gets_the_same_token() {
        let form =
            |key: &str| format!("grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey={key}");
        let (status, one) = ask(TokenIssuer::Ibm, &form("one"));
        assert_eq!((status, one["expires_in"].as_u64()), (200, Some(SECONDS)));
        assert_eq!(ask(TokenIssuer::Ibm, &form("one")).1, one);
        assert_ne!(ask(TokenIssuer::Ibm, &form("two")).1["access_token"], one["access_token"]);
    }

    #[test]
    fn incorrect_requests_are_refused_in_the_form_of_the_service() {
        let wrong = "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=sk-invalid";
        let (status, refusal) = ask(TokenIssuer::Ibm, wrong);
        assert_eq!((status, refusal["errorCode"].as_str()), (401, Some("invalid_client")));
        assert_eq!(ask(TokenIssuer::Ibm, "grant_type=password").0, 400);
        let (status, refusal) = ask(TokenIssuer::Databricks, "grant_type=client_credentials&scope=all-apis");
        assert_eq!((status, refusal["error"].as_str()), (400, Some("invalid_request")));
    }
}
