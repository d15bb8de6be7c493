//! Databricks: a service principal's id and secret, exchanged for a token at the workspace.

use super::{
    CredentialsError, Environment, Secret,
    exchange::Exchange,
    oauth::{self, Access},
};
use crate::cause;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, header::AUTHORIZATION};
use secrecy::ExposeSecret;
use std::fmt;
use url::Url;

/// A service principal. Absent values are looked up in the environment.
#[derive(Clone, Default)]
pub struct DatabricksSettings {
    /// Default `DATABRICKS_CLIENT_ID`.
    pub client_id: Option<String>,
    /// Default `DATABRICKS_CLIENT_SECRET`.
    pub client_secret: Option<Secret>,
}

impl DatabricksSettings {
    /// The service principal's id and secret, if there is one.
    pub(crate) fn principal(&self, environment: &Environment) -> Option<(String, Secret)> {
        let id = self.client_id.clone().or_else(|| environment.variable("DATABRICKS_CLIENT_ID"))?;
        let secret = self.client_secret.clone();
        let secret = secret.or_else(|| environment.variable("DATABRICKS_CLIENT_SECRET").map(Secret::from));
        Some((id, secret?))
    }
}

/// A token for the workspace at `base`.
pub(crate) async fn token(
    (id, secret): &(String, Secret),
    base: &Url,
    exchange: &Exchange,
) -> Result<Access, CredentialsError> {
    let url = format!("{}/oidc/v1/token", cause::origin(base));
    let mut request = oauth::form(&url, &[("grant_type", "client_credentials"), ("scope", "all-apis")])?;
    let secret = secret.expose_secret().trim();
    let pair = STANDARD.encode(format!("{id}:{secret}"));
    let mut basic = HeaderValue::from_str(&format!("Basic {pair}"))
        .map_err(|_| CredentialsError::missing("the client id and secret cannot be sent"))?;
    basic.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, basic);
    oauth::exchange(exchange, request, "the workspace").await
}

/// The secret is not shown.
impl fmt::Debug for DatabricksSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("DatabricksSettings");
        shown.field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
