//! Chain of Amazon's credentials, the source of a key: the first one configured, in the order of Amazon's own programs
//! (`docs/wire/bedrock.md`, section 7). A configured source that fails ends the search: the next one would be a
//! different identity.
//!
//! Roles, web identities, containers and instance metadata are queried by `reqsign-aws-v4`, through our connections.

use super::{super::Environment, AwsSettings, CredentialsError, Key, process, profile, profile::Files, sso};
use crate::{
    credentials::{
        cache::{Fetched, Pending},
        clock,
        environment::read_file,
        exchange::Exchange,
        oauth,
    },
    secrets::Secrets,
};
use bytes::Bytes;
use reqsign_aws_v4::{
    AssumeRoleCredentialProvider, AssumeRoleWithWebIdentityCredentialProvider, Credential,
    ECSCredentialProvider, IMDSv2CredentialProvider, RequestSigner, StaticCredentialProvider,
};
use reqsign_core::{Context, Env, Error, ErrorKind, FileRead, HttpSend, ProvideCredential, Signer};
use secrecy::ExposeSecret;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use url::Url;

/// The maximum depth of roles taken from profiles, so that a cycle ends.
const DEEPEST: usize = 5;
const SESSION: &str = "ferrule";

pub(crate) async fn find(
    settings: &AwsSettings,
    region: &str,
    exchange: &Arc<Exchange>,
) -> Result<Fetched<Key>, CredentialsError> {
    if let Some(id) = &settings.access_key_id {
        let secret = settings
            .secret_access_key
            .as_ref()
            .ok_or_else(|| CredentialsError::missing("an access key id needs its secret access key"))?;
        let token = settings.session_token.as_ref().map(|token| token.expose_secret().to_owned());
        return Ok(found_in("its settings", lasting(Key::new(id, secret.expose_secret(), token))));
    }
    let sent = Arc::<Mutex<Secrets>>::default();
    let chain = Chain {
        region,
        environment: &exchange.environment,
        exchange,
        sent: Arc::clone(&sent),
        context: Context::new()
            .with_http_send(Through(Arc::clone(exchange), sent))
            .with_file_read(Disk)
            .with_env(Variables(exchange.environment.clone())),
    };
    if settings.profile.is_none()
        && let Some(key) = chain.of_variables()?
    {
        return Ok(found_in("the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", key));
    }
    let files = Files::read(chain.environment).await?;
    let name = profile::selected(settings.profile.as_deref(), chain.environment);
    if name != "default" && !files.has(&name) {
        return Err(CredentialsError::missing(format!("there is no profile `{name}`")));
    }
    if files.value(&name, "role_arn").is_some() {
        let key = chain.of_role(&files, &name, DEEPEST).await?;
        return Ok(found_in(format!("the role of profile `{name}`"), key));
    }
    if chain.environment.variable("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() {
        let provider = AssumeRoleWithWebIdentityCredentialProvider::new();
        let key = chain.of_web_identity(provider, "AWS_ROLE_ARN").await?;
        return Ok(found_in("the web identity in AWS_WEB_IDENTITY_TOKEN_FILE", key));
    }
    if let Some(key) = sso::find(&files, &name, exchange).await? {
        return Ok(found_in(format!("the single sign-on of profile `{name}`"), key));
    }
    let of_credentials = |key: &str| files.in_credentials(&name, key);
    if let Some(key) = of_file(of_credentials, &name)? {
        return Ok(found_in(format!("profile `{name}`"), key));
    }
    if let Some(command) = files.value(&name, "credential_process") {
        let key = process::run(command).await?;
        return Ok(found_in(format!("the credential_process of profile `{name}`"), key));
    }
    if let Some(key) = of_file(|key| files.in_config(&name, key), &name)? {
        return Ok(found_in(format!("profile `{name}`"), key));
    }
    if chain.in_container()? {
        let key = chain.provided(&ECSCredentialProvider::new(), "the container").await?;
        return Ok(found_in("the container's role", key));
    }
    let of_instance = chain.of_instance().await.map_err(|error| {
        CredentialsError::missing(format!(
            "none in AWS_ACCESS_KEY_ID, in profile `{name}`, of a web identity, a container or this machine ({error})"
        ))
    });
    of_instance.map(|key| found_in("this machine's role", key))
}

fn found_in(origin: impl Into<String>, mut key: Fetched<Key>) -> Fetched<Key> {
    key.value.origin = origin.into();
    key
}

