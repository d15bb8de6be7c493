//! Incoming responses: the headers of a success, and its body, chunk by chunk.

use crate::{
    backend::ChunkReceiver,
    cause,
    failure::{Failure, TimeoutKind},
    timeout::Watch,
    transport::Lease,
    unpack::Unpacker,
};
use bytes::{Bytes, BytesMut};
use ferrule_wire::{
    dialect::Dialect,
    error::{Headers, REQUEST_ID_HEADERS},
};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use std::{
    fmt,
    future::poll_fn,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{sync::mpsc::error::TryRecvError, time::timeout};

/// The largest body of a plain response, unpacked.
const MAX_BODY_BYTES: usize = 64 << 20;
/// The largest part of an error's body that is looked at.
const MAX_ERROR_BODY_BYTES: usize = 1 << 20;
/// How long an error's body may pause; its status is known, and a retry should not wait for its words.
const ERROR_BODY_PAUSE: Duration = Duration::from_secs(10);
/// What may follow the end of a stream, so that its connection can be used again.
const MAX_TRAILING_BYTES: usize = 16 << 10;
const TRAILING_TIME: Duration = Duration::from_millis(100);

/// A response whose body is still to be read. Dropping it closes the connection, resets the stream under HTTP/2, or
/// lets the backend know that nobody listens.
pub struct Incoming {
    source: Source,
    watch: Watch,
    /// Where the body is packed in a way that the HTTP client does not know.
    unpacker: Option<Box<Unpacker>>,
}

/// Where the body comes from.
enum Source {
    Http { response: reqwest::Response, lease: Lease },
    Backend(Box<ChunkReceiver>),
}

/// Headers may hold secrets.
impl fmt::Debug for Incoming {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Incoming").field("media_type", &self.media_type()).finish_non_exhaustive()
    }
}

impl Incoming {
    /// An HTTP response, read under the limits of `watch`.
    pub(crate) fn from_http(response: reqwest::Response, lease: Lease, watch: Watch) -> Self {
        let unpacker = Unpacker::for_headers(response.headers()).map(Box::new);
        Self { source: Source::Http { response, lease }, watch, unpacker }
    }

    /// A backend's answer, read under the limits of `watch`.
    pub(crate) fn from_backend(receiver: ChunkReceiver, watch: Watch) -> Self {
        Self { source: Source::Backend(Box::new(receiver)), watch, unpacker: None }
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        match &self.source {
            Source::Http { response, .. } => response.headers(),
            Source::Backend(receiver) => &receiver.headers,
        }
    }

    /// The media type, without its parameters; empty where there is none.
    pub fn media_type(&self) -> &str {
        let value = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim()
    }

    /// A header, where it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// All headers that are text.
    pub(crate) fn text_headers(&self) -> Vec<(&str, &str)> {
        self.headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect()
    }

    /// Lets go of the headers, and with them of the piece of the connection's memory that they were read into: a stream
    /// may stay open for long.
    pub(crate) fn forget_headers(&mut self) {
        if let Source::Http { response, .. } = &mut self.source {
            *response.headers_mut() = HeaderMap::new();
        }
    }

    /// The provider's id of the request.
    pub fn request_id(&self) -> Option<String> {
        let value = REQUEST_ID_HEADERS.iter().find_map(|name| self.headers().get(*name))?;
        value.to_str().ok().map(str::to_owned)
    }

    /// An answer with a success status that is not what was asked for; says what it is, where the server does.
    pub(crate) fn unreadable(&self, failure: Failure) -> Failure {
        match (failure, self.media_type()) {
            (Failure::Unreadable(what), kind @ ("text/html" | "text/plain")) => {
                Failure::Unreadable(format!("the answer is {kind}, from a proxy perhaps: {what}"))
            }
            (failure, _) => failure,
        }
    }

