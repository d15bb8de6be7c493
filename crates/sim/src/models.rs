//! The list of models.

use crate::behaviour::NAMES;
use crate::{answer::CREATED, demanded, speaker::Speaker};
use ferrule_wire::{
    json::{Json, Value},
    operation::{HttpRequest, ModelInfo, ModelPage},
};

/// The body that lists the models, as the dialect has it.
pub(crate) fn list(speaker: Speaker) -> Vec<u8> {
    page(speaker, NAMES)
}

/// The body that describes the model `id`: its entry in the list. `None` where the dialect's list has no entries that
/// could stand alone.
pub(crate) fn one(speaker: Speaker, id: &str) -> Option<Vec<u8>> {
    let page = page(speaker, &[id]);
    let page = Value::parse(&page).ok()?;
    let entries = match page.object() {
        Some(mut fields) => {
            ["data", "models", "publisherModels"].iter().find_map(|name| fields.take_array(name))?
        }
        None => page.array()?,
    };
    entries.first().map(|entry| Json::text(&entry.to_json()).as_bytes().to_owned())
}

fn page(speaker: Speaker, names: &[&str]) -> Vec<u8> {
    let Some(listing) = speaker.operations().model_listing else { return Vec::new() };
    let model = |id: &&str| {
        let owned_by = Some("ferrule-sim".to_owned());
        ModelInfo { created: Some(CREATED), owned_by, ..ModelInfo::named(id) }
    };
    let page = ModelPage { models: names.iter().map(model).collect(), next: None };
    demanded::of_models(speaker, listing.encode_response(&page, HttpRequest::default()).body)
}
