//! HTTP client for any server, for `ferrule.httpx` and other senders of raw requests.
//!
//! `transport` starts requests, `settings` and `headers` convert their arguments, `line` is shared by a request and its
//! reader, `exchange` is the reader's end.

mod exchange;
mod failure;
mod headers;
mod interceptor;
mod line;
mod settings;
mod transport;

pub(crate) use exchange::HttpExchange;
pub(crate) use failure::HttpTransportError;
pub(crate) use headers::HttpHeaders;
pub(crate) use interceptor::HttpInterceptor;
pub(crate) use transport::HttpTransport;
