//! Which keys are taken: any, but for the one that never is, and signatures that are not made with their secret.

use crate::{amazon::Secrets, script::ErrorScript, speaker::Speaker};
use ferrule_wire::model::{ErrorKind, ProviderError};
use http::{HeaderMap, request::Parts};
use std::collections::BTreeMap;

/// Where the providers look for the key.
const KEY_HEADERS: &[&str] =
    &["x-api-key", "api-key", "x-goog-api-key", "api-subscription-key", "authorization"];
/// Never a valid key.
pub(crate) const INVALID_KEY: &str = "sk-invalid";

/// Who may ask.
#[derive(Debug)]
pub(crate) struct Keys {
    required: bool,
    amazon: Secrets,
}

impl Keys {
    /// `required`: whether a request without a key is refused; `amazon`: secrets by their access keys.
    pub(crate) fn new(required: bool, amazon: BTreeMap<String, String>) -> Self {
        Self { required, amazon: Secrets::new(amazon) }
    }

    /// With what status and error a request is refused for its key; `None` where it is not.
    pub(crate) fn refusal(
        &self,
        speaker: Speaker,
        head: &Parts,
        body: &[u8],
    ) -> Option<(u16, ProviderError)> {
        // Amazon refuses with 403 and a class of its own.
        let amazons = |class: &str, message: &str| {
            let mut error = ProviderError::new(ErrorKind::Authentication, message);
            error.code = Some(class.to_owned());
            Some((403, error))
        };
        if let Some(refusal) = self.amazon.refusal(head, body) {
            return amazons(refusal.class, &refusal.message);
        }
        let is_amazon = speaker.name() == "bedrock";
        let message = match key(&head.headers) {
            // The words are unverified (`docs/wire/bedrock.md`, section 8).
            Some(INVALID_KEY) if is_amazon => {
                let message = "Authentication failed: Please make sure your API Key is valid.";
                return amazons("AccessDeniedException", message);
            }
            None if self.required && is_amazon => {
                return amazons("MissingAuthenticationTokenException", "Missing Authentication Token");
            }
            Some(INVALID_KEY) => "Incorrect API key provided: sk-invalid.",
            None if self.required => "You didn't provide an API key.",
            _ => return None,
        };
        let error = ErrorScript::default().provider_error(ErrorKind::Authentication, message, speaker.name());
        Some((401, error))
    }
}

fn key(headers: &HeaderMap) -> Option<&str> {
    let key = KEY_HEADERS.iter().find_map(|name| headers.get(*name)?.to_str().ok());
    key.map(|value| value.strip_prefix("Bearer ").unwrap_or(value))
}
