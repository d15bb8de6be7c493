//! Connection pools, one per provider.
//!
//! hyper's client opens one HTTP/2 connection per host, and servers cap the streams of a connection, often at 100. So a
//! pool has lanes, each a client with its own connections: a request takes the first lane that has room, and a lane is
//! added when none has. Low lanes are preferred, which keeps their connections warm under HTTP/1.1 as well. Figures:
//! `docs/decisions/2026-11-21-pool.md`.

use crate::{
    net::{
        Client, ClientSettings, ConnectPermit, Connections, InUse, Proxies, RequestBody, ResponseBody,
        ResponseFuture, Unanswered,
    },
    tls::{self, Tls},
};
use http::{Request, Version, response::Parts};
use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use tokio::sync::Mutex as AsyncMutex;

/// The maximum number of requests in flight on one lane. Below 100, the usual cap on a connection's streams.
const LANE_CAPACITY: usize = 90;

/// How much a stream may send ahead of its reader. The connection's window is the sum, so that paused readers cannot
/// starve the others.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * LANE_CAPACITY as u32;

/// The connections to one provider.
#[derive(Debug)]
pub(crate) struct Pool {
    tls: Arc<Tls>,
    encrypted: bool,
    /// Read when first needed.
    proxies: OnceLock<Arc<Proxies>>,
    /// The connections of all lanes.
    connections: Arc<Connections>,
    lanes: Mutex<Vec<Arc<Lane>>>,
}

#[derive(Debug)]
struct Lane {
    client: Client<RequestBody>,
    in_flight: AtomicUsize,
    /// Whether one connection carries all requests, as far as known.
    shares: AtomicBool,
    gate: Arc<AsyncMutex<()>>,
}

/// A slot on a lane, free again when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    lane: Arc<Lane>,
    proxies: Arc<Proxies>,
    connections: Arc<Connections>,
    alone: bool,
}

impl Pool {
    /// A pool without lanes: nothing is read or built before the first request.
    pub(crate) fn new(tls: Arc<Tls>, encrypted: bool) -> Self {
        let (proxies, connections) = (OnceLock::new(), Arc::default());
        Self { tls, encrypted, proxies, connections, lanes: Mutex::default() }
    }

    /// A slot for one request. Fails if the TLS settings are invalid.
    pub(crate) fn lease(&self) -> Result<Lease, String> {
        self.connections.sweep();
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        // Only this function adds requests, and it holds the lock, so a slot that looks free stays free.
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
        Ok(Lease { lane, proxies: self.proxies(), connections: Arc::clone(&self.connections), alone })
    }

    fn proxies(&self) -> Arc<Proxies> {
        Arc::clone(self.proxies.get_or_init(|| Arc::new(Proxies::from_environment())))
    }

    fn client(&self) -> Result<Client<RequestBody>, String> {
        let proxies = self.proxies();
        let tls = if self.encrypted || proxies.are_encrypted() { self.tls.config()? } else { tls::unused()? };
        Ok(Client::new(ClientSettings {
            connections: Some(Arc::clone(&self.connections)),
            windows: Some((STREAM_WINDOW, CONNECTION_WINDOW)),
            ..ClientSettings::new(tls, proxies)
        }))
    }
}

impl Lease {
    /// The proxies of its connections.
    pub(crate) fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// The pool's connections, one of which this slot uses.
    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Sends a request, and waits for the head of its response.
    pub(crate) fn request(
        &self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<(Parts, ResponseBody, Option<InUse>), Unanswered>> + Send + use<> {
        self.lane.client.request(request)
    }

    /// As [`Lease::request`], through the installed interceptor.
    pub(crate) fn intercepted(&self, request: Request<RequestBody>) -> ResponseFuture<'_> {
        self.lane.client.intercepted(request)
    }

    /// Awaits the permit to connect. Until the protocol is known each request would open a separate connection; so one
    /// that finds its lane empty goes ahead, and the others wait until it has a connection, which they share under
    /// HTTP/2. Dropping the permit releases it.
    pub(crate) async fn connect_permit(&self) -> Option<ConnectPermit> {
        if !self.lane.shares.load(Ordering::Relaxed) {
            return None;
        }
        let permit = Arc::clone(&self.lane.gate).lock_owned().await;
        self.alone.then_some(permit)
    }

    /// Records the HTTP version that the server uses.
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
