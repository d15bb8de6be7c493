//! Connector: a connection to a server, directly or through a proxy.

use super::{
    error::{BoxError, ProxyRefused},
    host,
    proxy::{Proxies, Proxy, ProxyKind},
    socket::{Socket, Stream, TcpSocket},
    socks, tunnel,
};
use crate::reasons::reasons;
use http::Uri;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use rustls::{ClientConfig, pki_types::ServerName};
#[cfg(unix)]
use std::path::Path;
use std::{
    future::Future,
    io,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio_rustls::TlsConnector;
use tower_service::Service;

/// The interval of keep-alive probes on a silent connection: a peer that answers none of them is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const KEEP_ALIVE_PROBES: u32 = 3;
/// How long sent data may stay unacknowledged (Linux); TCP itself would retry for a quarter of an hour.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector,
    tls: TlsConnector,
    /// For proxies, which use HTTP/1.1.
    proxy_tls: TlsConnector,
    proxies: Arc<Proxies>,
    timeout: Option<Duration>,
    /// The Unix domain socket for all connections, if there is one.
    #[cfg(unix)]
    unix_socket: Option<Arc<Path>>,
    keeps_case: bool,
}

/// The endpoints of connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct SocketRoute {
    /// The local address to connect from.
    pub(crate) local_address: Option<IpAddr>,
    /// The Unix domain socket to connect to, whatever the host.
    #[cfg(unix)]
    pub(crate) unix_socket: Option<Arc<Path>>,
}

impl Connector {
    pub(super) fn new(tls: &ClientConfig, proxies: Arc<Proxies>, timeout: Option<Duration>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEP_ALIVE));
        tcp.set_keepalive_interval(Some(KEEP_ALIVE));
        tcp.set_keepalive_retries(Some(KEEP_ALIVE_PROBES));
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let mut proxy_tls = tls.clone();
        proxy_tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let (tls, proxy_tls) = (Arc::new(tls.clone()).into(), Arc::new(proxy_tls).into());
        Self {
            tcp,
            tls,
            proxy_tls,
            proxies,
            timeout,
            #[cfg(unix)]
            unix_socket: None,
            keeps_case: false,
        }
    }

    /// The connector with these endpoints.
    pub(super) fn over(mut self, route: &SocketRoute) -> Self {
        if let Some(address) = route.local_address {
            self.tcp.set_local_address(Some(address));
        }
        #[cfg(unix)]
        {
            self.unix_socket.clone_from(&route.unix_socket);
        }
        self
    }

    /// The connector, with the case of header names preserved on its connections.
    pub(super) fn keeping_case(self, keeps_case: bool) -> Self {
        Self { keeps_case, ..self }
    }

    async fn connect(mut self, to: Uri) -> Result<TokioIo<Socket>, BoxError> {
        let host = to.host().ok_or("the address has no host")?;
        let is_encrypted = to.scheme_str() == Some("https");
        let port = to.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
        let proxies = Arc::clone(&self.proxies);
        #[cfg(unix)]
        if let Some(path) = &self.unix_socket {
            let stream = tokio::net::UnixStream::connect(path).await?;
            return self.finish(Box::new(stream), host, is_encrypted).await;
        }
        let Some(proxy) = proxies.between(is_encrypted, host, port)? else {
            let stream = self.tcp(&to).await?;
            return self.finish(Box::new(stream), host, is_encrypted).await;
        };
        let mut stream = self
            .reach_proxy(&proxy)
            .await
            .map_err(|error| format!("{proxy} does not answer: {}", reasons(&*error)))?;
        match proxy.kind {
            ProxyKind::Http | ProxyKind::Https if !is_encrypted => {
                return Ok(TokioIo::new(Socket::new(stream, true, false).keeping_case(self.keeps_case)));
            }
            ProxyKind::Http | ProxyKind::Https => {
                tunnel::open(&mut stream, host, port, &proxy.headers()).await
            }
            ProxyKind::Socks4 { remote_names } => {
                socks::open_4(&mut stream, host, port, remote_names, proxy.user()).await
            }
            ProxyKind::Socks5 { remote_names } => {
                socks::open_5(&mut stream, host, port, remote_names, proxy.credentials()).await
            }
        }
        .map_err(|error| ProxyRefused(format!("{proxy}: {error}")))?;
        self.finish(stream, host, is_encrypted).await
    }

    async fn tcp(&mut self, to: &Uri) -> Result<TcpSocket, BoxError> {
        Ok(TcpSocket::new(self.tcp.call(to.clone()).await?.into_inner()))
    }

    /// Connects to the proxy itself.
    async fn reach_proxy(&mut self, proxy: &Proxy) -> Result<Box<dyn Stream>, BoxError> {
        let stream = self.tcp(&proxy.address()?).await?;
        if proxy.kind != ProxyKind::Https {
            return Ok(Box::new(stream));
        }
        Ok(Box::new(self.proxy_tls.connect(name(&proxy.host)?, stream).await?))
    }

    /// Adds encryption where needed.
    async fn finish(
        &self,
        stream: Box<dyn Stream>,
        host: &str,
        is_encrypted: bool,
    ) -> Result<TokioIo<Socket>, BoxError> {
        if !is_encrypted {
            return Ok(TokioIo::new(Socket::new(stream, false, false).keeping_case(self.keeps_case)));
        }
        let stream = self.tls.connect(name(host)?, stream).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let keeps_case = self.keeps_case && !is_http2;
        Ok(TokioIo::new(Socket::new(Box::new(stream), false, is_http2).keeping_case(keeps_case)))
    }
}

/// The name that a server's certificate must match.
fn name(host: &str) -> Result<ServerName<'static>, BoxError> {
    Ok(ServerName::try_from(host::bare(host).to_owned())?)
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Socket>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Socket>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let Some(timeout) = connector.timeout else { return connector.connect(to).await };
            tokio::time::timeout(timeout, connector.connect(to))
                .await
                .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
        })
    }
}
