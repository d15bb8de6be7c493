//! Time limits of an attempt: which one is running, and which one has passed.
//!
//! One timer per attempt, re-used from the first byte sent to the last one read. Progress just records the new limit;
//! the timer is moved when it fires or when the new limit is nearer, so that a chunk costs no timer operation.

use crate::{
    bounds::Bounds,
    failure::{Expired, TimeoutKind},
    options::Timeouts,
};
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, OnceLock},
    task::{Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep_until};

const DEFAULT_CONNECT: Duration = Duration::from_secs(5);
const DEFAULT_IDLE: Duration = Duration::from_secs(120);
const DEFAULT_TOTAL: Duration = Duration::from_secs(600);

/// Further away than any call; a limit that overflows the clock counts as none.
const FAR: Duration = Duration::from_secs(86400 * 365);

/// The time limits of a call, with defaults filled in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    connect: Duration,
    first_byte: Duration,
    idle: Duration,
    total: Duration,
    /// The deadline of the whole call.
    deadline: Instant,
    bounds: Bounds,
}

impl Limits {
    /// The call's limits, else the engine's, else the defaults; `total` counts from `started`.
    pub(crate) fn new(call: Timeouts, engine: Timeouts, started: Instant) -> Self {
        let total = call.total.or(engine.total).unwrap_or(DEFAULT_TOTAL);
        Self {
            connect: call.connect.or(engine.connect).unwrap_or(DEFAULT_CONNECT),
            first_byte: call.first_byte.or(engine.first_byte).unwrap_or(total),
            idle: call.idle.or(engine.idle).unwrap_or(DEFAULT_IDLE),
            total,
            deadline: after(started, total),
            bounds: Bounds::default(),
        }
    }

    /// The limits, with those of one target for those that the call does not set. The total is up to the call.
    pub(crate) fn or(self, call: Timeouts, target: Timeouts) -> Self {
        let of = |own: Duration, call: Option<Duration>, target: Option<Duration>| match (call, target) {
            (None, Some(target)) => target,
            _ => own,
        };
        Self {
            connect: of(self.connect, call.connect, target.connect),
            first_byte: of(self.first_byte, call.first_byte, target.first_byte),
            idle: of(self.idle, call.idle, target.idle),
            ..self
        }
    }

    /// The limits for the remaining work, of duration `total`, after the call itself is over.
    pub(crate) fn after_the_call(self, total: Duration) -> Self {
        Self { total, deadline: after(Instant::now(), total), ..self }
    }

    /// The limits with these bounds on sizes.
    pub(crate) fn with_bounds(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// The error of a call past its deadline.
    pub(crate) fn expired(&self) -> Expired {
        Expired { kind: TimeoutKind::Total, limit: self.total }
    }

    /// The time left until the deadline.
    pub(crate) fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

fn after(instant: Instant, duration: Duration) -> Instant {
    instant.checked_add(duration.min(FAR)).unwrap_or(instant)
}

/// The progress of a request. Set by its body, which hyper reads only once it has a connection: until then we are
/// connecting.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    taken: OnceLock<()>,
    sent: OnceLock<Instant>,
    /// Whether everything was handed to the connection.
    whole: OnceLock<()>,
}

impl Progress {
    /// A connection exists, and the request is being written to it.
    pub(crate) fn taken(&self) {
        // Only the first time counts.
        let _ = self.taken.set(());
    }

    /// The request's last byte was handed to the connection.
    pub(crate) fn sent(&self) {
        let _ = self.sent.set(Instant::now());
    }

    /// Everything was handed to the connection.
    pub(crate) fn whole(&self) {
        let _ = self.whole.set(());
    }

    /// Whether something has not been handed over.
    pub(crate) fn is_partial(&self) -> bool {
        self.taken.get().is_some() && self.whole.get().is_none()
    }

    /// How long ago the last byte was handed to the connection.
    pub(crate) fn since_sent(&self) -> Option<Duration> {
        self.sent.get().map(Instant::elapsed)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connect,
    /// Only the deadline applies: the duration depends on the request's size.
    Send,
    FirstByte,
    Idle,
}

/// Enforces the time limits of one attempt.
#[derive(Debug)]
pub(crate) struct Watch {
    limits: Limits,
    phase: Phase,
    /// When the current phase must end.
    due: Instant,
    request: Arc<Progress>,
    sleep: Pin<Box<Sleep>>,
}

impl Watch {
    /// Starts with connecting.
    pub(crate) fn start(limits: Limits) -> Self {
        let now = Instant::now();
        let due = after(now, limits.connect);
        let mut watch = Self {
            limits,
            phase: Phase::Connect,
            due,
            request: Arc::default(),
            sleep: Box::pin(sleep_until(now)),
        };
        watch.wind(now);
        watch
    }

    /// Starts with waiting for the first byte, if nothing has to be connected.
    pub(crate) fn begun(limits: Limits) -> Self {
        let watch = Self::start(limits);
        watch.request.taken();
        watch.request.sent();
        watch
    }

    /// Starts connecting again, for a redirect; earlier limits no longer apply, but the deadline does.
    pub(crate) fn restart(&mut self) {
        let now = Instant::now();
        self.phase = Phase::Connect;
        self.due = after(now, self.limits.connect);
        self.request = Arc::default();
        self.wind(now);
    }

    /// The progress that the request's body records.
    pub(crate) fn request(&self) -> Arc<Progress> {
        Arc::clone(&self.request)
    }

    /// The bounds on what is read.
    pub(crate) fn bounds(&self) -> Bounds {
        self.limits.bounds
    }

