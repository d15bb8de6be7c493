//! HTTP client for any server: sends requests unchanged, for programs with their own API.
//!
//! Behind `ferrule.httpx` in Python. It has no provider and no dialect, and never retries a request that was sent; it
//! uses the same connection code as calls do (`net`). `settings` and `trust` configure it, `client` sends; `request`,
//! `header_block`, `header_case` and `body` make up a request, `response` is what comes back; `time_limits`, `failure`
//! and `host_breakers` end it.

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
