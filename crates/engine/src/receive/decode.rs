//! Responses of operations other than chat: a whole body, read by the operation's own decoder.

use crate::{failure::Failure, incoming::Incoming, target::Target};
use ferrule_wire::{error::Headers, framing::StreamError, json::Json};

/// What was read, the provider's id of the request, and what its headers say that it cost.
pub struct Decoded<T> {
    pub(crate) response: T,
    pub(crate) request_id: Option<String>,
    pub(crate) cost: Option<Json>,
}

/// Reads the whole body with `read`.
pub(crate) async fn decode<T>(
    mut incoming: Incoming,
    target: &Target,
    read: impl FnOnce(Headers<'_>, &[u8]) -> Result<T, StreamError>,
) -> Result<Decoded<T>, Failure> {
    let raw = incoming.body().await?;
    let request_id = incoming.request_id();
    let cost = target.provider.dialect.decode_headers(&|name| incoming.header(name)).cost;
    match read(Headers(&incoming.text_headers()), &raw) {
        Ok(response) => Ok(Decoded { response, request_id, cost }),
        Err(StreamError::Provider(mut error)) => {
            error.request_id = error.request_id.or(request_id);
            Err(Failure::Provider(error))
        }
        Err(error) => Err(incoming.unreadable(error.into())),
    }
}
