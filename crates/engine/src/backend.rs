//! Backends that are not HTTP servers: a program (`process.rs`) or a function of the user's own.
//!
//! A backend is asked what its dialect encodes, and answers in chunks of what its dialect decodes; retries, limits,
//! delivery and accounting are those of every other provider.

use crate::{failure::Failure, secrets::Secret};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use std::{any::Any, fmt, sync::Arc};
use tokio::sync::mpsc;

/// Something of the caller's that the engine only passes on: which event loop is its own, for instance.
pub type Context = Arc<dyn Any + Send + Sync>;

/// Chunks that may wait to be read; a backend that is further ahead has to wait.
const MAX_WAITING_CHUNKS: usize = 64;

/// Answers instead of an HTTP server.
pub trait Backend: fmt::Debug + Send + Sync {
    /// Begins to answer `request`, and returns at once; the answer goes to `sender`. When nobody listens any more
    /// (`ChunkSender::is_closed`, `ChunkSender::closed`) the work has to end. Fails where it cannot even begin.
    fn begin(&self, request: BackendRequest, sender: ChunkSender) -> Result<(), Failure>;
}

/// What a backend is asked.
#[derive(Clone)]
pub struct BackendRequest {
    /// The provider's own name of the model.
    pub model: String,
    /// What the dialect made of the request.
    pub body: Bytes,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// The provider's key, where it has one.
    pub key: Option<Secret>,
    /// What the caller gave for it.
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

/// Takes a backend's answer. Dropping it ends the answer.
#[derive(Clone, Debug)]
pub struct ChunkSender(mpsc::Sender<Result<Bytes, Failure>>);

impl ChunkSender {
    /// Sends the next chunk, once there is room for it; whether anybody still listens.
    pub async fn send(&self, chunk: Result<Bytes, Failure>) -> bool {
        self.0.send(chunk).await.is_ok()
    }

    /// As [`ChunkSender::send`], for a thread outside the runtime.
    pub fn blocking_send(&self, chunk: Result<Bytes, Failure>) -> bool {
        self.0.blocking_send(chunk).is_ok()
    }

    /// Sends the next chunk if there is room for it now, and gives it back where there is none; `false` where nobody
    /// listens.
    pub fn try_send(&self, chunk: Result<Bytes, Failure>) -> Result<bool, Result<Bytes, Failure>> {
        match self.0.try_send(chunk) {
            Ok(()) => Ok(true),
            Err(mpsc::error::TrySendError::Closed(_)) => Ok(false),
            Err(mpsc::error::TrySendError::Full(chunk)) => Err(chunk),
        }
    }

    /// Waits until there is room for a chunk, or nobody listens any more.
    pub async fn room(&self) {
        // The caller tries again, whichever it is.
        let _ = self.0.reserve().await;
    }

    /// Whether nobody listens any more.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Waits until nobody listens any more.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

/// The reader's end of a backend's answer.
pub(crate) struct ChunkReceiver {
    pub(crate) headers: HeaderMap,
    pub(crate) chunks: mpsc::Receiver<Result<Bytes, Failure>>,
}

/// Both ends of an answer of this media type.
pub(crate) fn channel(media_type: &'static str) -> (ChunkSender, ChunkReceiver) {
    let (sender, chunks) = mpsc::channel(MAX_WAITING_CHUNKS);
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    (ChunkSender(sender), ChunkReceiver { headers, chunks })
}
