//! Authorization: any key but one is accepted, and AWS signatures must be made with the matching secret.

use crate::{aws_signature::Secrets, headers::header_list};
use ferrule_wire::{
    dialect::CredentialsProblem,
    error::Headers,
    model::{ErrorKind, ProviderError},
    server::{EmulatedProvider, key},
};
use http::request::Parts;
use std::collections::BTreeMap;

/// A key that is never valid.
pub(crate) const INVALID_KEY: &str = "sk-invalid";
/// The status with which AWS refuses credentials.
const AWS_STATUS: u16 = 403;

/// Decides which requests are authorised.
#[derive(Debug)]
pub(crate) struct Authorization {
    key_required: bool,
    aws: Secrets,
}

impl Authorization {
    /// `key_required`: whether a request without a key is refused; `aws`: AWS secrets by their access keys.
    pub(crate) fn new(key_required: bool, aws: BTreeMap<String, String>) -> Self {
        Self { key_required, aws: Secrets::new(aws, INVALID_KEY) }
    }

    /// The error, with its status, of a request whose credentials are refused.
    pub(crate) fn refusal(
        &self,
        provider: EmulatedProvider,
        head: &Parts,
        body: &[u8],
    ) -> Option<ProviderError> {
        if let Some(refusal) = self.aws.refusal(head, body) {
            let mut error = ProviderError::new(ErrorKind::Authentication, refusal.message);
            error.code = Some(refusal.class.to_owned());
            error.status = Some(AWS_STATUS);
            return Some(error);
        }
        let problem = match key(Headers(&header_list(&head.headers))) {
            Some(INVALID_KEY) => CredentialsProblem::InvalidKey(INVALID_KEY),
            None if self.key_required => CredentialsProblem::Missing,
            _ => return None,
        };
        Some(provider.credentials_error(problem))
    }
}
