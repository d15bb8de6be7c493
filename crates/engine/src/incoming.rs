//! Incoming responses: the headers of a success, and its body in chunks.

use crate::{
    backend::ChunkReceiver,
    bounds::Bounds,
    cause,
    failure::Failure,
    net::{InUse, ResponseBody},
    reply_headers::{ReplyHeaders, text_headers},
    timeout::Watch,
    transport::Lease,
};
use bytes::{Bytes, BytesMut};
use ferrule_wire::{
    dialect::Dialect,
    error::{Headers, REQUEST_ID_HEADERS},
};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE, response::Parts};
use std::{
    fmt,
    future::poll_fn,
    mem,
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{sync::mpsc::error::TryRecvError, time::timeout};

/// The maximum size of an error's body that is read.
const MAX_ERROR_BODY_BYTES: usize = 1 << 20;
/// How long an error's body may pause; its status is known, and a retry should not wait for the message.
const ERROR_BODY_PAUSE: Duration = Duration::from_secs(10);
/// The total time for an error's body, even if it trickles.
const ERROR_BODY_TIME: Duration = Duration::from_secs(15);
/// How much is read of a body that is not the requested stream.
const MAX_BEGINNING_BYTES: usize = 16 << 10;
/// How much may follow the end of a stream for its connection to be reused.
const MAX_TRAILING_BYTES: usize = 16 << 10;
const TRAILING_TIME: Duration = Duration::from_millis(100);

/// A response whose body has not been read. Dropping it closes the connection, resets the stream under HTTP/2, or tells
/// the backend that the receiver is gone.
pub struct Incoming {
    source: Source,
    watch: Watch,
}

/// The source of the body.
enum Source {
    Http { status: StatusCode, headers: HeaderMap, body: ResponseBody, used: Used },
    Backend(Box<ChunkReceiver>),
}

/// A response's connection, and its slot there. Dropped after the body.
#[derive(Debug)]
pub(crate) struct Used {
    #[expect(dead_code, reason = "held until the response was read")]
    pub(crate) in_use: Option<InUse>,
    #[expect(dead_code, reason = "held until the response was read")]
    pub(crate) lease: Lease,
}

/// Headers may hold secrets.
impl fmt::Debug for Incoming {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Incoming").field("media_type", &self.media_type()).finish_non_exhaustive()
    }
}

impl Incoming {
    /// An HTTP response with the time limits of `watch`.
    pub(crate) fn from_http(head: Parts, body: ResponseBody, used: Used, watch: Watch) -> Self {
        Self { source: Source::Http { status: head.status, headers: head.headers, body, used }, watch }
    }

    /// A backend's answer with the time limits of `watch`.
    pub(crate) fn from_backend(receiver: ChunkReceiver, watch: Watch) -> Self {
        Self { source: Source::Backend(Box::new(receiver)), watch }
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        match &self.source {
            Source::Http { headers, .. } => headers,
            Source::Backend(receiver) => &receiver.headers,
        }
    }

    /// The media type without parameters; empty if there is none.
    pub fn media_type(&self) -> &str {
        let value = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim()
    }

    /// A header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// All headers that are text.
    pub(crate) fn text_headers(&self) -> Vec<(&str, &str)> {
        text_headers(self.headers())
    }

    /// Takes the headers, for the reply.
    pub(crate) fn take_headers(&mut self) -> ReplyHeaders {
        ReplyHeaders::new(match &mut self.source {
            Source::Http { headers, .. } => mem::take(headers),
            Source::Backend(_) => HeaderMap::new(),
        })
    }

    /// Drops the headers, and with them the connection's buffer that they were read into: a stream may stay open for a
    /// long time.
    pub(crate) fn forget_headers(&mut self) {
        if let Source::Http { headers, .. } = &mut self.source {
            *headers = HeaderMap::new();
        }
    }

    /// The provider's id of the request.
    pub fn request_id(&self) -> Option<String> {
        let value = REQUEST_ID_HEADERS.iter().find_map(|name| self.headers().get(*name))?;
        value.to_str().ok().map(str::to_owned)
    }

    /// The HTTP status; `None` for a backend.
    pub(crate) fn status(&self) -> Option<u16> {
        match &self.source {
            Source::Http { status, .. } => Some(status.as_u16()),
            Source::Backend(_) => None,
        }
    }

    /// The failure of a response with a success status but unexpected content: includes the server's message, if any,
    /// and the beginning of `body`.
    pub(crate) fn unreadable(&self, mut failure: Failure, body: &[u8]) -> Failure {
        if let Failure::Unreadable(answer) = &mut failure
            && let kind @ ("text/html" | "text/plain") = self.media_type()
        {
            answer.message = format!("the answer is {kind}, from a proxy perhaps: {}", answer.message);
        }
        self.identify(failure).with_body(body)
    }

    /// The failure with the status and the request id of this response.
    fn identify(&self, failure: Failure) -> Failure {
        failure.with_status(self.status()).with_request_id(|| self.request_id())
    }

