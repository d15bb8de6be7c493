//! Response body as read by hyper: bytes, waits and commands, in order.

use crate::{
    record::Exchange,
    socket::{Control, Cut},
};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    convert::Infallible,
    fmt,
    iter::Peekable,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep};

/// One step of sending a body.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send these bytes.
    Bytes(Bytes),
    /// Send this many bytes of padding.
    Padding(u64),
    /// Wait until this long after the start.
    At(Duration),
    /// Wait that long.
    Pause(Duration),
    /// Send nothing more until the client leaves.
    Stall,
    /// Hold back what is sent from here on, until the cut.
    Hold,
    /// End the connection.
    Cut(Cut),
}

/// A piece of padding.
const PADDING: &[u8; 64 << 10] = &[b'x'; 64 << 10];

/// The body of a response.
pub(crate) struct ResponseBody {
    source: Source,
    control: Arc<Control>,
    exchange: Arc<Exchange>,
    started: Instant,
    wait: Option<Pin<Box<Sleep>>>,
    padding: u64,
    stalled: bool,
    complete: bool,
}

enum Source {
    Whole(Option<Bytes>),
    Steps(Peekable<Box<dyn Iterator<Item = Step> + Send>>),
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ResponseBody").field("complete", &self.complete).finish_non_exhaustive()
    }
}

impl ResponseBody {
    /// A body that is available at once; hyper sets its length.
    pub(crate) fn whole(bytes: Bytes, control: &Arc<Control>, exchange: &Arc<Exchange>) -> Self {
        // Hyper does not poll an empty body.
        let complete = bytes.is_empty();
        let mut body = Self::new(Source::Whole(Some(bytes)), control, exchange);
        body.complete = complete;
        body
    }

    /// A body that is sent step by step.
    pub(crate) fn steps(
        steps: impl Iterator<Item = Step> + Send + 'static,
        control: &Arc<Control>,
        exchange: &Arc<Exchange>,
    ) -> Self {
        let steps: Box<dyn Iterator<Item = Step> + Send> = Box::new(steps);
        Self::new(Source::Steps(steps.peekable()), control, exchange)
    }

    fn new(source: Source, control: &Arc<Control>, exchange: &Arc<Exchange>) -> Self {
        Self {
            source,
            control: Arc::clone(control),
            exchange: Arc::clone(exchange),
            started: Instant::now(),
            wait: None,
            padding: 0,
            stalled: false,
            complete: false,
        }
    }

    fn frame(&self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.exchange.sent(bytes.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if self.stalled {
                return Poll::Pending;
            }
            if let Some(wait) = &mut self.wait {
                ready!(wait.as_mut().poll(context));
                self.wait = None;
            }
            if self.padding > 0 {
                let piece = self.padding.min(PADDING.len() as u64);
                self.padding -= piece;
                return self.frame(Bytes::from_static(PADDING).slice(..piece as usize));
            }
            let step = match &mut self.source {
                Source::Whole(bytes) => {
                    let bytes = bytes.take();
                    self.complete = true;
                    return bytes.map_or(Poll::Ready(None), |bytes| self.frame(bytes));
                }
                Source::Steps(steps) => steps.next(),
            };
            match step {
                Some(Step::Bytes(bytes)) => {
                    // Hyper does not poll the end of a body of known length.
                    self.complete = match &mut self.source {
                        Source::Steps(steps) => steps.peek().is_none(),
                        Source::Whole(_) => true,
                    };
                    return self.frame(bytes);
                }
                Some(Step::Padding(bytes)) => self.padding = bytes,
                Some(Step::At(due)) => {
                    self.wait = Some(Box::pin(sleep(due.saturating_sub(self.started.elapsed()))));
                }
                Some(Step::Pause(time)) => self.wait = Some(Box::pin(sleep(time))),
                Some(Step::Stall) => self.stalled = true,
                Some(Step::Hold) => self.control.hold(),
                Some(Step::Cut(cut)) => {
                    self.stalled = true;
                    self.complete = true;
                    self.exchange.cut();
                    self.control.cut_when_flushed(cut);
                }
                None => {
                    self.complete = true;
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.source, Source::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Source::Steps(_) => SizeHint::default(),
        }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        if self.complete {
            self.exchange.answered();
        } else {
            self.exchange.closed_by_client();
        }
    }
}
