//! Proxies of the environment: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, in upper or lower case, and `NO_PROXY`. If
//! none of them is set, the operating system's, on macOS and Windows.
//!
//! Read as by Python's `urllib`, `requests` and `httpx`: lower-case names take precedence, an empty one disables the
//! proxy, and `HTTP_PROXY` in capitals is ignored in a CGI program, where a client's header could set it. An invalid
//! setting is the error of the calls that would go through it.

use super::{error::BoxError, no_proxy::NoProxy};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderValue, Uri, header::PROXY_AUTHORIZATION, uri::Authority};
use std::fmt;
use url::Url;

/// The proxies that connections go through.
#[derive(Debug, Default)]
pub(crate) struct Proxies {
    http: Option<Result<Proxy, String>>,
    https: Option<Result<Proxy, String>>,
    except: NoProxy,
    #[cfg(any(target_os = "macos", windows))]
    system: Option<System>,
}

/// One proxy.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    pub(super) kind: ProxyKind,
    pub(super) host: String,
    port: u16,
    /// User name and password.
    credentials: Option<(String, String)>,
    /// Additional headers for an HTTP proxy.
    extra: HeaderMap,
    /// The variable that configures it; `None` for the operating system's.
    variable: Option<&'static str>,
}

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyKind {
    Http,
    Https,
    /// Version 4, or 4a if the proxy resolves names.
    Socks4 {
        remote_names: bool,
    },
    /// Version 5.
    Socks5 {
        remote_names: bool,
    },
}

impl Proxies {
    /// No proxy, whatever the environment says.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// This proxy, for everything.
    pub(crate) fn all(proxy: Proxy) -> Self {
        Self { http: Some(Ok(proxy.clone())), https: Some(Ok(proxy)), ..Self::default() }
    }

    /// The proxies of this process's environment.
    pub(crate) fn from_environment() -> Self {
        let proxies = Self::read(|name| match std::env::var(name) {
            Ok(value) => Some(Ok(value)),
            Err(std::env::VarError::NotPresent) => None,
            Err(std::env::VarError::NotUnicode(_)) => Some(Err(())),
        });
        #[cfg(any(target_os = "macos", windows))]
        if proxies.http.is_none() && proxies.https.is_none() {
            return Self { system: Some(System::default()), ..proxies };
        }
        proxies
    }

    fn read(variable: impl Fn(&str) -> Option<Result<String, ()>>) -> Self {
        // The first one that is set counts, even if it is empty.
        let find = |names: &[&'static str]| {
            let (name, value) = names.iter().find_map(|name| Some((*name, variable(name)?)))?;
            match value {
                Ok(text) if text.trim().is_empty() => None,
                Ok(text) => {
                    let proxy = Proxy::parse(&text).map_err(|why| format!("{name} {why}"));
                    Some(proxy.map(|proxy| Proxy { variable: Some(name), ..proxy }))
                }
                Err(()) => Some(Err(format!("{name} is not text"))),
            }
        };
        let is_cgi = variable("REQUEST_METHOD").is_some();
        let http: &[_] = if is_cgi { &["http_proxy"] } else { &["http_proxy", "HTTP_PROXY"] };
        let either = |names: &[&'static str]| find(names).or_else(|| find(&["all_proxy", "ALL_PROXY"]));
        let except = ["no_proxy", "NO_PROXY"].into_iter().find_map(&variable).and_then(Result::ok);
        Self {
            http: either(http),
            https: either(&["https_proxy", "HTTPS_PROXY"]),
            except: NoProxy::parse(&except.unwrap_or_default()),
            #[cfg(any(target_os = "macos", windows))]
            system: None,
        }
    }

    /// The proxy for `host`, which may be an address in brackets. The error names the invalid variable.
    pub(super) fn between(&self, is_encrypted: bool, host: &str, port: u16) -> Result<Option<Proxy>, String> {
        #[cfg(any(target_os = "macos", windows))]
        if let Some(system) = &self.system {
            return system.between(is_encrypted, host, port);
        }
        match if is_encrypted { &self.https } else { &self.http } {
            None => Ok(None),
            Some(_) if self.except.has(is_encrypted, host, port) => Ok(None),
            Some(proxy) => proxy.clone().map(Some),
        }
    }

    /// The `Proxy-Authorization` of a request to `url` through a forwarding proxy. The error names the invalid
    /// variable.
    pub(crate) fn authorization(&self, url: &Url) -> Result<Option<HeaderValue>, String> {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return Ok(None) };
        let is_encrypted = url.scheme() == "https";
        let proxy = self.between(is_encrypted, host, port)?;
        let passes_on =
            |proxy: &Proxy| matches!(proxy.kind, ProxyKind::Http | ProxyKind::Https) && !is_encrypted;
        Ok(proxy.filter(passes_on).and_then(|proxy| proxy.authorization()))
    }

