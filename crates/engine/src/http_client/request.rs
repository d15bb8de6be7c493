//! Requests of an HTTP client.

use super::{body::BodySource, header_block::HeaderBlock, time_limits::HttpTimeouts};
use bytes::Bytes;
use http::{Method, Uri};
use std::{fmt, sync::Arc};

/// A request, sent unchanged.
#[derive(Debug)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The absolute URL.
    pub uri: Uri,
    /// The headers. `Host` and the length of a buffered body are added if missing.
    pub headers: HeaderBlock,
    /// The body.
    pub content: HttpContent,
    /// The time limits.
    pub timeouts: HttpTimeouts,
}

impl HttpRequest {
    /// Parses `url`, which must be absolute.
    pub fn address(url: &str) -> Result<Uri, String> {
        let uri = Uri::try_from(url).map_err(|error| format!("the URL is not valid: {error}"))?;
        match uri.scheme_str() {
            Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
            _ => Err("the URL has to begin with http:// or https:// and a host".to_owned()),
        }
    }
}

/// The body of a request.
#[derive(Clone)]
pub enum HttpContent {
    /// Buffered.
    Whole(Bytes),
    /// Streamed.
    Source(Arc<dyn BodySource>),
}

impl fmt::Debug for HttpContent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => write!(formatter, "{} bytes", bytes.len()),
            Self::Source(_) => formatter.write_str("a source"),
        }
    }
}
