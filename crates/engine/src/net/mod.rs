//! HTTP client: hyper's, over connections of our own.
//!
//! `client` sends requests; `connect` makes the connections, directly or through a proxy (`proxy`, `no_proxy`,
//! `tunnel`, `socks`); `socket` is one connection, `connections` is what is known of those that are open, `body` and
//! `unpack` are what is read from them. Why not an HTTP client from the shelf: `docs/decisions/2026-11-30-connections.md`.

mod body;
mod client;
mod connect;
mod connections;
mod no_proxy;
mod proxy;
mod request_body;
mod socket;
mod socks;
mod tunnel;
mod unpack;

pub(crate) use body::ResponseBody;
pub(crate) use client::{Client, ClientSettings, Unanswered};
pub(crate) use connections::{Connections, InUse};
pub(crate) use proxy::Proxies;
pub(crate) use request_body::RequestBody;
pub(crate) use unpack::ACCEPTED as ACCEPTED_ENCODINGS;

use http::{HeaderMap, Method};
use url::Url;

/// The head of a request, while it is being authorised.
#[derive(Clone, Debug)]
pub(crate) struct RequestHead {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
}

/// What goes wrong below HTTP, in whatever form.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
