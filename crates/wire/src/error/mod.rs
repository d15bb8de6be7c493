//! What an error answer means.

use crate::model::{ErrorKind, ProviderError};

/// Response headers by lower-case name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a>(pub &'a [(&'a str, &'a str)]);

impl<'a> Headers<'a> {
    /// The first value of `name`.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// What a body with an error status says. `now` is in milliseconds since 1970.
pub fn decode(status: u16, headers: Headers<'_>, body: &[u8], now: i64) -> ProviderError {
    let _ = (status, headers, body, now);
    ProviderError::new(ErrorKind::Server, "")
}
