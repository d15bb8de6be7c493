//! Keys that Amazon's signatures are made with.

use crate::secrets::Secret;

/// What a signature is made with.
pub(crate) struct Key {
    pub(super) id: String,
    pub(super) secret: Secret,
    pub(super) token: Option<Secret>,
}

impl Key {
    pub(crate) fn new(id: impl Into<String>, secret: impl Into<String>, token: Option<String>) -> Self {
        Self { id: id.into(), secret: Secret::from(secret.into()), token: token.map(Secret::from) }
    }
}
