//! What we do about it.
//!
//! A call goes one way through files named for what happens there: `resolve` (whom a model's name means), `provider`
//! (who may be asked), `target` (a call made
//! ready for one of them), `call` (the one loop: `retry`, deadline), `send` (one attempt, over the connections of
//! `transport`, authorised by `credentials`, watched by `timeout`), then `whole`, `stream`, `models`, `decode` or `raw`,
//! which make something of the answer. `embed`, `rerank`, `media`, `count` and `health`
//! are doors of their own to the same loop, by way of `operation`.
//! Tokio and reqwest live here; wire formats do not (`ferrule-wire`), nor does Python (`ferrule-python`).
#![forbid(unsafe_code)]

mod backend;
mod call;
mod cause;
mod count;
mod credentials;
mod decode;
mod embed;
mod engine;
mod error;
mod follow;
pub mod guard;
mod health;
mod media;
mod models;
mod operation;
mod options;
mod process;
mod provider;
mod pulse;
mod raw;
mod reply;
mod rerank;
mod resolve;
mod retry;
mod secrets;
mod send;
mod stream;
mod target;
mod timeout;
mod tls;
mod transport;
mod whole;

pub use backend::{AnswerSender, Backend, Context, Question};
pub use credentials::{
    Authentication, AwsSettings, CredentialsError, DatabricksSettings, EntraSettings, Environment,
    GoogleSettings, Token, TokenFuture, TokenSource, WatsonxSettings,
};
pub use engine::Engine;
pub use error::{CallError, Failure, TimeoutKind};
pub use health::Health;
pub use operation::{OperationCall, OperationReply};
pub use options::{Call, CallOptions, Timeouts, TransportSettings};
pub use process::{ProcessBackend, Start};
pub use provider::{ProviderSettings, Secret};
pub use raw::{RawCall, RawReply};
pub use reply::{Attempt, Outcome, Reply, Stats};
pub use resolve::{LookUp, Route, Routing, RoutingProblem, Unusable};
pub use stream::{EventBatch, EventStream};
