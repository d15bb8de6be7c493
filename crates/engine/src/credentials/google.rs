//! Google: a token for Vertex from application default credentials (`docs/wire/gemini.md`, section 1): a given file,
//! else `GOOGLE_APPLICATION_CREDENTIALS`, else `gcloud`'s, else the machine's metadata.
//!
//! Not with crates, which weigh a megabyte or do not accept a proxy and certificates to use
//! (docs/decisions/2026-11-25-cloud-credentials.md): each exchange is one request. Signatures are *ring*'s.

use super::{
    CredentialsError, Environment, Secret,
    cache::{Fetched, Pending},
    clock,
    environment::read_file,
    exchange::Exchange,
    oauth::{self, Access},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use ferrule_wire::json::{Fields, Json};
use http::{HeaderValue, Request, header::AUTHORIZATION, header::CONTENT_TYPE};
use ring::{rand::SystemRandom, signature};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use secrecy::ExposeSecret;
use std::{
    fmt,
    io::ErrorKind,
    path::{Path, PathBuf},
};
use url::Url;

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKENS: &str = "https://oauth2.googleapis.com/token";
const HOUR: u64 = 3600;
/// The maximum depth of impersonated credentials in a file.
const DEEPEST: usize = 3;

/// How a Google token is obtained. Absent values are looked up in the environment.
#[derive(Clone, Default)]
pub struct GoogleSettings {
    /// The scope. Default: `https://www.googleapis.com/auth/cloud-platform`.
    pub scope: Option<String>,
    /// A credentials file: a service account's, `gcloud`'s, a workload identity's.
    pub credentials_file: Option<PathBuf>,
    /// The content of such a file.
    pub credentials: Option<Secret>,
    /// The project that is billed. Default `GOOGLE_CLOUD_QUOTA_PROJECT`, else the file's.
    pub quota_project: Option<String>,
}

/// A token, and the project that is billed.
pub(crate) struct Granted {
    pub(crate) access: Access,
    pub(crate) quota_project: Option<String>,
    /// A description of where the credentials were found.
    pub(crate) origin: String,
}

/// The text of a credentials file, and where it was found.
type Text = (Secret, String);

impl GoogleSettings {
    pub(crate) async fn token(&self, exchange: &Exchange) -> Result<Granted, CredentialsError> {
        let environment = &exchange.environment;
        let scope = self.scope.as_deref().unwrap_or(SCOPE);
        let given = self.quota_project.clone();
        let given = given.or_else(|| environment.variable("GOOGLE_CLOUD_QUOTA_PROJECT"));
        let Some((text, origin)) = self.file(environment).await? else {
            let access = of_machine(exchange, scope).await?;
            return Ok(Granted {
                access,
                quota_project: given,
                origin: "this machine's metadata".to_owned(),
            });
        };
        let file = Fields::parse(text.expose_secret().as_bytes())
            .map_err(|_| CredentialsError::missing("Google's credentials are not a JSON object"))?;
        let access = of_file(&file, scope, exchange, DEEPEST).await?;
        let quota_project = given.or_else(|| file.get("quota_project_id")?.string());
        Ok(Granted { access, quota_project, origin })
    }

    /// The credentials of a file, if there is one.
    async fn file(&self, environment: &Environment) -> Result<Option<Text>, CredentialsError> {
        if let Some(given) = &self.credentials {
            return Ok(Some((given.clone(), "its settings".to_owned())));
        }
        let given = self.credentials_file.clone().map(|path| (path, "of its settings"));
        let variable = || environment.variable("GOOGLE_APPLICATION_CREDENTIALS").map(PathBuf::from);
        let named = given.or_else(|| Some((variable()?, "that GOOGLE_APPLICATION_CREDENTIALS names")));
        let must_be = named.is_some();
        let left = || Some((left_by_gcloud(environment)?, "that gcloud left"));
        let Some((path, why)) = named.or_else(left) else { return Ok(None) };
        match read_file(&path).await {
            Ok(bytes) => {
                let text = Secret::from(String::from_utf8_lossy(&bytes).into_owned());
                Ok(Some((text, format!("the file {} {why}", path.display()))))
            }
            Err(error) if !must_be && error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CredentialsError::missing(format!("cannot read {}: {error}", path.display()))),
        }
    }
}

