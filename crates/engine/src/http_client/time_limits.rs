//! Time limits of an HTTP client: for a free connection, for connecting, between writes, and between reads.

use super::{
    body::{Phase, Sending},
    failure::{HttpFailure, HttpFailureKind},
};
use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep_until};

/// Further away than any request; a limit that overflows the clock counts as none.
const FAR: Duration = Duration::from_secs(86400 * 365);

/// The time limits; `None` for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpTimeouts {
    /// Until a connection is established, including proxy and TLS.
    pub connect: Option<Duration>,
    /// Until the next data of the response, counted from the end of the request.
    pub read: Option<Duration>,
    /// Until the next data of the request is accepted.
    pub write: Option<Duration>,
    /// Until a connection is free.
    pub pool: Option<Duration>,
}

/// The limit that is running.
#[derive(Clone, Copy)]
struct Running {
    kind: HttpFailureKind,
    since: Instant,
    limit: Option<Duration>,
}

/// One timer per request, which is moved only when a limit is nearer than it, or when it fires.
pub(super) struct Clock {
    timeouts: HttpTimeouts,
    sleep: Pin<Box<Sleep>>,
}

impl Clock {
    pub(super) fn new(timeouts: HttpTimeouts) -> Self {
        Self { timeouts, sleep: Box::pin(sleep_until(after(Instant::now(), FAR))) }
    }

    /// Awaits the head of a response to what is being sent.
    pub(super) async fn until_answered<F: Future>(
        &mut self,
        sending: &Sending,
        work: F,
    ) -> Result<F::Output, HttpFailure> {
        let HttpTimeouts { connect, read, write, .. } = self.timeouts;
        let began = Instant::now();
        // Nothing wakes us when a request enters the next phase: check in time for the shortest limit.
        let look = [connect, read, write].into_iter().flatten().min();
        let running = move || match sending.phase() {
            Phase::Connecting => {
                Some(Running { kind: HttpFailureKind::ConnectTimeout, since: began, limit: connect })
            }
            Phase::Writing(since) => {
                Some(Running { kind: HttpFailureKind::WriteTimeout, since, limit: write })
            }
            Phase::Waiting => None,
            Phase::Sent(since) => Some(Running { kind: HttpFailureKind::ReadTimeout, since, limit: read }),
        };
        self.within(work, running, look).await
    }

    /// Awaits data of the response. While the request is still being sent, only its limit applies.
    pub(super) async fn until_read<F: Future>(
        &mut self,
        sending: &Sending,
        work: F,
    ) -> Result<F::Output, HttpFailure> {
        let HttpTimeouts { read, write, .. } = self.timeouts;
        let began = Instant::now();
        let running = move || match sending.phase() {
            Phase::Connecting | Phase::Waiting => None,
            Phase::Writing(since) => {
                Some(Running { kind: HttpFailureKind::WriteTimeout, since: since.max(began), limit: write })
            }
            Phase::Sent(since) => {
                let since = since.max(began);
                Some(Running { kind: HttpFailureKind::ReadTimeout, since, limit: read })
            }
        };
        self.within(work, running, [read, write].into_iter().flatten().min()).await
    }

    /// Awaits `work` of the reader, without a limit except while the request is still being sent.
    pub(super) async fn while_sending<F: Future>(
        &mut self,
        sending: &Sending,
        work: F,
    ) -> Result<F::Output, HttpFailure> {
        let write = self.timeouts.write;
        let running = move || match sending.phase() {
            Phase::Writing(since) => {
                Some(Running { kind: HttpFailureKind::WriteTimeout, since, limit: write })
            }
            _ => None,
        };
        self.within(work, running, write).await
    }

    /// Awaits a free connection.
    pub(super) async fn until_placed<F: Future>(&mut self, work: F) -> Result<F::Output, HttpFailure> {
        let (since, limit) = (Instant::now(), self.timeouts.pool);
        let running = Running { kind: HttpFailureKind::PoolTimeout, since, limit };
        self.within(work, move || Some(running), limit).await
    }

    /// Awaits `work` until the limit in `running` passes. It is checked when the timer fires, at least every `look`.
    async fn within<F: Future>(
        &mut self,
        work: F,
        running: impl Fn() -> Option<Running>,
        look: Option<Duration>,
    ) -> Result<F::Output, HttpFailure> {
        let first = after(Instant::now(), look.unwrap_or(FAR));
        if first < self.sleep.deadline() {
            self.sleep.as_mut().reset(first);
        }
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(output) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            loop {
                ready!(self.sleep.as_mut().poll(context));
                let now = Instant::now();
                let mut next = after(now, look.unwrap_or(FAR));
                if let Some(Running { kind, since, limit: Some(limit) }) = running() {
                    let due = after(since, limit);
                    if due <= now {
                        return Poll::Ready(Err(HttpFailure::timeout(kind, limit)));
                    }
                    next = next.min(due);
                }
                self.sleep.as_mut().reset(next);
            }
        })
        .await
    }
}

fn after(instant: Instant, duration: Duration) -> Instant {
    instant.checked_add(duration.min(FAR)).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_client::body::{Content, HttpBody};
    use bytes::Bytes;
    use std::{future::pending, sync::Arc};

    const SECOND: Duration = Duration::from_secs(1);

    fn timeouts(connect: u32, read: u32, write: u32) -> HttpTimeouts {
        let of = |seconds: u32| Some(SECOND * seconds);
        HttpTimeouts { connect: of(connect), read: of(read), write: of(write), pool: of(1) }
    }

    fn body(sending: &Arc<Sending>) -> HttpBody {
        HttpBody { content: Content::Whole(Bytes::new()), sending: Arc::clone(sending) }
    }

    #[tokio::test(start_paused = true)]
    async fn each_limit_has_its_kind() {
        let sending = Sending::new();
        let mut clock = Clock::new(timeouts(2, 5, 9));
        let kind = |failed: Result<(), HttpFailure>| failed.unwrap_err().kind;
        let start = Instant::now();
        assert_eq!(kind(clock.until_placed(pending()).await), HttpFailureKind::PoolTimeout);
        assert_eq!(start.elapsed().as_secs(), 1);
        let start = Instant::now();
        assert_eq!(kind(clock.until_answered(&sending, pending()).await), HttpFailureKind::ConnectTimeout);
        assert_eq!(start.elapsed().as_secs(), 2);
        let start = Instant::now();
        drop(body(&sending));
        assert_eq!(kind(clock.until_read(&sending, pending()).await), HttpFailureKind::ReadTimeout);
        assert_eq!(start.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn without_limits_nothing_ends() {
        let mut clock = Clock::new(HttpTimeouts::default());
        let sending = Sending::new();
        assert!(clock.until_answered(&sending, tokio::time::sleep(SECOND * 3600)).await.is_ok());
        assert!(clock.until_read(&sending, tokio::time::sleep(SECOND * 3600)).await.is_ok());
    }
}
