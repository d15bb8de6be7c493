//! What we do about it.
//!
//! A call goes one way through files named for what happens there: `provider` (who is asked), `call` (the one loop:
//! retry, deadline), `send` (one attempt: encode, transport, decode), `stream` (delivery, event by event). Tokio and
//! reqwest live here; wire formats do not (`ferrule-wire`), nor does Python (`ferrule-python`).
#![forbid(unsafe_code)]

mod engine;
mod error;
mod options;
mod provider;
mod reply;
mod stream;

pub use engine::Engine;
pub use error::{CallError, Failure, TimeoutKind};
pub use options::{Call, CallOptions, Timeouts, TransportSettings};
pub use provider::{ProviderSettings, Secret};
pub use reply::{Attempt, ModelInfo, Outcome, Reply, Stats};
pub use stream::{EventBatch, EventStream};
