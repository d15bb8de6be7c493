//! Header block: a request's headers in their order, with their names as they were written.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt;

/// Headers in their order. Those of the same name stand together, where the first of them is.
#[derive(Clone, Default)]
pub struct HeaderBlock {
    pub(super) headers: HeaderMap,
    /// The names as they were written, each with a line feed behind it.
    pub(super) names: Vec<u8>,
    /// Whether there is a capital letter among them.
    pub(super) has_capitals: bool,
}

impl HeaderBlock {
    /// An empty block, with room for so many headers.
    pub fn with_capacity(count: usize) -> Self {
        let headers = HeaderMap::with_capacity(count + 4);
        Self { headers, names: Vec::with_capacity(count * 16), has_capitals: false }
    }

    /// Adds a header. The error names it, and says nothing of its value, which may be secret.
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

    /// The headers alone.
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
