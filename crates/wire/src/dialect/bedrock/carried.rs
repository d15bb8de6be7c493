//! Options that a Converse request carries, and the name that they are refused under.
//!
//! Left out without a word, because nothing is lost: that a response format is strict (it always is), and sampling at
//! its neutral value where a model takes none.

use super::embedding_forms::Form;
use super::family::Family;
use super::model_fields::{ReasoningForm, reasoning_form, top_k_unsupported};
use super::{cache, tools};
use crate::dialect::anthropic;
use crate::dialect::shared::content;
use crate::encode::{Refusals, UnsupportedField};
use crate::model::{self, Request};
use crate::operation::EmbeddingRequest;
use crate::options::RequestOption::{
    Betas, Cache, Dimensions, InputType, MaxTokens, Metadata, ParallelToolCalls, PromptCache, Reasoning,
    ResponseFormat, ServiceTier, Stop, Temperature, ToolChoice, Tools, TopK, TopP, User,
};
use crate::options::{Carried, rules};
use crate::quirks::Quirks;
use crate::schema::{self, Held};
use alloc::format;

type Checked = Result<(), UnsupportedField>;

/// The name of the format in configuration.
pub(super) const NAME: &str = "bedrock";

pub(super) const CARRIED: Carried<Request> = Carried {
    content: Some(content::fit),
    options: &[MaxTokens, Stop, Metadata, ServiceTier, Cache],
    rules: &[
        (Tools, declared_tools),
        (Tools, strict_tools),
        (ToolChoice, tool_choice),
        (ParallelToolCalls, one_call_at_a_time),
        (ResponseFormat, rules::json_by_schema),
        (ResponseFormat, rules::schema_always_strict),
        (ResponseFormat, schema_in_subset),
        (Reasoning, reasoning),
        (Temperature, rules::temperature_up_to_one),
        (Temperature, temperature),
        (TopP, top_p),
        (TopK, top_k),
        (Betas, betas_of_claude),
        (PromptCache, prompt_cache),
    ],
    reasons: &[(User, "users are not named; put it into `provider_metadata`, which is logged")],
    ..Carried::NOTHING
};

pub(super) const EMBEDDINGS_CARRIED: Carried<EmbeddingRequest> =
    Carried { rules: &[(Dimensions, dimensions), (InputType, input_type)], ..Carried::NOTHING };

fn strict_tools(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    schema::check_tools(&schema::ANTHROPIC, request, refusals)
}

fn schema_in_subset(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    schema::check_answer(&schema::ANTHROPIC, Held::Always, request, refusals)
}

fn declared_tools(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    for (position, tool) in request.tools.iter().enumerate() {
        if let Some(reason) = tools::unsupported(tool) {
            refusals.add(format!("tools[{position}]"), reason)?;
        }
    }
    Ok(())
}

fn tool_choice(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    use model::ToolChoice as Choice;
    let reason = match &request.tool_choice {
        Some(Choice::None) if !request.tools.is_empty() && tools::has_history(request) => {
            "tools cannot be forbidden once the conversation holds calls, for they must be declared"
        }
        // The choice is part of the tools' object, and goes with them.
        Some(
            Choice::Required | Choice::Named(_) | Choice::Subset { required: true, .. } | Choice::Other(_),
        ) if !tools::are_declared(request) => "there is no tool that could be called; declare one",
        _ => return Ok(()),
    };
    refusals.add("tool_choice", reason)
}

fn one_call_at_a_time(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    if request.parallel_tool_calls == Some(false) && !is_claude(request) && !request.tools.is_empty() {
        return refusals.add("parallel_tool_calls", "this model cannot be held to one call at a time");
    }
    Ok(())
}

fn reasoning(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    match reasoning_form(request) {
        ReasoningForm::Unsupported { field, reason } => refusals.add(field, reason),
        _ => Ok(()),
    }
}

fn betas_of_claude(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    if request.betas.is_empty() || is_claude(request) {
        return Ok(());
    }
    refusals.add("betas", "they are for Claude")
}

fn prompt_cache(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    if request.prompt_cache.is_none() || cache::places(&request.model).is_some() {
        return Ok(());
    }
    refusals.add("prompt_cache", "the prompts of this model are not cached")
}

fn is_claude(request: &Request) -> bool {
    Family::from_model(&request.model) == Family::Claude
}

fn temperature(request: &Request, quirks: &Quirks, refusals: &mut Refusals) -> Checked {
    if is_claude(request) { anthropic::sampled_temperature(request, quirks, refusals) } else { Ok(()) }
}

fn top_p(request: &Request, quirks: &Quirks, refusals: &mut Refusals) -> Checked {
    if is_claude(request) { anthropic::sampled_top_p(request, quirks, refusals) } else { Ok(()) }
}

fn top_k(request: &Request, quirks: &Quirks, refusals: &mut Refusals) -> Checked {
    if request.top_k.is_none() {
        return Ok(());
    }
    match top_k_unsupported(Family::from_model(&request.model)) {
        Some(reason) => refusals.add("top_k", reason),
        None if is_claude(request) => anthropic::sampled_top_k(request, quirks, refusals),
        None => Ok(()),
    }
}

fn dimensions(request: &EmbeddingRequest, _: &Quirks, refusals: &mut Refusals) -> Checked {
    let has_one_length =
        matches!(Form::for_model(&request.model), Some(Form::Cohere { takes_dimensions: false }));
    if request.dimensions.is_some() && has_one_length {
        return refusals.add("dimensions", "this model's embeddings have one length");
    }
    Ok(())
}

fn input_type(request: &EmbeddingRequest, _: &Quirks, refusals: &mut Refusals) -> Checked {
    let word = Form::for_model(&request.model).and_then(|form| form.purpose(request.input_type.as_ref()));
    if request.input_type.is_some() && word.is_none() {
        return refusals.add("input_type", "this model has no word for it");
    }
    Ok(())
}
