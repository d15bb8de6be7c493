//! Models that the simulator lists.

use crate::{behaviour::NAMES, clock::CREATED};
use ferrule_wire::operation::{ModelInfo, ModelPage};

/// The list of all models.
pub(crate) fn model_page() -> ModelPage {
    ModelPage { models: NAMES.iter().map(|name| model(name)).collect(), next: None }
}

/// The model of this name.
pub(crate) fn model(name: &str) -> ModelInfo {
    ModelInfo { created: Some(CREATED), owned_by: Some("ferrule-sim".to_owned()), ..ModelInfo::named(name) }
}
