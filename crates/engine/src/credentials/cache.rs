//! Token cache: what is cached, and when it is fetched again.
//!
//! Calls share the cached token. Ahead of its expiry one task fetches the next one while calls continue with the old
//! one; if there is no usable token, all calls wait for the same fetch, which belongs to none of them: cancelling one
//! does not affect the others.

use super::CredentialsError;
use crate::one_line::InOneLine;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

/// How long before expiry the next token is fetched, and how long before it the old one is no longer used; a
/// short-lived one gets a share of its lifetime instead.
const AHEAD: Duration = Duration::from_secs(300);
const MARGIN: Duration = Duration::from_secs(30);
/// The delay after a failed fetch while the old token is still usable.
const PAUSE: Duration = Duration::from_secs(30);
/// A fetch that takes longer is abandoned: the source may never answer.
const LONGEST: Duration = Duration::from_secs(120);

/// A fetched value and its lifetime; without one it is valid until refused.
pub(crate) struct Fetched<T> {
    pub(crate) value: T,
    pub(crate) lifetime: Option<Duration>,
}

pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, CredentialsError>> + Send + 'a>>;

type Fetch<T> = Box<dyn Fn() -> Pending<'static, Fetched<T>> + Send + Sync>;

/// One kind of token of one provider.
pub(crate) struct Cache<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    fetch: Fetch<T>,
    state: Mutex<State<T>>,
}

struct State<T> {
    held: Option<Arc<Held<T>>>,
    flight: Option<Flight<T>>,
    /// When the next attempt to fetch ahead may be made.
    not_before: Option<Instant>,
}

type Flight<T> = watch::Receiver<Option<Result<Arc<Held<T>>, CredentialsError>>>;

/// A cached token.
pub(crate) struct Held<T> {
    pub(crate) value: T,
    /// When to fetch the next one, and when this one stops being used.
    due: Option<(Instant, Instant)>,
}

impl<T: Send + Sync + 'static> Cache<T> {
    pub(crate) fn new<F>(fetch: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Fetched<T>, CredentialsError>> + Send + 'static,
    {
        let fetch: Fetch<T> = Box::new(move || Box::pin(fetch()));
        let state = Mutex::new(State { held: None, flight: None, not_before: None });
        Self { shared: Arc::new(Shared { fetch, state }) }
    }

    /// The cached token, and whether it was cached before; fetches it if there is none.
    pub(crate) async fn get(&self) -> Result<(Arc<Held<T>>, bool), CredentialsError> {
        let mut flight = {
            let mut state = self.shared.state();
            let now = Instant::now();
            if let Some(held) = state.held.as_ref().filter(|held| held.due.is_none_or(|(_, end)| now < end)) {
                let held = Arc::clone(held);
                if held.due.is_some_and(|(ahead, _)| now >= ahead)
                    && state.running().is_none()
                    && state.not_before.is_none_or(|instant| now >= instant)
                {
                    state.flight = Some(self.start());
                }
                return Ok((held, true));
            }
            match state.running() {
                Some(flight) => flight.clone(),
                None => state.flight.insert(self.start()).clone(),
            }
        };
        match flight.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(Ok(held))) => Ok((Arc::clone(held), false)),
            Ok(Some(Err(error))) => Err(error.clone()),
            Ok(None) | Err(_) => {
                Err(CredentialsError::unreachable("the request for credentials was abandoned"))
            }
        }
    }

    /// Stops using `refused`; a newer token stays.
    pub(crate) fn invalidate(&self, refused: &Arc<Held<T>>) {
        let mut state = self.shared.state();
        if state.held.as_ref().is_some_and(|held| Arc::ptr_eq(held, refused)) {
            state.held = None;
        }
    }

    fn start(&self) -> Flight<T> {
        let (sender, receiver) = watch::channel(None);
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let result = timeout(LONGEST, (shared.fetch)()).await;
            let result = result.unwrap_or_else(|_| Err(CredentialsError::unreachable("it took too long")));
            let result = result.map(|fetched| Arc::new(Held::new(fetched, Instant::now())));
            {
                let mut state = shared.state();
                state.flight = None;
                match &result {
                    Ok(held) => {
                        state.held = Some(Arc::clone(held));
                        state.not_before = None;
                    }
                    Err(error) => {
                        tracing::debug!(target: "ferrule", error = %InOneLine(&error), "no new credentials");
                        state.not_before = Some(Instant::now() + PAUSE);
                    }
                }
            }
            sender.send_replace(Some(result));
        });
        receiver
    }
}

impl<T> Shared<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// The fetch in progress. One whose task has died (its runtime ended, or it panicked) does not count.
    fn running(&self) -> Option<&Flight<T>> {
        self.flight.as_ref().filter(|flight| flight.has_changed().is_ok())
    }
}

