//! Settings of Amazon's signatures.

use super::profile;
use crate::{credentials::Environment, secrets::Secret};
use std::fmt;

/// How requests to Amazon are signed. What is absent is looked for as Amazon's own programs do.
#[derive(Clone, Default)]
pub struct AwsSettings {
    /// Where. Default: the address's, else `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's.
    pub region: Option<String>,
    /// The service's name in signatures. Default `bedrock`.
    pub service: Option<String>,
    /// A profile of the configuration files. Default `AWS_PROFILE`, else `default`.
    pub profile: Option<String>,
    /// A key of one's own; then nothing is looked for.
    pub access_key_id: Option<String>,
    /// Goes with it.
    pub secret_access_key: Option<Secret>,
    /// Goes with a temporary one.
    pub session_token: Option<Secret>,
}

impl AwsSettings {
    pub(super) fn service(&self) -> &str {
        self.service.as_deref().unwrap_or("bedrock")
    }

    /// The bearer key that is preferred to a signature, unless the settings choose another way (`docs/wire/bedrock.md`,
    /// section 1).
    pub(crate) fn bearer_key(&self, environment: &Environment) -> Option<Secret> {
        let chosen = self.access_key_id.is_some() || self.profile.is_some();
        if chosen || !self.service().starts_with("bedrock") {
            return None;
        }
        environment.variable("AWS_BEARER_TOKEN_BEDROCK").map(Secret::from)
    }

    /// The region of the settings or of the environment; `None` where neither says.
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

/// No key, not even its id, is shown.
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
