//! Client of every provider, as a Rust library.
//!
//! A [`Client`] holds the current engine (`ferrule-engine`) and replaces it when its settings change, resolves the
//! names of models, and keeps account of what its calls used and cost. The Python package is a binding of it; a gateway
//! can hold one as well. It knows no Python, and reads no files: [`Settings`] say all.
//!
//! ```
//! use ferrule_client::{CallOptions, Client, ProviderSettings, Settings};
//! use ferrule_sim::Simulator;
//! use ferrule_wire::model::{Message, Request, Role, StreamEvent};
//! use ferrule_wire::operation::EmbeddingRequest;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! // A simulated provider. A real one is `builtin("openai")` with its `api_key`.
//! let simulator = Simulator::start(ferrule_sim::Settings::default())?;
//! let address = format!("http://{}/v1", simulator.address());
//! let client = Client::new(Settings {
//!     providers: vec![ProviderSettings::new("mine", "openai-chat", address)],
//!     ..Settings::default()
//! })?;
//! let ask = |text: &str| Request {
//!     messages: vec![Message::text(Role::User, text)],
//!     ..Request::default()
//! };
//!
//! // A call.
//! let reply = client.resolve_call("mine/echo")?.complete(ask("Hello."), CallOptions::default()).await?;
//! assert_eq!(reply.response.choices.len(), 1);
//! assert!(reply.settlement.record().usage.input_tokens.is_some());
//!
//! // A stream.
//! let mut stream = client.resolve_call("mine/echo")?.stream(ask("Hello."), CallOptions::default()).await?;
//! let mut text = String::new();
//! while let Some(batch) = stream.next().await {
//!     for event in batch?.events {
//!         if let StreamEvent::TextDelta { text: more, .. } = event {
//!             text.push_str(&more);
//!         }
//!     }
//! }
//! assert_eq!(text, "Hello.");
//!
//! // Embeddings.
//! let texts = EmbeddingRequest { inputs: vec!["a".into(), "b".into()], ..EmbeddingRequest::default() };
//! let embedded = client.resolve_call("mine/embedder")?.embed(texts, None, CallOptions::default()).await?;
//! assert_eq!(embedded.response.vectors.len(), 2);
//!
//! // What they used.
//! let calls: u64 = client.usage().iter().map(|(_, totals)| totals.calls).sum();
//! assert_eq!(calls, 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod account;
mod call;
mod client;
mod error;
pub mod process;
mod providers;
mod settings;
mod state;
mod stream;

pub use account::{Bill, Entry};
pub use call::ResolvedCall;
pub use client::Client;
pub use error::ClientError;
pub use ferrule_engine::{CallError, CallOptions, ProviderSettings, Timeouts};
pub use providers::{authentication, builtin, quirks};
pub use settings::Settings;
pub use state::StateSettings;
pub use stream::{RawBody, Stream};
