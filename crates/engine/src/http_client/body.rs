//! Request body, buffered or streamed, which tracks how far it was sent.

use crate::net::Whole;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};
use tokio::time::Instant;

/// A buffered body goes out in frames of this size, so that progress is visible.
const FRAME_BYTES: usize = 128 << 10;

/// The source of a streamed body.
pub trait BodySource: Send + Sync {
    /// The next chunk; `None` at the end.
    fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, GivenUp>>>;

    /// No more chunks are wanted.
    fn leave(&self);
}

/// The error of a body whose source gave up: the request is aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request's body was given up")]
pub struct GivenUp;

/// The progress of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// There is no connection yet.
    Connecting,
    /// The connection has not asked for more since.
    Writing(Instant),
    /// The connection waits for the source.
    Waiting,
    /// Everything was handed to the connection.
    Sent(Instant),
}

/// The progress of a request, shared by its body and its sender.
#[derive(Debug)]
pub(super) struct Sending(Mutex<Phase>);

impl Sending {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Phase::Connecting)))
    }

    pub(super) fn phase(&self) -> Phase {
        *self.lock()
    }

    fn set(&self, phase: Phase) {
        *self.lock() = phase;
    }

    fn lock(&self) -> MutexGuard<'_, Phase> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of a request.
pub(super) struct HttpBody {
    pub(super) content: Content,
    pub(super) sending: Arc<Sending>,
}

/// The content of a body.
pub(super) enum Content {
    Whole(Bytes),
    Source(Arc<dyn BodySource>),
}

impl Body for HttpBody {
    type Data = Bytes;
    type Error = GivenUp;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, GivenUp>>> {
        let body = self.get_mut();
        let piece = match &mut body.content {
            Content::Whole(bytes) => {
                let piece = bytes.split_to(bytes.len().min(FRAME_BYTES));
                (!piece.is_empty()).then_some(Ok(piece))
            }
            Content::Source(source) => {
                let polled = source.poll_next(context);
                if polled.is_pending() {
                    body.sending.set(Phase::Waiting);
                }
                ready!(polled)
            }
        };
        body.sending.set(Phase::Writing(Instant::now()));
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.content, Content::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Source(_) => SizeHint::default(),
        }
    }
}

impl Whole for HttpBody {
    async fn whole(&mut self) -> Bytes {
        if let Content::Source(source) = &self.content {
            let mut whole = BytesMut::new();
            // When the source gives up, the beginning is enough: the request is aborted anyway.
            while let Some(Ok(piece)) = poll_fn(|context| source.poll_next(context)).await {
                whole.extend_from_slice(&piece);
            }
            source.leave();
            self.content = Content::Whole(whole.freeze());
        }
        match &self.content {
            Content::Whole(bytes) => bytes.clone(),
            Content::Source(_) => Bytes::new(),
        }
    }
}

impl Drop for HttpBody {
    fn drop(&mut self) {
        // A source that no connection has read from may be used by the next request.
        if let Content::Source(source) = &self.content
            && !matches!(self.sending.phase(), Phase::Connecting)
        {
            source.leave();
        }
        self.sending.set(Phase::Sent(Instant::now()));
    }
}
