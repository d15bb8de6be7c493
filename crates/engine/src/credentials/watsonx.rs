//! IBM watsonx: the key is not sent with requests, but exchanged for an hour's token at IBM's identity service.

use super::{
    CredentialsError, Secret,
    exchange::Exchange,
    oauth::{self, Access},
};
use secrecy::ExposeSecret;

const IDENTITY: &str = "https://iam.cloud.ibm.com/identity/token";
/// LiteLLM reads the same variable.
const IDENTITY_VARIABLE: &str = "WATSONX_IAM_URL";

/// How a key is exchanged.
#[derive(Clone, Debug, Default)]
pub struct WatsonxSettings {
    /// The token endpoint. Default `WATSONX_IAM_URL`, else `https://iam.cloud.ibm.com/identity/token`.
    pub url: Option<String>,
}

impl WatsonxSettings {
    pub(crate) async fn token(&self, key: &Secret, exchange: &Exchange) -> Result<Access, CredentialsError> {
        let url = self.url.clone().or_else(|| exchange.environment.variable(IDENTITY_VARIABLE));
        let url = url.as_deref().unwrap_or(IDENTITY);
        let key = key.expose_secret().trim();
        let fields = [("grant_type", "urn:ibm:params:oauth:grant-type:apikey"), ("apikey", key)];
        oauth::exchange(exchange, oauth::form(url, &fields)?, "IBM's identity service").await
    }
}
