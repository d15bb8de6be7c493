//! HTTP client for any server: requests and responses as they are, for programs that bring their own API.
//!
//! `ferrule.httpx` in Python is this. It has no provider, no dialect and no retries of a request that was sent; it goes
//! over the same connections as calls do (`net`). `settings` and `trust` say how it connects, `client` sends, `request`,
//! `header_block`, `header_case` and `body` are what is sent, `response` what comes, `time_limits`, `failure` and
//! `host_breakers` what may end it.

mod body;
mod client;
mod failure;
mod header_block;
mod header_case;
mod host_breakers;
mod request;
mod response;
mod settings;
mod time_limits;
mod trust;

pub use body::{BodySource, GivenUp};
pub use client::HttpClient;
pub use failure::{HttpFailure, HttpFailureKind};
pub use header_block::HeaderBlock;
pub use request::{HttpContent, HttpRequest};
pub use response::HttpResponse;
pub use settings::{HttpProxy, HttpSettings, Identity, Trust};
pub use time_limits::HttpTimeouts;
