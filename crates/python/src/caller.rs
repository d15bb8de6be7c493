//! Caller: a client with the observers of its calls.

use crate::bridge::LoopBridge;
use crate::observers::{Observed, Observers};
use ferrule_client::{Client, ResolvedCall};
use ferrule_engine::{CallOptions, Context, Observer};
use pyo3::prelude::*;
use std::{ops::Deref, sync::Arc};

/// The sink for events of an observed call.
type EngineEnd = Option<Arc<dyn Observer>>;

/// The caller's loop, for a provider that is a function.
pub(crate) fn context(bridge: Option<&LoopBridge>) -> Option<Context> {
    bridge.filter(|bridge| bridge.has_loop()).map(|bridge| -> Context { bridge.wakeups().clone() })
}

/// A client with the observers of its calls.
pub(crate) struct Caller {
    client: Client,
    pub(crate) observers: Arc<Observers>,
}

impl Deref for Caller {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Caller {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, observers: Arc::default() }
    }

    /// Attaches an observer to `call`, which is made with `options`.
    pub(crate) fn observe(
        &self,
        py: Python<'_>,
        bridge: Option<&LoopBridge>,
        call: &ResolvedCall,
        options: &mut CallOptions,
    ) -> PyResult<Option<Observed>> {
        let asked = || (Some(call.asked_model()), options.metadata.clone());
        let mut observed = self.observers.observe(py, bridge, asked)?;
        options.observer = observed.as_mut().and_then(Observed::take_engine_end);
        Ok(observed)
    }

    /// Attaches an observer to a call that has no model.
    pub(crate) fn observe_raw(
        &self,
        py: Python<'_>,
        bridge: Option<&LoopBridge>,
    ) -> PyResult<(Option<Observed>, EngineEnd)> {
        let mut observed = self.observers.observe(py, bridge, || (None, Vec::new()))?;
        let engine_end = observed.as_mut().and_then(Observed::take_engine_end);
        Ok((observed, engine_end))
    }
}