    /// A chunk of the body arrived. Fails if the deadline has passed: chunks that arrive without a pause leave the
    /// timer no chance.
    pub(crate) fn progress(&mut self) -> Result<(), Expired> {
        let now = Instant::now();
        self.phase = Phase::Idle;
        self.due = after(now, self.limits.idle);
        if self.due < self.sleep.deadline() {
            self.sleep.as_mut().reset(self.due);
        }
        if self.limits.deadline <= now { Err(self.limits.expired()) } else { Ok(()) }
    }

    /// Nothing more is expected from the peer: only the deadline applies.
    pub(crate) fn received(&mut self) {
        self.phase = Phase::Send;
        self.due = self.limits.deadline;
        self.request = Arc::default();
        self.request.taken();
        self.wind(Instant::now());
    }

    /// From now on waits at most `longest` for each chunk of the body.
    pub(crate) fn shorten(&mut self, longest: Duration) {
        self.limits.idle = self.limits.idle.min(longest);
        // If the deadline has passed, the next wait reports it.
        let _ = self.progress();
    }

    /// From now on waits at most `longest` for the rest of the body.
    pub(crate) fn end_within(&mut self, longest: Duration) {
        let now = Instant::now();
        self.limits.deadline = self.limits.deadline.min(after(now, longest));
        self.wind(now);
    }

    /// Awaits `work` until the next limit at most.
    pub(crate) async fn within<F: Future>(&mut self, work: F) -> Result<F::Output, Expired> {
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(output) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            loop {
                ready!(self.sleep.as_mut().poll(context));
                if let Some(expired) = self.passed() {
                    return Poll::Ready(Err(expired));
                }
            }
        })
        .await
    }

    /// The limit that has passed; if none has, sets the timer to the next.
    fn passed(&mut self) -> Option<Expired> {
        let now = Instant::now();
        if matches!(self.phase, Phase::Connect | Phase::Send) {
            if let Some(sent) = self.request.sent.get() {
                self.phase = Phase::FirstByte;
                self.due = after(*sent, self.limits.first_byte);
            } else if self.request.taken.get().is_some() {
                self.phase = Phase::Send;
                self.due = self.limits.deadline;
            }
        }
        if self.limits.deadline <= now {
            return Some(self.limits.expired());
        }
        if self.due <= now {
            let (kind, limit) = match self.phase {
                Phase::Connect => (TimeoutKind::Connect, self.limits.connect),
                Phase::Send => (TimeoutKind::Total, self.limits.total),
                Phase::FirstByte => (TimeoutKind::FirstByte, self.limits.first_byte),
                Phase::Idle => (TimeoutKind::Idle, self.limits.idle),
            };
            return Some(Expired { kind, limit });
        }
        self.wind(now);
        None
    }

    /// Sets the timer to the nearest limit.
    fn wind(&mut self, now: Instant) {
        let mut next = self.due.min(self.limits.deadline);
        if matches!(self.phase, Phase::Connect | Phase::Send) {
            // Nothing wakes us when the request has been sent, after which a shorter limit may apply: check in time.
            next = next.min(after(now, self.limits.first_byte));
        }
        self.sleep.as_mut().reset(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    const SECOND: Duration = Duration::from_secs(1);

    fn expired(kind: TimeoutKind, seconds: u32) -> Result<(), Expired> {
        Err(Expired { kind, limit: SECOND * seconds })
    }

    fn limits(connect: u32, first_byte: u32, idle: u32, total: u32) -> Limits {
        let of = |seconds: u32| Some(SECOND * seconds);
        let timeouts =
            Timeouts { connect: of(connect), first_byte: of(first_byte), idle: of(idle), total: of(total) };
        Limits::new(timeouts, Timeouts::default(), Instant::now())
    }

    #[tokio::test(start_paused = true)]
    async fn each_limit_has_its_own_kind_and_time() {
        let start = Instant::now();
        let mut watch = Watch::start(limits(5, 9, 9, 99));
        assert_eq!(watch.within(pending::<()>()).await, expired(TimeoutKind::Connect, 5));
        assert_eq!(start.elapsed().as_secs(), 5);

        let start = Instant::now();
        let mut watch = Watch::start(limits(5, 3, 9, 99));
        let request = watch.request();
        tokio::spawn(async move {
            tokio::time::sleep(SECOND * 4).await;
            request.taken();
            tokio::time::sleep(SECOND * 20).await;
            request.sent();
        });
        assert_eq!(watch.within(pending::<()>()).await, expired(TimeoutKind::FirstByte, 3));
        assert_eq!(start.elapsed().as_secs(), 27);

        let start = Instant::now();
        let mut watch = Watch::start(limits(5, 3, 9, 10));
        watch.request().taken();
        assert_eq!(watch.within(pending::<()>()).await, expired(TimeoutKind::Total, 10));
        assert_eq!(start.elapsed().as_secs(), 10);

        let start = Instant::now();
        let mut watch = Watch::start(limits(5, 30, 2, 99));
        watch.progress().unwrap();
        assert_eq!(watch.within(pending::<()>()).await, expired(TimeoutKind::Idle, 2));
        assert_eq!(start.elapsed().as_secs(), 2);

        let start = Instant::now();
        let mut watch = Watch::start(limits(5, 9, 9, 20));
        loop {
            watch.progress().unwrap();
            if let Err(passed) = watch.within(tokio::time::sleep(SECOND * 6)).await {
                assert_eq!(Err::<(), _>(passed), expired(TimeoutKind::Total, 20));
                break;
            }
        }
        assert_eq!(start.elapsed().as_secs(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn an_endless_limit_does_not_overflow() {
        let forever = Some(Duration::MAX);
        let timeouts = Timeouts { connect: forever, first_byte: forever, idle: forever, total: forever };
        let mut watch = Watch::start(Limits::new(timeouts, Timeouts::default(), Instant::now()));
        assert_eq!(watch.within(tokio::time::sleep(SECOND)).await, Ok(()));
    }
}
