//! Response body, unpacked where it comes packed.

use super::error::BoxError;
use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;
use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower_http::decompression::DecompressionBody;

/// A body that is unpacked as it is read.
pub(super) type Unpacked = DecompressionBody<Incoming>;

/// The body of a response.
pub(crate) enum ResponseBody {
    Plain(Incoming),
    Packed(Box<Unpacked>),
}

impl ResponseBody {
    /// The next chunk; `None` at the end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, BoxError> {
        poll_fn(|context| self.poll_chunk(context)).await
    }

    /// As [`ResponseBody::chunk`].
    pub(crate) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BoxError>> {
        loop {
            let frame = match self {
                Self::Plain(body) => {
                    ready!(Pin::new(body).poll_frame(context)).transpose().map_err(BoxError::from)?
                }
                Self::Packed(body) => ready!(Pin::new(&mut **body).poll_frame(context)).transpose()?,
            };
            match frame.map(http_body::Frame::into_data) {
                None => return Poll::Ready(Ok(None)),
                Some(Ok(data)) => return Poll::Ready(Ok(Some(data))),
                // Trailers.
                Some(Err(_)) => {}
            }
        }
    }

    /// How long it is, where that is announced.
    pub(crate) fn announced(&self) -> Option<u64> {
        match self {
            Self::Plain(body) => body.size_hint().exact(),
            Self::Packed(_) => None,
        }
    }
}
