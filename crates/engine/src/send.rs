//! One attempt: sends a request and reads its answer, piece by piece.

use crate::{
    Failure,
    backend::Answer,
    cause,
    credentials::Grant,
    retry::Failed,
    target::Target,
    timeout::{Progress, Watch},
    transport::{Lease, Turn},
};
use bytes::{Bytes, BytesMut};
use ferrule_wire::{
    error::{Headers, REQUEST_ID_HEADERS},
    model::{ErrorKind, ProviderError},
};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE, header::LOCATION};
use http_body::{Body, Frame, SizeHint};
use reqwest::Url;
use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{sync::mpsc::error::TryRecvError, time::timeout};

/// The most of a plain answer, unpacked.
const BODY_BYTES: usize = 64 << 20;
/// The most of an error's body; what is beyond is not looked at.
const ERROR_BODY_BYTES: usize = 1 << 20;
/// How long an error's body may pause; its status is known, and a retry should not wait for its words.
const ERROR_BODY_PAUSE: Duration = Duration::from_secs(10);
const REDIRECTS: usize = 5;
/// A request goes out in frames of this size, so that its end is noted about when it is on its way.
const FRAME_BYTES: usize = 128 << 10;
/// What may follow the end of a stream, so that its connection can be used again.
const TRAILING_BYTES: usize = 16 << 10;
const TRAILING_TIME: Duration = Duration::from_millis(100);

/// An answer whose body is still to be read. Dropping it closes the connection, resets the stream under HTTP/2, or lets
/// the backend know that nobody listens.
pub(crate) struct Incoming {
    source: Source,
    watch: Watch,
}

/// Where the body comes from.
enum Source {
    Http { response: reqwest::Response, lease: Lease },
    Backend(Box<Answer>),
}

/// Sends the request, authorised with `grant` where there is one, and awaits the head of a successful answer.
pub(crate) async fn send(
    target: &Target,
    grant: Option<&Grant>,
    mut watch: Watch,
) -> Result<Incoming, Failed> {
    let lease = target.provider.pool.lease().map_err(Failure::Config)?;
    let mut url = target.url.clone();
    let mut turn = watch.within(lease.turn()).await.map_err(Failure::Timeout)?;
    for _ in 0..=REDIRECTS {
        let mut request = reqwest::Request::new(target.method.clone(), url.clone());
        *request.headers_mut() = target.headers.clone();
        if let Some(grant) = grant {
            grant.apply(&mut request, &target.body)?;
        }
        let body = RequestBody { bytes: target.body.clone(), progress: watch.request(), turn: turn.take() };
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        let answer = watch.within(lease.client().execute(request)).await.map_err(Failure::Timeout)?;
        let response = answer.map_err(|error| cause::unanswered(&error, &url))?;
        lease.answered_in(response.version());
        let status = response.status();
        if status.is_success() {
            return Ok(Incoming { source: Source::Http { response, lease }, watch });
        }
        if !status.is_redirection() {
            if let Some(grant) = grant {
                grant.refused(status, response.headers());
            }
            let incoming = Incoming { source: Source::Http { response, lease }, watch };
            return Err(incoming.into_error(status, target).await.into());
        }
        url = redirected(&response, &url)?;
        watch.restart();
    }
    Err(redirect_error(
        StatusCode::TEMPORARY_REDIRECT,
        format!("the provider redirects more than {REDIRECTS} times"),
    )
    .into())
}

/// Where a redirect leads: only to the same origin, as credentials go with it, and only those that repeat a POST.
fn redirected(response: &reqwest::Response, from: &Url) -> Result<Url, Failure> {
    let status = response.status();
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let Some(to) = location.and_then(|location| from.join(location).ok()) else {
        return Err(redirect_error(status, "the provider redirects to nowhere".to_owned()));
    };
    if to.origin() != from.origin() {
        let to = cause::origin(&to);
        let advice = format!(
            "the provider redirects to {to}, where credentials are not sent; if it is right, set base_url to it"
        );
        return Err(redirect_error(status, advice));
    }
    if !matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
        let advice =
            "the provider redirects in a way that does not repeat the request; check base_url".to_owned();
        return Err(redirect_error(status, advice));
    }
    Ok(to)
}

