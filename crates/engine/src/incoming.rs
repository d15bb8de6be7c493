//! Incoming responses: the headers of a success, and its body, chunk by chunk.

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

/// The largest part of an error's body that is looked at.
const MAX_ERROR_BODY_BYTES: usize = 1 << 20;
/// How long an error's body may pause; its status is known, and a retry should not wait for its words.
const ERROR_BODY_PAUSE: Duration = Duration::from_secs(10);
/// How long an error's body may take in all, however it drips.
const ERROR_BODY_TIME: Duration = Duration::from_secs(15);
/// How much is read of what is not the stream that was asked for.
const MAX_BEGINNING_BYTES: usize = 16 << 10;
/// What may follow the end of a stream, so that its connection can be used again.
const MAX_TRAILING_BYTES: usize = 16 << 10;
const TRAILING_TIME: Duration = Duration::from_millis(100);

/// A response whose body is still to be read. Dropping it closes the connection, resets the stream under HTTP/2, or
/// lets the backend know that nobody listens.
pub struct Incoming {
    source: Source,
    watch: Watch,
}

/// Where the body comes from.
enum Source {
    Http { status: StatusCode, headers: HeaderMap, body: ResponseBody, used: Used },
    Backend(Box<ChunkReceiver>),
}

/// The connection that a response comes over, and the place on it. Dropped after the body.
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
    /// An HTTP response, read under the limits of `watch`.
    pub(crate) fn from_http(head: Parts, body: ResponseBody, used: Used, watch: Watch) -> Self {
        Self { source: Source::Http { status: head.status, headers: head.headers, body, used }, watch }
    }

    /// A backend's answer, read under the limits of `watch`.
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
        text_headers(self.headers())
    }

    /// The headers, for the reply of a response that was read.
    pub(crate) fn take_headers(&mut self) -> ReplyHeaders {
        ReplyHeaders::new(match &mut self.source {
            Source::Http { headers, .. } => mem::take(headers),
            Source::Backend(_) => HeaderMap::new(),
        })
    }

    /// Lets go of the headers, and with them of the piece of the connection's memory that they were read into: a stream
    /// may stay open for long.
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

    /// The HTTP status; `None` of a backend.
    pub(crate) fn status(&self) -> Option<u16> {
        match &self.source {
            Source::Http { status, .. } => Some(status.as_u16()),
            Source::Backend(_) => None,
        }
    }

    /// The failure of an answer with a success status that is not what was asked for: says what it is, where the server
    /// does, and keeps the beginning of `body`.
    pub(crate) fn unreadable(&self, mut failure: Failure, body: &[u8]) -> Failure {
        if let Failure::Unreadable(answer) = &mut failure
            && let kind @ ("text/html" | "text/plain") = self.media_type()
        {
            answer.message = format!("the answer is {kind}, from a proxy perhaps: {}", answer.message);
        }
        self.identify(failure).with_body(body)
    }

    /// The failure with the status and the id of this answer.
    fn identify(&self, failure: Failure) -> Failure {
        failure.with_status(self.status()).with_request_id(|| self.request_id())
    }

    /// The beginning of a body that is not what was asked for, as far as it comes soon.
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

    /// How much may be read.
    pub(crate) fn bounds(&self) -> Bounds {
        self.watch.bounds()
    }

    /// Awaits what is made of the whole body, for as long as the call may take.
    pub(crate) async fn within_total<F: Future>(&mut self, work: F) -> Result<F::Output, Failure> {
        self.watch.received();
        let done = self.watch.within(work).await.map_err(Failure::from)?;
        // In a stream more is awaited.
        self.watch.progress().map_err(Failure::from)?;
        Ok(done)
    }

    /// The next chunk of the body where it is here already; `None` where it would have to be waited for.
    ///
    /// hyper reads a connection in a task of its own and hands over one chunk at a time: that task is let go first
    /// once, for what it has already read from the socket.
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

    /// The whole body, which has to say something.
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

    /// What an answer with an error status says, as far as it can be read.
    pub(crate) async fn into_error(mut self, status: StatusCode, dialect: &dyn Dialect) -> Failure {
        self.watch.shorten(ERROR_BODY_PAUSE);
        self.watch.end_within(ERROR_BODY_TIME);
        let status = status.as_u16();
        let mut body = BytesMut::new();
        // What ends it early does not matter: the status is known, and that is the error.
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

    /// The dialect says that nothing of interest follows. Reads the few bytes that end the body, in the background,
    /// so that the connection can be used again.
    pub(crate) fn finish(self) {
        let Source::Http { mut body, used, .. } = self.source else { return };
        // Nobody needs waking: the end is here, or the task below asks again.
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