struct Chain<'a> {
    region: &'a str,
    environment: &'a Environment,
    exchange: &'a Arc<Exchange>,
    /// Secrets in the chain's requests that no error may repeat.
    sent: Arc<Mutex<Secrets>>,
    context: Context,
}

impl Chain<'_> {
    fn of_variables(&self) -> Result<Option<Fetched<Key>>, CredentialsError> {
        let Some(id) = self.environment.variable("AWS_ACCESS_KEY_ID") else { return Ok(None) };
        let secret = self.environment.variable("AWS_SECRET_ACCESS_KEY").ok_or_else(|| {
            CredentialsError::missing("AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not")
        })?;
        Ok(Some(lasting(Key::new(id, secret, self.environment.variable("AWS_SESSION_TOKEN")))))
    }

    /// Assumes the role named by a profile with the key of another source.
    fn of_role<'b>(&'b self, files: &'b Files, name: &'b str, depth: usize) -> Pending<'b, Fetched<Key>> {
        Box::pin(async move {
            let wrong = |what: &str| CredentialsError::missing(format!("profile `{name}`: {what}"));
            if depth == 0 {
                return Err(wrong("its source_profile leads in a circle"));
            }
            let value = |key: &str| files.value(name, key);
            let role = value("role_arn").ok_or_else(|| wrong("it has no role_arn"))?;
            let session = value("role_session_name").unwrap_or(SESSION).to_owned();
            if let Some(file) = value("web_identity_token_file") {
                let file =
                    self.environment.expand(file).ok_or_else(|| wrong("there is no home directory"))?;
                let provider =
                    AssumeRoleWithWebIdentityCredentialProvider::with_config(role.to_owned(), file)
                        .with_role_session_name(session);
                return self.of_web_identity(provider, "role_arn").await;
            }
            let source = match (value("source_profile"), value("credential_source")) {
                (Some(source), _) if source != name && files.value(source, "role_arn").is_some() => {
                    self.of_role(files, source, depth - 1).await?
                }
                (Some(source), _) => self.of_profile(files, source).await?,
                (None, Some("Environment")) => self.of_variables()?.ok_or_else(|| {
                    wrong("its credential_source is Environment, but AWS_ACCESS_KEY_ID is not set")
                })?,
                (None, Some("EcsContainer")) if self.in_container()? => {
                    self.provided(&ECSCredentialProvider::new(), "the container").await?
                }
                (None, Some("Ec2InstanceMetadata")) => self.of_instance().await?,
                _ => return Err(wrong("a role_arn needs a source_profile or a credential_source")),
            };
            let Key { id, secret, token, .. } = source.value;
            let mut key = StaticCredentialProvider::new(&id, secret.expose_secret());
            if let Some(token) = &token {
                key = key.with_session_token(token.expose_secret());
            }
            let signer = Signer::new(self.context.clone(), key, RequestSigner::new("sts", self.region));
            let mut provider = AssumeRoleCredentialProvider::new(role.to_owned(), signer)
                .with_region(self.region.to_owned())
                .with_regional_sts_endpoint()
                .with_role_session_name(session);
            if let Some(id) = value("external_id") {
                provider = provider.with_external_id(id.to_owned());
            }
            if let Some(seconds) = value("duration_seconds").and_then(|seconds| seconds.parse().ok()) {
                provider = provider.with_duration_seconds(seconds);
            }
            self.provided(&provider, &format!("the role {role}")).await
        })
    }

    /// The credentials of another profile, with which a role is assumed.
    async fn of_profile(&self, files: &Files, name: &str) -> Result<Fetched<Key>, CredentialsError> {
        if let Some(key) = of_file(|key| files.value(name, key), name)? {
            return Ok(key);
        }
        if let Some(key) = sso::find(files, name, self.exchange).await? {
            return Ok(key);
        }
        match files.value(name, "credential_process") {
            Some(command) => process::run(command).await,
            None => Err(CredentialsError::missing(format!("the source profile `{name}` has no credentials"))),
        }
    }

    async fn of_web_identity(
        &self,
        provider: AssumeRoleWithWebIdentityCredentialProvider,
        role: &str,
    ) -> Result<Fetched<Key>, CredentialsError> {
        let provider = provider.with_region(self.region.to_owned()).with_regional_sts_endpoint();
        self.provided(&provider, &format!("a web identity with {role}")).await
    }

    /// Whether this is a container with a role. A plain-HTTP address must be local to this machine.
    fn in_container(&self) -> Result<bool, CredentialsError> {
        if let Some(full) = self.environment.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            let url = Url::parse(&full).ok();
            let ours = url.as_ref().is_some_and(|url| match (url.scheme(), url.host_str()) {
                ("https", Some(_)) => true,
                ("http", Some(host)) => {
                    matches!(
                        host,
                        "localhost" | "[::1]" | "169.254.170.2" | "169.254.170.23" | "[fd00:ec2::23]"
                    ) || host.starts_with("127.")
                }
                _ => false,
            });
            return if ours {
                Ok(true)
            } else {
                Err(CredentialsError::missing(
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of this machine",
                ))
            };
        }
        Ok(self.environment.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").is_some())
    }

    async fn of_instance(&self) -> Result<Fetched<Key>, CredentialsError> {
        let off = self.environment.variable("AWS_EC2_METADATA_DISABLED");
        if off.is_some_and(|off| off.eq_ignore_ascii_case("true")) {
            return Err(CredentialsError::missing("AWS_EC2_METADATA_DISABLED is set"));
        }
        self.provided(&IMDSv2CredentialProvider::new(), "this machine's metadata").await
    }

    async fn provided<P: ProvideCredential<Credential = Credential>>(
        &self,
        provider: &P,
        what: &str,
    ) -> Result<Fetched<Key>, CredentialsError> {
        match provider.provide_credential(&self.context).await {
            Ok(Some(credential)) => {
                let Credential { access_key_id, secret_access_key, session_token, expires_in } = credential;
                let lifetime = expires_in.map(|expires| clock::until(expires.as_second()));
                Ok(Fetched { value: Key::new(access_key_id, secret_access_key, session_token), lifetime })
            }
            Ok(None) => Err(CredentialsError::missing(format!("{what} is not configured"))),
            Err(error) => Err(explained(&error, what).map_text(|mut text| {
                self.sent.lock().unwrap_or_else(PoisonError::into_inner).mask(&mut text);
                text
            })),
        }
    }
}

