//! Options that a Messages request carries, and the name that they are refused under.
//!
//! Left out without a word, because nothing is lost: the name of a response format, that it is strict (it always is), and
//! sampling at its neutral value where a model takes none.

use super::reasoning::{Thinking, Version, plan, version};
use crate::dialect::shared::content;
use crate::dialect::shared::hosted_tools::{FOREIGN_TOOL, is_foreign_to_anthropic};
use crate::encode::{Refusals, UnsupportedField};
use crate::model::{Request, ToolKind};
use crate::options::RequestOption::{
    Betas, Cache, MaxTokens, Metadata, ParallelToolCalls, PromptCache, Reasoning, ResponseFormat,
    ServiceTier, Stop, Temperature, ToolChoice, Tools, TopK, TopP, User,
};
use crate::options::{Carried, rules};
use crate::quirks::Quirks;
use crate::schema::{self, Held};
use alloc::format;

/// The name of the format in configuration.
pub(super) const NAME: &str = "anthropic";

/// From here on models refuse sampling settings.
const NO_SAMPLING_SINCE: Version = (4, 7);

pub(super) const CARRIED: Carried<Request> = Carried {
    content: Some(content::fit),
    options: &[ToolChoice, ParallelToolCalls, MaxTokens, Stop, User, ServiceTier, Betas, Cache, PromptCache],
    rules: &[
        (Tools, json_tools),
        (Tools, strict_tools),
        (ResponseFormat, rules::json_by_schema),
        (ResponseFormat, rules::schema_without_description),
        (ResponseFormat, rules::schema_always_strict),
        (ResponseFormat, schema_in_subset),
        (Reasoning, reasoning),
        (Temperature, rules::temperature_up_to_one),
        (Temperature, sampled_temperature),
        (TopP, sampled_top_p),
        (TopK, sampled_top_k),
        (Metadata, user_id_only),
    ],
    ..Carried::NOTHING
};

fn json_tools(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    for (position, tool) in request.tools.iter().enumerate() {
        let reason = match &tool.kind {
            ToolKind::Custom { .. } => rules::JSON_TOOLS,
            ToolKind::Hosted(whole) if is_foreign_to_anthropic(whole) => FOREIGN_TOOL,
            _ => continue,
        };
        refusals.add(format!("tools[{position}]"), reason)?;
    }
    Ok(())
}

fn strict_tools(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    schema::check_tools(&schema::ANTHROPIC, request, refusals)
}

fn schema_in_subset(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    schema::check_answer(&schema::ANTHROPIC, Held::Always, request, refusals)
}

fn reasoning(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    match plan(request) {
        Thinking::Unsupported(reason) => refusals.add("reasoning", reason),
        _ => Ok(()),
    }
}

/// Whether the model refuses `temperature`, `top_p` and `top_k` but for their neutral values.
pub(crate) fn refuses_sampling(request: &Request) -> bool {
    version(&request.model).is_some_and(|version| version >= NO_SAMPLING_SINCE)
}

/// A model may refuse any temperature but the neutral one.
pub(crate) fn sampled_temperature(
    request: &Request,
    _: &Quirks,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    match request.temperature {
        Some(temperature) if temperature != 1.0 && refuses_sampling(request) => {
            refusals.add("temperature", rules::NO_SAMPLING)
        }
        _ => Ok(()),
    }
}

/// As [`sampled_temperature`].
pub(crate) fn sampled_top_p(
    request: &Request,
    _: &Quirks,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    match request.top_p {
        Some(top_p) if top_p != 1.0 && refuses_sampling(request) => refusals.add("top_p", rules::NO_SAMPLING),
        _ => Ok(()),
    }
}

/// As [`sampled_temperature`]; no `top_k` is neutral.
pub(crate) fn sampled_top_k(
    request: &Request,
    _: &Quirks,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    match request.top_k {
        Some(_) if refuses_sampling(request) => refusals.add("top_k", rules::NO_SAMPLING),
        _ => Ok(()),
    }
}

/// The user may be named in either place, and only once.
fn user_id_only(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    for (name, value) in &request.metadata {
        if name != "user_id" || request.user.as_ref().is_some_and(|user| user != value) {
            refusals.add(format!("provider_metadata.{name}"), "only the user's id is recorded")?;
        }
    }
    Ok(())
}
