//! Keys for Amazon's signatures.

use crate::secrets::Secret;

/// A key that signs.
pub(crate) struct Key {
    pub(super) id: String,
    pub(super) secret: Secret,
    pub(super) token: Option<Secret>,
    /// Where it was found, in words.
    pub(super) origin: String,
}

impl Key {
    pub(crate) fn new(id: impl Into<String>, secret: impl Into<String>, token: Option<String>) -> Self {
        let (secret, token) = (Secret::from(secret.into()), token.map(Secret::from));
        Self { id: id.into(), secret, token, origin: String::new() }
    }
}
