//! Request headers: user-supplied names, and headers that carry credentials.

use crate::{
    characters,
    secrets::{Secrets, is_secret_name},
};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};

/// Headers that carry credentials, whoever sets them.
const CREDENTIALS: [HeaderName; 4] = [
    AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// Whether `headers` authorise a request; `key` is the header of the provider's own key.
pub(crate) fn carry_credentials(headers: &HeaderMap, key: Option<&HeaderName>) -> bool {
    CREDENTIALS.iter().chain(key).any(|name| headers.contains_key(name))
}

/// A header from settings or a caller; its value may be a secret.
pub(crate) fn parse_header(
    name: &str,
    value: &str,
    secrets: &mut Secrets,
) -> Result<(HeaderName, HeaderValue), String> {
    let name = HeaderName::try_from(name).map_err(|_| match may_be_shown(name) {
        true => format!("{name:?} is not a valid header name"),
        false => "a header's name is not valid; it has letters, digits and dashes only".to_owned(),
    })?;
    let cleaned = if is_secret_name(name.as_str()) {
        characters::clean_secret_header(value)
    } else {
        characters::clean_header(value)
    };
    let value = cleaned.map_err(|wrong| format!("header {name}: {wrong}"))?;
    let mut parsed = HeaderValue::try_from(value)
        .map_err(|_| format!("the value of header {name} has characters that no header can carry"))?;
    parsed.set_sensitive(true);
    secrets.add_header(name.as_str(), value);
    Ok((name, parsed))
}

/// Whether an invalid name may be shown in an error. It may be a misplaced value.
fn may_be_shown(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let has_scheme = ["bearer", "basic", "token"].iter().any(|scheme| lower.starts_with(scheme));
    name.len() <= 24 && !has_scheme && !name.bytes().any(|byte| byte.is_ascii_digit())
}