    /// The beginning of an unexpected body, as far as it arrives soon.
    pub(crate) async fn beginning(&mut self) -> Bytes {
        self.watch.shorten(ERROR_BODY_PAUSE);
        self.watch.end_within(ERROR_BODY_TIME);
        self.body_up_to(MAX_BEGINNING_BYTES).await.map(|(body, _)| body).unwrap_or_default()
    }

    /// The next chunk of the body; `None` at its end. Nothing is lost when the future is dropped.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let Self { source, watch } = self;
        let chunk = match source {
            Source::Http { body, .. } => {
                let chunk = watch.within(body.chunk()).await.map_err(Failure::from)?;
                chunk.map_err(|error| cause::broken(&*error))
            }
            Source::Backend(receiver) => {
                watch.within(receiver.chunks.recv()).await.map_err(Failure::from)?.transpose()
            }
        };
        watch.progress().map_err(Failure::from)?;
        chunk.map_err(|failure| self.identify(failure))
    }

    /// The bounds on what is read.
    pub(crate) fn bounds(&self) -> Bounds {
        self.watch.bounds()
    }

    /// Awaits the processing of the whole body, for as long as the call may take.
    pub(crate) async fn within_total<F: Future>(&mut self, work: F) -> Result<F::Output, Failure> {
        self.watch.received();
        let done = self.watch.within(work).await.map_err(Failure::from)?;
        // A stream has further reads.
        self.watch.progress().map_err(Failure::from)?;
        Ok(done)
    }

    /// The next chunk of the body if it is already available; `None` if it would have to be waited for.
    ///
    /// hyper reads a connection in its own task and hands over one chunk at a time: yields to that task once, so that
    /// it can pass on what it has already read.
    pub(crate) async fn chunk_at_hand(&mut self) -> Option<Result<Option<Bytes>, Failure>> {
        let body = match &mut self.source {
            Source::Http { body, .. } => body,
            Source::Backend(receiver) => {
                return match receiver.chunks.try_recv() {
                    Ok(chunk) => Some(chunk.map(Some)),
                    Err(TryRecvError::Disconnected) => Some(Ok(None)),
                    Err(TryRecvError::Empty) => None,
                };
            }
        };
        let mut let_go = false;
        let at_hand = poll_fn(|context| match body.poll_chunk(context) {
            Poll::Ready(chunk) => Poll::Ready(Some(chunk)),
            Poll::Pending if let_go => Poll::Ready(None),
            Poll::Pending => {
                let_go = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        });
        Some(at_hand.await?.map_err(|error| cause::broken(&*error)))
    }

    /// The whole body, which must not be empty.
    pub(crate) async fn content(&mut self) -> Result<Bytes, Failure> {
        let body = self.body().await?;
        if body.trim_ascii().is_empty() {
            let what = "the response is empty: its status says success, but there is no body; check base_url, and any \
                        proxy on the way";
            return Err(self.identify(Failure::unreadable(what)));
        }
        Ok(body)
    }

    /// The whole body.
    pub async fn body(&mut self) -> Result<Bytes, Failure> {
        let announced = match &self.source {
            Source::Http { body, .. } => body.announced().unwrap_or_default(),
            Source::Backend(_) => 0,
        };
        let limit = self.bounds().response_bytes;
        let body = if announced <= limit {
            match self.body_up_to(usize::try_from(limit).unwrap_or(usize::MAX)).await? {
                (body, true) => return Ok(body),
                (body, false) => body,
            }
        } else {
            Bytes::new()
        };
        let what = format!("the answer is longer than {limit} bytes (bounds.response_bytes)");
        Err(self.identify(Failure::unreadable(what)).with_body(&body))
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

    /// The error in a response with an error status, as far as it can be read.
    pub(crate) async fn into_error(mut self, status: StatusCode, dialect: &dyn Dialect) -> Failure {
        self.watch.shorten(ERROR_BODY_PAUSE);
        self.watch.end_within(ERROR_BODY_TIME);
        let status = status.as_u16();
        let mut body = BytesMut::new();
        // A failure here does not matter: the status is the error.
        while let Ok(Some(chunk)) = self.chunk().await {
            let room = MAX_ERROR_BODY_BYTES - body.len();
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if body.len() >= MAX_ERROR_BODY_BYTES {
                break;
            }
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        let headers = self.text_headers();
        Failure::Provider(Box::new(dialect.decode_error(status, Headers(&headers), &body, now)))
    }

    /// Nothing of interest follows, according to the dialect. Reads the few bytes that end the body, in the background,
    /// so that the connection can be reused.
    pub(crate) fn finish(self) {
        let Source::Http { mut body, used, .. } = self.source else { return };
        // No waker is needed: either the end is here, or the task below polls again.
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(Ok(None) | Err(_)) = body.poll_chunk(&mut context) {
            return;
        }
        tokio::spawn(async move {
            let mut left = MAX_TRAILING_BYTES;
            let _ = timeout(TRAILING_TIME, async {
                while let Ok(Some(chunk)) = body.chunk().await
                    && chunk.len() <= left
                {
                    left -= chunk.len();
                }
            })
            .await;
            drop(body);
            drop(used);
        });
    }
}
