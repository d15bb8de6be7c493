//! Header block: a request's headers in order, with their names in the caller's case.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt;

/// Headers in order. Those of the same name are grouped at the first of them.
#[derive(Clone, Default)]
pub struct HeaderBlock {
    pub(super) headers: HeaderMap,
    /// The names as written, each followed by a line feed.
    pub(super) names: Vec<u8>,
    /// Whether any name has a capital letter.
    pub(super) has_capitals: bool,
}

impl HeaderBlock {
    /// An empty block with capacity for this many headers.
    pub fn with_capacity(count: usize) -> Self {
        let headers = HeaderMap::with_capacity(count + 4);
        Self { headers, names: Vec::with_capacity(count * 16), has_capitals: false }
    }

    /// Adds a header. The error names it but does not show its value, which may be secret.
    pub fn push(&mut self, name: &[u8], value: &[u8]) -> Result<(), String> {
        let parsed = HeaderName::from_bytes(name)
            .map_err(|_| format!("Illegal header name {:?}", String::from_utf8_lossy(name)))?;
        let value =
            HeaderValue::from_bytes(value).map_err(|_| format!("Illegal header value of {parsed:?}"))?;
        self.headers
            .try_append(parsed, value)
            .map_err(|_| "there are too many headers in the request".to_owned())?;
        self.names.extend_from_slice(name);
        self.names.push(b'\n');
        self.has_capitals |= name.iter().any(u8::is_ascii_uppercase);
        Ok(())
    }

    /// The headers without the written names.
    pub fn into_headers(self) -> HeaderMap {
        self.headers
    }
}

/// Headers may hold secrets.
impl fmt::Debug for HeaderBlock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.headers.keys()).finish()
    }
}
