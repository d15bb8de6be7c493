//! Client: hyper's connection pool, and what became of a request that got no response.

use super::{
    ResponseBody,
    connect::Connector,
    connections::{Connections, IDLE_CONNECTION, InUse, Record, record_of},
    proxy::Proxies,
    unpack::unpack,
};
use bytes::Bytes;
use http::{Request, header::CONTENT_ENCODING, response::Parts};
use http_body::Body;
use hyper_util::{
    client::legacy::{
        self,
        connect::{Connected, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::ClientConfig;
use std::{convert::Infallible, fmt, future::Future, sync::Arc, time::Duration};

/// An HTTP/2 connection that answers no ping within both is dead.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// HTTP/2 header bytes of a response. HTTP/1.1 has hyper's own bounds: 100 headers, about 400 KiB.
const HEADER_BYTES: u32 = 64 << 10;

/// How a client connects.
pub(crate) struct ClientSettings {
    pub(crate) tls: ClientConfig,
    pub(crate) proxies: Arc<Proxies>,
    /// `None`: no connection is kept.
    pub(crate) connections: Option<Arc<Connections>>,
    pub(crate) connect_timeout: Option<Duration>,
    /// How much an HTTP/2 stream may send ahead of its reader, and all streams of a connection together.
    pub(crate) windows: Option<(u32, u32)>,
}

/// Sends requests, over connections that it keeps.
#[derive(Clone)]
pub(crate) struct Client<B> {
    inner: legacy::Client<Connector, B>,
    connections: Option<Arc<Connections>>,
}

/// A request that got no response.
pub(crate) struct Unanswered {
    pub(crate) error: legacy::Error,
    record: Option<Arc<Record>>,
    is_http2: bool,
}

impl<B> Client<B>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
{
    pub(crate) fn new(settings: ClientSettings) -> Self {
        let ClientSettings { tls, proxies, connections, connect_timeout, windows } = settings;
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_CONNECTION)
            .http2_max_header_list_size(HEADER_BYTES)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT);
        if let Some((stream, connection)) = windows {
            builder.http2_initial_stream_window_size(stream).http2_initial_connection_window_size(connection);
        }
        if connections.is_none() {
            builder.pool_max_idle_per_host(0);
        }
        Self { inner: builder.build(Connector::new(&tls, proxies, connect_timeout)), connections }
    }

    /// Sends `request`, and waits for the head of its response. As a plain function it does not keep the request in a
    /// future of its own.
    pub(crate) fn request(
        &self,
        mut request: Request<B>,
    ) -> impl Future<Output = Result<(Parts, ResponseBody, Option<InUse>), Unanswered>> + Send + use<B> {
        let handle = capture_connection(&mut request);
        let asked = self.inner.request(request);
        let connections = self.connections.clone();
        async move {
            let (mut head, body) = asked.await.map_err(Unanswered::new)?.into_parts();
            let in_use = connections.as_ref().zip(head.extensions.remove::<Arc<Record>>());
            let in_use = in_use.map(|(connections, record)| connections.answered(record, handle));
            if !head.headers.contains_key(CONTENT_ENCODING) {
                return Ok((head, ResponseBody::Plain(body), in_use));
            }
            // Boxed, as few responses need it and all would carry its size.
            let (head, body) = Box::pin(unpack(head, body)).await;
            Ok((head, body, in_use))
        }
    }
}

impl Unanswered {
    fn new(error: legacy::Error) -> Self {
        let connected = error.connect_info();
        let record = connected.and_then(record_of);
        let is_http2 = connected.is_some_and(Connected::is_negotiated_h2);
        Self { error, record, is_http2 }
    }

    /// Whether a connection that was kept for long had died in the meantime: it had served before, and not a byte of a
    /// response came over it since.
    pub(crate) fn found_dead(&self) -> bool {
        self.record.as_ref().is_some_and(|record| {
            // Other streams of an HTTP/2 connection may be answered meanwhile.
            record.was_answered() && (self.is_http2 || !record.was_heard())
        })
    }

    /// Whether the server closed the connection while we were sending.
    pub(crate) fn while_sending(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.is_broken())
    }

    /// Has the connections of `among` that were idle as long as this one used no more.
    pub(crate) fn retire_as_old(&self, among: &Connections) {
        if let Some(record) = &self.record {
            among.found_dead(record);
        }
    }

    /// Has this connection used no more.
    pub(crate) fn retire(&self) {
        if let Some(connected) = self.error.connect_info() {
            connected.poison();
        }
    }
}

impl<B> fmt::Debug for Client<B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("connections", &self.connections).finish_non_exhaustive()
    }
}
