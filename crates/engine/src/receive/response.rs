//! Responses that are not streamed, read as a whole.

use crate::{
    apart::read_whole, failure::Failure, incoming::Incoming, provider::Provider, reply_headers::ReplyHeaders,
    target::Target,
};
use bytes::Bytes;
use ferrule_wire::{
    dialect::shared::foreign,
    framing::{StreamError, StreamLimits},
    model::{Accumulator, Response},
    response_headers::HeaderMetadata,
};
use std::sync::Arc;

/// A plain response.
pub struct PlainResponse {
    pub(crate) response: Response,
    pub(crate) raw: Bytes,
    pub(crate) request_id: Option<String>,
    pub(crate) headers: ReplyHeaders,
}

/// Reads the whole response.
pub(crate) async fn read_response(mut incoming: Incoming, target: &Target) -> Result<PlainResponse, Failure> {
    let raw = incoming.content().await?;
    let provider = Arc::clone(&target.provider);
    let dialect = provider.dialect;
    let decoded = read_whole(&mut incoming, &raw, move |raw| dialect.decode_response(raw)).await?;
    let (decoded, is_stream) = match decoded {
        Ok(mut response) => {
            provider.quirks.adjust(&mut response);
            (Ok(response), false)
        }
        error @ Err(StreamError::Provider(_)) => (error, false),
        // Boxed, as few responses need it and all would carry its size.
        error => match Box::pin(read_whole(&mut incoming, &raw, move |raw| join(raw, &provider))).await? {
            Some(joined) => (joined, true),
            None => (error, false),
        },
    };
    match decoded {
        Ok(mut response) => {
            add_metadata(dialect.decode_headers(&|name| incoming.header(name)), &mut response);
            foreign::mark_response(&mut response, &target.signer(), dialect.format());
            let request_id = incoming.request_id();
            Ok(PlainResponse { response, raw, request_id, headers: incoming.take_headers() })
        }
        Err(error) => {
            let failure = Failure::from(error).with_request_id(|| incoming.request_id());
            Err(if is_stream {
                failure.with_status(incoming.status()).with_body(&raw)
            } else {
                incoming.unreadable(failure, &raw)
            })
        }
    }
}

/// Joins the body of a server that streams unconditionally into one response. `None` if it is not a stream.
fn join(body: &[u8], provider: &Provider) -> Option<Result<Response, StreamError>> {
    let Provider { dialect, quirks, .. } = provider;
    let mut decoder = quirks.decoder(dialect.stream_decoder(StreamLimits::default()));
    let mut events = Vec::new();
    let read = decoder.push(body, &mut events).and_then(|()| decoder.finish(&mut events));
    let is_stream = !events.is_empty() || matches!(read, Err(StreamError::Provider(_)));
    is_stream.then(|| {
        read.map(|()| {
            let mut response = Accumulator::new();
            events.iter().for_each(|event| response.push(event));
            response.response()
        })
    })
}

/// Adds the headers' metadata. A cost in the body takes precedence.
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
