//! Recorded requests and responses of an interceptor.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, response::Parts};
use hyper::ext::ReasonPhrase;
use std::fmt;

/// A recorded request.
#[derive(Clone)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub uri: String,
    /// The headers.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body.
    pub body: Bytes,
    /// The number of the mock response that answered it; `None` if it went to its server, or was refused.
    pub answered_by: Option<usize>,
    /// The server's response, as far as it was read.
    pub given: Option<Given>,
}

/// A response.
#[derive(Clone)]
pub struct Given {
    /// The status.
    pub status: u16,
    /// The reason phrase; `None` for the usual one.
    pub reason: Option<Vec<u8>>,
    /// The headers in order.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body in its original chunks.
    pub body: Vec<Bytes>,
}

impl Seen {
    pub(super) fn request(
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: Bytes,
        answered_by: Option<usize>,
    ) -> Self {
        Self {
            method: method.to_string(),
            uri: uri.to_string(),
            headers: pairs(headers),
            body,
            answered_by,
            given: None,
        }
    }
}

impl Given {
    /// The beginning of a response whose body has not been read.
    pub(crate) fn begun(head: &Parts) -> Self {
        let reason = head.extensions.get::<ReasonPhrase>();
        Self {
            status: head.status.as_u16(),
            reason: reason.map(|reason| reason.as_bytes().to_vec()),
            headers: pairs(&head.headers),
            body: Vec::new(),
        }
    }

    /// The head of the response, without invalid headers.
    pub(crate) fn head(&self) -> Parts {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
                response.headers_mut().append(name, value);
            }
        }
        if let Some(Ok(reason)) = self.reason.clone().map(ReasonPhrase::try_from) {
            response.extensions_mut().insert(reason);
        }
        response.into_parts().0
    }
}

fn pairs(headers: &HeaderMap) -> Vec<(Vec<u8>, Vec<u8>)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect()
}

/// Requests may hold secrets.
impl fmt::Debug for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Seen").field("method", &self.method).finish_non_exhaustive()
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Given").field("status", &self.status).finish_non_exhaustive()
    }
}
