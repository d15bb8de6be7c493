//! The door: providers and settings in, calls through.

use crate::{
    Call, CallError, EventStream, Failure, ModelInfo, ProviderSettings, Reply, Timeouts, TransportSettings,
};

/// Calls providers. One per client; it holds the connections.
#[derive(Debug)]
pub struct Engine {}

impl Engine {
    /// An engine for `providers`. Fails where a setting is not usable (bad URL, unknown dialect, unreadable
    /// certificate). Needs no runtime; its calls are made inside a tokio runtime.
    pub fn new(
        providers: Vec<ProviderSettings>,
        timeouts: Timeouts,
        max_retries: u32,
        transport: TransportSettings,
    ) -> Result<Self, String> {
        let _ = (providers, timeouts, max_retries, transport);
        Ok(Self {})
    }

    /// A plain call.
    pub async fn complete(&self, call: Call) -> Result<Reply, CallError> {
        Err(CallError {
            failure: Failure::Config(String::new()),
            provider: call.provider,
            model: call.request.model,
            attempts: vec![],
        })
    }

    /// A streamed call; comes back when the first events are there, so that all before them can be retried.
    pub async fn stream(&self, call: Call) -> Result<EventStream, CallError> {
        Err(CallError {
            failure: Failure::Config(String::new()),
            provider: call.provider,
            model: call.request.model,
            attempts: vec![],
        })
    }

    /// The models `provider` offers.
    pub async fn models(&self, provider: &str, timeouts: Timeouts) -> Result<Vec<ModelInfo>, CallError> {
        let _ = timeouts;
        Err(CallError {
            failure: Failure::Config(String::new()),
            provider: provider.into(),
            model: String::new(),
            attempts: vec![],
        })
    }
}
