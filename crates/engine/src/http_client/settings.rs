//! Settings of an HTTP client: trusted certificates, proxies, connection limits.

use crate::policy_options::BreakerOptions;
use http::HeaderMap;
use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

/// How an HTTP client connects. [`HttpSettings::default`] is what `httpx` does by default.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Whose certificates are trusted.
    pub trust: Trust,
    /// Whether a certificate has to be for the server's name.
    pub checks_names: bool,
    /// The certificate that servers are shown.
    pub identity: Option<Identity>,
    /// Whether HTTP/1.1 is spoken.
    pub http1: bool,
    /// Whether HTTP/2 is spoken where the server has it; without `http1`, everywhere.
    pub http2: bool,
    /// What stands between us and servers.
    pub proxy: HttpProxy,
    /// Requests in HTTP/1.1 that are on a connection at once; `None` without limit.
    pub max_connections: Option<usize>,
    /// Connections to one host that are kept for later; `None` without limit.
    pub max_idle: Option<usize>,
    /// How long a connection is kept that nothing uses; `None` without limit.
    pub idle: Option<Duration>,
    /// The address of this machine that connections are made from.
    pub local_address: Option<IpAddr>,
    /// A socket in the file system that all connections lead to.
    pub unix_socket: Option<PathBuf>,
    /// How often connecting is tried again where it fails.
    pub connect_retries: u32,
    /// When servers that keep failing are left alone, each for itself; `None`: never.
    pub breaker: Option<BreakerOptions>,
}

/// Whose certificates are trusted.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those that the operating system trusts.
    System,
    /// These, in PEM, and no others.
    Only(Vec<u8>),
    /// All: nothing is verified.
    Everybody,
}

/// A certificate of our own.
#[derive(Clone)]
pub struct Identity {
    /// The certificate and those above it, in PEM.
    pub certificates: Vec<u8>,
    /// Its private key, in PEM.
    pub key: Vec<u8>,
}

/// What stands between us and servers.
#[derive(Clone)]
pub enum HttpProxy {
    /// Nothing.
    None,
    /// What the environment says.
    Environment,
    /// This proxy, for all of them.
    Given {
        /// Its address, perhaps with a user name and password.
        address: String,
        /// User name and password, where they are not in the address.
        credentials: Option<(String, String)>,
        /// Headers that it is sent.
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

/// Without the key.
impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Identity")
    }
}

/// Without what the proxy is shown.
impl fmt::Debug for HttpProxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "None",
            Self::Environment => "Environment",
            Self::Given { .. } => "Given",
        })
    }
}
