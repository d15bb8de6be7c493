//! Response body, decompressed if necessary.

use super::error::BoxError;
use crate::intercept::{Given, Interceptor};
use bytes::Bytes;
use http::{
    header::{CONTENT_ENCODING, CONTENT_LENGTH},
    response::Parts,
};
use http_body::Body;
use hyper::body::Incoming;
use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tower_http::decompression::DecompressionBody;

/// A body that is decompressed as it is read.
pub(super) type Unpacked = DecompressionBody<Incoming>;

/// The body of a response.
pub(crate) enum ResponseBody {
    Plain(Incoming),
    Packed(Box<Unpacked>),
    /// The remaining chunks of a mock response.
    Given(VecDeque<Bytes>),
    /// A body that is recorded for a test.
    Noted(Box<Noted>),
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
                Self::Given(pieces) => return Poll::Ready(Ok(pieces.pop_front())),
                Self::Noted(body) => return body.poll_chunk(context),
            };
            match frame.map(http_body::Frame::into_data) {
                None => return Poll::Ready(Ok(None)),
                Some(Ok(data)) => return Poll::Ready(Ok(Some(data))),
                // Trailers.
                Some(Err(_)) => {}
            }
        }
    }

    /// Its length, if announced.
    pub(crate) fn announced(&self) -> Option<u64> {
        match self {
            Self::Plain(body) => body.size_hint().exact(),
            Self::Packed(_) | Self::Given(_) => None,
            Self::Noted(body) => body.announced(),
        }
    }
}

/// A response body that is recorded as it is read.
pub(crate) struct Noted {
    body: ResponseBody,
    given: Option<Given>,
    request: usize,
    interceptor: Arc<Interceptor>,
}

impl Noted {
    pub(super) fn new(
        head: &Parts,
        body: ResponseBody,
        request: usize,
        interceptor: Arc<Interceptor>,
    ) -> Self {
        let mut given = Given::begun(head);
        if matches!(body, ResponseBody::Packed(_)) {
            // It is recorded decompressed.
            let of_packed = [CONTENT_ENCODING.as_str().as_bytes(), CONTENT_LENGTH.as_str().as_bytes()];
            given.headers.retain(|(name, _)| !of_packed.contains(&name.as_slice()));
        }
        Self { body, given: Some(given), request, interceptor }
    }

    pub(super) fn announced(&self) -> Option<u64> {
        self.body.announced()
    }

    pub(super) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BoxError>> {
        let polled = ready!(self.body.poll_chunk(context));
        if let (Ok(Some(chunk)), Some(given)) = (&polled, &mut self.given) {
            given.body.push(chunk.clone());
        } else {
            self.note();
        }
        Poll::Ready(polled)
    }

    fn note(&mut self) {
        if let Some(given) = self.given.take() {
            self.interceptor.note(self.request, given);
        }
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.note();
    }
}
