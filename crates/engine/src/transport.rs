//! Connections: one pool per provider.
//!
//! A reqwest client opens one HTTP/2 connection per host, and servers cap the streams of a connection, often at 100.
//! So a pool has lanes, each a client with connections of its own: a request takes the first lane that has room, and
//! a lane is added when none has. Low lanes are preferred, which keeps their connections warm under HTTP/1.1 as well.
//! Figures: `docs/decisions/2026-11-21-pool.md`.

use crate::tls::{self, Tls};
use http::Version;
use std::{
    env,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Requests in flight on one lane. Below 100, the usual cap on a connection's streams.
const LANE_CAPACITY: usize = 90;

/// Servers and balancers commonly close idle connections after 60 s; ours go first, so that none is used as it closes.
const IDLE_CONNECTION: Duration = Duration::from_secs(55);

/// An HTTP/2 connection that answers no ping within both is dead.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// How much a stream may send ahead of its reader. The connection's window is the sum, so that readers who pause
/// cannot starve the others.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * LANE_CAPACITY as u32;

/// HTTP/2 header bytes of an answer. HTTP/1.1 has hyper's own bounds: 100 headers, about 400 KiB.
const HEADER_BYTES: u32 = 64 << 10;

/// The connections to one provider.
#[derive(Debug)]
pub(crate) struct Pool {
    tls: Arc<Tls>,
    encrypted: bool,
    lanes: Mutex<Vec<Arc<Lane>>>,
}

#[derive(Debug)]
struct Lane {
    client: reqwest::Client,
    in_flight: AtomicUsize,
    /// Whether one connection carries all requests, as far as is known.
    shares: AtomicBool,
    gate: Arc<AsyncMutex<()>>,
}

/// A place on a lane, free again when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    lane: Arc<Lane>,
    alone: bool,
}

/// Who may connect; see [`Lease::connect_permit`].
pub(crate) type ConnectPermit = OwnedMutexGuard<()>;

impl Pool {
    /// A pool without any lane yet: nothing is read or built before the first request.
    pub(crate) fn new(tls: Arc<Tls>, encrypted: bool) -> Self {
        Self { tls, encrypted, lanes: Mutex::default() }
    }

    /// A place for one request. Fails where the TLS settings cannot be used.
    pub(crate) fn lease(&self) -> Result<Lease, String> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        // Only this function adds, and it holds the lock, so a place that is seen free stays free.
        let free = lanes.iter().find(|lane| lane.in_flight.load(Ordering::Relaxed) < LANE_CAPACITY);
        let lane = if let Some(lane) = free {
            Arc::clone(lane)
        } else {
            let lane = Arc::new(Lane {
                client: self.client()?,
                in_flight: AtomicUsize::new(0),
                shares: AtomicBool::new(self.encrypted),
                gate: Arc::default(),
            });
            lanes.push(Arc::clone(&lane));
            lane
        };
        let alone = lane.in_flight.fetch_add(1, Ordering::Relaxed) == 0;
        Ok(Lease { lane, alone })
    }

    fn client(&self) -> Result<reqwest::Client, String> {
        let tls = if self.encrypted || proxy_is_encrypted() { self.tls.config()? } else { tls::unused()? };
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // Both are ours to decide: redirects carry credentials, and `call` counts its attempts.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .pool_idle_timeout(IDLE_CONNECTION)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .http2_max_header_list_size(HEADER_BYTES)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .build()
            .map_err(|error| format!("cannot prepare connections: {}", error.without_url()))
    }
}

impl Lease {
    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.lane.client
    }

    /// Awaits the permit to connect. Before its protocol is known each request would make a connection of its own; so
    /// one that finds its lane empty goes ahead, and the others wait until it has a connection, which under HTTP/2 is
    /// theirs as well. The permit ends when it is dropped.
    pub(crate) async fn connect_permit(&self) -> Option<ConnectPermit> {
        if !self.lane.shares.load(Ordering::Relaxed) {
            return None;
        }
        let permit = Arc::clone(&self.lane.gate).lock_owned().await;
        self.alone.then_some(permit)
    }

    /// Notes what the server speaks.
    pub(crate) fn answered_in(&self, version: Version) {
        if version < Version::HTTP_2 && self.lane.shares.load(Ordering::Relaxed) {
            self.lane.shares.store(false, Ordering::Relaxed);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.lane.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether a plain request may go through a proxy that is itself reached with TLS.
fn proxy_is_encrypted() -> bool {
    ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        .into_iter()
        .filter_map(env::var_os)
        .any(|proxy| proxy.to_string_lossy().starts_with("https:"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TransportSettings;

    fn pool() -> Pool {
        Pool::new(Arc::new(Tls::read(&TransportSettings::default()).unwrap()), false)
    }

    #[test]
    fn a_lane_is_added_when_all_are_full_and_low_lanes_come_first() {
        let pool = pool();
        let mut leases: Vec<Lease> = (0..250).map(|_| pool.lease().unwrap()).collect();
        assert_eq!(pool.lanes.lock().unwrap().len(), 3);
        leases.remove(0);
        let again = pool.lease().unwrap();
        assert!(Arc::ptr_eq(&again.lane, &pool.lanes.lock().unwrap()[0]));
        leases.clear();
        drop(again);
        let _lease = pool.lease().unwrap();
        let lanes = pool.lanes.lock().unwrap();
        assert_eq!(
            lanes.iter().map(|lane| lane.in_flight.load(Ordering::Relaxed)).collect::<Vec<_>>(),
            [1, 0, 0]
        );
    }
}