    /// As [`Proxies::authorization`], with the proxy's additional headers.
    pub(crate) fn headers(&self, is_encrypted: bool, host: &str, port: u16) -> Result<HeaderMap, String> {
        if is_encrypted {
            return Ok(HeaderMap::new());
        }
        let proxy = self.between(is_encrypted, host, port)?;
        let http = proxy.filter(|proxy| matches!(proxy.kind, ProxyKind::Http | ProxyKind::Https));
        Ok(http.map(|proxy| proxy.headers()).unwrap_or_default())
    }

    /// Whether unencrypted requests may go through a proxy that is itself reached with TLS.
    pub(crate) fn are_encrypted(&self) -> bool {
        matches!(&self.http, Some(Ok(proxy)) if proxy.kind == ProxyKind::Https)
    }
}

impl Proxy {
    /// Parses an address such as `http://user:password@proxy.example:3128`; without a scheme it is an HTTP proxy.
    /// Errors do not show it, as it may contain a password.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let invalid = |why: &dyn fmt::Display| format!("is not a valid proxy address: {why}");
        let url = Url::parse(&whole).map_err(|error| invalid(&error))?;
        let (kind, default_port) = match url.scheme() {
            "http" => (ProxyKind::Http, 80),
            "https" => (ProxyKind::Https, 443),
            "socks4" => (ProxyKind::Socks4 { remote_names: false }, 1080),
            "socks4a" => (ProxyKind::Socks4 { remote_names: true }, 1080),
            "socks5" => (ProxyKind::Socks5 { remote_names: false }, 1080),
            "socks" | "socks5h" => (ProxyKind::Socks5 { remote_names: true }, 1080),
            other => {
                return Err(format!(
                    "has the scheme {other}://, which is not one of http, https, socks4, socks4a, socks5, socks5h"
                ));
            }
        };
        let host =
            url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| invalid(&"it has no host"))?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid(&"something follows the host and the port"));
        }
        // For schemes that it does not know, the parser accepts nearly anything as a host.
        host.parse::<Authority>().map_err(|_| invalid(&"its host is not a host"))?;
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let credentials = (!url.username().is_empty() || url.password().is_some())
            .then(|| (decode(url.username()), decode(url.password().unwrap_or_default())));
        Ok(Self {
            kind,
            host: host.to_owned(),
            port: url.port().unwrap_or(default_port),
            credentials,
            extra: HeaderMap::new(),
            variable: None,
        })
    }

    /// The proxy, with this user name and password.
    pub(crate) fn with_credentials(self, credentials: Option<(String, String)>) -> Self {
        Self { credentials: credentials.or(self.credentials), ..self }
    }

    /// The proxy, with these additional headers.
    pub(crate) fn with_headers(self, extra: HeaderMap) -> Self {
        Self { extra, ..self }
    }

    /// The headers for an HTTP proxy: its authorization and the additional ones.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = self.extra.clone();
        if let Some(authorization) = self.authorization() {
            headers.insert(PROXY_AUTHORIZATION, authorization);
        }
        headers
    }

    /// The address it listens on.
    pub(super) fn address(&self) -> Result<Uri, BoxError> {
        Ok(Uri::try_from(format!("http://{}:{}", self.host, self.port))?)
    }

    pub(super) fn credentials(&self) -> Option<(&str, &str)> {
        self.credentials.as_ref().map(|(user, password)| (user.as_str(), password.as_str()))
    }

    pub(super) fn user(&self) -> &str {
        self.credentials().map_or("", |(user, _)| user)
    }

    /// The authorization for an HTTP proxy.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = self.credentials()?;
        let encoded = BASE64_STANDARD.encode(format!("{user}:{password}"));
        let mut value = HeaderValue::try_from(format!("Basic {encoded}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Shows no user name and no password.
impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the proxy {}:{}", self.host, self.port)?;
        match self.variable {
            Some(variable) => write!(formatter, " (from {variable})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Proxy")
            .field("kind", &self.kind)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// The operating system's proxies.
#[cfg(any(target_os = "macos", windows))]
struct System(hyper_util::client::proxy::matcher::Matcher);

#[cfg(any(target_os = "macos", windows))]
impl Default for System {
    fn default() -> Self {
        Self(hyper_util::client::proxy::matcher::Matcher::from_system())
    }
}

#[cfg(any(target_os = "macos", windows))]
impl System {
    fn between(&self, is_encrypted: bool, host: &str, port: u16) -> Result<Option<Proxy>, String> {
        let scheme = if is_encrypted { "https" } else { "http" };
        let to = Uri::try_from(format!("{scheme}://{host}:{port}")).map_err(|error| error.to_string())?;
        let found = self.0.intercept(&to).map(|found| Proxy::parse(&found.uri().to_string()));
        found.transpose().map_err(|why| format!("the operating system's proxy {why}"))
    }
}

#[cfg(any(target_os = "macos", windows))]
impl fmt::Debug for System {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("System")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| Ok((*value).to_owned()))
        })
    }

    fn between(variables: &[(&str, &str)], url: &str) -> Result<Option<String>, String> {
        let url = Url::parse(url).unwrap();
        let (host, port) = (url.host_str().unwrap(), url.port_or_known_default().unwrap());
        let proxy = proxies(variables).between(url.scheme() == "https", host, port)?;
        Ok(proxy
            .map(|proxy| format!("{:?} {}:{} {:?}", proxy.kind, proxy.host, proxy.port, proxy.credentials())))
    }

    #[test]
    fn variables_are_read_as_python_reads_them() {
        let (plain, encrypted) = ("http://a.example", "https://a.example");
        let some = |text: &str| Ok(Some(text.to_owned()));
        for (variables, url, expected) in [
            (&[][..], encrypted, Ok(None)),
            (&[("HTTPS_PROXY", "http://p:1")], encrypted, some("Http p:1 None")),
            (&[("HTTPS_PROXY", "p:1")], encrypted, some("Http p:1 None")),
            (&[("HTTPS_PROXY", "p:1")], plain, Ok(None)),
            (&[("HTTP_PROXY", "https://p")], plain, some("Https p:443 None")),
            (&[("HTTP_PROXY", "p:1"), ("http_proxy", "q:2")], plain, some("Http q:2 None")),
            (&[("HTTP_PROXY", "p:1"), ("http_proxy", "")], plain, Ok(None)),
            (&[("HTTP_PROXY", "p:1"), ("REQUEST_METHOD", "GET")], plain, Ok(None)),
            (&[("ALL_PROXY", "socks://p")], plain, some("Socks5 { remote_names: true } p:1080 None")),
            (&[("all_proxy", "socks5://p:9")], plain, some("Socks5 { remote_names: false } p:9 None")),
            (
                &[("all_proxy", "socks5h://[::1]:9")],
                plain,
                some("Socks5 { remote_names: true } [::1]:9 None"),
            ),
            (&[("all_proxy", "socks4a://p")], encrypted, some("Socks4 { remote_names: true } p:1080 None")),
            (
                &[("https_proxy", "http://us%40er:p%3Aw@p:1/")],
                encrypted,
                some(r#"Http p:1 Some(("us@er", "p:w"))"#),
            ),
            (&[("https_proxy", "p:1"), ("no_proxy", "a.example")], encrypted, Ok(None)),
            (&[("https_proxy", "p:1"), ("NO_PROXY", "*")], "https://10.0.0.1", Ok(None)),
        ] {
            assert_eq!(between(variables, url), expected, "{variables:?} {url}");
        }
    }

    #[test]
    fn an_invalid_proxy_is_an_error_that_names_its_variable_when_used() {
        for value in [
            "ftp://p:1",
            "http://",
            "http://p:99999",
            "://p",
            "p:port",
            "socks5h://",
            "http://p/path",
            "socks5://a b:1",
            "http//p:1",
            "socks5://:1080",
            "quic://u:hunter2@p",
            "http://u:hunter2@p:x",
        ] {
            for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
                let error = between(&[(name, value)], "https://a.example").unwrap_err();
                assert!(error.starts_with(&format!("{name} ")), "{value}: {error}");
                assert!(!error.contains("hunter2"), "{error}");
            }
            assert_eq!(between(&[("HTTPS_PROXY", value)], "http://a.example"), Ok(None));
            let excepted = [("HTTPS_PROXY", value), ("NO_PROXY", "a.example")];
            assert_eq!(between(&excepted, "https://a.example"), Ok(None));
        }
    }
}