fn redirect_error(status: StatusCode, message: String) -> Failure {
    let mut error = ProviderError::new(ErrorKind::InvalidRequest, message);
    error.status = Some(status.as_u16());
    Failure::Provider(Box::new(error))
}

impl Incoming {
    /// What a backend answers, read under the limits of `watch`.
    pub(crate) fn of_backend(answer: Answer, watch: Watch) -> Self {
        Self { source: Source::Backend(Box::new(answer)), watch }
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        match &self.source {
            Source::Http { response, .. } => response.headers(),
            Source::Backend(answer) => &answer.headers,
        }
    }

    /// The media type, without its parameters; empty where there is none.
    pub(crate) fn media_type(&self) -> &str {
        let value =
            self.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim()
    }

    /// Lets go of the headers, and with them of the piece of the connection's memory that they were read into: a stream
    /// may stay open for long.
    pub(crate) fn forget_headers(&mut self) {
        if let Source::Http { response, .. } = &mut self.source {
            *response.headers_mut() = HeaderMap::new();
        }
    }

    /// The provider's id of the request.
    pub(crate) fn request_id(&self) -> Option<String> {
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

    /// The next piece of the body; `None` at its end. Nothing is lost when the future is dropped.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let Self { source, watch } = self;
        let chunk = match source {
            Source::Http { response, .. } => {
                let chunk = watch.within(response.chunk()).await.map_err(Failure::Timeout)?;
                chunk.map_err(|error| cause::broken(&error))
            }
            Source::Backend(answer) => {
                watch.within(answer.pieces.recv()).await.map_err(Failure::Timeout)?.transpose()
            }
        };
        watch.progress();
        chunk
    }

    /// The next piece of the body where it is here already; `None` where it would have to be waited for.
    ///
    /// hyper reads a connection in a task of its own and hands over one piece at a time: that task is let go first once,
    /// for what it has already read from the socket.
    pub(crate) async fn chunk_at_hand(&mut self) -> Option<Result<Option<Bytes>, Failure>> {
        let response = match &mut self.source {
            Source::Http { response, .. } => response,
            Source::Backend(answer) => {
                return match answer.pieces.try_recv() {
                    Ok(piece) => Some(piece.map(Some)),
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
        Some(at_hand.await?.map_err(|error| cause::broken(&error)))
    }

    /// The whole body.
    pub(crate) async fn body(&mut self) -> Result<Bytes, Failure> {
        let announced = match &self.source {
            Source::Http { response, .. } => response.content_length().unwrap_or_default(),
            Source::Backend(_) => 0,
        };
        if announced <= BODY_BYTES as u64
            && let (body, true) = self.body_up_to(BODY_BYTES).await?
        {
            return Ok(body);
        }
        Err(Failure::Unreadable(format!("the answer is longer than {BODY_BYTES} bytes")))
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
    async fn into_error(mut self, status: StatusCode, target: &Target) -> Failure {
        self.watch.shorten(ERROR_BODY_PAUSE);
        let status = status.as_u16();
        let body = match self.body_up_to(ERROR_BODY_BYTES).await {
            Ok((body, _)) => body,
            Err(timeout @ Failure::Timeout(crate::TimeoutKind::Total)) => return timeout,
            Err(_) => Bytes::new(),
        };
        let headers: Vec<(&str, &str)> = self
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        Failure::Provider(Box::new(target.provider.dialect.decode_error(
            status,
            Headers(&headers),
            &body,
            now,
        )))
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
            let mut left = TRAILING_BYTES;
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

/// A request's body, which notes when it was handed to a connection: hyper reads it then, and drops it at its end.
struct RequestBody {
    bytes: Bytes,
    progress: Arc<Progress>,
    /// Ends when the body is read: then there is a connection.
    turn: Option<Turn>,
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
        body.turn = None;
        let bytes = body.bytes.split_to(body.bytes.len().min(FRAME_BYTES));
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
        // It is dropped once; a body that was never sent has nobody left who asks.
        self.progress.sent();
    }
}
