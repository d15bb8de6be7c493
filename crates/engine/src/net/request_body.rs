//! Request body, which tracks how far it was sent.

use crate::{admission::Admitted, timeout::Progress};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::OwnedMutexGuard;

/// The permit to open a connection of a lane.
pub(crate) type ConnectPermit = OwnedMutexGuard<()>;

/// A request goes out in frames of this size, so that its end is noticed about when it is on its way.
const FRAME_BYTES: usize = 128 << 10;

/// A request's body, which records when it is handed to a connection: hyper reads it then, and drops it at its end.
pub(crate) struct RequestBody {
    pub(crate) bytes: Bytes,
    pub(crate) progress: Arc<Progress>,
    /// Released when the body is first read: then there is a connection.
    pub(crate) permit: Option<ConnectPermit>,
    /// The attempt's admission.
    pub(crate) admitted: Option<Arc<Admitted>>,
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let body = self.get_mut();
        body.progress.taken();
        body.permit = None;
        if let Some(admitted) = body.admitted.take() {
            admitted.sent();
        }
        let bytes = body.bytes.split_to(body.bytes.len().min(FRAME_BYTES));
        if body.bytes.is_empty() {
            body.progress.whole();
        }
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        // Dropped once; if the body was never sent, nothing reads this any more.
        self.progress.sent();
    }
}
