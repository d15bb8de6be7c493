//! Authorisation of requests: a key as a header, renewable tokens, or signatures.
//!
//! A key is a header, prepared once with its provider. Everything else is obtained per attempt: a cached token
//! (`cache`) from an issuer (`entra`, `google`, `watsonx`, `databricks`, a [`TokenSource`]), or a signature over the
//! request itself (`aws`).

use super::{
    aws::{self, AwsSettings},
    databricks::DatabricksSettings,
    entra::EntraSettings,
    environment::Environment,
    error::CredentialsError,
    exchange::Exchange,
    google::GoogleSettings,
    token::{self, TokenSource, Tokens},
    watsonx::WatsonxSettings,
};
use crate::{
    characters,
    failure::Failure,
    net::RequestHead,
    secrets::{Secret, Secrets},
    tls::Tls,
};
use ferrule_wire::{dialect::KeyHeader, providers};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::AUTHORIZATION};
use secrecy::ExposeSecret;
use std::sync::Arc;
use url::Url;

/// How requests to a provider are authorised.
#[derive(Clone, Debug, Default)]
pub enum Authentication {
    /// The key, in the dialect's own header.
    #[default]
    Key,
    /// The key, in a provider-specific header.
    Header {
        /// The header's name, for instance `api-key`.
        name: String,
        /// The text before the key, for instance `Bearer `.
        prefix: String,
    },
    /// The key, in the dialect's own header, if there is one.
    Optional,
    /// None; a key is not sent.
    None,
    /// Amazon's signature, or its bearer key.
    Aws(AwsSettings),
    /// A Google token; a key, if there is one, is sent in the dialect's own header instead.
    Google(GoogleSettings),
    /// A Microsoft token; a key, if there is one, is sent as `api-key` instead.
    Entra(EntraSettings),
    /// An IBM token that the key is exchanged for.
    Watsonx(WatsonxSettings),
    /// A token for a Databricks service principal; a key, if there is one, is sent instead.
    Databricks(DatabricksSettings),
    /// A token from a custom source.
    Source(Arc<dyn TokenSource>),
}

impl Authentication {
    /// With `region`, if it takes a region and names none.
    #[must_use]
    pub fn in_region(self, region: Option<&str>) -> Self {
        match self {
            Self::Aws(aws) if aws.region.is_none() => {
                Self::Aws(AwsSettings { region: region.map(str::to_owned), ..aws })
            }
            other => other,
        }
    }
}

/// As the provider's row says, with the settings that its environment has.
impl From<providers::Authentication> for Authentication {
    fn from(row: providers::Authentication) -> Self {
        match row {
            providers::Authentication::Key => Self::Key,
            providers::Authentication::Header(name) => {
                Self::Header { name: name.to_owned(), prefix: String::new() }
            }
            providers::Authentication::Optional => Self::Optional,
            providers::Authentication::None => Self::None,
            providers::Authentication::Aws => Self::Aws(AwsSettings::default()),
            providers::Authentication::Google => Self::Google(GoogleSettings::default()),
            providers::Authentication::Entra => Self::Entra(EntraSettings::default()),
            providers::Authentication::Watsonx => Self::Watsonx(WatsonxSettings::default()),
            providers::Authentication::Databricks => Self::Databricks(DatabricksSettings::default()),
        }
    }
}

/// The prepared authorisation of one provider's requests.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    /// The header that each request carries.
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
    /// The authorisation of each attempt, in addition or instead.
    pub(crate) authoriser: Option<Authoriser>,
    /// Whether a call without any credentials is sent.
    pub(crate) optional: bool,
    /// Where the header's value was found, unless it is the configured key.
    pub(crate) origin: Option<&'static str>,
}

/// Authorises each attempt separately.
#[derive(Debug)]
pub(crate) enum Authoriser {
    Token(Tokens),
    Aws(aws::Signer),
}

/// The authorisation of one attempt.
pub(crate) enum Grant {
    Token(token::Grant),
    Aws(aws::Grant),
}

