//! Header checks of scripts.

use super::error::ScriptError;
use std::collections::BTreeMap;

pub(super) fn check_headers(headers: &BTreeMap<String, String>, field: &str) -> Result<(), ScriptError> {
    for (name, value) in headers {
        if http::HeaderName::try_from(name).is_err() || http::HeaderValue::try_from(value).is_err() {
            return Err(ScriptError::new(
                &format!("{field}.headers"),
                format!("expected a header name and value, not `{name}: {value}`"),
            ));
        }
    }
    Ok(())
}
