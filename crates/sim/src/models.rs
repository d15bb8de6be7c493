//! The list of models.

use crate::behaviour::NAMES;
use crate::{demanded, speaker::Speaker};
use ferrule_wire::json::{Json, Value};

/// The body that lists the models, as the dialect has it.
pub(crate) fn list(speaker: Speaker) -> Vec<u8> {
    demanded::of_models(speaker, speaker.model_listing().encode_page(NAMES))
}

/// The body that describes the model `id`: its entry in the list. `None` where the dialect's list has no entries that
/// could stand alone.
pub(crate) fn one(speaker: Speaker, id: &str) -> Option<Vec<u8>> {
    let page = demanded::of_models(speaker, speaker.model_listing().encode_page(&[id]));
    let page = Value::parse(&page).ok()?;
    let entries = match page.object() {
        Some(mut fields) => {
            ["data", "models", "publisherModels"].iter().find_map(|name| fields.take_array(name))?
        }
        None => page.array()?,
    };
    entries.first().map(|entry| Json::text(&entry.to_json()).as_bytes().to_owned())
}
