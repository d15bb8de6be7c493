//! Unreadable answers: what came in place of an answer that can be read.

use ferrule_wire::error::excerpt;
use std::fmt;

/// What came is not an answer in the provider's dialect, or is larger than the limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong with it.
    pub message: String,
    /// The HTTP status that it came with, where it came over HTTP.
    pub status: Option<u16>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// The beginning of what came, credentials masked; of a stream, of the part that cannot be read. Empty where none of it
    /// was kept.
    pub body: String,
}

impl Unreadable {
    /// Adds the beginning of what came, unless there is one.
    pub(crate) fn add_body(&mut self, body: &[u8]) {
        if self.body.is_empty() {
            self.body = excerpt(body);
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}
