//! Record of requests and of how their responses ended, for assertions.

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Map, Value, json};
use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicU8, AtomicU16, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// The maximum total length of recorded bodies, unless a single one is longer.
const MAX_BYTES: usize = 256 << 20;

/// How a response ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Outcome {
    Open,
    Answered,
    /// The simulator closed the connection.
    Cut,
    ClosedByClient,
}

/// One request and its response.
pub(crate) struct Exchange {
    recorder: Weak<Recorder>,
    connection: u64,
    received: Duration,
    head: OnceLock<Arc<Parts>>,
    body: OnceLock<Bytes>,
    details: OnceLock<Details>,
    fault: OnceLock<&'static str>,
    status: AtomicU16,
    sent: AtomicU64,
    outcome: AtomicU8,
}

/// What the request asked for.
#[derive(Debug)]
pub(crate) struct Details {
    pub(crate) dialect: &'static str,
    pub(crate) model: String,
    pub(crate) stream: bool,
}

/// Leaves out header values and the body, which contain credentials and private texts.
impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Exchange").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl Exchange {
    fn new(recorder: &Arc<Recorder>, connection: u64) -> Self {
        Self {
            recorder: Arc::downgrade(recorder),
            connection,
            received: recorder.started.elapsed(),
            head: OnceLock::new(),
            body: OnceLock::new(),
            details: OnceLock::new(),
            fault: OnceLock::new(),
            status: AtomicU16::new(0),
            sent: AtomicU64::new(0),
            outcome: AtomicU8::new(Outcome::Open as u8),
        }
    }

    pub(crate) fn describe(&self, details: Details) {
        let _ = self.details.set(details);
    }

    pub(crate) fn set_fault(&self, name: &'static str) {
        let _ = self.fault.set(name);
    }

    pub(crate) fn set_status(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// This many bytes of the body were sent.
    pub(crate) fn sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn answered(&self) {
        self.end(Outcome::Answered);
    }

    pub(crate) fn cut(&self) {
        self.end(Outcome::Cut);
    }

    pub(crate) fn closed_by_client(&self) {
        self.end(Outcome::ClosedByClient);
    }

    /// Only the first end counts.
    fn end(&self, outcome: Outcome) {
        let open = Outcome::Open as u8;
        let was_open =
            self.outcome.compare_exchange(open, outcome as u8, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if was_open && let Some(recorder) = self.recorder.upgrade() {
            recorder.change(|state| state.open_answers -= 1);
        }
    }

    fn to_json(&self) -> Value {
        let mut entry = Map::new();
        entry.insert("connection".into(), self.connection.into());
        entry.insert("time_ms".into(), (self.received.as_micros() as f64 / 1000.0).into());
        if let Some(head) = self.head.get() {
            entry.insert("method".into(), head.method.as_str().into());
            entry.insert("path".into(), head.uri.path().into());
            entry.insert("query".into(), head.uri.query().unwrap_or_default().into());
            entry.insert("http_version".into(), format!("{:?}", head.version).into());
            let mut headers: Map<String, Value> = Map::new();
            for name in head.headers.keys() {
                let values =
                    head.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
                headers.insert(name.as_str().into(), values.collect::<Vec<_>>().join(", ").into());
            }
            entry.insert("headers".into(), headers.into());
        }
        let body = self.body.get().map_or(Value::Null, |body| {
            serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
        });
        entry.insert("body".into(), body);
        let details = self.details.get();
        entry.insert("dialect".into(), json!(details.map(|details| details.dialect)));
        entry.insert("model".into(), json!(details.map(|details| &details.model)));
        entry.insert("stream".into(), json!(details.map(|details| details.stream)));
        let status = self.status.load(Ordering::Relaxed);
        entry.insert("status".into(), json!((status > 0).then_some(status)));
        entry.insert("fault".into(), json!(self.fault.get()));
        let outcome = self.outcome.load(Ordering::Relaxed);
        let outcome = match outcome {
            _ if outcome == Outcome::Open as u8 => "open",
            _ if outcome == Outcome::Answered as u8 => "answered",
            _ if outcome == Outcome::Cut as u8 => "cut",
            _ => "closed_by_client",
        };
        entry.insert("outcome".into(), outcome.into());
        entry.insert("bytes_sent".into(), self.sent.load(Ordering::Relaxed).into());
        entry.into()
    }
}

/// The requests, oldest first, and the number of open connections.
#[derive(Debug)]
pub(crate) struct Recorder {
    started: Instant,
    limit: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    exchanges: VecDeque<Arc<Exchange>>,
    bytes: usize,
    /// The number of requests that have arrived completely.
    received: u64,
    open_answers: usize,
    connections: usize,
}

impl Recorder {
    pub(crate) fn new(limit: usize) -> Self {
        Self { started: Instant::now(), limit, state: Mutex::default(), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// A request begins to arrive.
    pub(crate) fn begin(self: &Arc<Self>, connection: u64) -> Arc<Exchange> {
        let exchange = Arc::new(Exchange::new(self, connection));
        let mut state = self.state();
        state.open_answers += 1;
        if self.limit > 0 {
            state.exchanges.push_back(Arc::clone(&exchange));
            while state.exchanges.len() > self.limit {
                state.drop_oldest();
            }
        }
        exchange
    }

    /// The request has arrived completely.
    pub(crate) fn received(&self, exchange: &Exchange, head: &Arc<Parts>, body: Bytes) {
        self.change(|state| {
            state.received += 1;
            if self.limit > 0 {
                state.bytes += body.len();
                let _ = exchange.head.set(Arc::clone(head));
                let _ = exchange.body.set(body);
                while state.bytes > MAX_BYTES && state.exchanges.len() > 1 {
                    state.drop_oldest();
                }
            }
        });
    }

    pub(crate) fn to_json(&self) -> String {
        let exchanges: Vec<_> = self.state().exchanges.iter().map(Arc::clone).collect();
        Value::Array(exchanges.iter().map(|exchange| exchange.to_json()).collect()).to_string()
    }

    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.exchanges.clear();
        state.bytes = 0;
        state.received = 0;
    }

    pub(crate) fn connected(&self) {
        self.change(|state| state.connections += 1);
    }

    pub(crate) fn disconnected(&self) {
        self.change(|state| state.connections -= 1);
    }

    pub(crate) fn connections(&self) -> usize {
        self.state().connections
    }

    /// Waits until `enough` holds. Returns whether it did in time.
    fn wait(&self, timeout: Duration, enough: impl Fn(&State) -> bool) -> bool {
        let (_state, result) = self
            .changed
            .wait_timeout_while(self.state(), timeout, |state| !enough(state))
            .unwrap_or_else(PoisonError::into_inner);
        !result.timed_out()
    }

    pub(crate) fn wait_for_requests(&self, count: u64, timeout: Duration) -> bool {
        self.wait(timeout, |state| state.received >= count)
    }

    pub(crate) fn wait_for_connections(&self, at_most: usize, timeout: Duration) -> bool {
        self.wait(timeout, |state| state.connections <= at_most)
    }

    pub(crate) fn wait_for_answers(&self, timeout: Duration) -> bool {
        self.wait(timeout, |state| state.open_answers == 0)
    }
}

impl State {
    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.exchanges.pop_front() {
            self.bytes = self.bytes.saturating_sub(oldest.body.get().map_or(0, Bytes::len));
        }
    }
}