    /// The next chunk of the body; `None` at its end. Nothing is lost when the future is dropped.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let Self { source, watch, unpacker } = self;
        let chunk = match source {
            Source::Http { response, .. } => {
                let chunk = watch.within(response.chunk()).await.map_err(Failure::Timeout)?;
                chunk.map_err(|error| cause::broken(&error))
            }
            Source::Backend(receiver) => {
                watch.within(receiver.chunks.recv()).await.map_err(Failure::Timeout)?.transpose()
            }
        };
        watch.progress();
        unpack(unpacker, chunk)
    }

    /// The next chunk of the body where it is here already; `None` where it would have to be waited for.
    ///
    /// hyper reads a connection in a task of its own and hands over one chunk at a time: that task is let go first
    /// once, for what it has already read from the socket.
    pub(crate) async fn chunk_at_hand(&mut self) -> Option<Result<Option<Bytes>, Failure>> {
        let response = match &mut self.source {
            Source::Http { response, .. } => response,
            Source::Backend(receiver) => {
                return match receiver.chunks.try_recv() {
                    Ok(chunk) => Some(chunk.map(Some)),
                    Err(TryRecvError::Disconnected) => Some(Ok(None)),
                    Err(TryRecvError::Empty) => None,
                };
            }
        };
        let mut chunk = pin!(response.chunk());
        let mut let_go = false;
        let at_hand = poll_fn(|context| match chunk.as_mut().poll(context) {
            Poll::Ready(chunk) => Poll::Ready(Some(chunk)),
            Poll::Pending if let_go => Poll::Ready(None),
            Poll::Pending => {
                let_go = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        });
        Some(unpack(&mut self.unpacker, at_hand.await?.map_err(|error| cause::broken(&error))))
    }

    /// The whole body.
    pub async fn body(&mut self) -> Result<Bytes, Failure> {
        let announced = match &self.source {
            Source::Http { response, .. } => response.content_length().unwrap_or_default(),
            Source::Backend(_) => 0,
        };
        if announced <= MAX_BODY_BYTES as u64
            && let (body, true) = self.body_up_to(MAX_BODY_BYTES).await?
        {
            return Ok(body);
        }
        Err(Failure::Unreadable(format!("the answer is longer than {MAX_BODY_BYTES} bytes")))
    }

    /// The body's beginning, and whether that is all of it.
    async fn body_up_to(&mut self, limit: usize) -> Result<(Bytes, bool), Failure> {
        let Some(first) = self.chunk().await? else { return Ok((Bytes::new(), true)) };
        let Some(second) = self.chunk().await? else { return Ok((first, true)) };
        let mut body = BytesMut::from(first);
        let mut next = Some(second);
        while let Some(chunk) = next {
            if body.len() + chunk.len() > limit {
                body.extend_from_slice(chunk.get(..limit.saturating_sub(body.len())).unwrap_or_default());
                return Ok((body.freeze(), false));
            }
            body.extend_from_slice(&chunk);
            next = self.chunk().await?;
        }
        Ok((body.freeze(), true))
    }

    /// What an answer with an error status says, as far as it can be read.
    pub(crate) async fn into_error(mut self, status: StatusCode, dialect: &dyn Dialect) -> Failure {
        self.watch.shorten(ERROR_BODY_PAUSE);
        let status = status.as_u16();
        let body = match self.body_up_to(MAX_ERROR_BODY_BYTES).await {
            Ok((body, _)) => body,
            Err(timeout @ Failure::Timeout(TimeoutKind::Total)) => return timeout,
            Err(_) => Bytes::new(),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        let headers = self.text_headers();
        Failure::Provider(Box::new(dialect.decode_error(status, Headers(&headers), &body, now)))
    }

    /// The dialect says that nothing of interest follows. Reads the few bytes that end the body, in the background,
    /// so that the connection can be used again.
    pub(crate) fn finish(self) {
        let Source::Http { mut response, lease } = self.source else { return };
        {
            let mut end = pin!(response.chunk());
            // Nobody needs waking: the end is here, or the task below asks again.
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(Ok(None) | Err(_)) = end.as_mut().poll(&mut context) {
                return;
            }
        }
        tokio::spawn(async move {
            let mut left = MAX_TRAILING_BYTES;
            let _ = timeout(TRAILING_TIME, async {
                while let Ok(Some(chunk)) = response.chunk().await
                    && chunk.len() <= left
                {
                    left -= chunk.len();
                }
            })
            .await;
            drop(lease);
        });
    }
}

/// A chunk of the body, unpacked where it has to be. One that says nothing yet is empty.
fn unpack(
    unpacker: &mut Option<Box<Unpacker>>,
    chunk: Result<Option<Bytes>, Failure>,
) -> Result<Option<Bytes>, Failure> {
    match (unpacker, chunk) {
        (Some(unpacker), Ok(Some(chunk))) => match unpacker.push(&chunk) {
            Ok(unpacked) => Ok(Some(unpacked)),
            Err(error) => Err(Failure::Unreadable(format!("the body cannot be unpacked: {error}"))),
        },
        (_, chunk) => chunk,
    }
}
