//! Credentials of a signed-in user's role (IAM Identity Center).
//!
//! Not delegated to the crate behind `chain`, which does not know the `sso-session` sections that the command line has
//! written since 2022. Signing in and renewing the sign-in are up to `aws sso login`.

use super::{CredentialsError, Key, profile::Files};
use crate::credentials::{
    cache::Fetched, clock, environment::read_file, exchange::Exchange, name_in_address::is_region,
};
use bytes::Bytes;
use ferrule_wire::json::Fields;
use http::Request;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use std::{fmt::Write, time::Duration};
use url::Url;

/// The profile's role by single sign-on; `None` if the profile does not use it.
pub(crate) async fn find(
    files: &Files,
    profile: &str,
    exchange: &Exchange,
) -> Result<Option<Fetched<Key>>, CredentialsError> {
    let (Some(account), Some(role)) =
        (files.value(profile, "sso_account_id"), files.value(profile, "sso_role_name"))
    else {
        return Ok(None);
    };
    let session = files.value(profile, "sso_session");
    let of_session = |key: &str| match session {
        Some(session) => files.in_session(session, key),
        None => files.value(profile, key),
    };
    let (Some(region), Some(start)) = (of_session("sso_region"), of_session("sso_start_url")) else {
        return Err(CredentialsError::missing(format!(
            "profile `{profile}` has a role for single sign-on, but no sso_region and sso_start_url"
        )));
    };
    if !is_region(region) {
        return Err(CredentialsError::missing(format!(
            "profile `{profile}`: sso_region `{region}` is not a region, such as us-east-1"
        )));
    }
    let token = signed_in(session.unwrap_or(start), profile, exchange).await?;
    // China has a separate domain.
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let mut url = Url::parse(&format!("https://portal.sso.{region}.{domain}/federation/credentials"))
        .map_err(|error| {
            CredentialsError::missing(format!("sso_region `{region}` gives no valid URL: {error}"))
        })?;
    url.query_pairs_mut().append_pair("role_name", role).append_pair("account_id", account);
    let request = Request::get(url.as_str())
        .header("x-amz-sso_bearer_token", &token)
        .body(Bytes::new())
        .map_err(|_| CredentialsError::refused("the token of the last sign-in cannot be sent"))?;
    let answer = exchange.send(request).await?;
    let status = answer.status();
    if status.as_u16() == 401 {
        return Err(expired(profile));
    }
    let read = || {
        let answer = Fields::parse(answer.body()).ok()?;
        let role = answer.get("roleCredentials")?.object()?;
        let text = |name: &str| role.get(name)?.string();
        let lifetime = clock::until(role.get("expiration")?.i64()? / 1000);
        let value = Key::new(text("accessKeyId")?, text("secretAccessKey")?, text("sessionToken"));
        Some(Fetched { value, lifetime: Some(lifetime) })
    };
    read().map(Some).ok_or_else(|| {
        CredentialsError::refused(format!("single sign-on gives no role `{role}` (status {status})"))
    })
}

/// The token that `aws sso login` left, in a file named after the session, or after the start URL if there is none.
async fn signed_in(name: &str, profile: &str, exchange: &Exchange) -> Result<String, CredentialsError> {
    let mut file = String::new();
    for byte in digest(&SHA1_FOR_LEGACY_USE_ONLY, name.as_bytes()).as_ref() {
        // Writing to a string does not fail.
        let _ = write!(file, "{byte:02x}");
    }
    let path = exchange.environment.expand(&format!("~/.aws/sso/cache/{file}.json"));
    let path = path.ok_or_else(|| CredentialsError::missing("there is no home directory"))?;
    let bytes = read_file(&path).await.map_err(|_| expired(profile))?;
    let read = || {
        let fields = Fields::parse(&bytes).ok()?;
        let expires = fields.get("expiresAt")?.string()?;
        let token = fields.get("accessToken")?.string()?;
        (clock::until_written(&expires)? > Duration::ZERO).then_some(token)
    };
    read().ok_or_else(|| expired(profile))
}

fn expired(profile: &str) -> CredentialsError {
    CredentialsError::refused(format!(
        "nobody is signed in for profile `{profile}`; run `aws sso login --profile {profile}`"
    ))
}
