//! HTTP connections: hyper's client over our own connector.
//!
//! `client` sends requests; `connect` makes connections, directly or through a proxy (`proxy`, `no_proxy`, `tunnel`,
//! `socks`); `socket` is one connection, `connections` tracks the open ones, `body` and `unpack` read responses,
//! `intercepted` serves mock responses. Why not an existing HTTP client: `docs/decisions/2026-11-30-connections.md`.

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
