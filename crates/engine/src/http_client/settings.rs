//! Settings of an HTTP client: trusted certificates, proxies, connection limits.

use crate::policy_options::BreakerOptions;
use http::HeaderMap;
use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

/// How an HTTP client connects. The default is that of `httpx`.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The certificates to trust.
    pub trust: Trust,
    /// Whether a certificate must match the server's name.
    pub checks_names: bool,
    /// The client certificate.
    pub identity: Option<Identity>,
    /// Whether HTTP/1.1 is enabled.
    pub http1: bool,
    /// Whether HTTP/2 is used if the server supports it; without `http1`, always.
    pub http2: bool,
    /// The proxy.
    pub proxy: HttpProxy,
    /// The maximum number of connections in use under HTTP/1.1; `None` for no limit.
    pub max_connections: Option<usize>,
    /// The maximum number of idle connections per host; `None` for no limit.
    pub max_idle: Option<usize>,
    /// How long an idle connection is kept; `None` for no limit.
    pub idle: Option<Duration>,
    /// The local address to connect from.
    pub local_address: Option<IpAddr>,
    /// A Unix domain socket that all connections lead to.
    pub unix_socket: Option<PathBuf>,
    /// How often a failed connect is retried.
    pub connect_retries: u32,
    /// Circuit breakers for servers that keep failing, one each; `None` for none.
    pub breaker: Option<BreakerOptions>,
}

/// The certificates to trust.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those that the operating system trusts.
    System,
    /// These, in PEM, and no others.
    Only(Vec<u8>),
    /// Everything: nothing is verified.
    Everybody,
}

/// A client certificate.
#[derive(Clone)]
pub struct Identity {
    /// The certificate and those above it, in PEM.
    pub certificates: Vec<u8>,
    /// Its private key, in PEM.
    pub key: Vec<u8>,
}

/// The proxy.
#[derive(Clone)]
pub enum HttpProxy {
    /// Nothing.
    None,
    /// As the environment configures.
    Environment,
    /// This proxy for all servers.
    Given {
        /// Its address, optionally with user name and password.
        address: String,
        /// User name and password, if they are not in the address.
        credentials: Option<(String, String)>,
        /// Headers for the proxy.
        headers: HeaderMap,
    },
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            trust: Trust::System,
            checks_names: true,
            identity: None,
            http1: true,
            http2: false,
            proxy: HttpProxy::Environment,
            max_connections: Some(100),
            max_idle: Some(20),
            idle: Some(Duration::from_secs(5)),
            local_address: None,
            unix_socket: None,
            connect_retries: 0,
            breaker: None,
        }
    }
}

/// The key is not shown.
impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Identity")
    }
}

/// The proxy's credentials are not shown.
impl fmt::Debug for HttpProxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "None",
            Self::Environment => "Environment",
            Self::Given { .. } => "Given",
        })
    }
}
