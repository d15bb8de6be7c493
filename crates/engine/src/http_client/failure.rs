//! Failures of an HTTP client, of the same kinds as `httpx`'s.

use crate::{
    net::{ProxyRefused, Unanswered},
    reasons::{find, reasons},
    tls_advice,
};
use std::{error::Error, fmt, io, time::Duration};

/// A failed request.
#[derive(Clone, Debug)]
pub struct HttpFailure {
    /// Its kind.
    pub kind: HttpFailureKind,
    /// What happened.
    pub message: String,
}

/// The kinds of failures: `httpx`'s exceptions of the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpFailureKind {
    /// No connection.
    ConnectError,
    /// No connection in time.
    ConnectTimeout,
    /// The request is not valid HTTP.
    LocalProtocolError,
    /// No free connection in time.
    PoolTimeout,
    /// The proxy refused to connect us.
    ProxyError,
    /// The connection broke before the end of the response.
    ReadError,
    /// No data of the response in time.
    ReadTimeout,
    /// The response is not complete, valid HTTP.
    RemoteProtocolError,
    /// No data of the request was accepted in time.
    WriteTimeout,
}

impl HttpFailureKind {
    /// The name of `httpx`'s exception.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConnectError => "ConnectError",
            Self::ConnectTimeout => "ConnectTimeout",
            Self::LocalProtocolError => "LocalProtocolError",
            Self::PoolTimeout => "PoolTimeout",
            Self::ProxyError => "ProxyError",
            Self::ReadError => "ReadError",
            Self::ReadTimeout => "ReadTimeout",
            Self::RemoteProtocolError => "RemoteProtocolError",
            Self::WriteTimeout => "WriteTimeout",
        }
    }
}

impl HttpFailure {
    pub(super) fn new(kind: HttpFailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(super) fn timeout(kind: HttpFailureKind, limit: Duration) -> Self {
        let what = match kind {
            HttpFailureKind::ConnectTimeout => "no connection",
            HttpFailureKind::PoolTimeout => "no free connection",
            HttpFailureKind::WriteTimeout => "the server took nothing more of the request",
            _ => "the server sent nothing",
        };
        Self::new(kind, format!("timed out: {what} within {} s", limit.as_secs_f64()))
    }

    /// Whether it failed before there was a connection.
    pub(super) fn is_of_connecting(&self) -> bool {
        matches!(self.kind, HttpFailureKind::ConnectError | HttpFailureKind::ConnectTimeout)
    }

    /// The request got no response.
    pub(super) fn unanswered(unanswered: &Unanswered) -> Self {
        let error = unanswered.error();
        if let Some(refused) = find::<ProxyRefused>(error) {
            return Self::new(HttpFailureKind::ProxyError, refused.to_string());
        }
        if let Some(tls) = find::<rustls::Error>(error) {
            let advice = tls_advice::advice(tls).map(|advice| format!("; {advice}")).unwrap_or_default();
            let what = match tls {
                // With OpenSSL's wording, which programs look for.
                rustls::Error::InvalidCertificate(_) => {
                    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
                }
                _ => "no secure connection: ",
            };
            return Self::new(HttpFailureKind::ConnectError, format!("{what}{tls}{advice}"));
        }
        if unanswered.is_connect() {
            return Self::new(HttpFailureKind::ConnectError, in_words(error));
        }
        Self::broken(error).unwrap_or_else(|| {
            if find::<hyper::Error>(error).is_some_and(hyper::Error::is_user) {
                return Self::new(HttpFailureKind::LocalProtocolError, reasons(error));
            }
            let what = "Server disconnected without sending a response.";
            Self::new(HttpFailureKind::RemoteProtocolError, what)
        })
    }

    /// The response body broke off after `received` of `announced` bytes.
    pub(super) fn of_body(error: &(dyn Error + 'static), received: u64, announced: Option<u64>) -> Self {
        if let Some(failure) = Self::broken(error) {
            return failure;
        }
        let how = match announced {
            Some(announced) => format!("received {received} bytes, expected {announced}"),
            None => "incomplete chunked read".to_owned(),
        };
        let what = format!("peer closed connection without sending complete message body ({how})");
        Self::new(HttpFailureKind::RemoteProtocolError, what)
    }

    /// A broken connection, or data that is not HTTP; `None` if it ended too early.
    fn broken(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(h2) = find::<h2::Error>(error)
            && !h2.is_io()
        {
            return Some(Self::new(HttpFailureKind::RemoteProtocolError, reasons(error)));
        }
        if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
            return Some(Self::new(HttpFailureKind::RemoteProtocolError, reasons(error)));
        }
        match find::<io::Error>(error)?.kind() {
            io::ErrorKind::UnexpectedEof => None,
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                Some(Self::new(HttpFailureKind::RemoteProtocolError, reasons(error)))
            }
            _ => Some(Self::new(HttpFailureKind::ReadError, in_words(error))),
        }
    }

    /// The settings are invalid.
    pub(super) fn settings(message: String) -> Self {
        Self::new(HttpFailureKind::ConnectError, message)
    }

    /// The proxy's settings are invalid.
    pub(super) fn proxy(message: String) -> Self {
        Self::new(HttpFailureKind::ProxyError, message)
    }
}

/// The reasons; an operating system error has its number, as in Python.
fn in_words(error: &(dyn Error + 'static)) -> String {
    match find::<io::Error>(error).and_then(|error| Some((error, error.raw_os_error()?))) {
        Some((error, number)) => {
            let text = error.to_string();
            let text = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text);
            format!("[Errno {number}] {text}")
        }
        None => reasons(error),
    }
}

impl fmt::Display for HttpFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for HttpFailure {}