impl<T> Held<T> {
    fn new(fetched: Fetched<T>, now: Instant) -> Self {
        let due = fetched.lifetime.map(|lifetime| {
            let left = |before: Duration| now.checked_add(lifetime.saturating_sub(before)).unwrap_or(now);
            (left(AHEAD.min(lifetime / 5)), left(MARGIN.min(lifetime / 20)))
        });
        Self { value: fetched.value, due }
    }
}

/// The cached value is secret.
impl<T> fmt::Debug for Cache<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Semaphore;

    const HOUR: Duration = Duration::from_secs(3600);

    /// A cache whose tokens are numbered; each fetch waits for a permit of the gate.
    fn numbered(lifetime: Option<Duration>) -> (Arc<Cache<usize>>, Arc<Semaphore>, Arc<AtomicUsize>) {
        let (gate, fetches) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let (held_gate, held_fetches) = (Arc::clone(&gate), Arc::clone(&fetches));
        let cache = Cache::new(move || {
            let (gate, fetches) = (Arc::clone(&held_gate), Arc::clone(&held_fetches));
            async move {
                let value = fetches.fetch_add(1, Ordering::SeqCst) + 1;
                gate.acquire().await.unwrap().forget();
                Ok(Fetched { value, lifetime })
            }
        });
        (Arc::new(cache), gate, fetches)
    }

    async fn value(cache: &Cache<usize>) -> usize {
        cache.get().await.unwrap().0.value
    }

    /// Lets every task that can run do so.
    async fn settle() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_calls_share_one_fetch() {
        let (cache, gate, fetches) = numbered(Some(HOUR));
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let cache = Arc::clone(&cache);
                tokio::spawn(async move { cache.get().await.map(|(held, before)| (held.value, before)) })
            })
            .collect();
        settle().await;
        // The fetch belongs to no caller: the first one may be cancelled.
        calls[0].abort();
        gate.add_permits(1);
        for (number, call) in calls.into_iter().enumerate() {
            match call.await {
                Ok(answer) => assert_eq!(answer.unwrap(), (1, false)),
                Err(error) => assert!(number == 0 && error.is_cancelled()),
            }
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        assert!(cache.get().await.unwrap().1, "it was held before");
    }

    #[tokio::test(start_paused = true)]
    async fn one_task_fetches_the_next_token_while_calls_use_the_old_one() {
        let (cache, gate, fetches) = numbered(Some(HOUR));
        gate.add_permits(1);
        assert_eq!(value(&cache).await, 1);
        tokio::time::advance(HOUR - AHEAD - Duration::from_secs(1)).await;
        assert_eq!(value(&cache).await, 1);
        settle().await;
        assert_eq!(fetches.load(Ordering::SeqCst), 1, "it is too early");
        tokio::time::advance(Duration::from_secs(2)).await;
        for _ in 0..50 {
            assert_eq!(value(&cache).await, 1);
            settle().await;
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 2, "one task fetches");
        gate.add_permits(1);
        settle().await;
        assert_eq!(value(&cache).await, 2);
        // The new one has its own lifetime.
        tokio::time::advance(AHEAD + AHEAD).await;
        assert_eq!(value(&cache).await, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_wait_for_a_new_token_after_expiry() {
        let (cache, gate, _) = numbered(Some(HOUR));
        gate.add_permits(2);
        assert_eq!(value(&cache).await, 1);
        tokio::time::advance(HOUR - MARGIN).await;
        assert_eq!(value(&cache).await, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_fetch_keeps_the_old_token_and_pauses() {
        let fetches = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&fetches);
        let cache = Cache::new(move || {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            async move {
                if number > 1 {
                    return Err(CredentialsError::refused("no more"));
                }
                Ok(Fetched { value: number, lifetime: Some(HOUR) })
            }
        });
        assert_eq!(value(&cache).await, 1);
        tokio::time::advance(HOUR - AHEAD).await;
        for _ in 0..20 {
            assert_eq!(value(&cache).await, 1);
            settle().await;
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 2);
        tokio::time::advance(PAUSE).await;
        assert_eq!(value(&cache).await, 1);
        settle().await;
        assert_eq!(fetches.load(Ordering::SeqCst), 3);
        tokio::time::advance(AHEAD).await;
        assert_eq!(cache.get().await.err().unwrap().to_string(), "no more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_dropped_once_and_a_newer_one_stays() {
        let (cache, gate, fetches) = numbered(None);
        gate.add_permits(5);
        let (first, _) = cache.get().await.unwrap();
        cache.invalidate(&first);
        assert_eq!(value(&cache).await, 2);
        // A hundred calls were refused with the first token; a single fetch follows.
        for _ in 0..100 {
            cache.invalidate(&first);
        }
        assert_eq!(value(&cache).await, 2);
        assert_eq!(fetches.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_fetch_is_restarted() {
        let fetches = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&fetches);
        let cache = Cache::new(move || {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            async move {
                assert!(number > 1, "the first one dies");
                Ok(Fetched { value: number, lifetime: None })
            }
        });
        assert!(cache.get().await.is_err());
        assert_eq!(value(&cache).await, 2);
    }
}
