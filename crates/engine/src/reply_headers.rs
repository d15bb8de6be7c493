//! Response headers of replies.

use http::HeaderMap;

/// The headers of a response.
#[derive(Clone, Debug, Default)]
pub struct ReplyHeaders(HeaderMap);

impl ReplyHeaders {
    pub(crate) const fn new(headers: HeaderMap) -> Self {
        Self(headers)
    }

    /// The headers that are text; names in lower case.
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        text_headers(&self.0)
    }
}

/// All of `headers` that are text.
pub(crate) fn text_headers(headers: &HeaderMap) -> Vec<(&str, &str)> {
    headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect()
}
