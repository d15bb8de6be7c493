//! Responses of operations other than chat: the whole body is read by the operation's decoder.

use crate::{
    apart::{LONG_BYTES, apart},
    failure::Failure,
    incoming::Incoming,
    reply_headers::text_headers,
    target::Target,
};
use ferrule_wire::{error::Headers, framing::StreamError, json::Json};

/// A decoded response, the provider's request id, and the cost that its headers state.
pub struct Decoded<T> {
    pub(crate) response: T,
    pub(crate) request_id: Option<String>,
    pub(crate) cost: Option<Json>,
}

/// Reads the whole body with `read`, which is given `request`.
pub(crate) async fn decode<R: Clone + Send + 'static, T: Send + 'static>(
    mut incoming: Incoming,
    target: &Target,
    request: &R,
    read: impl FnOnce(&R, Headers<'_>, &[u8]) -> Result<T, StreamError> + Send + 'static,
) -> Result<Decoded<T>, Failure> {
    let raw = incoming.content().await?;
    let request_id = incoming.request_id();
    let cost = target.provider.dialect.decode_headers(&|name| incoming.header(name)).cost;
    // What `read` borrows is copied only for a long body.
    let read = if raw.len() > LONG_BYTES {
        let (request, headers, raw) = (request.clone(), incoming.headers().clone(), raw.clone());
        apart(&mut incoming, move || read(&request, Headers(&text_headers(&headers)), &raw)).await?
    } else {
        read(request, Headers(&incoming.text_headers()), &raw)
    };
    match read {
        Ok(response) => Ok(Decoded { response, request_id, cost }),
        Err(error) => Err(incoming.unreadable(Failure::from(error).with_request_id(|| request_id), &raw)),
    }
}