/// The key that a profile holds.
fn of_file<'a>(
    value: impl Fn(&str) -> Option<&'a str>,
    profile: &str,
) -> Result<Option<Fetched<Key>>, CredentialsError> {
    let Some(id) = value("aws_access_key_id") else { return Ok(None) };
    let secret = value("aws_secret_access_key").ok_or_else(|| {
        CredentialsError::missing(format!("profile `{profile}` has an aws_access_key_id without its secret"))
    })?;
    Ok(Some(lasting(Key::new(id, secret, value("aws_session_token").map(str::to_owned)))))
}

fn lasting(value: Key) -> Fetched<Key> {
    Fetched { value, lifetime: None }
}

/// The crate's message and our own underlying ones. Others' may repeat a server's response.
fn explained(error: &Error, what: &str) -> CredentialsError {
    let mut text = format!("{what}: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(reason) = source {
        if let Some(reason) = reason.downcast_ref::<CredentialsError>() {
            text = format!("{text}: {reason}");
        }
        source = reason.source();
    }
    match error.kind() {
        ErrorKind::ConfigInvalid => CredentialsError::missing(text),
        ErrorKind::Unexpected | ErrorKind::RateLimited => CredentialsError::unreachable(text),
        ErrorKind::CredentialInvalid | ErrorKind::PermissionDenied | ErrorKind::RequestInvalid => {
            CredentialsError::refused(text)
        }
    }
}

/// Sends the crate's requests as all of ours.
#[derive(Debug)]
struct Through(Arc<Exchange>, Arc<Mutex<Secrets>>);

impl HttpSend for Through {
    async fn http_send(&self, request: http::Request<Bytes>) -> reqsign_core::Result<http::Response<Bytes>> {
        let sent = oauth::sent(&request);
        self.1.lock().unwrap_or_else(PoisonError::into_inner).add_all(&sent);
        let answer = self.0.send(request).await;
        answer.map_err(|error| Error::unexpected("no answer").with_source(error))
    }
}

#[derive(Debug)]
struct Disk;

impl FileRead for Disk {
    async fn file_read(&self, path: &str) -> reqsign_core::Result<Vec<u8>> {
        read_file(path.as_ref()).await.map_err(|error| {
            let error = CredentialsError::missing(format!("cannot read {path}: {error}"));
            Error::config_invalid("a file is missing").with_source(error)
        })
    }
}

#[derive(Debug)]
struct Variables(Environment);

impl Env for Variables {
    fn var(&self, name: &str) -> Option<String> {
        self.0.variable(name)
    }

    fn vars(&self) -> HashMap<String, String> {
        self.0.variables.clone().unwrap_or_default().into_iter().collect()
    }

    fn home_dir(&self) -> Option<PathBuf> {
        self.0.home()
    }
}
