//! Outgoing requests: what is sent, before a provider's address, headers and credentials are added.

use bytes::Bytes;
use ferrule_wire::encode::{EncodedRequest, UnsupportedField};
use http::Method;
use std::borrow::Cow;

/// A request to a provider.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The HTTP method.
    pub method: Method,
    /// What follows the provider's base URL.
    pub path: String,
    /// Parameters of the URL.
    pub query: Vec<(Cow<'static, str>, String)>,
    /// What the body is, unless a header says so.
    pub content_type: Option<Cow<'static, str>>,
    /// Headers of the dialect, names in lower case. A provider's settings win over them.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
    /// The media type that a stream is asked for as, where the response is to be streamed.
    pub stream: Option<&'static str>,
    /// The media type that a plain response is asked for as. Some servers stream without one.
    pub accept: Option<&'static str>,
    /// Whether the caller wrote the path. No part of any other may lead to another folder.
    pub is_callers_path: bool,
    /// What was left out because the dialect cannot carry it.
    pub dropped: Vec<UnsupportedField>,
    /// Whether an answer that began elsewhere is to be continued rather than begun anew.
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
