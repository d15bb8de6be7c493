//! Responses of an HTTP client: the head, and the streamed body.

use super::{body::Sending, failure::HttpFailure, time_limits::Clock};
use crate::net::ResponseBody;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Version, response::Parts};
use hyper::ext::ReasonPhrase;
use std::{
    fmt,
    future::{Future, poll_fn},
    sync::Arc,
};
use tokio::sync::OwnedSemaphorePermit;

/// A response whose body has not been read. Dropping it closes the connection, or resets the stream under HTTP/2.
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The version of HTTP.
    pub version: Version,
    /// The reason phrase; empty under HTTP/2.
    pub reason: Vec<u8>,
    /// The headers in order; under HTTP/1.1 with the server's case of names.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: ResponseBody,
    received: u64,
    announced: Option<u64>,
    clock: Clock,
    sending: Arc<Sending>,
    #[expect(dead_code, reason = "held until the response was read")]
    place: Option<OwnedSemaphorePermit>,
}

impl HttpResponse {
    /// `written` is the head as received, if known.
    pub(super) fn new(
        head: &Parts,
        written: Option<&[u8]>,
        body: ResponseBody,
        (clock, sending): (Clock, Arc<Sending>),
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let reason = match head.extensions.get::<ReasonPhrase>() {
            Some(reason) => reason.as_bytes().to_vec(),
            None if head.version >= Version::HTTP_2 => Vec::new(),
            None => head.status.canonical_reason().unwrap_or_default().as_bytes().to_vec(),
        };
        let headers = written.and_then(|written| as_written(written, &head.headers)).unwrap_or_else(|| {
            let owned = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                (name.as_str().as_bytes().to_vec(), value.as_bytes().to_vec())
            };
            head.headers.iter().map(owned).collect()
        });
        Self {
            status: head.status.as_u16(),
            version: head.version,
            reason,
            headers,
            announced: body.announced(),
            body,
            received: 0,
            clock,
            sending,
            place,
        }
    }

    /// The next chunk of the body, still encoded; `None` at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpFailure> {
        loop {
            let body = &mut self.body;
            let chunk = poll_fn(|context| body.poll_chunk(context));
            let chunk = self.clock.until_read(&self.sending, chunk).await?;
            match chunk.map_err(|error| HttpFailure::of_body(&*error, self.received, self.announced))? {
                Some(data) if data.is_empty() => {}
                Some(data) => {
                    self.received += data.len() as u64;
                    return Ok(Some(data));
                }
                None => return Ok(None),
            }
        }
    }

    /// Awaits the reader, without a limit except while the request is still being sent.
    pub async fn until_wanted(&mut self, wanted: impl Future<Output = ()>) -> Result<(), HttpFailure> {
        self.clock.while_sending(&self.sending, wanted).await
    }

    /// The rest of the body.
    pub async fn rest(&mut self) -> Result<Bytes, HttpFailure> {
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        if self.announced == Some(first.len() as u64) {
            // Reads the end even if the body is complete, so that the connection can be reused.
            return self.chunk().await.map(|_| first);
        }
        let Some(second) = self.chunk().await? else { return Ok(first) };
        let mut body = BytesMut::from(first);
        let mut next = Some(second);
        while let Some(chunk) = next {
            body.extend_from_slice(&chunk);
            next = self.chunk().await?;
        }
        Ok(body.freeze())
    }
}

/// The headers as written; `None` if they do not match those that were parsed.
fn as_written(written: &[u8], read: &HeaderMap) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut headers = Vec::with_capacity(read.len());
    for line in written.split(|byte| *byte == b'\n').skip(1).map(<[u8]>::trim_ascii) {
        if line.is_empty() {
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        if !read.contains_key(std::str::from_utf8(name).ok()?) {
            return None;
        }
        headers.push((name.to_vec(), value.get(1..)?.trim_ascii().to_vec()));
    }
    (headers.len() == read.len()).then_some(headers)
}

/// Headers may hold secrets.
impl fmt::Debug for HttpResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HttpResponse").field("status", &self.status).finish_non_exhaustive()
    }
}
