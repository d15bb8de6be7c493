//! Outgoing requests, before a provider's address, headers and credentials are added.

use bytes::Bytes;
use ferrule_wire::encode::{EncodedRequest, UnsupportedField};
use http::Method;
use std::borrow::Cow;

/// A request to a provider.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The HTTP method.
    pub method: Method,
    /// The path after the provider's base URL.
    pub path: String,
    /// Parameters of the URL.
    pub query: Vec<(Cow<'static, str>, String)>,
    /// The body's content type, unless a header sets it.
    pub content_type: Option<Cow<'static, str>>,
    /// Headers of the dialect, names in lower case. A provider's settings take precedence.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
    /// The media type to accept for a streamed response, if it should be streamed.
    pub stream: Option<&'static str>,
    /// The media type to accept for a response that is not streamed. Some servers stream without one.
    pub accept: Option<&'static str>,
    /// Whether the caller wrote the path. In any other, no part may lead to another folder.
    pub is_callers_path: bool,
    /// The fields that were dropped because the dialect cannot carry them.
    pub dropped: Vec<UnsupportedField>,
    /// Whether the target should continue a partial answer rather than begin anew.
    pub(crate) continues: bool,
}

impl Outgoing {
    /// A request without a body.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            content_type: None,
            headers: Vec::new(),
            body: Bytes::new(),
            stream: None,
            accept: Some("application/json"),
            is_callers_path: false,
            dropped: Vec::new(),
            continues: false,
        }
    }
}

impl From<EncodedRequest> for Outgoing {
    fn from(encoded: EncodedRequest) -> Self {
        let EncodedRequest { path, body, headers, dropped } = encoded;
        Self {
            method: Method::POST,
            content_type: Some("application/json".into()),
            headers,
            body: body.into(),
            dropped,
            ..Self::get(path)
        }
    }
}
