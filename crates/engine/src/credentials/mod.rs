//! Credentials: authorisation of a provider's requests.
//!
//! A key in the settings is a header, prepared once. Tokens and signatures are made per attempt (`authoriser`); keys in
//! files or from commands are fetched by the first attempt that needs them (`deferred`). All are shared between calls,
//! renewed when they are refused, and masked.

mod authoriser;
mod aws;
mod cache;
mod clock;
mod databricks;
mod deferred;
mod entra;
mod environment;
mod error;
mod exchange;
mod google;
mod name_in_address;
mod oauth;
mod token;
mod watsonx;

pub use authoriser::Authentication;
pub use aws::AwsSettings;
pub use databricks::DatabricksSettings;
pub use deferred::{FetchedSecrets, SecretSource, SecretsFuture};
pub use entra::EntraSettings;
pub use environment::Environment;
pub use error::CredentialsError;
pub use google::GoogleSettings;
pub use token::{Token, TokenFuture, TokenSource};
pub use watsonx::WatsonxSettings;

pub(crate) use authoriser::{Prepared, prepare};
pub(crate) use cache::{Cache, Fetched, Held};
pub(crate) use deferred::{Deferred, Pending};

use crate::{
    failure::Failure,
    net::RequestHead,
    secrets::{Secret, Secrets},
};
use authoriser::Authoriser;
use http::{HeaderMap, HeaderName, StatusCode};

/// The authorisation of attempts at one provider, in addition to the headers that all of them carry.
#[derive(Debug)]
pub(crate) enum Credentials {
    /// Tokens or signatures.
    Renewed(Authoriser),
    /// Secrets that are fetched when they are first needed.
    Deferred(Box<Deferred>),
}

/// The authorisation of one attempt.
pub(crate) enum Grant {
    Renewed(authoriser::Grant),
    Deferred(deferred::Grant),
}

impl Credentials {
    /// The authorisation of the next attempt.
    pub(crate) async fn grant(&self) -> Result<Grant, CredentialsError> {
        Ok(match self {
            Self::Renewed(authoriser) => Grant::Renewed(authoriser.grant().await?),
            Self::Deferred(deferred) => Grant::Deferred(deferred.grant().await?),
        })
    }

    /// Whether a retry with new authorisation may help after the attempt with `grant` ended with `failure`.
    pub(crate) async fn renew(&self, grant: &Grant, failure: &Failure) -> bool {
        match (self, grant) {
            (Self::Renewed(authoriser), Grant::Renewed(grant)) => authoriser.renew(grant, failure),
            (Self::Deferred(deferred), Grant::Deferred(grant)) => deferred.renew(grant, failure).await,
            (Self::Renewed(_), Grant::Deferred(_)) | (Self::Deferred(_), Grant::Renewed(_)) => false,
        }
    }
}

impl Grant {
    /// Authorises `request`, whose body is `body`. Headers named in `own` were set by the call, and stay.
    pub(crate) fn apply(
        &self,
        request: &mut RequestHead,
        body: &[u8],
        own: &[HeaderName],
    ) -> Result<(), Failure> {
        match self {
            Self::Renewed(grant) => grant.apply(request, body),
            Self::Deferred(grant) => grant.apply(request, body, own),
        }
    }

    /// Records what a refusing response says about the reason.
    pub(crate) fn refused(&self, status: StatusCode, headers: &HeaderMap) {
        match self {
            Self::Renewed(grant) => grant.refused(status, headers),
            Self::Deferred(grant) => grant.refused(status, headers),
        }
    }

    /// A description of where the credentials behind tokens or signatures were found; `None` for a key, or if not
    /// known.
    pub(crate) fn origin(&self) -> Option<&str> {
        let origin = match self {
            Self::Renewed(grant) => grant.origin(),
            Self::Deferred(grant) => grant.origin(),
        };
        (!origin.is_empty()).then_some(origin)
    }

    /// The fetched key, for backends.
    pub(crate) fn key(&self) -> Option<Secret> {
        match self {
            Self::Renewed(_) => None,
            Self::Deferred(grant) => grant.key(),
        }
    }

    /// Adds the secrets that no error may show.
    pub(crate) fn add_secrets(&self, secrets: &mut Secrets) {
        match self {
            Self::Renewed(grant) => grant.add_secrets(secrets),
            Self::Deferred(grant) => grant.add_secrets(secrets),
        }
    }
}
