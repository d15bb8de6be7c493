//! Credentials: how the requests of a provider are authorised.
//!
//! A key at hand is a header, prepared once. Tokens and signatures are made per attempt (`authoriser`); keys that are
//! in files or come from commands are fetched by the first attempt that needs them (`deferred`). All are shared between
//! calls, renewed when they are refused, and masked.

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

/// What authorises the attempts of calls to one provider, in addition to the headers that all of them carry.
#[derive(Debug)]
pub(crate) enum Credentials {
    /// Tokens or signatures.
    Renewed(Authoriser),
    /// Secrets that are fetched when they are first needed.
    Deferred(Box<Deferred>),
}

/// What one attempt is authorised with.
pub(crate) enum Grant {
    Renewed(authoriser::Grant),
    Deferred(deferred::Grant),
}

impl Credentials {
    /// What the next attempt is authorised with.
    pub(crate) async fn grant(&self) -> Result<Grant, CredentialsError> {
        Ok(match self {
            Self::Renewed(authoriser) => Grant::Renewed(authoriser.grant().await?),
            Self::Deferred(deferred) => Grant::Deferred(deferred.grant().await?),
        })
    }

    /// Whether another attempt, authorised anew, may do better than the one with `grant` that ended with `failure`.
    pub(crate) async fn renew(&self, grant: &Grant, failure: &Failure) -> bool {
        match (self, grant) {
            (Self::Renewed(authoriser), Grant::Renewed(grant)) => authoriser.renew(grant, failure),
            (Self::Deferred(deferred), Grant::Deferred(grant)) => deferred.renew(grant, failure).await,
            (Self::Renewed(_), Grant::Deferred(_)) | (Self::Deferred(_), Grant::Renewed(_)) => false,
        }
    }
}

impl Grant {
    /// Authorises `request`, whose body is `body`. Headers named in `own` are the call's own, and stay.
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

    /// Notes what a refusing response says about why.
    pub(crate) fn refused(&self, status: StatusCode, headers: &HeaderMap) {
        match self {
            Self::Renewed(grant) => grant.refused(status, headers),
            Self::Deferred(grant) => grant.refused(status, headers),
        }
    }

    /// Where tokens' or signatures' credentials were found, in words; `None` where it is a key or not known.
    pub(crate) fn origin(&self) -> Option<&str> {
        let origin = match self {
            Self::Renewed(grant) => grant.origin(),
            Self::Deferred(grant) => grant.origin(),
        };
        (!origin.is_empty()).then_some(origin)
    }

    /// The key that was fetched, for backends.
    pub(crate) fn key(&self) -> Option<Secret> {
        match self {
            Self::Renewed(_) => None,
            Self::Deferred(grant) => grant.key(),
        }
    }

    /// Adds what no error may show.
    pub(crate) fn add_secrets(&self, secrets: &mut Secrets) {
        match self {
            Self::Renewed(grant) => grant.add_secrets(secrets),
            Self::Deferred(grant) => grant.add_secrets(secrets),
        }
    }
}
