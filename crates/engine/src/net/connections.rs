//! Open connections: which are idle and since when, to tell those that died unnoticed from those that broke.
//!
//! A balancer or a NAT drops idle connections silently, and a machine that was suspended wakes with a pool full of dead
//! ones. The first request on one of them fails, and reveals the state of the others that were idle as long.

use hyper_util::client::legacy::connect::{CaptureConnection, Connected};
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Servers and balancers commonly close idle connections after 60 s; ours are closed first, so that none is used while
/// it closes.
pub(crate) const IDLE_CONNECTION: Duration = Duration::from_secs(55);

/// How often connections are checked for having been idle too long by the wall clock: the pool's own clock may stand
/// still while a machine is suspended.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The state of one connection. Shared by the connection and the requests on it.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// Whether a response came over it before: whatever is sent now reuses it.
    answered: AtomicBool,
    /// Whether anything was read from it since it was idle.
    heard: AtomicBool,
    /// The number of responses being read from it.
    in_use: AtomicUsize,
    /// When the last response ended, in milliseconds since the epoch.
    idle_since: AtomicU64,
    /// Whether a write failed: the other side closed it while we were sending.
    broken: AtomicBool,
    closed: AtomicBool,
    /// The head of the response being read, if kept.
    head: Mutex<ResponseHead>,
}

/// The head of a response as written.
#[derive(Debug, Default)]
enum ResponseHead {
    /// None is expected.
    #[default]
    None,
    /// What has arrived of it.
    Coming(Vec<u8>),
    /// Complete.
    Whole(Vec<u8>),
}

/// The maximum size of a head that is kept.
const KEPT_HEAD_BYTES: usize = 64 << 10;

impl Record {
    /// A request is being written: the head of its response is next.
    pub(super) fn await_head(&self) {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*head, ResponseHead::Coming(_)) {
            *head = ResponseHead::Coming(Vec::new());
        }
    }

    /// Records bytes that were read.
    pub(super) fn note_head(&self, bytes: &[u8]) {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let ResponseHead::Coming(coming) = &mut *head else { return };
        coming.extend_from_slice(bytes);
        while let Some(end) = coming.windows(4).position(|window| window == b"\r\n\r\n") {
            // An interim response precedes the one that counts.
            if coming.get(8..10) == Some(b" 1") {
                coming.drain(..end + 4);
                continue;
            }
            coming.truncate(end + 2);
            *head = ResponseHead::Whole(std::mem::take(coming));
            return;
        }
        if coming.len() > KEPT_HEAD_BYTES {
            *head = ResponseHead::None;
        }
    }

    /// The head of the response, if it was kept.
    pub(super) fn take_head(&self) -> Option<Vec<u8>> {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::take(&mut *head) {
            ResponseHead::Whole(bytes) => Some(bytes),
            other => {
                *head = other;
                None
            }
        }
    }

    pub(super) fn read_something(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    pub(super) fn broke(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    pub(super) fn closed(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Whether a write failed.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Whether a response came over it before.
    pub(super) fn was_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Whether anything was read since it was idle.
    pub(super) fn was_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    fn idle_since(&self) -> Option<u64> {
        let is_idle = self.in_use.load(Ordering::Relaxed) == 0 && !self.closed.load(Ordering::Relaxed);
        is_idle.then(|| self.idle_since.load(Ordering::Relaxed))
    }
}

/// The connections of a pool that have been used at least once.
#[derive(Default)]
pub(crate) struct Connections {
    known: Mutex<Vec<Known>>,
    swept: AtomicU64,
}

struct Known {
    record: Arc<Record>,
    /// The pool's handle of the connection, for retiring it.
    handle: CaptureConnection,
}

impl Known {
    fn retire(&self) {
        if let Some(connected) = &*self.handle.connection_metadata() {
            connected.poison();
        }
    }
}

impl Connections {
    /// A response began on the connection of `record`.
    pub(super) fn answered(&self, record: Arc<Record>, handle: CaptureConnection) -> InUse {
        record.in_use.fetch_add(1, Ordering::Relaxed);
        if !record.answered.swap(true, Ordering::Relaxed) {
            let mut known = self.lock();
            known.retain(|known| !known.record.closed.load(Ordering::Relaxed));
            known.push(Known { record: Arc::clone(&record), handle });
        }
        InUse(record)
    }

    /// The connection of `record` was dead: retires those that were idle as long.
    pub(super) fn found_dead(&self, record: &Record) {
        let since = record.idle_since.load(Ordering::Relaxed);
        self.retire(|known| known.record.idle_since().is_some_and(|idle_since| idle_since <= since));
    }

    /// Retires connections that were idle too long by the wall clock.
    pub(crate) fn sweep(&self) {
        let now = now();
        if now.saturating_sub(self.swept.load(Ordering::Relaxed)) < millis(SWEEP_INTERVAL) {
            return;
        }
        self.swept.store(now, Ordering::Relaxed);
        let oldest = now.saturating_sub(millis(IDLE_CONNECTION));
        self.retire(|known| known.record.idle_since().is_some_and(|idle_since| idle_since < oldest));
    }

    fn retire(&self, which: impl Fn(&Known) -> bool) {
        self.lock().retain(|known| {
            let retired = which(known);
            if retired {
                known.retire();
            }
            !retired && !known.record.closed.load(Ordering::Relaxed)
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connections").field("known", &self.lock().len()).finish()
    }
}

/// A response being read; when the last one of a connection is dropped, the connection is idle.
#[derive(Debug)]
pub(crate) struct InUse(Arc<Record>);

impl Drop for InUse {
    fn drop(&mut self) {
        if self.0.in_use.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.idle_since.store(now(), Ordering::Relaxed);
            self.0.heard.store(false, Ordering::Relaxed);
        }
    }
}

/// The record that `connected` carries.
pub(super) fn record_of(connected: &Connected) -> Option<Arc<Record>> {
    let mut extras = http::Extensions::new();
    connected.get_extras(&mut extras);
    extras.remove()
}

fn now() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper_util::client::legacy::connect::capture_connection;

    fn known(connections: &Connections) -> usize {
        connections.lock().len()
    }

    /// A connection that was used and has been idle for `ago`.
    fn idle(connections: &Connections, ago: Duration) -> Arc<Record> {
        let record = Arc::<Record>::default();
        let handle = capture_connection(&mut http::Request::new(()));
        drop(connections.answered(Arc::clone(&record), handle));
        record.idle_since.store(now() - millis(ago), Ordering::Relaxed);
        record
    }

    #[test]
    fn connections_idle_too_long_by_the_wall_clock_are_retired() {
        let connections = Connections::default();
        idle(&connections, Duration::from_secs(54));
        idle(&connections, Duration::from_secs(56));
        let used = idle(&connections, Duration::from_secs(3600));
        let in_use = connections.answered(used, capture_connection(&mut http::Request::new(())));
        connections.sweep();
        assert_eq!(known(&connections), 2, "the one that was idle for 54 s, and the one in use");
        drop(in_use);
        connections.swept.store(0, Ordering::Relaxed);
        connections.sweep();
        assert_eq!(known(&connections), 2, "it is idle since a moment ago");
    }

    #[test]
    fn a_dead_connection_retires_those_idle_as_long() {
        let connections = Connections::default();
        let dead = idle(&connections, Duration::from_secs(30));
        idle(&connections, Duration::from_secs(31));
        idle(&connections, Duration::from_secs(29));
        connections.found_dead(&dead);
        assert_eq!(known(&connections), 1);
    }
}
