//! Client: hyper's connection pool, and the diagnosis of requests that got no response.

use super::{
    body::{Noted, ResponseBody},
    connect::{Connector, SocketRoute},
    connections::{Connections, IDLE_CONNECTION, InUse, Record, record_of},
    error::BoxError,
    intercepted::{Whole, request_unpacked},
    proxy::Proxies,
    unpack::unpack,
};
use crate::intercept::{self, Interceptor, Refusal, Verdict};
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
use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

/// An HTTP/2 connection that answers no ping within both is dead.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// The maximum size of a response's headers under HTTP/2. HTTP/1.1 has hyper's own bounds: 100 headers, about 400 KiB.
const HEADER_BYTES: u32 = 64 << 10;

/// The maximum number of HTTP/1.1 response headers for clients that accept more than hyper's 100.
const MANY_HEADERS: usize = 400;

/// How a client connects.
pub(crate) struct ClientSettings {
    pub(crate) tls: ClientConfig,
    pub(crate) proxies: Arc<Proxies>,
    /// `None`: connections are not reused.
    pub(crate) connections: Option<Arc<Connections>>,
    pub(crate) connect_timeout: Option<Duration>,
    /// How much an HTTP/2 stream may send ahead of its reader, and all streams of a connection together.
    pub(crate) windows: Option<(u32, u32)>,
    /// How long a connection may be idle; `None` for no limit.
    pub(crate) idle: Option<Duration>,
    /// The maximum number of idle connections per host.
    pub(crate) max_idle: usize,
    /// The endpoints of connections.
    pub(crate) route: SocketRoute,
    /// Whether HTTP/2 is used for all servers, even without encryption.
    pub(crate) is_http2_only: bool,
    /// Whether responses are for a user's program: with as many headers as servers send, and in the server's case.
    pub(crate) is_general: bool,
}

impl ClientSettings {
    /// The settings for providers, without connection reuse.
    pub(crate) fn new(tls: ClientConfig, proxies: Arc<Proxies>) -> Self {
        Self {
            tls,
            proxies,
            connections: None,
            connect_timeout: None,
            windows: None,
            idle: Some(IDLE_CONNECTION),
            max_idle: usize::MAX,
            route: SocketRoute::default(),
            is_http2_only: false,
            is_general: false,
        }
    }
}

/// Sends requests over kept-alive connections.
#[derive(Clone)]
pub(crate) struct Client<B> {
    inner: legacy::Client<Connector, B>,
    connections: Option<Arc<Connections>>,
}

/// A request that got no response.
pub(crate) struct Unanswered {
    cause: Cause,
    record: Option<Arc<Record>>,
    is_http2: bool,
}

enum Cause {
    Http(legacy::Error),
    /// There is no mock response for it.
    Refused(Refusal),
}

impl<B> Client<B>
where
    B: Body<Data = Bytes> + Whole + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    pub(crate) fn new(settings: ClientSettings) -> Self {
        let ClientSettings { tls, proxies, connections, connect_timeout, windows, idle, max_idle, .. } =
            settings;
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(idle)
            .pool_max_idle_per_host(max_idle)
            .http2_only(settings.is_http2_only)
            .http2_max_header_list_size(HEADER_BYTES)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT);
        if let Some((stream, connection)) = windows {
            builder.http2_initial_stream_window_size(stream).http2_initial_connection_window_size(connection);
        }
        if connections.is_none() {
            builder.pool_max_idle_per_host(0);
        }
        if settings.is_general {
            builder.http1_max_headers(MANY_HEADERS);
        }
        let connector = Connector::new(&tls, proxies, connect_timeout)
            .over(&settings.route)
            .keeping_case(settings.is_general);
        Self { inner: builder.build(connector), connections }
    }

    /// As [`Client::request`], without decompressing the body; if the client is general, HTTP/1.1 header names keep
    /// their case.
    pub(crate) async fn request_packed(
        &self,
        mut request: Request<B>,
    ) -> Result<(Parts, ResponseBody, Option<Vec<u8>>), Unanswered> {
        let passed = match intercept(&mut request).await? {
            Intercepted::Answered(head, body) => return Ok((head, body, None)),
            Intercepted::Passed(passed) => passed,
        };
        let (mut head, body) = self.inner.request(request).await.map_err(Unanswered::new)?.into_parts();
        let record = head.extensions.remove::<Arc<Record>>();
        let written = record.and_then(|record| record.take_head());
        let body = noted(&head, ResponseBody::Plain(body), passed);
        Ok((head, body, written))
    }

    /// Sends `request` and waits for the head of its response. As a plain function it does not hold a second copy of
    /// the request in a future.
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

    /// As [`Client::request`], through the interceptor. Boxed, as only tests have one.
    pub(crate) fn intercepted(&self, mut request: Request<B>) -> ResponseFuture<'_> {
        Box::pin(async move {
            let passed = match intercept(&mut request).await? {
                Intercepted::Answered(head, body) => return Ok((head, body, None)),
                Intercepted::Passed(passed) => passed,
            };
            let (head, body, in_use) = self.request(request).await?;
            let body = noted(&head, body, passed);
            Ok((head, body, in_use))
        })
    }
}