fn left_by_gcloud(environment: &Environment) -> Option<PathBuf> {
    let folder = match (environment.variable("CLOUDSDK_CONFIG"), environment.variable("APPDATA")) {
        (Some(folder), _) => PathBuf::from(folder),
        (None, Some(data)) if cfg!(windows) => Path::new(&data).join("gcloud"),
        (None, _) => environment.home()?.join(".config").join("gcloud"),
    };
    Some(folder.join("application_default_credentials.json"))
}

fn of_file<'a>(
    file: &'a Fields<'a>,
    scope: &'a str,
    exchange: &'a Exchange,
    depth: usize,
) -> Pending<'a, Fetched<Secret>> {
    Box::pin(async move {
        let text = |name: &str| file.get(name).and_then(|value| value.string());
        let need = |name: &str| {
            text(name)
                .ok_or_else(|| CredentialsError::missing(format!("Google's credentials have no {name}")))
        };
        match need("type")?.as_str() {
            "service_account" => {
                let url = text("token_uri").unwrap_or_else(|| TOKENS.to_owned());
                let claims = Claims { issuer: &need("client_email")?, scope, audience: &url };
                let assertion = claims.sign(&need("private_key")?, text("private_key_id"))?;
                let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
                let fields = [("grant_type", grant), ("assertion", &assertion)];
                oauth::exchange(exchange, oauth::form(&url, &fields)?, "Google").await
            }
            "authorized_user" => {
                let url = text("token_uri").unwrap_or_else(|| TOKENS.to_owned());
                let (id, secret) = (need("client_id")?, need("client_secret")?);
                let refresh = need("refresh_token")?;
                let fields = [
                    ("grant_type", "refresh_token"),
                    ("client_id", &id),
                    ("client_secret", &secret),
                    ("refresh_token", &refresh),
                ];
                oauth::exchange(exchange, oauth::form(&url, &fields)?, "Google").await
            }
            "external_account" => {
                let subject = subject(file, exchange).await?;
                let (audience, kind) = (need("audience")?, need("subject_token_type")?);
                let impersonates = text("service_account_impersonation_url");
                let fields = [
                    ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                    ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                    ("audience", &audience),
                    ("scope", if impersonates.is_some() { SCOPE } else { scope }),
                    ("subject_token_type", &kind),
                    ("subject_token", &subject),
                ];
                let asked = oauth::form(&need("token_url")?, &fields)?;
                let access = oauth::exchange(exchange, asked, "Google").await?;
                match impersonates {
                    Some(url) => impersonate(exchange, &url, scope, &access.value).await,
                    None => Ok(access),
                }
            }
            "impersonated_service_account" if depth > 0 => {
                let source = file.get("source_credentials").and_then(|source| source.object());
                let source = source.ok_or_else(|| {
                    CredentialsError::missing("Google's credentials have no source_credentials")
                })?;
                let access = of_file(&source, SCOPE, exchange, depth - 1).await?;
                impersonate(exchange, &need("service_account_impersonation_url")?, scope, &access.value).await
            }
            other => Err(CredentialsError::missing(format!(
                "Google's credentials are of the type {other:?}, which is none of service_account, authorized_user, \
                 external_account, impersonated_service_account"
            ))),
        }
    })
}

/// The third-party token that proves a workload identity: from a file or a URL.
async fn subject(file: &Fields<'_>, exchange: &Exchange) -> Result<String, CredentialsError> {
    let wrong = |what: &str| CredentialsError::missing(format!("Google's credential_source {what}"));
    let source = file.get("credential_source").and_then(|source| source.object());
    let source = source.ok_or_else(|| wrong("is missing"))?;
    let bytes = if let Some(path) = source.get("file").and_then(|path| path.string()) {
        let read = read_file(Path::new(&path)).await;
        Bytes::from(read.map_err(|error| wrong(&format!("{path} cannot be read: {error}")))?)
    } else if let Some(url) = source.get("url").and_then(|url| url.string()) {
        let mut request = Request::get(url);
        let headers = source.get("headers").and_then(|headers| headers.object());
        for (name, value) in headers.map(Fields::rest).unwrap_or_default().iter() {
            if let Some(value) = value.value().string() {
                request = request.header(name, value);
            }
        }
        let request = request.body(Bytes::new()).map_err(|_| wrong("has no valid address"))?;
        let sent = oauth::sent(&request);
        let answer = exchange.send(request).await?;
        if !answer.status().is_success() {
            return Err(oauth::refusal(&answer, "Google's credential_source", &sent));
        }
        answer.into_body()
    } else {
        return Err(wrong("has neither a file nor a url; programs and Amazon's keys are not supported"));
    };
    let format = source.get("format").and_then(|format| format.object());
    let name = format.and_then(|format| format.get("subject_token_field_name")?.string());
    let token = match name {
        None => Some(String::from_utf8_lossy(&bytes).trim().to_owned()),
        Some(name) => Fields::parse(&bytes).ok().and_then(|fields| fields.get(&name)?.string()),
    };
    token.filter(|token| !token.is_empty()).ok_or_else(|| wrong("has no token"))
}

