//! Secrets, and their masking: whatever a provider or a library writes about a request, no secret that was in it leaves
//! this crate.

use crate::failure::Failure;
use ferrule_wire::model::ProviderError;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// A key. Shows as `***`, is wiped when dropped.
pub type Secret = SecretString;

/// What a masked secret looks like.
const MASK: &str = "***";

/// Shorter texts would mask ordinary words.
const SHORTEST: usize = 6;

/// The secrets of a provider, or of one call.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<Secret>);

impl Secrets {
    pub(crate) fn add(&mut self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.0.push(Secret::from(secret));
        }
    }

    /// Adds all of `others` that are not there yet.
    pub(crate) fn add_all(&mut self, others: &Self) {
        for secret in &others.0 {
            self.add_once(secret.expose_secret());
        }
    }

    /// As [`Secrets::add`], where it is not there yet.
    pub(crate) fn add_once(&mut self, secret: &str) {
        if !self.0.iter().any(|known| known.expose_secret() == secret) {
            self.add(secret);
        }
    }

    /// Adds the value of a header that by its name holds a secret. A scheme before it (`Bearer `) is none.
    pub(crate) fn add_header(&mut self, name: &str, value: &str) {
        let name = name.to_ascii_lowercase();
        if ["auth", "key", "token", "secret", "cookie", "credential"].iter().any(|word| name.contains(word)) {
            self.add(value.rsplit(' ').next().unwrap_or(value));
        }
    }

    pub(crate) fn mask_failure(&self, failure: &mut Failure) {
        match failure {
            Failure::Provider(error) => self.mask_provider_error(error),
            Failure::Connect(text)
            | Failure::Interrupted(text)
            | Failure::Unreadable(text)
            | Failure::Config(text) => self.mask(text),
            Failure::Timeout(_) | Failure::Unsupported(_) => {}
        }
    }

    fn mask_provider_error(&self, error: &mut ProviderError) {
        self.mask(&mut error.message);
        self.mask(&mut error.body);
        for text in [&mut error.code, &mut error.error_type, &mut error.param, &mut error.request_id] {
            text.iter_mut().for_each(|text| self.mask(text));
        }
    }

    pub(crate) fn mask(&self, text: &mut String) {
        for secret in &self.0 {
            let secret = secret.expose_secret();
            if text.contains(secret) {
                *text = text.replace(secret, MASK);
            }
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}
