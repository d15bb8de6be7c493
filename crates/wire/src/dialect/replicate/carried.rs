//! Options that a Replicate request carries, and the name that they are refused under.

use crate::dialect::shared::content;
use crate::encode::{Refusals, UnsupportedField};
use crate::model::Request;
use crate::options::RequestOption::{
    Cache, FrequencyPenalty, MaxTokens, PresencePenalty, Seed, Stop, Temperature, TopK, TopP,
};
use crate::options::{Carried, rules};
use crate::quirks::Quirks;

/// The name of the format in configuration.
pub(super) const NAME: &str = "replicate";

/// What the input of most language models has a field for.
pub(super) const CARRIED: Carried<Request> = Carried {
    content: Some(content::fit),
    options: &[MaxTokens, Temperature, TopP, TopK, FrequencyPenalty, PresencePenalty, Seed],
    rules: &[(Stop, stop_without_commas)],
    noted: &[(Cache, rules::CACHES_BY_ITSELF)],
    reason: Some("predictions have no such field; what a model takes goes into extra_body's `input`"),
    ..Carried::NOTHING
};

fn stop_without_commas(
    request: &Request,
    _: &Quirks,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    match request.stop.iter().any(|stop| stop.contains(',')) {
        true => refusals.add("stop", "texts are separated by commas, so none can have one"),
        false => Ok(()),
    }
}
