//! Microsoft Entra: a token for Azure's models (`docs/wire/azure.md`, section 1), with the client's secret, else the
//! workload identity, else the managed identity.
//!
//! Not with `azure_identity`, which brings its own HTTP stack: the three are a form or a GET each.

use super::{
    CredentialsError, Environment, Secret,
    environment::read_file,
    exchange::Exchange,
    name_in_address::is_name,
    oauth::{self, Access},
};
use bytes::Bytes;
use http::Request;
use secrecy::ExposeSecret;
use std::{fmt, path::Path};
use url::Url;

const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
const AUTHORITY: &str = "https://login.microsoftonline.com";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How an Entra token is obtained. Absent values are looked up in the environment.
#[derive(Clone, Default)]
pub struct EntraSettings {
    /// The scope. Default: `https://cognitiveservices.azure.com/.default`.
    pub scope: Option<String>,
    /// Default `AZURE_TENANT_ID`.
    pub tenant_id: Option<String>,
    /// Default `AZURE_CLIENT_ID`.
    pub client_id: Option<String>,
    /// Default `AZURE_CLIENT_SECRET`.
    pub client_secret: Option<Secret>,
    /// An explicit token, used as it is. Default `AZURE_OPENAI_AD_TOKEN`.
    pub token: Option<Secret>,
}

impl EntraSettings {
    /// A token that needs no exchange.
    pub(crate) fn given(&self, environment: &Environment) -> Option<Secret> {
        self.token.clone().or_else(|| environment.variable("AZURE_OPENAI_AD_TOKEN").map(Secret::from))
    }

    /// A token, and a description of where the underlying credentials were found.
    pub(crate) async fn token(
        &self,
        exchange: &Exchange,
    ) -> Result<(Access, &'static str), CredentialsError> {
        let environment = &exchange.environment;
        let of = |given: &Option<String>, name: &str| given.clone().or_else(|| environment.variable(name));
        let scope = self.scope.as_deref().unwrap_or(SCOPE);
        let client = of(&self.client_id, "AZURE_CLIENT_ID");
        if let (Some(tenant), Some(client)) = (of(&self.tenant_id, "AZURE_TENANT_ID"), &client) {
            if !is_name(&tenant) {
                return Err(CredentialsError::missing(format!(
                    "the tenant `{tenant}` is neither an id nor a domain (tenant_id, AZURE_TENANT_ID)"
                )));
            }
            let usual = || AUTHORITY.to_owned();
            let authority = environment.variable("AZURE_AUTHORITY_HOST").unwrap_or_else(usual);
            let url = format!("{}/{tenant}/oauth2/v2.0/token", authority.trim_end_matches('/'));
            let shared = [("grant_type", "client_credentials"), ("client_id", client), ("scope", scope)];
            let given = self.client_secret.as_ref();
            let given =
                given.map(|secret| (secret.expose_secret().to_owned(), "the client_secret of its settings"));
            let variable = || {
                let secret = environment.variable("AZURE_CLIENT_SECRET")?;
                Some((secret, "the environment variable AZURE_CLIENT_SECRET"))
            };
            if let Some((secret, origin)) = given.or_else(variable) {
                let fields = [&shared[..], &[("client_secret", &secret)]].concat();
                let access = oauth::exchange(exchange, oauth::form(&url, &fields)?, "Entra").await?;
                return Ok((access, origin));
            }
            if let Some(file) = environment.variable("AZURE_FEDERATED_TOKEN_FILE") {
                // Read each time: our host replaces it before the old one expires.
                let assertion = read_file(Path::new(&file)).await.map_err(|error| {
                    CredentialsError::missing(format!(
                        "cannot read AZURE_FEDERATED_TOKEN_FILE {file}: {error}"
                    ))
                })?;
                let assertion = String::from_utf8_lossy(&assertion).trim().to_owned();
                let fields = [("client_assertion_type", ASSERTION), ("client_assertion", &assertion)];
                let fields = [&shared[..], &fields].concat();
                let access = oauth::exchange(exchange, oauth::form(&url, &fields)?, "Entra").await?;
                return Ok((access, "the workload identity in AZURE_FEDERATED_TOKEN_FILE"));
            }
        }
        let asked = managed(environment, scope, client.as_deref())?;
        let access = oauth::exchange(exchange, asked, "the machine's identity").await.map_err(|error| {
            error.map_text(|text| {
                format!("{text}; set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or give a key")
            })
        })?;
        Ok((access, "this machine's managed identity"))
    }
}

/// A request for the managed identity of the machine or app.
fn managed(
    environment: &Environment,
    scope: &str,
    client: Option<&str>,
) -> Result<Request<Bytes>, CredentialsError> {
    let app = environment.variable("IDENTITY_ENDPOINT").zip(environment.variable("IDENTITY_HEADER"));
    let (address, version, name, value) = match &app {
        Some((address, header)) => (address.as_str(), "2019-08-01", "x-identity-header", header.as_str()),
        None => ("http://169.254.169.254/metadata/identity/oauth2/token", "2018-02-01", "metadata", "true"),
    };
    let wrong = |_| CredentialsError::missing("IDENTITY_ENDPOINT is not a valid URL");
    let mut url = Url::parse(address).map_err(wrong)?;
    let resource = scope.trim_end_matches("/.default");
    url.query_pairs_mut().append_pair("api-version", version).append_pair("resource", resource);
    if let Some(client) = client {
        url.query_pairs_mut().append_pair("client_id", client);
    }
    let request = Request::get(url.as_str()).header(name, value).body(Bytes::new());
    request.map_err(|_| CredentialsError::missing("IDENTITY_HEADER cannot be sent"))
}

/// Neither the secret nor a token is shown.
impl fmt::Debug for EntraSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EntraSettings")
            .field("scope", &self.scope)
            .field("tenant_id", &self.tenant_id)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
