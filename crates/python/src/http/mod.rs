//! HTTP client of any server, for `ferrule.httpx` and whatever else sends requests of its own.
//!
//! `transport` starts requests, `settings` and `headers` read what they are made with, `line` is what a request and its
//! reader share, `exchange` is the reader's end.

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
