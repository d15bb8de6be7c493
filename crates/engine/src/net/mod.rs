//! HTTP client: hyper's, over connections of our own.
//!
//! `client` sends requests; `connect` makes the connections, directly or through a proxy (`proxy`, `no_proxy`,
//! `tunnel`, `socks`); `socket` is one connection, `connections` is what is known of those that are open, `body` and
//! `unpack` are what is read from them, `intercepted` what tests answer instead. Why not an HTTP client from the shelf: `docs/decisions/2026-11-30-connections.md`.

mod body;
mod client;
mod connect;
mod connections;
mod error;
mod host;
mod intercepted;
mod no_proxy;
mod proxy;
mod request_body;
mod request_head;
mod socket;
mod socks;
mod tunnel;
mod unpack;

pub(crate) use body::ResponseBody;
pub(crate) use client::{Client, ClientSettings, ResponseFuture, Unanswered};
pub(crate) use connect::SocketRoute;
pub(crate) use connections::{Connections, InUse};
pub(crate) use error::ProxyRefused;
pub(crate) use host::bare as bare_host;
pub(crate) use intercepted::Whole;
pub(crate) use proxy::{Proxies, Proxy};
pub(crate) use request_body::{ConnectPermit, RequestBody};
pub(crate) use request_head::RequestHead;
