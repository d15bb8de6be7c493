//! Packed data of the built-in catalog: its index, and the models of each provider, which are unpacked on first use. A
//! program that uses one provider keeps only its models in memory.

use crate::{entry::Written, model::Model, pattern::Pattern, source::Source};
use flate2::read::DeflateDecoder;
use serde::Deserialize;
use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

static INDEX: &str = include_str!(concat!(env!("OUT_DIR"), "/index.json"));
static MODELS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/models.deflate"));

/// The data that is available without unpacking models.
#[derive(Debug, Deserialize)]
pub(crate) struct Index {
    pub(crate) source: Source,
    /// Providers' ids in the data, by our ids.
    pub(crate) aliases: HashMap<String, String>,
    pub(crate) providers: Vec<ProviderRow>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ProviderRow {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) names: Option<Pattern>,
    #[serde(default)]
    pub(crate) also: Vec<String>,
    /// The range of its models in [`MODELS`].
    pub(crate) models: Range<usize>,
}

impl Index {
    pub(crate) fn read() -> Result<Self, serde_json::Error> {
        serde_json::from_str(INDEX)
    }
}

/// The models of a provider.
#[derive(Debug)]
pub(crate) struct PackedModels {
    provider: Arc<str>,
    source: Arc<Source>,
    place: Range<usize>,
    models: OnceLock<Box<[Arc<Model>]>>,
    /// Whether unpacking ahead of time has begun.
    is_begun: AtomicBool,
}

impl PackedModels {
    pub(crate) fn new(provider: Arc<str>, source: Arc<Source>, place: Range<usize>) -> Self {
        Self { provider, source, place, models: OnceLock::new(), is_begun: AtomicBool::new(false) }
    }

    /// The models, in the order of the data.
    pub(crate) fn get(&self) -> &[Arc<Model>] {
        if let Some(models) = self.models.get() {
            return models;
        }
        // Unpacked before the lock is taken, which a fork in the middle would leave locked in the child. A test reads
        // all built-in data; if that ever failed, a provider without models is the honest answer.
        let unpacked = self.unpack().unwrap_or_default();
        self.models.get_or_init(|| unpacked)
    }

    pub(crate) fn is_unpacked(&self) -> bool {
        self.models.get().is_some()
    }

    /// Whether the caller is the first to unpack them ahead of time.
    pub(crate) fn begin(&self) -> bool {
        !self.is_begun.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn unpack(&self) -> Result<Box<[Arc<Model>]>, String> {
        let packed = MODELS.get(self.place.clone()).ok_or("models outside the data")?;
        let written: Vec<Written> =
            serde_json::from_reader(DeflateDecoder::new(packed)).map_err(|error| error.to_string())?;
        let read = |mut model: Written| {
            let name = model.id.take().ok_or("a model without an id")?;
            model
                .model(&name, Arc::clone(&self.provider), &self.source)
                .map(Arc::new)
                .map_err(|error| format!("{}/{name}: {error}", self.provider))
        };
        written.into_iter().map(read).collect()
    }
}