/// Prepares the authentication of a provider at `base`; its secrets are registered for masking.
pub(crate) fn prepare(
    authentication: &Authentication,
    key: Option<&Secret>,
    environment: &Environment,
    of_dialect: KeyHeader,
    base: &Url,
    tls: &Arc<Tls>,
    secrets: &mut Secrets,
) -> Result<Prepared, String> {
    let environment = || environment.held();
    let exchange = |environment| Arc::new(Exchange::new(Arc::clone(tls), environment));
    let tokens =
        |tokens: Tokens| Ok(Prepared { authoriser: Some(Authoriser::Token(tokens)), ..Prepared::default() });
    let bearer = (AUTHORIZATION, "Bearer ");
    let own = match of_dialect {
        KeyHeader::Bearer => bearer.clone(),
        KeyHeader::Named(name) => (HeaderName::from_static(name), ""),
    };
    let key = match key.map(|key| characters::clean_key(key.expose_secret())) {
        Some(Ok(key)) => Some(key).filter(|key| !key.is_empty()),
        // It is not used, so it may be invalid.
        Some(Err(_)) if matches!(authentication, Authentication::None | Authentication::Source(_)) => None,
        Some(Err(wrong)) => return Err(format!("the key cannot be used: {wrong}")),
        None => None,
    };
    let mut sent = |(name, prefix): (HeaderName, &str), key: Option<&str>| {
        let header = key.map(|key| {
            secrets.add(key);
            let value = HeaderValue::try_from(format!("{prefix}{key}"));
            let mut value =
                value.map_err(|_| "the key has characters that no header can carry".to_owned())?;
            value.set_sensitive(true);
            Ok::<_, String>((name, value))
        });
        Ok(Prepared { header: header.transpose()?, ..Prepared::default() })
    };
    match authentication {
        Authentication::Optional => Ok(Prepared { optional: true, ..sent(own, key)? }),
        Authentication::None => Ok(Prepared { optional: true, ..Prepared::default() }),
        Authentication::Header { name, prefix } => {
            let name =
                HeaderName::try_from(name).map_err(|_| format!("{name:?} is not a valid header name"))?;
            sent((name, prefix), key)
        }
        Authentication::Aws(aws) => {
            let environment = environment();
            let found = if key.is_none() { aws.bearer_key(&environment) } else { None };
            match (key, found) {
                (Some(key), _) => sent(bearer, Some(key)),
                (None, Some(key)) => Ok(Prepared {
                    origin: Some("the environment variable AWS_BEARER_TOKEN_BEDROCK"),
                    ..sent(bearer, Some(key.expose_secret()))?
                }),
                (None, None) => {
                    let signer = aws::Signer::new(aws.clone(), base, exchange(environment));
                    Ok(Prepared { authoriser: Some(Authoriser::Aws(signer)), ..Prepared::default() })
                }
            }
        }
        Authentication::Google(google) if key.is_none() => {
            tokens(Tokens::from_google(google, exchange(environment())))
        }
        Authentication::Key | Authentication::Google(_) => sent(own, key),
        Authentication::Entra(entra) => {
            let environment = environment();
            match (entra.given(&environment), key) {
                (Some(token), _) => Ok(Prepared {
                    origin: Some(match &entra.token {
                        Some(_) => "the token of its settings",
                        None => "the environment variable AZURE_OPENAI_AD_TOKEN",
                    }),
                    ..sent(bearer, Some(token.expose_secret().trim()))?
                }),
                (None, Some(key)) => sent((HeaderName::from_static("api-key"), ""), Some(key)),
                (None, None) => tokens(Tokens::from_entra(entra, exchange(environment))),
            }
        }
        Authentication::Watsonx(watsonx) => match key {
            Some(key) => tokens(Tokens::from_watsonx(watsonx, &Secret::from(key), exchange(environment()))),
            None => sent(bearer, None),
        },
        Authentication::Databricks(databricks) => {
            let environment = environment();
            match databricks.principal(&environment) {
                Some(principal) if key.is_none() => {
                    tokens(Tokens::from_databricks(principal, base, exchange(environment)))
                }
                _ => sent(bearer, key),
            }
        }
        Authentication::Source(source) => tokens(Tokens::from_source(source)),
    }
}

impl Authoriser {
    /// The authorisation of the next attempt.
    pub(crate) async fn grant(&self) -> Result<Grant, CredentialsError> {
        Ok(match self {
            Self::Token(tokens) => Grant::Token(tokens.grant().await?),
            Self::Aws(signer) => Grant::Aws(signer.grant().await?),
        })
    }

    /// Whether a retry with new authorisation may help after the attempt with `grant` ended with `failure`.
    pub(crate) fn renew(&self, grant: &Grant, failure: &Failure) -> bool {
        match (self, grant) {
            (Self::Token(tokens), Grant::Token(grant)) => tokens.renew(grant, failure),
            (Self::Aws(signer), Grant::Aws(grant)) => signer.renew(grant, failure),
            (Self::Token(_), Grant::Aws(_)) | (Self::Aws(_), Grant::Token(_)) => false,
        }
    }
}

impl Grant {
    /// Authorises `request`, whose body is `body`.
    pub(crate) fn apply(&self, request: &mut RequestHead, body: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Token(grant) => grant.apply(&mut request.headers),
            Self::Aws(grant) => return grant.apply(request, body).map_err(Failure::Config),
        }
        Ok(())
    }

    /// Records what a refusing response says about the reason.
    pub(crate) fn refused(&self, status: StatusCode, headers: &HeaderMap) {
        if let Self::Aws(grant) = self
            && status.is_client_error()
        {
            grant.refused(headers);
        }
    }

    /// Where the underlying credentials were found; empty if not known.
    pub(crate) fn origin(&self) -> &str {
        match self {
            Self::Token(grant) => grant.origin(),
            Self::Aws(grant) => grant.origin(),
        }
    }

    /// Adds the secrets that no error may show.
    pub(crate) fn add_secrets(&self, secrets: &mut Secrets) {
        match self {
            Self::Token(grant) => grant.add_secrets(secrets),
            Self::Aws(grant) => grant.add_secrets(secrets),
        }
    }
}
