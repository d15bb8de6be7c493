//! Settings of Amazon's signatures.

use super::profile;
use crate::{credentials::Environment, secrets::Secret};
use std::fmt;

/// How requests to Amazon are signed. Absent values are looked up as Amazon's own programs do.
#[derive(Clone, Default)]
pub struct AwsSettings {
    /// The region. Default: the address's, else `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's.
    pub region: Option<String>,
    /// The service's name in signatures. Default `bedrock`.
    pub service: Option<String>,
    /// A profile of the configuration files. Default `AWS_PROFILE`, else `default`.
    pub profile: Option<String>,
    /// An explicit key id; then nothing is looked up.
    pub access_key_id: Option<String>,
    /// The secret of the explicit key.
    pub secret_access_key: Option<Secret>,
    /// The session token of a temporary key.
    pub session_token: Option<Secret>,
}

impl AwsSettings {
    pub(super) fn service(&self) -> &str {
        self.service.as_deref().unwrap_or("bedrock")
    }

    /// The bearer key, which takes precedence over a signature unless the settings say otherwise
    /// (`docs/wire/bedrock.md`, section 1).
    pub(crate) fn bearer_key(&self, environment: &Environment) -> Option<Secret> {
        let chosen = self.access_key_id.is_some() || self.profile.is_some();
        if chosen || !self.service().starts_with("bedrock") {
            return None;
        }
        environment.variable("AWS_BEARER_TOKEN_BEDROCK").map(Secret::from)
    }

    /// The region of the settings or the environment; `None` if neither has one.
    pub async fn find_region(&self, environment: &Environment) -> Option<String> {
        let given = self.region.clone().or_else(|| environment.variable("AWS_REGION"));
        if let Some(region) = given.or_else(|| environment.variable("AWS_DEFAULT_REGION")) {
            return Some(region);
        }
        let files = profile::Files::read(environment).await.ok()?;
        let name = profile::selected(self.profile.as_deref(), environment);
        files.value(&name, "region").map(str::to_owned)
    }
}

/// Keys are not shown, not even their ids.
impl fmt::Debug for AwsSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AwsSettings")
            .field("region", &self.region)
            .field("service", &self.service)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
