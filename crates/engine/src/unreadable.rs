//! Unreadable responses: what came in place of a valid one.

use ferrule_wire::error::excerpt;
use std::fmt;

/// A response that is not valid in the provider's dialect, or exceeds the bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong with it.
    pub message: String,
    /// The HTTP status, if it came over HTTP.
    pub status: Option<u16>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// The beginning of the response, credentials masked; for a stream, of the part that cannot be read. Empty if none
    /// of it was kept.
    pub body: String,
}

impl Unreadable {
    /// Adds the beginning of the response, unless there is one.
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
