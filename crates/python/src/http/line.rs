//! Line of an HTTP request, shared by the runtime's task and its single reader in Python.

use crate::{
    bridge::{Ready, Wakeups},
    channel::lock,
};
use bytes::Bytes;
use ferrule_bridge::{Fed, Feed, FeedEnd, Limits, Queue};
use ferrule_engine::http_client::{BodySource, GivenUp, HttpClient, HttpFailure, HttpRequest, HttpResponse};
use http::Version;
use pyo3::{intern, prelude::*};
use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

/// How much of a response is buffered for a slow reader, and of a request's body for a slow connection.
const LIMITS: Limits = Limits { items: 256, bytes: 1 << 20 };

/// An item delivered to the reader.
pub(super) enum Part {
    Head(Head),
    Chunk(Bytes),
    /// A complete response.
    Whole(Head, Bytes),
}

/// The head of a response.
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) version: &'static [u8],
    pub(super) reason: Vec<u8>,
    pub(super) headers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// The line of one request.
pub(super) struct Line {
    pub(super) queue: Queue<Part, Result<(), HttpFailure>>,
    /// The body, if the caller streams it.
    pub(super) feed: Option<Feed<Bytes>>,
    /// The loop that reads, for asynchronous callers.
    wakeups: Option<Arc<Wakeups>>,
    /// The futures that the reader and the writer await.
    pub(super) reader: Mutex<Option<Py<PyAny>>>,
    pub(super) writer: Mutex<Option<Py<PyAny>>>,
}

impl Line {
    pub(super) fn new(is_fed: bool, wakeups: Option<Arc<Wakeups>>) -> Arc<Self> {
        Arc::new(Self {
            queue: Queue::new(LIMITS),
            feed: is_fed.then(|| Feed::new(LIMITS)),
            wakeups,
            reader: Mutex::default(),
            writer: Mutex::default(),
        })
    }

    /// Sends `request` and delivers the response: the whole of it at once, or the head and then each chunk.
    pub(super) async fn run(self: Arc<Self>, client: Arc<HttpClient>, request: HttpRequest, whole: bool) {
        let end = match client.send(request).await {
            Ok(response) if whole => self.deliver_whole(response).await,
            Ok(response) => self.deliver_parts(response).await,
            Err(failure) => Err(failure),
        };
        if end.is_err() {
            self.stop_writer();
        }
        if self.queue.end(end) {
            self.announce();
        }
    }

    async fn deliver_whole(self: &Arc<Self>, mut response: HttpResponse) -> Result<(), HttpFailure> {
        let head = Head::from_response(&mut response);
        let body = response.rest().await?;
        let size = body.len();
        // The connection is free before the reader is notified.
        drop(response);
        self.push(Part::Whole(head, body), size);
        Ok(())
    }

    async fn deliver_parts(self: &Arc<Self>, mut response: HttpResponse) -> Result<(), HttpFailure> {
        self.push(Part::Head(Head::from_response(&mut response)), 0);
        loop {
            response.until_wanted(poll_fn(|context| self.queue.poll_space(context))).await?;
            let Some(chunk) = response.chunk().await? else { return Ok(()) };
            let size = chunk.len();
            self.push(Part::Chunk(chunk), size);
        }
    }

    fn push(self: &Arc<Self>, part: Part, size: usize) {
        if self.queue.push(part, size) {
            self.announce();
        }
    }

    fn announce(self: &Arc<Self>) {
        if let Some(wakeups) = &self.wakeups {
            wakeups.announce(Arc::clone(self) as Arc<dyn Ready>);
        }
    }

    /// No more of the body is wanted.
    fn stop_writer(self: &Arc<Self>) {
        if self.feed.as_ref().is_some_and(Feed::abandon) {
            self.announce();
        }
    }

    /// The reader is gone.
    pub(super) fn abandon(&self) {
        if let Some(feed) = &self.feed {
            feed.end(FeedEnd::GivenUp);
            // The writer stops.
            let _ = feed.abandon();
        }
        self.queue.abandon();
    }
}

impl Head {
    fn from_response(response: &mut HttpResponse) -> Self {
        Self {
            status: response.status,
            version: match response.version {
                Version::HTTP_10 => b"HTTP/1.0",
                Version::HTTP_2 => b"HTTP/2",
                _ => b"HTTP/1.1",
            },
            reason: std::mem::take(&mut response.reason),
            headers: std::mem::take(&mut response.headers),
        }
    }
}

impl Ready for Line {
    fn complete(&self, py: Python<'_>) -> PyResult<()> {
        // Each checks again, whichever of them is ready.
        for waiter in [&self.reader, &self.writer] {
            let waiter = lock(waiter).take();
            if let Some(waiter) = waiter {
                let waiter = waiter.bind(py);
                if !waiter.call_method0(intern!(py, "done"))?.is_truthy()? {
                    waiter.call_method1(intern!(py, "set_result"), (py.None(),))?;
                }
            }
        }
        Ok(())
    }
}

/// A line as the source of its request's body.
pub(super) struct Upload(pub(super) Arc<Line>);

impl BodySource for Upload {
    fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, GivenUp>>> {
        let Some(feed) = &self.0.feed else { return Poll::Ready(None) };
        feed.poll_next(context).map(|fed| match fed {
            Fed::Item(bytes, notify) => {
                if notify {
                    self.0.announce();
                }
                Some(Ok(bytes))
            }
            Fed::End(FeedEnd::Whole) => None,
            Fed::End(FeedEnd::GivenUp) => Some(Err(GivenUp)),
        })
    }

    fn leave(&self) {
        self.0.stop_writer();
    }
}
