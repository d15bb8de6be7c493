//! Backends that are not HTTP servers: a program (`process.rs`) or a user's function.
//!
//! A backend receives the body that its dialect encodes, and returns chunks that its dialect decodes; retries, limits,
//! delivery and accounting are the same as for every other provider.

use crate::{failure::Failure, secrets::Secret};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use std::{any::Any, fmt, sync::Arc};
use tokio::sync::mpsc;

/// A caller's value that the engine just passes on: for instance, its event loop.
pub type Context = Arc<dyn Any + Send + Sync>;

/// The maximum number of unread chunks; a backend that is further ahead must wait.
const MAX_WAITING_CHUNKS: usize = 64;

/// Answers requests in place of an HTTP server.
pub trait Backend: fmt::Debug + Send + Sync {
    /// Starts answering `request` and returns at once; the answer goes to `sender`. The work must stop when the
    /// receiver is gone (`ChunkSender::is_closed`, `ChunkSender::closed`). Fails if it cannot start.
    fn begin(&self, request: BackendRequest, sender: ChunkSender) -> Result<(), Failure>;
}

/// A request to a backend.
#[derive(Clone)]
pub struct BackendRequest {
    /// The provider's own name of the model.
    pub model: String,
    /// The request as encoded by the dialect.
    pub body: Bytes,
    /// Whether the response should be streamed.
    pub stream: bool,
    /// The provider's key, if it has one.
    pub key: Option<Secret>,
    /// The caller's context.
    pub context: Option<Context>,
}

/// The prompt stays out of logs.
impl fmt::Debug for BackendRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BackendRequest")
            .field("model", &self.model)
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

/// Sends a backend's answer. Dropping it ends the answer.
#[derive(Clone, Debug)]
pub struct ChunkSender(mpsc::Sender<Result<Bytes, Failure>>);

impl ChunkSender {
    /// Sends the next chunk once there is room; returns whether the receiver still exists.
    pub async fn send(&self, chunk: Result<Bytes, Failure>) -> bool {
        self.0.send(chunk).await.is_ok()
    }

    /// As [`ChunkSender::send`], for a thread outside the runtime.
    pub fn blocking_send(&self, chunk: Result<Bytes, Failure>) -> bool {
        self.0.blocking_send(chunk).is_ok()
    }

    /// Sends the next chunk if there is room now, or returns it if there is none; `false` if the receiver is gone.
    pub fn try_send(&self, chunk: Result<Bytes, Failure>) -> Result<bool, Result<Bytes, Failure>> {
        match self.0.try_send(chunk) {
            Ok(()) => Ok(true),
            Err(mpsc::error::TrySendError::Closed(_)) => Ok(false),
            Err(mpsc::error::TrySendError::Full(chunk)) => Err(chunk),
        }
    }

    /// Waits until there is room for a chunk, or the receiver is gone.
    pub async fn room(&self) {
        // Either way the caller tries again.
        let _ = self.0.reserve().await;
    }

    /// Whether the receiver is gone.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Waits until the receiver is gone.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

/// The receiving end of a backend's answer.
pub(crate) struct ChunkReceiver {
    pub(crate) headers: HeaderMap,
    pub(crate) chunks: mpsc::Receiver<Result<Bytes, Failure>>,
}

/// The two ends of an answer with this media type.
pub(crate) fn channel(media_type: &'static str) -> (ChunkSender, ChunkReceiver) {
    let (sender, chunks) = mpsc::channel(MAX_WAITING_CHUNKS);
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    (ChunkSender(sender), ChunkReceiver { headers, chunks })
}
