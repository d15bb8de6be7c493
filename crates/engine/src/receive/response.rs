//! Plain responses, read as a whole.

use crate::{
    apart::{LONG_BYTES, apart},
    failure::Failure,
    incoming::Incoming,
    target::Target,
};
use bytes::Bytes;
use ferrule_wire::{
    dialect::shared::foreign, framing::StreamError, model::Response, response_headers::HeaderMetadata,
};

/// A plain response.
pub struct PlainResponse {
    pub(crate) response: Response,
    pub(crate) raw: Bytes,
    pub(crate) request_id: Option<String>,
}

/// Reads the whole response.
pub(crate) async fn read_response(mut incoming: Incoming, target: &Target) -> Result<PlainResponse, Failure> {
    let raw = incoming.body().await?;
    let dialect = target.provider.dialect;
    let decoded = if raw.len() > LONG_BYTES {
        let raw = raw.clone();
        apart(&mut incoming, move || dialect.decode_response(&raw)).await?
    } else {
        dialect.decode_response(&raw)
    };
    match decoded {
        Ok(mut response) => {
            target.provider.quirks.adjust(&mut response);
            add_metadata(dialect.decode_headers(&|name| incoming.header(name)), &mut response);
            foreign::sign(&mut response, &target.signer());
            Ok(PlainResponse { response, raw, request_id: incoming.request_id() })
        }
        Err(StreamError::Provider(mut error)) => {
            error.request_id = error.request_id.or_else(|| incoming.request_id());
            Err(Failure::Provider(error))
        }
        Err(error) => Err(incoming.unreadable(error.into())),
    }
}

/// Adds what the headers say. A cost in the body wins.
fn add_metadata(metadata: HeaderMetadata, response: &mut Response) {
    let HeaderMetadata { cost, extra } = metadata;
    if let Some(cost) = cost {
        let usage = response.usage.get_or_insert_default();
        if usage.extra.get("cost").is_none() {
            usage.extra.insert("cost", cost);
        }
    }
    for (name, value) in extra {
        response.extra.insert(name, value);
    }
}
