//! Addresses of watsonx: the version of the API, deployments, and the model that a body names.

use crate::encode::{Refusals, UnsupportedField};
use crate::json::{Extra, Fields, JsonError};
use alloc::{borrow::ToOwned, format, string::String};

/// What a model's name begins with that is the id of a deployment, which has an address of its own.
pub(super) const DEPLOYMENT: &str = "deployment/";

/// The version of the API asked for where the extra fields name none.
pub(super) const API_VERSION: &str = "2025-02-11";

/// The version of the API, which stands in the address.
pub(super) fn take_version(extra: &mut Extra) -> String {
    let version = extra.remove("version").and_then(|version| version.value().string());
    version.unwrap_or_else(|| API_VERSION.to_owned())
}

/// Where `operation` is asked of `model`. A deployment has addresses for chat alone.
pub(super) fn address(
    operation: &str,
    model: &str,
    extra: &mut Extra,
    refusals: &Refusals,
) -> Result<String, UnsupportedField> {
    if model.starts_with(DEPLOYMENT) {
        return Err(refusals.refusal("model", "deployments only chat; name the model itself"));
    }
    Ok(format!("/ml/v1/text/{operation}?version={}", take_version(extra)))
}

/// The model that a body of such a request names.
pub(super) fn take_model(fields: &mut Fields<'_>) -> Result<String, JsonError> {
    fields.take("version");
    let model = fields.take_string("model_id").filter(|model| !model.starts_with(DEPLOYMENT));
    model.ok_or_else(|| JsonError::new("model_id: expected the name of a model"))
}
