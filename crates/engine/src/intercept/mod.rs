//! Interception of HTTP requests, for tests: mock responses, and recordings of real ones.
//!
//! An [`Interceptor`] is installed for the process. All our requests pass through it: model calls, requests for
//! credentials, and those of [`crate::http_client`]. It is behind `ferrule.testing.mock` and `ferrule.testing.record`.

mod matching;
mod seen;

pub use matching::{Match, MockBody, MockResponse};
pub use seen::{Given, Seen};

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

static IS_INSTALLED: AtomicBool = AtomicBool::new(false);
static INSTALLED: RwLock<Option<Arc<Interceptor>>> = RwLock::new(None);

/// Installs `interceptor` for all requests from now on, or none; returns the previous one.
pub fn install(interceptor: Option<Arc<Interceptor>>) -> Option<Arc<Interceptor>> {
    let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
    IS_INSTALLED.store(interceptor.is_some(), Ordering::Release);
    std::mem::replace(&mut *installed, interceptor)
}

/// Whether one is installed.
pub(crate) fn is_installed() -> bool {
    IS_INSTALLED.load(Ordering::Acquire)
}

/// The installed interceptor.
pub(crate) fn installed() -> Option<Arc<Interceptor>> {
    if !is_installed() {
        return None;
    }
    INSTALLED.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Answers requests with mock responses, and records them.
pub struct Interceptor {
    /// Whether requests without a mock response go to their servers.
    passes: bool,
    /// Whether servers' responses are recorded.
    records: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    answers: Vec<MockResponse>,
    seen: Vec<Seen>,
}

/// What happens to a request.
pub(crate) enum Verdict {
    /// It gets this mock response.
    Answered(Given),
    /// It goes to its server. If the response should be recorded, this is the request's number.
    Passed(Option<usize>),
    /// It is refused.
    Refused(Refusal),
}

/// The error of a request without a mock response.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refusal(pub(crate) String);

impl Interceptor {
    /// An interceptor without mock responses.
    pub fn new(passes: bool, records: bool) -> Self {
        Self { passes, records, state: Mutex::default() }
    }

    /// Appends a mock response: the first that matches is used. Returns its number.
    pub fn add(&self, answer: MockResponse) -> usize {
        let mut state = self.state();
        state.answers.push(answer);
        state.answers.len() - 1
    }

    /// How many times the mock response with this number may still be used; `None` for no limit.
    pub fn left(&self, answer: usize) -> Option<usize> {
        self.state().answers.get(answer).and_then(|answer| answer.left)
    }

    /// All requests so far, with the recorded responses.
    pub fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// Decides what happens to a request.
    pub(crate) fn judge(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Verdict {
        let mut state = self.state();
        let State { answers, seen } = &mut *state;
        let found = answers
            .iter_mut()
            .enumerate()
            .find(|(_, answer)| answer.left != Some(0) && answer.matches(method, uri, &body));
        let number = found.as_ref().map(|(number, _)| *number);
        seen.push(Seen::request(method, uri, headers, body, number));
        if let Some((_, answer)) = found {
            if let Some(left) = &mut answer.left {
                *left -= 1;
            }
            return match &answer.body {
                MockBody::Given(given) => Verdict::Answered(given.clone()),
                MockBody::Failure(message) => Verdict::Refused(Refusal(message.clone())),
            };
        }
        if self.passes {
            return Verdict::Passed(self.records.then(|| seen.len() - 1));
        }
        // The query may hold secrets.
        let (host, path) = (uri.authority().map_or("", |authority| authority.as_str()), uri.path());
        let scheme = uri.scheme_str().unwrap_or("http");
        Verdict::Refused(Refusal(format!(
            "no answer is recorded or mocked for {method} {scheme}://{host}{path}"
        )))
    }

    /// Records a server's response to the request with this number.
    pub(crate) fn note(&self, request: usize, given: Given) {
        if let Some(seen) = self.state().seen.get_mut(request) {
            seen.given = Some(given);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Recordings may hold secrets.
impl fmt::Debug for Interceptor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        formatter
            .debug_struct("Interceptor")
            .field("answers", &state.answers.len())
            .field("seen", &state.seen.len())
            .finish_non_exhaustive()
    }
}
