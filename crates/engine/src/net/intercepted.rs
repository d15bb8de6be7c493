//! Intercepted requests: bodies that a mock can inspect, and headers that make responses recordable.

use super::request_body::RequestBody;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::ACCEPT_ENCODING};
use http_body_util::{BodyExt as _, Full};
use std::future::Future;

/// A body that can be inspected before it is sent.
pub(crate) trait Whole {
    /// All of it; it is still sent afterwards.
    fn whole(&mut self) -> impl Future<Output = Bytes> + Send;
}

impl Whole for RequestBody {
    async fn whole(&mut self) -> Bytes {
        self.bytes.clone()
    }
}

impl Whole for Full<Bytes> {
    async fn whole(&mut self) -> Bytes {
        match self.clone().collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(never) => match never {},
        }
    }
}

/// Asks for a body without content encoding: recordings should be readable.
pub(super) fn request_unpacked(headers: &mut HeaderMap) {
    if headers.contains_key(ACCEPT_ENCODING) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
}