/// The future of a request that may be intercepted.
pub(crate) type ResponseFuture<'a> =
    Pin<Box<dyn Future<Output = Result<(Parts, ResponseBody, Option<InUse>), Unanswered>> + Send + 'a>>;

/// The interceptor's decision about a request.
enum Intercepted {
    Answered(Parts, ResponseBody),
    /// It is sent. The response is recorded there, if wanted.
    Passed(Option<(Arc<Interceptor>, usize)>),
}

/// Passes `request` to the installed interceptor, if there is one.
async fn intercept<B: Whole>(request: &mut Request<B>) -> Result<Intercepted, Unanswered> {
    let Some(interceptor) = intercept::installed() else { return Ok(Intercepted::Passed(None)) };
    let body = request.body_mut().whole().await;
    match interceptor.judge(request.method(), request.uri(), request.headers(), body) {
        Verdict::Answered(given) => {
            let head = given.head();
            Ok(Intercepted::Answered(head, ResponseBody::Given(given.body.into())))
        }
        Verdict::Refused(refusal) => {
            Err(Unanswered { cause: Cause::Refused(refusal), record: None, is_http2: false })
        }
        Verdict::Passed(None) => Ok(Intercepted::Passed(None)),
        Verdict::Passed(Some(number)) => {
            request_unpacked(request.headers_mut());
            Ok(Intercepted::Passed(Some((interceptor, number))))
        }
    }
}

/// The body, recorded as it is read if wanted.
fn noted(head: &Parts, body: ResponseBody, passed: Option<(Arc<Interceptor>, usize)>) -> ResponseBody {
    match passed {
        None => body,
        Some((interceptor, number)) => {
            ResponseBody::Noted(Box::new(Noted::new(head, body, number, interceptor)))
        }
    }
}

impl Unanswered {
    fn new(error: legacy::Error) -> Self {
        let connected = error.connect_info();
        let record = connected.and_then(record_of);
        let is_http2 = connected.is_some_and(Connected::is_negotiated_h2);
        Self { cause: Cause::Http(error), record, is_http2 }
    }

    /// The underlying error.
    pub(crate) fn error(&self) -> &(dyn std::error::Error + 'static) {
        match &self.cause {
            Cause::Http(error) => error,
            Cause::Refused(refusal) => refusal,
        }
    }

    /// Whether there was no connection.
    pub(crate) fn is_connect(&self) -> bool {
        match &self.cause {
            Cause::Http(error) => error.is_connect(),
            Cause::Refused(_) => true,
        }
    }

    /// Whether a connection that had long been kept was dead: it had served before, and not a byte of a response came
    /// over it since.
    pub(crate) fn found_dead(&self) -> bool {
        self.record.as_ref().is_some_and(|record| {
            // Other streams of an HTTP/2 connection may have got responses in the meantime.
            record.was_answered() && (self.is_http2 || !record.was_heard())
        })
    }

    /// Whether the server closed the connection while we were sending.
    pub(crate) fn while_sending(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.is_broken())
    }

    /// Retires the connections of `among` that were idle as long as this one.
    pub(crate) fn retire_as_old(&self, among: &Connections) {
        if let Some(record) = &self.record {
            among.found_dead(record);
        }
    }

    /// Retires this connection.
    pub(crate) fn retire(&self) {
        if let Cause::Http(error) = &self.cause
            && let Some(connected) = error.connect_info()
        {
            connected.poison();
        }
    }
}

impl<B> fmt::Debug for Client<B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("connections", &self.connections).finish_non_exhaustive()
    }
}