/// A service account's token, obtained with the token of an identity that may impersonate it.
async fn impersonate(
    exchange: &Exchange,
    url: &str,
    scope: &str,
    with: &Secret,
) -> Result<Access, CredentialsError> {
    let body = format!(r#"{{"scope":[{}],"lifetime":"{HOUR}s"}}"#, Json::string(scope).text());
    let unusable = || CredentialsError::missing("Google's service_account_impersonation_url cannot be asked");
    let mut request = Request::post(url).body(Bytes::from(body)).map_err(|_| unusable())?;
    let mut bearer =
        HeaderValue::from_str(&format!("Bearer {}", with.expose_secret())).map_err(|_| unusable())?;
    bearer.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, bearer);
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let sent = oauth::sent(&request);
    let answer = exchange.send(request).await?;
    let read = || {
        let token = oauth::read(&answer, "accessToken")?;
        let expires = Fields::parse(answer.body()).ok()?.get("expireTime")?.string()?;
        Some(Fetched { value: token.value, lifetime: clock::until_written(&expires) })
    };
    read().ok_or_else(|| oauth::refusal(&answer, "Google", &sent))
}

async fn of_machine(exchange: &Exchange, scope: &str) -> Result<Access, CredentialsError> {
    let host = exchange.environment.variable("GCE_METADATA_HOST");
    let host = host.unwrap_or_else(|| "metadata.google.internal".to_owned());
    let address = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
    let wrong = || CredentialsError::missing("GCE_METADATA_HOST is not a host name");
    let mut url = Url::parse(&address).map_err(|_| wrong())?;
    url.query_pairs_mut().append_pair("scopes", scope);
    let request = Request::get(url.as_str()).header("metadata-flavor", "Google");
    let request = request.body(Bytes::new()).map_err(|_| wrong())?;
    oauth::exchange(exchange, request, "this machine's metadata").await.map_err(|error| {
        CredentialsError::missing(format!(
            "none in GOOGLE_APPLICATION_CREDENTIALS, left by `gcloud auth application-default login`, or of this machine ({error})"
        ))
    })
}

/// The claims of a service account.
struct Claims<'a> {
    issuer: &'a str,
    scope: &'a str,
    audience: &'a str,
}

impl Claims<'_> {
    /// As a JSON web token, signed with the account's key (RFC 7515, RS256).
    fn sign(&self, key: &str, key_id: Option<String>) -> Result<String, CredentialsError> {
        let unusable = || CredentialsError::missing("the private_key of Google's credentials cannot be used");
        let key = match PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| unusable())? {
            PrivateKeyDer::Pkcs1(der) => signature::RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => signature::RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err(unusable()),
        };
        let key = key.map_err(|_| unusable())?;
        let json = |text: &str| Json::string(text).text().to_owned();
        let id = key_id.map(|id| format!(r#","kid":{}"#, json(&id))).unwrap_or_default();
        let header = format!(r#"{{"alg":"RS256","typ":"JWT"{id}}}"#);
        let now = clock::now();
        let claims = format!(
            r#"{{"iss":{},"scope":{},"aud":{},"iat":{now},"exp":{}}}"#,
            json(self.issuer),
            json(self.scope),
            json(self.audience),
            now + HOUR
        );
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let mut signed = vec![0; key.public().modulus_len()];
        key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signed)
            .map_err(|_| unusable())?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signed)))
    }
}

/// The credentials are not shown.
impl fmt::Debug for GoogleSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GoogleSettings")
            .field("scope", &self.scope)
            .field("credentials_file", &self.credentials_file)
            .field("quota_project", &self.quota_project)
            .finish_non_exhaustive()
    }
}
